//! Structured results, and arguments that clients repeat in header fields.

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::{Decoded, HeaderField, RequestHeaders, Revision, decode};
use toolsmith::server::{Engine, Peer};

use super::{client, named};

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Weather {
    degrees: i8,
    wind: Option<u8>,
}

#[tool]
fn weather() -> Json<Weather> {
    Json(Weather {
        degrees: -3,
        wind: None,
    })
}

#[tool]
fn primes() -> Json<Vec<u8>> {
    Json(vec![2, 3, 5])
}

#[tool]
fn answer() -> Json<u8> {
    Json(42)
}

#[tool]
fn nothing() -> Json<Option<u8>> {
    Json(None)
}

#[tool]
fn plain() -> &'static str {
    "text"
}

/// An object, whatever it is, and yet its schema does not say so first.
#[derive(serde::Serialize, schemars::JsonSchema)]
#[serde(tag = "kind")]
enum Shape {
    Circle { radius: u8 },
    Square { side: u8 },
}

#[tool]
fn shape(square: Option<bool>) -> Json<Shape> {
    Json(match square {
        Some(true) => Shape::Square { side: 1 },
        _ => Shape::Circle { radius: 1 },
    })
}

#[tool]
fn maybe() -> Json<Option<Weather>> {
    Json(Some(Weather {
        degrees: 4,
        wind: Some(2),
    }))
}

#[tool]
fn anything(_given: Value, _more: Option<Value>) -> Json<Value> {
    Json(json!({"a": 1}))
}

fn engine() -> Engine {
    let server = Server::new("s").tool::<weather>().tool::<primes>();
    let server = server.tool::<answer>().tool::<nothing>().tool::<plain>();
    let server = server.tool::<shape>().tool::<maybe>().tool::<anything>();
    server.build().unwrap()
}

/// What a schema says of a value, by a validator that is not ours.
fn assert_valid(schema: &Value, value: &Value, of: &str) {
    let validator = jsonschema::validator_for(schema).unwrap();
    let wrong = validator.validate(value).err().map(|it| it.to_string());
    assert_eq!(wrong, None, "{of}: {value} by {schema}");
}

#[tokio::test]
async fn a_result_is_what_the_output_schema_says_in_every_revision() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        let tools = client.list("tools/list", "tools").await.unwrap();
        for tool in [
            "weather", "primes", "answer", "nothing", "shape", "maybe", "anything",
        ] {
            let arguments = match tool {
                "anything" => json!({"_given": 1}),
                _ => json!({}),
            };
            let result = client.call(tool, arguments).await.unwrap();
            match named(&tools, "name", tool).get("outputSchema") {
                None => assert_eq!(result.structured(), None, "{tool} in {revision}"),
                Some(schema) => {
                    let structured = result.structured().expect(tool);
                    assert_valid(schema, structured, &format!("{tool} in {revision}"));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_parameter_of_any_type_has_an_object_for_a_schema() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        let tools = client.list("tools/list", "tools").await.unwrap();
        let tool = named(&tools, "name", "anything");
        let properties = &tool["inputSchema"]["properties"];
        assert_eq!(
            (&properties["_given"], &properties["_more"]),
            (&json!({}), &json!({})),
            "{revision}"
        );
        let output = tool.get("outputSchema");
        assert!(output.is_none_or(Value::is_object), "{tool}");
    }
}

#[tokio::test]
async fn a_tool_that_promises_structure_and_gives_none_fails() {
    let schema = json!({"type": "object"});
    let text = DynamicTool::new("text", schema.clone(), |_, _| async { "text" });
    let failing = DynamicTool::new("failing", schema.clone(), |_, _| async {
        Err::<(), _>(ToolError::user("the disk is full"))
    });
    let server = Server::new("s").dynamic_tool(text.output_schema(schema.clone()));
    let server = server.dynamic_tool(failing.output_schema(schema));
    let engine = server.build().unwrap();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        let result = client.call("text", json!({})).await.unwrap();
        assert!(result.is_error(), "{revision}: {}", result.text());
        assert!(!result.text().contains("schema"), "{}", result.text());
        let result = client.call("failing", json!({})).await.unwrap();
        assert_eq!(result.text(), "the disk is full", "{revision}");
    }
}

