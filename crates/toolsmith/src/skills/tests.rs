use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::{ServerSkillsExt as _, Skill, Skills};
use crate::protocol::{Caching, Revision};
use crate::server::Server;
use crate::testing::TestClient;

const PDF: &str = "---\nname: pdf-processing\ndescription: Work with PDF documents.\nlicense: MIT\nmetadata:\n  version: 1.5\n---\n\n# PDF\r\n";

fn write(root: &Path, files: &[(&str, &[u8])]) {
    for (name, bytes) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, bytes).expect("a file");
    }
}

/// A folder with three skills, one of them in another, and files that belong to none.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let refunds = b"---\nname: refunds\ndescription: Give money back.\n---\nAsk.";
    let nested = b"---\nname: forms\ndescription: Fill in forms.\n---\nFill.";
    write(
        folder.path(),
        &[
            ("pdf-processing/SKILL.md", PDF.as_bytes()),
            ("pdf-processing/references/FORMS.md", b"# Forms"),
            ("pdf-processing/references/a b.md", b"odd name"),
            ("pdf-processing/assets/logo.png", b"\x89PNG\r\n\x1a\n"),
            ("pdf-processing/forms/SKILL.md", nested),
            ("pdf-processing/template/SKILL.md", b"{{ fill this in }}"),
            ("pdf-processing/.git/config", b"secret"),
            ("acme/billing/refunds/SKILL.md", refunds),
            ("acme/README.md", b"of no skill"),
            ("README.md", b"of no skill"),
        ],
    );
    folder
}

fn client(skills: Skills) -> TestClient {
    client_of(Server::new("skilled").skills(skills))
}

fn client_of(server: Server) -> TestClient {
    TestClient::new(server).unwrap_or_else(|error| panic!("{error}"))
}

fn problems(skills: Skills) -> Vec<String> {
    let server = Server::new("skilled").skills(skills);
    let error = server.build().expect_err("it is wrong");
    error.problems().to_vec()
}

async fn skills_of(client: &TestClient) -> Vec<Value> {
    client.list("skills/list", "skills").await.expect("a list")
}

fn uris(items: &[Value]) -> Vec<&str> {
    items.iter().filter_map(|it| it["uri"].as_str()).collect()
}

/// Reads a file, and compares it with what an entry says of it.
async fn verified(client: &TestClient, said: &Value) -> Vec<u8> {
    let uri = said["uri"].as_str().expect("a uri");
    let contents = client.read(uri).await;
    let contents = contents.unwrap_or_else(|error| panic!("{uri}: {error}"));
    let bytes = match contents[0]["text"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => STANDARD
            .decode(contents[0]["blob"].as_str().expect("text or a blob"))
            .expect("Base64"),
    };
    let digest = Sha256::digest(&bytes);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(said["digest"], format!("sha256:{hex}"), "{uri}");
    assert_eq!(said["size"], bytes.len(), "{uri}");
    bytes
}

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

#[test]
fn a_file_that_is_wrong_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        &[
            ("SKILL.md", b"---\nname: a\ndescription: b\n---\n"),
            ("one/SKILL.md", b"# No frontmatter"),
            ("two/SKILL.md", b"---\nname: other\ndescription: b\n---\n"),
            ("three/SKILL.md", b"---\nname: three\n---\n"),
            ("five/SKILL.md", b"---\nname: \xff\n---\n"),
        ],
    );
    let found = problems(Skills::from_directory(folder.path()));
    for words in [
        ["/SKILL.md`", "move it into a folder"].as_slice(),
        &["one/SKILL.md`", "begin it with a line ---"],
        &["two/SKILL.md`", "\"other\"", "`two`", "the same name"],
        &["three/SKILL.md`", "add a line description: …"],
        &["five/SKILL.md`", "UTF-8"],
    ] {
        let said = |problem: &&String| words.iter().all(|word| problem.contains(word));
        assert_eq!(
            found.iter().filter(said).count(),
            1,
            "{words:?}: {found:#?}"
        );
    }
    assert_eq!(found.len(), 5, "{found:#?}");
}

#[test]
fn folders_without_skills_and_skills_twice_are_refused() {
    let empty = tempfile::tempdir().unwrap();
    let found = problems(Skills::from_directory(empty.path().join("none")));
    assert!(
        found[0].contains("none` of skills cannot be opened"),
        "{found:?}"
    );
    let found = problems(Skills::from_directory(empty.path()));
    assert!(found[0].contains("there is no skill in it"), "{found:?}");

    let folder = folder();
    let twice = Skills::from_directory(folder.path()).skill(Skill::from_text(PDF));
    let found = problems(twice);
    assert!(
        found[0].contains("two skills at `pdf-processing`"),
        "{found:?}"
    );
    let odd = Skill::from_text(PDF).prefix("../a").file("b", "c");
    assert!(problems(Skills::new().skill(odd))[0].contains("`..`"));
    let odd = Skill::from_text(PDF)
        .file("../b", "c")
        .file("SKILL.md", "d");
    let found = problems(Skills::new().skill(odd));
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn a_skill_that_clients_need_not_take_is_refused() {
    let mut many = Skill::from_text(PDF);
    for index in 0..511 {
        many = many.file(format!("{index}.md"), "");
    }
    let server = Server::new("skilled").skills(Skills::new().skill(many.clone()));
    assert!(server.build().is_ok(), "512 files are not too many");
    let found = problems(Skills::new().skill(many.file("one-more.md", "")));
    assert!(found[0].contains("513 files"), "{found:?}");

    let large = Skill::from_text(PDF).file("large.bin", vec![0; 16 << 20]);
    let found = problems(Skills::new().skill(large));
    assert!(found[0].contains("16777216 bytes; make two"), "{found:?}");
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
