//! Lists, a page at a time, and how long they may be kept.

use std::time::Duration;

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;
use toolsmith::server::{Engine, StateKey};
use toolsmith::testing::TestClient;

use super::{BOTH, client, code};

/// Every list: the method, and the member that holds it.
const LISTS: [(&str, &str); 4] = [
    ("tools/list", "tools"),
    ("prompts/list", "prompts"),
    ("resources/list", "resources"),
    ("resources/templates/list", "resourceTemplates"),
];

/// A server with seven of everything, in no order of the alphabet.
fn server() -> Server {
    let mut server = Server::new("pages").state_key(StateKey::from_bytes([7; 32]));
    for n in [3, 1, 4, 15, 9, 2, 6] {
        let schema = json!({"type": "object"});
        server = server
            .dynamic_tool(DynamicTool::new(format!("t{n}"), schema, |_, _| async {
                ""
            }))
            .dynamic_prompt(DynamicPrompt::new(format!("p{n}"), |_, _| async { "" }))
            .dynamic_resource(DynamicResource::text(format!("r:{n}"), ""))
            .dynamic_resource(DynamicResource::text(format!("u{n}:{{x}}"), ""));
    }
    server.page_size(3)
}

fn key(item: &Value) -> String {
    let key = ["uri", "uriTemplate", "name"]
        .iter()
        .find_map(|key| item[*key].as_str());
    key.unwrap_or_default().to_owned()
}