#[tokio::test]
async fn a_result_is_any_json_for_a_modern_client_and_an_object_for_a_legacy_one() {
    let engine = engine();
    for (tool, any) in [
        ("weather", json!({"degrees": -3, "wind": null})),
        ("primes", json!([2, 3, 5])),
        ("answer", json!(42)),
        ("nothing", json!(null)),
    ] {
        for revision in Revision::ALL {
            let result = client(&engine, revision)
                .call(tool, json!({}))
                .await
                .unwrap();
            let wrapped = match any.is_object() {
                true => any.clone(),
                false => json!({"result": any}),
            };
            let expected = match revision {
                Revision::V2024_11_05 | Revision::V2025_03_26 => None,
                Revision::V2025_06_18 | Revision::V2025_11_25 => Some(&wrapped),
                Revision::V2026_07_28 => Some(&any),
            };
            assert_eq!(result.structured(), expected, "{tool} in {revision}");
            let text: Value = serde_json::from_str(&result.text()).unwrap();
            assert_eq!(text, any, "every revision is sent the text as well");
        }
    }
    for revision in Revision::ALL {
        let result = client(&engine, revision)
            .call("plain", json!({}))
            .await
            .unwrap();
        assert_eq!(
            (result.text().as_str(), result.structured()),
            ("text", None)
        );
    }
}

#[tokio::test]
async fn a_schema_says_what_its_revision_is_sent() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        let tools = client.list("tools/list", "tools").await.unwrap();
        let schema = |name: &str| named(&tools, "name", name).get("outputSchema").cloned();
        assert_eq!(schema("plain"), None, "{revision}");
        if revision < Revision::V2025_06_18 {
            assert_eq!(schema("weather"), None, "{revision}");
            continue;
        }
        let weather = schema("weather").unwrap();
        assert_eq!(weather["type"], "object", "{weather}");
        assert!(weather["properties"]["degrees"].is_object(), "{weather}");
        let primes = schema("primes").unwrap();
        if revision.is_modern() {
            assert_eq!(primes["type"], "array", "{primes}");
        } else {
            assert_eq!(primes["type"], "object", "{primes}");
            assert_eq!(primes["properties"]["result"]["type"], "array", "{primes}");
            assert_eq!(primes["required"], json!(["result"]));
        }
    }
}

#[tool]
fn deploy(#[header("Region")] region: String, #[header("Dry-Run")] dry: Option<bool>) -> String {
    format!("{region} {dry:?}")
}

#[tokio::test]
async fn a_header_is_named_in_the_schema() {
    let engine = Server::new("s").tool::<deploy>().build().unwrap();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        let tools = client.list("tools/list", "tools").await.unwrap();
        let properties = &tools[0]["inputSchema"]["properties"];
        assert_eq!(properties["region"]["x-mcp-header"], "Region");
        assert_eq!(
            properties["dry"],
            json!({"type": "boolean", "x-mcp-header": "Dry-Run"}),
            "a header cannot be null"
        );
        let result = client
            .call("deploy", json!({"region": "eu"}))
            .await
            .unwrap();
        assert_eq!(
            result.text(),
            "eu None",
            "where there are no headers, none are needed"
        );
    }
}

/// Calls `deploy` as over HTTP, with these header fields.
async fn deployed(engine: &Engine, arguments: Value, others: &[(&str, &[u8])]) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "deploy", "arguments": arguments,
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": Revision::LATEST.as_str(),
            "io.modelcontextprotocol/clientCapabilities": {},
        },
    }});
    let headers = RequestHeaders {
        protocol_version: HeaderField::One(Revision::LATEST.as_str().as_bytes()),
        method: HeaderField::One(b"tools/call"),
        name: HeaderField::One(b"deploy"),
        others,
    };
    let decoded = decode(&body.to_string().into(), Some(&headers));
    let Ok(Decoded::Modern(request, meta)) = decoded else {
        panic!("no request: {decoded:?}");
    };
    let peer = Peer::modern(meta, Caller::default());
    let answer = engine.clone().answer(request, peer, None).await;
    serde_json::from_slice(&answer.message).unwrap()
}

#[tokio::test]
async fn a_header_says_what_the_argument_says() {
    let engine = Server::new("s").tool::<deploy>().build().unwrap();
    let good = json!({"region": "eu", "dry": true});
    let both: [(&str, &[u8]); 2] = [("mcp-param-region", b"eu"), ("mcp-param-dry-run", b"true")];
    let answer = deployed(&engine, good.clone(), &both).await;
    assert_eq!(answer["result"]["content"][0]["text"], "eu Some(true)");
    let one = deployed(&engine, json!({"region": "eu"}), &both[..1]).await;
    assert_eq!(one["result"]["content"][0]["text"], "eu None");
    let wrong: [(&str, &[u8]); 2] = [("mcp-param-region", b"us"), ("mcp-param-dry-run", b"true")];
    for headers in [&wrong[..], &both[..1], &[]] {
        let answer = deployed(&engine, good.clone(), headers).await;
        assert_eq!(answer["error"]["code"], -32020, "{headers:?}: {answer}");
    }
}
