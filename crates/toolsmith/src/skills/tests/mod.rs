mod listed;
mod read;
mod refused;

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::server::Server;
use crate::skills::{ServerSkillsExt as _, Skills};
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
