//! Cursors of lists.
//!
//! The input is lines: server, tenant, list, the name that a cursor comes after, its index,
//! and the text that is given for a cursor. What follows are edits of real cursors.

use std::sync::LazyLock;

use serde_json::{Value, json};
use toolsmith_core::Caller;
use toolsmith_core::protocol::{Cursor, CursorScope, ErrorKind};
use toolsmith_core::server::tool::DynamicTool;
use toolsmith_core::server::{Context, Server};
use toolsmith_core::testing::TestClient;

use crate::edits;
use crate::serve::at_once;

/// The longest name that is sent along.
const MAX_AFTER: usize = 3055;

/// A client of a server with several pages of tools, and the cursors that it was given.
struct Client {
    client: TestClient,
    cursors: Vec<String>,
}

/// A cursor is read only where it was written for, and only as it was written.
pub fn cursors(data: &[u8]) {
    let mut parts = data.splitn(7, |byte| *byte == b'\n');
    let mut line = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let [server, tenant, list, after, index, text] = [(); 6].map(|()| line());
    let edits = parts.next().unwrap_or_default();
    let scope = CursorScope {
        server: &server,
        tenant: &tenant,
        list: &list,
    };
    if let Some(cursor) = Cursor::decode(&text, &scope) {
        assert_eq!(cursor.encode(&scope), text, "it is not as it is written");
    }
    let index = index.parse().unwrap_or(0);
    comes_back(&Cursor { index, after }, &scope, edits);
    pages(&text, edits);
}

fn comes_back(cursor: &Cursor, scope: &CursorScope<'_>, edits: &[u8]) {
    let text = cursor.encode(scope);
    assert!(text.len() <= 4096, "{}", text.len());
    let found = Cursor::decode(&text, scope);
    let found = found.expect("a cursor is read where it was written for");
    assert_eq!(found.index, cursor.index);
    match cursor.after.len() <= MAX_AFTER {
        true => assert_eq!(found.after, cursor.after),
        false => assert_eq!(found.after, ""),
    }
    let CursorScope {
        server,
        tenant,
        list,
    } = *scope;
    let others = [
        (tenant, server, list),
        (server, list, tenant),
        ("", tenant, list),
        (server, "", list),
        (server, tenant, ""),
    ];
    for (server, tenant, list) in others {
        let other = CursorScope {
            server,
            tenant,
            list,
        };
        if other != *scope {
            assert_eq!(Cursor::decode(&text, &other), None, "{other:?}");
        }
    }
    let edited = edits::apply(&text, edits);
    if edited != text {
        assert_eq!(Cursor::decode(&edited, scope), None, "{edited} of {text}");
    }
}

/// A list answers to what it gave out, and to nothing else.
fn pages(text: &str, edits: &[u8]) {
    static CLIENTS: LazyLock<[Client; 2]> = LazyLock::new(|| ["acme", "globex"].map(client));
    let [client, other] = &*CLIENTS;
    let (which, edits) = edits.split_first().unwrap_or((&0, &[]));
    let real = usize::from(*which);
    let edited = edits::apply(&client.cursors[real % client.cursors.len()], edits);
    let foreign = other.cursors[real % other.cursors.len()].as_str();
    for cursor in [text, &edited, foreign] {
        let page = page(&client.client, json!({"cursor": cursor}));
        let is_real = client.cursors.iter().any(|it| it == cursor);
        match page {
            Ok(page) => {
                assert!(is_real, "{cursor} was not given out");
                let tools = page["tools"].as_array().map_or(0, Vec::len);
                assert!((1..=2).contains(&tools), "{page}");
            }
            Err(code) => {
                assert!(!is_real, "{cursor} was given out");
                assert_eq!(code, ErrorKind::InvalidParams.code());
            }
        }
    }
}

fn client(tenant: &str) -> Client {
    let tools = (0..7).map(|number| {
        let schema = json!({"type": "object"});
        DynamicTool::new(format!("tool{number}"), schema, |_, _: Context| async {
            ""
        })
    });
    let server = tools.fold(Server::new("pages").page_size(2), Server::dynamic_tool);
    let client = TestClient::new(server).expect("it is a server");
    let client = client.caller(Caller::new(tenant));
    let mut cursors: Vec<String> = Vec::new();
    loop {
        let params = match cursors.last() {
            None => json!({}),
            Some(cursor) => json!({"cursor": cursor}),
        };
        let page = page(&client, params).expect("its own cursors are good");
        match page["nextCursor"].as_str() {
            Some(next) => cursors.push(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(cursors.len(), 3);
    Client { client, cursors }
}

fn page(client: &TestClient, params: Value) -> Result<Value, i64> {
    let page = at_once(client.send("tools/list", params));
    let page = page.expect("a list waits for nothing");
    page.map_err(|failure| failure.code)
}
