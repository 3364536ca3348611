use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Directory, File, ServerFilesExt as _};
use crate::protocol::Revision;
use crate::server::Server;
use crate::testing::TestClient;

const SECRET: &str = "what is outside";

/// A folder `docs` with files in it, and one outside that nobody may read.
struct Place {
    temporary: TempDir,
}

impl Place {
    fn new() -> Self {
        let temporary = tempfile::tempdir().expect("a folder");
        let place = Self { temporary };
        fs::create_dir_all(place.docs().join("guides/deep/deeper")).expect("folders");
        for (name, bytes) in [
            ("docs/b.md", b"# B".as_slice()),
            ("docs/a.txt", b"A"),
            ("docs/logo.png", b"\x89PNG\r\n\x1a\n"),
            ("docs/with space.md", b"# Space"),
            ("docs/.env", b"KEY=1"),
            ("docs/guides/start.md", b"# Start"),
            ("docs/guides/deep/deeper/end.md", b"# End"),
            ("secret.txt", SECRET.as_bytes()),
        ] {
            fs::write(place.temporary.path().join(name), bytes).expect("a file");
        }
        place
    }

    fn docs(&self) -> PathBuf {
        self.temporary.path().join("docs")
    }

    fn directory(&self) -> Directory {
        Directory::new("docs://", self.docs())
    }

    fn client(&self) -> TestClient {
        serve(self.directory())
    }
}

fn serve(directory: Directory) -> TestClient {
    TestClient::new(Server::new("docs").directory(directory)).expect("the server starts")
}

async fn listed(client: &TestClient) -> Vec<String> {
    let list = client.list("resources/list", "resources").await;
    let uris = list.expect("a list");
    uris.iter()
        .map(|it| it["uri"].as_str().expect("a uri").to_owned())
        .collect()
}

async fn text(client: &TestClient, uri: &str) -> String {
    let contents = client.read(uri).await;
    let contents = contents.unwrap_or_else(|error| panic!("{uri}: {error}"));
    contents[0]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("{uri} is no text: {contents:?}"))
        .to_owned()
}

async fn missing(client: &TestClient, uri: &str) {
    match client.read(uri).await {
        Ok(contents) => panic!("{uri} was read: {contents:?}"),
        Err(error) => assert_eq!(error.code, -32602, "{uri}: {error}"),
    }
}

#[tokio::test]
async fn the_files_are_listed_in_order_with_what_is_known_of_them() {
    let place = Place::new();
    let client = place.client();
    let uris = [
        "docs://a.txt",
        "docs://b.md",
        "docs://guides/deep/deeper/end.md",
        "docs://guides/start.md",
        "docs://logo.png",
        "docs://with%20space.md",
    ];
    assert_eq!(listed(&client).await, uris);
    assert_eq!(listed(&client).await, uris, "again");

    let list = client.list("resources/list", "resources").await.unwrap();
    assert_eq!(list[0]["name"], "a.txt");
    assert_eq!(list[0]["size"], 1);
    assert_eq!(list[0]["mimeType"], "text/plain");
    let modified = list[0]["annotations"]["lastModified"].as_str();
    assert!(
        modified.is_some_and(|it| it.starts_with("20") && it.ends_with('Z')),
        "{}",
        list[0]
    );
    assert_eq!(list[4]["mimeType"], "image/png");
    let templates = client
        .list("resources/templates/list", "resourceTemplates")
        .await
        .unwrap();
    assert_eq!(templates[0]["uriTemplate"], "docs://{+path}");
}

#[tokio::test]
async fn text_is_text_and_the_rest_is_bytes() {
    let place = Place::new();
    let client = place.client();
    assert_eq!(text(&client, "docs://guides/start.md").await, "# Start");
    assert_eq!(text(&client, "docs://with%20space.md").await, "# Space");
    let contents = client.read("docs://logo.png").await.unwrap();
    assert_eq!(
        contents,
        [json!({"uri": "docs://logo.png", "mimeType": "image/png", "blob": "iVBORw0KGgo="})]
    );

    // What changes on the disk shows at once.
    fs::write(place.docs().join("new.md"), "# New").unwrap();
    assert_eq!(text(&client, "docs://new.md").await, "# New");
    assert!(listed(&client).await.contains(&"docs://new.md".to_owned()));
}

