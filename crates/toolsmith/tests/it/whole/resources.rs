//! What a client is told of resources, and what reading them comes to.

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;
use toolsmith::server::Engine;

use super::{BOTH, client, code, named};

/// What is said today.
#[resource(
    "motd://today",
    title = "Today",
    mime_type = "text/plain",
    size = 8,
    audience("user"),
    priority = 0.5,
    last_modified = "2025-01-12T15:00:58Z",
    icons("https://example.com/motd.png"),
    tags("daily"),
    meta("vendor.example/level" = 1)
)]
fn motd() -> &'static str {
    "Be kind."
}

#[resource("image://dot", mime_type = "image/png")]
fn dot() -> Vec<u8> {
    vec![0x89, b'P', 0xff]
}

#[resource(
    "users://{id}/files{/path*}{?limit,tags*,deep}",
    mime_type = "application/json"
)]
async fn files(
    id: u64,
    path: Vec<String>,
    #[default(10)] limit: u8,
    tags: Vec<String>,
    deep: Option<bool>,
) -> Json<Value> {
    Json(json!({"id": id, "path": path, "limit": limit, "tags": tags, "deep": deep}))
}

#[resource("notes://{id}")]
fn note(id: u64, context: Context) -> Option<String> {
    (id == 1).then(|| format!("note 1 at {}", context.name()))
}

#[resource("parts://all")]
fn parts() -> Vec<ResourceContents> {
    vec![
        ResourceContents::text("a")
            .uri("parts://a")
            .mime_type("text/x-a"),
        ResourceContents::blob(b"b"),
    ]
}

fn engine() -> Engine {
    let server = Server::new("s")
        .resource::<motd>()
        .resource::<dot>()
        .resource::<files>()
        .resource::<note>()
        .resource::<parts>();
    server
        .dynamic_resource(DynamicResource::text("made://text", "made").name("made"))
        .dynamic_resource(DynamicResource::blob("made://blob", &b"\0\x01"[..]))
        .dynamic_resource(
            DynamicResource::new("wiki://{title}", |found, context| async move {
                let title = found.first("title").unwrap_or_default().to_owned();
                format!("{title} in {}", context.revision())
            })
            .mime_type("text/markdown"),
        )
        .build()
        .unwrap()
}

#[tokio::test]
async fn text_is_text_and_bytes_are_base64_in_every_revision() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        assert_eq!(
            client.read("motd://today").await.unwrap(),
            [json!({"uri": "motd://today", "mimeType": "text/plain", "text": "Be kind."})]
        );
        assert_eq!(
            client.read("image://dot").await.unwrap(),
            [json!({"uri": "image://dot", "mimeType": "image/png", "blob": "iVD/"})]
        );
        assert_eq!(client.read("made://text").await.unwrap()[0]["text"], "made");
        assert_eq!(client.read("made://blob").await.unwrap()[0]["blob"], "AAE=");
    }
}

#[tokio::test]
async fn a_resource_may_have_parts_with_addresses_of_their_own() {
    let client = client(&engine(), Revision::LATEST);
    assert_eq!(
        client.read("parts://all").await.unwrap(),
        [
            json!({"uri": "parts://a", "mimeType": "text/x-a", "text": "a"}),
            json!({"uri": "parts://all", "blob": "Yg=="}),
        ]
    );
}

#[tokio::test]
async fn what_is_listed_is_what_the_revision_knows() {
    let engine = engine();
    for revision in Revision::ALL {
        let list = client(&engine, revision)
            .list("resources/list", "resources")
            .await
            .unwrap();
        let motd = named(&list, "uri", "motd://today");
        assert_eq!(motd["name"], "motd", "{revision}");
        assert_eq!(motd["description"], "What is said today.", "{revision}");
        assert_eq!(motd["mimeType"], "text/plain", "{revision}");
        assert_eq!(motd["size"], 8, "{revision}");
        assert_eq!(motd["annotations"]["audience"], json!(["user"]));
        assert_eq!(motd["annotations"]["priority"], 0.5, "{revision}");
        let since = |first: Revision, there: bool, what: &str| {
            assert_eq!(there, revision >= first, "{what} in {revision}: {motd}");
        };
        let modified = motd["annotations"].get("lastModified").is_some();
        since(Revision::V2025_06_18, modified, "lastModified");
        since(Revision::V2025_06_18, motd.get("title").is_some(), "title");
        since(Revision::V2025_06_18, motd.get("_meta").is_some(), "_meta");
        since(Revision::V2025_11_25, motd.get("icons").is_some(), "icons");
    }
    let list = client(&engine, Revision::LATEST)
        .list("resources/list", "resources")
        .await
        .unwrap();
    let motd = named(&list, "uri", "motd://today");
    assert_eq!(motd["annotations"]["lastModified"], "2025-01-12T15:00:58Z");
    assert_eq!(motd["icons"][0]["src"], "https://example.com/motd.png");
    assert_eq!(motd["_meta"]["vendor.example/level"], 1);
    assert_eq!(named(&list, "uri", "made://blob")["size"], 2);
}

#[tokio::test]
async fn templates_are_a_list_of_their_own() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        let templates = client
            .list("resources/templates/list", "resourceTemplates")
            .await
            .unwrap();
        let uris: Vec<_> = templates.iter().map(|it| &it["uriTemplate"]).collect();
        assert_eq!(
            uris,
            [
                "users://{id}/files{/path*}{?limit,tags*,deep}",
                "notes://{id}",
                "wiki://{title}"
            ]
        );
        let resources = client.list("resources/list", "resources").await.unwrap();
        let is_template = |it: &Value| it["uri"].as_str().unwrap().contains('{');
        assert!(!resources.iter().any(is_template), "{resources:?}");
    }
}

