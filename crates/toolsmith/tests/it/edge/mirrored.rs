//! Arguments that are said in a header field, too: both are compared.

use std::sync::Arc;

use serde_json::{Value, json};
use toolsmith::prelude::*;

use crate::wire::{Gate, TestServer, call, modern, server};

/// Start machines in a region.
#[tool]
fn start(#[header("Region")] region: Option<String>, #[header("N")] n: i64) -> String {
    format!("{n} in {region:?}")
}

/// Arguments, header fields, and whether they agree.
type Case<'a> = (&'a Value, &'a [(&'a str, &'a str)], bool);

fn serving() -> TestServer {
    let gate = Arc::new(Gate::default());
    TestServer::of(server(&gate).tool::<start>(), gate, |http| http)
}

#[tokio::test]
async fn what_is_no_value_of_a_mirrored_field_is_refused() {
    let server = serving();
    let (eu, null, none) = (
        json!({"region": "eu", "n": 42}),
        json!({"region": null, "n": 42}),
        json!({"n": 42}),
    );
    let n = ("Mcp-Param-N", "42");
    let cases: [Case<'_>; 14] = [
        (&eu, &[n, ("Mcp-Param-Region", "eu")], true),
        (&eu, &[n, ("MCP-PARAM-REGION", "eu")], true),
        (&eu, &[n, ("Mcp-Param-Region", "=?base64?ZXU=?=")], true),
        (&eu, &[n, ("Mcp-Param-Region", "us")], false),
        (&eu, &[n, ("Mcp-Param-Region", "=?base64?dXM=?=")], false),
        // Broken, and no visible ASCII.
        (&eu, &[n, ("Mcp-Param-Region", "=?base64?***?=")], false),
        (&eu, &[n, ("Mcp-Param-Region", "é")], false),
        (&eu, &[n], false),
        // What is not there, or is nothing, is not said.
        (&null, &[n], true),
        (&none, &[n], true),
        (&none, &[n, ("Mcp-Param-Region", "eu")], false),
        // A number is the same however it is written.
        (&none, &[("Mcp-Param-N", "42.0")], true),
        (&none, &[("Mcp-Param-N", "43")], false),
        (&none, &[("Mcp-Param-N", "many")], false),
    ];
    for (arguments, fields, good) in cases {
        let ask = modern(7, "tools/call", call("start", arguments.clone()));
        let ask = fields
            .iter()
            .fold(ask, |ask, (name, value)| ask.field(name, value));
        let reply = server.send(&ask).await;
        if good {
            assert_eq!(reply.status, 200, "{ask:?}: {reply:?}");
            assert!(reply.said().starts_with("42 in "), "{reply:?}");
        } else {
            let message = reply.message();
            let is = (reply.status, &message["error"]["code"], &message["id"]);
            assert_eq!(is, (400, &json!(-32020), &json!(7)), "{ask:?}: {reply:?}");
        }
    }
    server.still_serves().await;
}