async fn page(
    client: &TestClient,
    method: &str,
    member: &str,
    cursor: Option<&str>,
) -> (Vec<String>, Option<String>) {
    let params = cursor.map_or_else(|| json!({}), |cursor| json!({"cursor": cursor}));
    let page = client.request(method, params).await.unwrap();
    let items = page[member].as_array().unwrap().iter().map(key).collect();
    (items, page["nextCursor"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn every_list_comes_in_pages_in_the_order_of_registration() {
    let engine = server().build().unwrap();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        for (method, member) in LISTS {
            let (first, next) = page(&client, method, member, None).await;
            let (second, after) = page(&client, method, member, next.as_deref()).await;
            let (third, end) = page(&client, method, member, after.as_deref()).await;
            assert_eq!(
                (first.len(), second.len(), third.len()),
                (3, 3, 1),
                "{method}"
            );
            assert_eq!(end, None, "{method}");
            let numbers: Vec<u32> = [first, second, third]
                .concat()
                .iter()
                .map(|it| it.chars().filter(char::is_ascii_digit).collect::<String>())
                .map(|digits| digits.parse().unwrap())
                .collect();
            assert_eq!(numbers, [3, 1, 4, 15, 9, 2, 6], "{method} in {revision}");
        }
    }
}

#[tokio::test]
async fn a_cursor_survives_a_restart() {
    for (method, member) in LISTS {
        let before = client(&server().build().unwrap(), Revision::LATEST);
        let (_, next) = page(&before, method, member, None).await;
        let next = next.expect("there is one page only");
        let (expected, _) = page(&before, method, member, Some(&next)).await;
        drop(before);
        let after = client(&server().build().unwrap(), Revision::LATEST);
        let (found, _) = page(&after, method, member, Some(&next)).await;
        assert_eq!(found, expected, "{method}");
    }
}

#[tokio::test]
async fn a_cursor_says_nothing_and_is_worth_nothing_elsewhere() {
    let engine = server().build().unwrap();
    for revision in BOTH {
        let ours = client(&engine, revision).caller(Caller::new("ours"));
        let theirs = client(&engine, revision).caller(Caller::new("theirs"));
        for (method, member) in LISTS {
            let (first, next) = page(&ours, method, member, None).await;
            let next = next.expect("there is one page only");
            assert!(!first.iter().any(|it| next.contains(it.as_str())), "{next}");
            assert!(
                next.chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
            );
            let asked = theirs.request(method, json!({"cursor": next})).await;
            assert_eq!(code(asked), -32602, "{method} of another tenant");
            for (other, _) in LISTS.iter().filter(|(other, _)| *other != method) {
                let asked = ours.request(other, json!({"cursor": next})).await;
                assert_eq!(code(asked), -32602, "{other} with a cursor of {method}");
            }
            let mut damaged = next.clone();
            let last = damaged.pop().unwrap();
            damaged.push(if last == 'A' { 'B' } else { 'A' });
            for wrong in [damaged.as_str(), "", "3", "x"] {
                let asked = ours.request(method, json!({"cursor": wrong})).await;
                assert_eq!(code(asked), -32602, "{method} with {wrong}");
            }
            let asked = ours.request(method, json!({"cursor": 3})).await;
            assert_eq!(code(asked), -32602, "{method} with a number");
        }
    }
}

#[tokio::test]
async fn what_is_added_and_removed_between_two_pages_neither_repeats_nor_hides_the_rest() {
    let server = server();
    let registry = server.registry();
    let client = client(&server.build().unwrap(), Revision::LATEST);
    let (first, next) = page(&client, "tools/list", "tools", None).await;
    assert_eq!(first, ["t3", "t1", "t4"]);
    assert!(registry.remove_tool("t3"));
    let schema = json!({"type": "object"});
    let last = DynamicTool::new("t99", schema, |_, _| async { "" });
    registry.add_tool(last).unwrap();
    let (second, next) = page(&client, "tools/list", "tools", next.as_deref()).await;
    assert_eq!(second, ["t15", "t9", "t2"]);
    let (third, _) = page(&client, "tools/list", "tools", next.as_deref()).await;
    assert_eq!(third, ["t6", "t99"]);
}

/// The hints on an answer.
fn hints(answer: &Value) -> (Option<u64>, Option<&str>) {
    (answer["ttlMs"].as_u64(), answer["cacheScope"].as_str())
}

#[tokio::test]
async fn a_list_says_how_long_it_may_be_kept_and_by_whom() {
    let server = server().list_caching(Caching::fresh_for(Duration::from_secs(60)).public());
    let registry = server.registry();
    let engine = server.build().unwrap();
    // A shared cache must not give one tenant what the others see.
    let hidden = || DynamicResource::text("hidden:x", "");
    for (scope, own) in [("public", false), ("private", true), ("public", false)] {
        let alone = registry.for_tenant("alone");
        match own {
            true => alone.add_resource(hidden()).unwrap(),
            false => drop(alone.remove_resource("hidden:x")),
        }
        for ((method, _), tenant) in LISTS
            .into_iter()
            .flat_map(|it| [(it, "alone"), (it, "other")])
        {
            let asking = client(&engine, Revision::LATEST).caller(Caller::new(tenant));
            let said = asking.request(method, json!({})).await.unwrap();
            assert_eq!(
                hints(&said),
                (Some(60_000), Some(scope)),
                "{method} for {tenant}"
            );
        }
    }
    for (method, _) in LISTS {
        let legacy = client(&engine, Revision::LATEST_LEGACY);
        let legacy = legacy.request(method, json!({})).await;
        assert_eq!(hints(&legacy.unwrap()), (None, None), "{method}");
    }
    let unsaid: Engine = self::server().build().unwrap();
    let unsaid = client(&unsaid, Revision::LATEST);
    let unsaid = unsaid.request("tools/list", json!({})).await;
    assert_eq!(hints(&unsaid.unwrap()), (Some(0), Some("private")));
}

#[resource("cached://x", ttl = "90s", cache = "public")]
fn cached() -> &'static str {
    "x"
}

#[resource("own://{id}", ttl = "5m")]
fn own(id: u8) -> String {
    id.to_string()
}

#[resource("fresh://x", ttl = "5m")]
fn fresh() -> ResourceOutput {
    ResourceOutput {
        contents: vec![ResourceContents::text("x")],
        caching: Some(Caching::fresh_for(Duration::from_millis(7))),
        meta: None,
    }
}

#[resource("unsaid://x")]
fn unsaid() -> &'static str {
    "x"
}

#[tokio::test]
async fn a_resource_says_how_long_it_may_be_kept_and_by_whom() {
    let server = Server::new("s").resource::<cached>().resource::<own>();
    let server = server.resource::<fresh>().resource::<unsaid>();
    let engine = server.build().unwrap();
    for (uri, expected) in [
        ("cached://x", (Some(90_000), Some("public"))),
        ("own://1", (Some(300_000), Some("private"))),
        ("fresh://x", (Some(7), Some("private"))),
        ("unsaid://x", (Some(0), Some("private"))),
    ] {
        let read = json!({"uri": uri});
        let modern = client(&engine, Revision::LATEST);
        let modern = modern.request("resources/read", read.clone()).await;
        assert_eq!(hints(&modern.unwrap()), expected, "{uri}");
        let legacy = client(&engine, Revision::LATEST_LEGACY);
        let legacy = legacy.request("resources/read", read).await;
        assert_eq!(hints(&legacy.unwrap()), (None, None), "{uri}");
    }
}