#[tokio::test]
async fn variables_are_typed_in_the_path_exploded_and_in_the_query() {
    let engine = engine();
    for revision in BOTH {
        let client = client(&engine, revision);
        for (uri, expected) in [
            (
                "users://7/files",
                json!({"id": 7, "path": [], "limit": 10, "tags": [], "deep": null}),
            ),
            (
                "users://7/files/a/b%20c?limit=3&tags=x&tags=y&deep=true",
                json!({"id": 7, "path": ["a", "b c"], "limit": 3, "tags": ["x", "y"], "deep": true}),
            ),
            (
                "users://7/files/a?deep=false",
                json!({"id": 7, "path": ["a"], "limit": 10, "tags": [], "deep": false}),
            ),
        ] {
            let contents = client.read(uri).await.unwrap();
            let text = contents[0]["text"].as_str().unwrap();
            let read: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read, expected, "{uri}");
            assert_eq!(contents[0]["uri"], uri);
            assert_eq!(contents[0]["mimeType"], "application/json");
        }
        let wiki = client.read("wiki://Ada%20L").await.unwrap();
        assert_eq!(wiki[0]["text"], format!("Ada L in {revision}"));
    }
}

#[tokio::test]
async fn a_variable_that_does_not_fit_is_named() {
    let engine = engine();
    for revision in BOTH {
        let client = client(&engine, revision);
        for (uri, name) in [
            ("users://x/files", "`id`"),
            ("users://1/files?limit=300", "`limit`"),
            ("users://1/files?deep=maybe", "`deep`"),
        ] {
            let failure = client.read(uri).await.unwrap_err();
            assert_eq!(failure.code, -32602, "{failure}");
            assert!(failure.message.contains(name), "{failure}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_in_the_words_of_the_era() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        let expected = if revision.is_modern() { -32602 } else { -32002 };
        for uri in ["motd://yesterday", "notes://2", "nothing", ""] {
            let failure = client.read(uri).await.unwrap_err();
            assert_eq!(failure.code, expected, "{uri} in {revision}: {failure}");
            assert_eq!(failure.message, "Resource not found", "{uri}");
            assert_eq!(failure.data, Some(json!({"uri": uri})), "{revision}");
        }
        let found = client.read("notes://1").await.unwrap();
        assert_eq!(found[0]["text"], "note 1 at notes://1");
        assert_eq!(
            code(client.request("resources/read", json!({})).await),
            -32602
        );
    }
}

#[resource("given://{context}")]
fn given(context: Context) -> String {
    context.name().to_owned()
}

#[resource("lang://x{?lang}")]
fn may_lack(lang: String) -> String {
    lang
}

#[resource("rest://x{/rest}")]
fn may_lack_too(rest: String) -> String {
    rest
}

#[resource("many://x{/rest*}")]
fn takes_one(rest: Option<String>) -> String {
    rest.unwrap_or_default()
}

#[resource("list://{id}{?lang,words*,limit}")]
fn lacks_nothing(
    id: u64,
    lang: Option<String>,
    words: Vec<String>,
    #[default(10)] limit: u32,
) -> String {
    format!("{id} {lang:?} {words:?} {limit}")
}

#[tokio::test]
async fn a_template_that_does_not_fit_is_refused_before_the_server_starts() {
    let refused = |server: Server| {
        let error = server.build().expect_err("it started");
        error.problems().join("\n")
    };
    let said = refused(Server::new("s").resource::<given>());
    assert!(said.contains("`given://{context}`"), "{said}");
    assert!(
        said.contains("`context`") && said.contains("the server gives"),
        "{said}"
    );
    for said in [
        refused(Server::new("s").resource::<may_lack>()),
        refused(Server::new("s").resource::<may_lack_too>()),
    ] {
        assert!(said.contains("may come without `"), "{said}");
        assert!(said.contains("`Option`"), "{said}");
    }
    let said = refused(Server::new("s").resource::<takes_one>());
    assert!(said.contains("`{rest*}` in `many://x{/rest*}`"), "{said}");
    assert!(said.contains("`Vec`"), "{said}");
    let good = Server::new("s").resource::<lacks_nothing>();
    assert!(good.build().is_ok());
    let made = |uri: &str| Server::new("s").dynamic_resource(DynamicResource::text(uri, ""));
    for (uri, why) in [
        ("a://{id", "URI template"),
        ("a://{id}{id}", "URI template"),
        ("no scheme", "scheme"),
    ] {
        let said = refused(made(uri));
        assert!(said.contains(why) && said.contains(uri), "{uri}: {said}");
    }
    let said = refused(made("a://x").dynamic_resource(DynamicResource::text("a://x", "")));
    assert!(said.contains("a://x"), "{said}");
}

#[tokio::test]
async fn a_resource_that_fails_tells_what_was_meant_to_be_told() {
    let engine = Server::new("s")
        .dynamic_resource(DynamicResource::new("told://x", |_, _| async {
            Err::<String, _>(ToolError::user("the disk is full"))
        }))
        .dynamic_resource(DynamicResource::new("masked://x", |_, _| async {
            Err::<String, _>(ToolError::internal("secret"))
        }))
        .build()
        .unwrap();
    for revision in BOTH {
        let client = client(&engine, revision);
        let told = client.read("told://x").await.unwrap_err();
        assert_eq!((told.code, &*told.message), (-32603, "the disk is full"));
        let masked = client.read("masked://x").await.unwrap_err();
        assert_eq!(masked.code, -32603);
        assert!(!masked.message.contains("secret"), "{masked}");
    }
}
