//! What is read of skills.

use serde_json::{Value, json};

use super::{PDF, client, folder, problems, skills_of, uris, write};
use crate::protocol::Revision;
use crate::server::Server;
use crate::skills::{ServerSkillsExt as _, Skill, Skills};

#[tokio::test]
async fn what_describes_a_skill_is_a_resource_like_any_other() {
    let folder = folder();
    let client = client(Skills::from_directory(folder.path()));
    let listed = client.list("resources/list", "resources").await.unwrap();
    assert_eq!(uris(&listed), uris(&skills_of(&client).await));
    assert_eq!(
        listed[1],
        json!({
            "uri": "skill://pdf-processing/SKILL.md",
            "name": "pdf-processing",
            "description": "Work with PDF documents.",
            "mimeType": "text/markdown",
            "size": PDF.len(),
        })
    );
    let contents = client
        .read("skill://pdf-processing/SKILL.md")
        .await
        .unwrap();
    assert_eq!(contents[0]["mimeType"], "text/markdown");
    assert_eq!(contents[0]["text"], PDF);
    let error = client.read("skill://pdf-processing").await.unwrap_err();
    assert_eq!(error.code, -32602, "{error}");
    assert!(
        error.message.contains("resources/directory/read"),
        "{error}"
    );
}

#[tokio::test]
async fn nothing_but_the_files_of_skills_is_read() {
    let folder = folder();
    let client = client(Skills::from_directory(folder.path()));
    for uri in [
        "skill://README.md",
        "skill://acme/README.md",
        "skill://pdf-processing/.git/config",
        "skill://pdf-processing/../README.md",
        "skill://pdf-processing/%2e%2e/README.md",
        "skill://pdf-processing/references%2FFORMS.md",
        "skill://pdf-processing/SKILL.md/",
        "skill://none/SKILL.md",
    ] {
        let refused = client.read(uri).await.expect_err(uri);
        assert_eq!(refused.code, -32602, "{uri}: {refused}");
    }
}

#[tokio::test]
async fn a_folder_shows_what_is_in_it() {
    let folder = folder();
    let client = client(Skills::from_directory(folder.path()));
    let children = async |uri: &str| {
        let params = json!({"uri": uri});
        let read = client.request("resources/directory/read", params).await;
        let read = read.unwrap_or_else(|error| panic!("{uri}: {error}"));
        assert_eq!(read["resultType"], "complete");
        read["resources"].as_array().expect("an array").clone()
    };
    let top = children("skill://pdf-processing").await;
    let shown: Vec<Value> = top
        .iter()
        .map(|it| json!([it["name"], it["mimeType"]]))
        .collect();
    assert_eq!(
        json!(shown),
        json!([
            ["pdf-processing", "text/markdown"],
            ["assets", "inode/directory"],
            ["forms", "inode/directory"],
            ["references", "inode/directory"],
            ["template", "inode/directory"],
        ])
    );
    assert_eq!(
        json!(children("skill://pdf-processing/assets").await),
        json!([{
            "uri": "skill://pdf-processing/assets/logo.png",
            "name": "logo.png",
            "mimeType": "image/png",
            "size": 8,
        }])
    );
    assert_eq!(
        uris(&children("skill://acme").await),
        ["skill://acme/billing"]
    );
    for uri in [
        "skill://pdf-processing/SKILL.md",
        "skill://pdf-processing/",
        "skill://pdf-processing/none",
        "skill://",
        "",
    ] {
        let params = json!({"uri": uri});
        let refused = client.request("resources/directory/read", params).await;
        assert_eq!(refused.expect_err(uri).code, -32602, "{uri}");
    }
}

#[tokio::test]
async fn legacy_clients_read_skills_as_resources() {
    let folder = folder();
    let client = client(Skills::from_directory(folder.path())).revision(Revision::V2025_06_18);
    let contents = client
        .read("skill://pdf-processing/SKILL.md")
        .await
        .unwrap();
    assert_eq!(contents[0]["text"], PDF);
    let error = client.read("skill://none/SKILL.md").await.unwrap_err();
    assert_eq!(error.code, -32002, "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn links_that_lead_out_are_refused_and_those_inside_are_files() {
    use std::os::unix::fs::symlink;

    let (folder, outside) = (folder(), tempfile::tempdir().unwrap());
    write(outside.path(), &[("secret.md", b"secret")]);
    let skill = folder.path().join("pdf-processing");
    symlink("references/FORMS.md", skill.join("forms.md")).unwrap();
    symlink(outside.path(), folder.path().join("of-no-skill")).unwrap();
    let skills = Skills::from_directory(folder.path());
    let contents = client(skills).read("skill://pdf-processing/forms.md").await;
    assert_eq!(contents.unwrap()[0]["text"], "# Forms");

    symlink(outside.path().join("secret.md"), skill.join("out.md")).unwrap();
    symlink(outside.path(), skill.join("out")).unwrap();
    let found = problems(Skills::from_directory(folder.path()));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("pdf-processing/out`"), "{found:?}");
    assert!(found[1].contains("pdf-processing/out.md`"), "{found:?}");
}

#[cfg(feature = "http")]
#[tokio::test]
async fn skills_are_listed_over_http() {
    use http_body_util::{BodyExt as _, Full};

    use crate::ServerHttpExt as _;

    let server = Server::new("skilled").skills(Skills::new().skill(Skill::from_text(PDF)));
    let service = server.into_service().expect("a service");
    let revision = Revision::LATEST.as_str();
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "skills/list", "params": {"_meta": {
        "io.modelcontextprotocol/protocolVersion": revision,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }}});
    let request = http::Request::post("/mcp")
        .header("Host", "127.0.0.1")
        .header("Content-Type", "application/json")
        .header("Accept", "application/json, text/event-stream")
        .header("MCP-Protocol-Version", revision)
        .header("Mcp-Method", "skills/list")
        .body(Full::new(bytes::Bytes::from(body.to_string())))
        .expect("a request");
    let response = service.respond(request).await;
    let status = response.status();
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    let answer: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(status, 200, "{answer}");
    let result = &answer["result"];
    assert_eq!(
        result["skills"][0]["uri"],
        "skill://pdf-processing/SKILL.md"
    );
    assert_eq!(
        (&result["ttlMs"], &result["cacheScope"]),
        (&json!(0), &json!("private"))
    );
}
