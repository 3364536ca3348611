//! What is said of skills.

use std::time::Duration;

use serde_json::json;

use super::{PDF, client, client_of, folder, skills_of, uris, verified};
use crate::protocol::Caching;
use crate::server::Server;
use crate::skills::{ServerSkillsExt as _, Skill, Skills};

#[tokio::test]
async fn the_server_says_that_it_has_skills() {
    let folder = folder();
    let client = client(Skills::from_directory(folder.path()));
    let said = client.request("server/discover", json!({})).await.unwrap();
    let capabilities = &said["capabilities"];
    assert_eq!(
        capabilities["extensions"],
        json!({"io.modelcontextprotocol/skills": {"directoryRead": true}})
    );
    assert!(capabilities["resources"].is_object(), "{said}");
}

#[tokio::test]
async fn an_entry_says_everything_of_a_skill_and_is_true() {
    let folder = folder();
    let client = client(Skills::from_directory(folder.path()));
    let skills = skills_of(&client).await;
    assert_eq!(
        uris(&skills),
        [
            "skill://acme/billing/refunds/SKILL.md",
            "skill://pdf-processing/SKILL.md",
            "skill://pdf-processing/forms/SKILL.md",
        ]
    );
    let pdf = &skills[1];
    assert_eq!(
        pdf["frontmatter"],
        json!({
            "name": "pdf-processing",
            "description": "Work with PDF documents.",
            "license": "MIT",
            "metadata": {"version": 1.5},
        })
    );
    let resources = pdf["resources"].as_array().unwrap();
    assert_eq!(
        uris(resources),
        [
            "skill://pdf-processing/SKILL.md",
            "skill://pdf-processing/assets/logo.png",
            "skill://pdf-processing/forms/SKILL.md",
            "skill://pdf-processing/references/FORMS.md",
            "skill://pdf-processing/references/a%20b.md",
            "skill://pdf-processing/template/SKILL.md",
        ]
    );
    for said in resources {
        verified(&client, said).await;
    }
    assert_eq!(verified(&client, &resources[0]).await, PDF.as_bytes());
    assert_eq!(uris(skills[2]["resources"].as_array().unwrap()).len(), 1);
}

#[tokio::test]
async fn a_skill_is_given_by_its_uri_as_in_the_list() {
    let folder = folder();
    let fresh = Caching::fresh_for(Duration::from_secs(300)).public();
    let client = client(Skills::from_directory(folder.path()).caching(fresh));
    for entry in skills_of(&client).await {
        let params = json!({"uri": entry["uri"]});
        let given = client.request("skills/get", params).await.unwrap();
        assert_eq!(given["skill"], entry);
        assert_eq!(given["resultType"], "complete");
        assert_eq!(
            (&given["ttlMs"], &given["cacheScope"]),
            (&json!(300_000), &json!("public"))
        );
        assert!(given.get("nextCursor").is_none(), "{given}");
    }
    for uri in [
        "skill://none/SKILL.md",
        "skill://pdf-processing",
        "skill://pdf-processing/template/SKILL.md",
        "skill://pdf-processing/references/FORMS.md",
    ] {
        let refused = client.request("skills/get", json!({"uri": uri})).await;
        let refused = refused.expect_err(uri);
        assert_eq!(refused.code, -32602, "{refused}");
        assert!(refused.message.contains(uri), "{refused}");
    }
    let refused = client.request("skills/get", json!({})).await.unwrap_err();
    assert_eq!(refused.code, -32602, "{refused}");
}

#[tokio::test]
async fn lists_have_pages() {
    let folder = folder();
    let skills = Skills::from_directory(folder.path());
    let client = client_of(Server::new("skilled").page_size(2).skills(skills));
    assert_eq!(skills_of(&client).await.len(), 3);
    let mut params = json!({"uri": "skill://pdf-processing"});
    let mut sizes = Vec::new();
    let cursor = loop {
        let method = "resources/directory/read";
        let page = client.request(method, params.clone()).await.unwrap();
        sizes.push(page["resources"].as_array().unwrap().len());
        match page.get("nextCursor") {
            Some(cursor) => params["cursor"] = cursor.clone(),
            None => break params["cursor"].clone(),
        }
    };
    assert_eq!(sizes, [2, 2, 1]);
    for (method, params) in [
        ("skills/list", json!({"cursor": cursor})),
        (
            "resources/directory/read",
            json!({"uri": "skill://acme", "cursor": cursor}),
        ),
    ] {
        let refused = client.request(method, params).await.expect_err(method);
        assert_eq!(refused.code, -32602, "{method}: {refused}");
    }
}

#[tokio::test]
async fn skills_can_be_made_in_code() {
    let commits = Skill::new("commits", "Say: \"what\" changed.", "Begin with a verb.")
        .prefix("team/git")
        .field("license", "MIT")
        .file("examples/good.md", "Add a cache");
    let pdf = Skill::from_text(PDF).file("assets/a.bin", vec![0, 1, 2]);
    let client = client(Skills::new().skill(commits).skill(pdf));
    let skills = skills_of(&client).await;
    assert_eq!(
        uris(&skills),
        [
            "skill://pdf-processing/SKILL.md",
            "skill://team/git/commits/SKILL.md"
        ]
    );
    assert_eq!(
        skills[1]["frontmatter"],
        json!({"name": "commits", "description": "Say: \"what\" changed.", "license": "MIT"})
    );
    for skill in &skills {
        for said in skill["resources"].as_array().unwrap() {
            verified(&client, said).await;
        }
    }
    let read = client.read("skill://team/git/commits/SKILL.md").await;
    let text = read.unwrap()[0]["text"].as_str().unwrap().to_owned();
    assert!(text.ends_with("---\n\nBegin with a verb."), "{text}");
}