#[tokio::test]
async fn nothing_outside_is_read_whatever_the_uri() {
    let place = Place::new();
    let client = place.client();
    let absolute = place.temporary.path().join("secret.txt");
    let absolute = absolute.to_str().unwrap().to_owned();
    for rest in [
        "../secret.txt".to_owned(),
        "guides/../../secret.txt".to_owned(),
        "%2e%2e/secret.txt".to_owned(),
        "..%2fsecret.txt".to_owned(),
        "..%5csecret.txt".to_owned(),
        "..\\secret.txt".to_owned(),
        "%252e%252e/secret.txt".to_owned(),
        absolute.clone(),
        absolute.replace('/', "%2f"),
        format!("/{absolute}"),
        "C:/secret.txt".to_owned(),
        "a.txt%00".to_owned(),
        "a.txt/".to_owned(),
        "a.txt/b".to_owned(),
        ".env".to_owned(),
        "none.md".to_owned(),
        String::new(),
    ] {
        missing(&client, &format!("docs://{rest}")).await;
    }
    let folder = client.read("docs://guides").await.unwrap_err();
    assert_eq!(folder.code, -32602, "{folder}");
    assert!(folder.message.contains("is a folder"), "{folder}");

    let legacy = place.client().revision(Revision::V2025_11_25);
    let error = legacy.read("docs://../secret.txt").await.unwrap_err();
    assert_eq!(error.code, -32002, "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_followed_inside_and_refused_where_they_lead_out() {
    use std::os::unix::fs::symlink;

    let place = Place::new();
    let docs = place.docs();
    let outside = place.temporary.path().to_owned();
    symlink(outside.join("secret.txt"), docs.join("absolute.txt")).unwrap();
    symlink("../secret.txt", docs.join("relative.txt")).unwrap();
    symlink(&outside, docs.join("out")).unwrap();
    symlink("..", docs.join("up")).unwrap();
    symlink(docs.join("a.txt"), docs.join("absolute-inside.txt")).unwrap();
    symlink("loop.txt", docs.join("loop.txt")).unwrap();
    symlink("guides/start.md", docs.join("first.md")).unwrap();
    symlink("../b.md", docs.join("guides/b.md")).unwrap();
    symlink("guides", docs.join("same")).unwrap();

    let client = place.client();
    for rest in [
        "absolute.txt",
        "relative.txt",
        "out/secret.txt",
        "up/secret.txt",
        "up/docs/a.txt",
        // An absolute link is one that leads out, wherever it ends.
        "absolute-inside.txt",
    ] {
        missing(&client, &format!("docs://{rest}")).await;
    }
    assert!(client.read("docs://loop.txt").await.is_err());
    assert_eq!(text(&client, "docs://first.md").await, "# Start");
    assert_eq!(text(&client, "docs://guides/b.md").await, "# B");
    assert_eq!(text(&client, "docs://same/start.md").await, "# Start");

    let uris = listed(&client).await;
    let has = |uri: &str| uris.iter().any(|it| it == uri);
    assert!(
        has("docs://first.md") && has("docs://guides/b.md"),
        "{uris:?}"
    );
    let odd = ["absolute", "relative", "out/", "up/", "loop", "same/"];
    let shown = uris
        .iter()
        .find(|it| odd.iter().any(|odd| it.contains(odd)));
    assert_eq!(shown, None, "{uris:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_swapped_in_while_reading_leads_nowhere() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    let place = Place::new();
    let (docs, outside) = (place.docs(), place.temporary.path().to_owned());
    fs::write(docs.join("guides/secret.txt"), "what is inside").unwrap();
    std::os::unix::fs::symlink(&outside, outside.join("link")).unwrap();
    fs::rename(docs.join("guides"), outside.join("kept")).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let swapping = std::thread::spawn({
        let over = Arc::clone(&over);
        move || {
            let guides = docs.join("guides");
            while !over.load(Ordering::Relaxed) {
                // A folder for a moment, and a link that leads out for the next.
                let _ = fs::rename(outside.join("kept"), &guides);
                let _ = fs::rename(&guides, outside.join("kept"));
                let _ = fs::rename(outside.join("link"), &guides);
                let _ = fs::rename(&guides, outside.join("link"));
            }
        }
    });
    let client = place.client();
    for _ in 0..2000 {
        if let Ok(contents) = client.read("docs://guides/secret.txt").await {
            assert_eq!(contents[0]["text"], "what is inside");
        }
    }
    over.store(true, Ordering::Relaxed);
    swapping.join().expect("the thread ended well");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_pipe_that_nobody_writes_to_is_not_waited_for() {
    let place = Place::new();
    let pipe = place.docs().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_ok_and(|status| status.success()), "mkfifo");
    let client = place.client();
    missing(&client, "docs://pipe").await;
    assert!(!listed(&client).await.contains(&"docs://pipe".to_owned()));
}

#[tokio::test]
async fn what_begins_with_a_dot_is_served_only_where_that_was_said() {
    let place = Place::new();
    let client = serve(place.directory().hidden(true));
    assert_eq!(text(&client, "docs://.env").await, "KEY=1");
    assert_eq!(listed(&client).await[0], "docs://.env");
    missing(&client, "docs://./a.txt").await;
}

#[tokio::test]
async fn the_list_and_the_files_have_bounds() {
    let place = Place::new();
    let client = serve(place.directory().max_files(2));
    assert_eq!(listed(&client).await, ["docs://a.txt", "docs://b.md"]);
    assert_eq!(text(&client, "docs://guides/start.md").await, "# Start");

    let uris = listed(&serve(place.directory().max_depth(2))).await;
    assert!(
        uris.contains(&"docs://guides/start.md".to_owned()),
        "{uris:?}"
    );
    assert!(!uris.iter().any(|it| it.contains("deeper")), "{uris:?}");

    let client = serve(place.directory().max_file_size(3));
    assert_eq!(text(&client, "docs://b.md").await, "# B");
    let error = client.read("docs://guides/start.md").await.unwrap_err();
    for word in ["docs://guides/start.md", "7 bytes", "up to 3 bytes"] {
        assert!(error.message.contains(word), "{word} is not in: {error}");
    }
}

#[test]
fn a_folder_or_a_file_that_is_not_there_stops_the_server() {
    let place = Place::new();
    let none = place.temporary.path().join("none");
    let a_file = place.docs().join("a.txt");
    let server = Server::new("docs")
        .directory(Directory::new("one://", &none))
        .directory(Directory::new("two://", &a_file))
        .directory(Directory::new("no uri", place.docs()))
        .file("three://a", &none)
        .file("four://a", place.docs())
        .file("five", &a_file)
        .file("six://a", &a_file);
    let error = server.build().expect_err("none of these can be served");
    let problems = error.problems();
    assert_eq!(problems.len(), 6, "{error}");
    for (problem, words) in problems.iter().zip([
        ["one://", "none` ", "the one that is meant"],
        ["two://", "a.txt` ", "cannot be opened"],
        ["`no uri`", "scheme", "docs://"],
        ["three://a", "none` ", "the one that is meant"],
        ["four://a", "is not a file", "Directory::new"],
        ["`five`", "scheme", "docs://five"],
    ]) {
        for word in words {
            assert!(problem.contains(word), "{word} is not in: {problem}");
        }
    }
}

#[tokio::test]
async fn one_file_has_a_uri_of_its_own() {
    let place = Place::new();
    let path = place.docs().join("b.md");
    let large = File::new("docs://large", place.docs().join("logo.png"))
        .name("logo")
        .max_size(4)
        .define(|it| it.description = Some("Our logo.".to_owned()));
    let server = Server::new("docs")
        .file("file:///guide.md", &path)
        .resources(large);
    let client = TestClient::new(server).unwrap();
    assert_eq!(text(&client, "file:///guide.md").await, "# B");
    let list = client.list("resources/list", "resources").await.unwrap();
    assert_eq!(list[0]["uri"], "file:///guide.md");
    assert_eq!(list[0]["name"], "b.md");
    assert_eq!(list[0]["size"], 3);
    assert_eq!(list[0]["mimeType"], "text/markdown");
    assert_eq!(list[1]["description"], "Our logo.");
    let error = client.read("docs://large").await.unwrap_err();
    assert!(error.message.contains("up to 4 bytes"), "{error}");
    missing(&client, "file:///b.md").await;

    fs::remove_file(path).unwrap();
    missing(&client, "file:///guide.md").await;
    assert_eq!(listed(&client).await, ["docs://large"]);
}

#[tokio::test]
async fn a_folder_of_a_mounted_server_has_the_prefix() {
    let place = Place::new();
    let inner = Server::new("docs").directory(place.directory());
    let client = TestClient::new(Server::new("all").mount("team", inner)).unwrap();
    assert_eq!(
        text(&client, "docs://team/guides/start.md").await,
        "# Start"
    );
    missing(&client, "docs://team/../secret.txt").await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_uri_reads_outside(
        rests in proptest::collection::vec(
            "((\\.\\.|%2e%2e|\\.|%2f|/|%5c|\\\\|%00|%|out|up|link|secret\\.txt|guides|docs|C:|[a-z])[/]?){1,8}",
            16,
        ),
    ) {
        let place = Place::new();
        #[cfg(unix)]
        for (target, name) in [("..", "up"), ("../secret.txt", "link"), ("/", "out")] {
            std::os::unix::fs::symlink(target, place.docs().join(name)).expect("a link");
        }
        let client = place.client();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        for rest in rests {
            let read = runtime.block_on(client.read(&format!("docs://{rest}")));
            let read = Value::from(read.unwrap_or_default());
            prop_assert!(!read.to_string().contains(SECRET), "{rest:?} was read as {read}");
        }
    }
}
