//! What a returned value becomes on the wire.

use std::borrow::Cow;

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;
use toolsmith::server::Engine;

use crate::support::{call, list, text};

macro_rules! returning {
    ($($name:ident: $type:ty = $value:expr;)*) => {
        $(
            #[tool(inline)]
            fn $name() -> $type {
                $value
            }
        )*

        fn engine() -> Engine {
            Server::new("s")$(.tool::<$name>())*.build().unwrap()
        }
    };
}

returning! {
    string: String = "a".to_owned();
    static_str: &'static str = "b";
    cow: Cow<'static, str> = "c".into();
    boxed_str: Box<str> = "d".into();
    character: char = 'e';
    truth: bool = true;
    integer: i64 = -3;
    large: u128 = u128::MAX;
    float: f64 = 1.5;
    unit: () = ();
    some: Option<&'static str> = Some("f");
    none: Option<String> = None;
    ok: Result<i64, ToolError> = Ok(4);
    ok_of_some: Result<Option<bool>, std::io::Error> = Ok(Some(false));
    block: Content = Content::image([1, 2, 3], "image/png");
    blocks: Vec<Content> = vec![Content::text("g"), Content::audio([4], "audio/wav")];
    link: Content = Content::resource_link("file:///h", "h");
    embedded: EmbeddedResource = EmbeddedResource::text("file:///i", "i").mime_type("text/plain");
    output: ToolOutput = ToolOutput { is_error: true, ..ToolOutput::text("j") };
    object: Json<Point> = Json(Point { x: 1.0, y: 2.0 });
    array: Json<Vec<i64>> = Json(vec![1, 2]);
    object_of_result: Result<Json<Point>, ToolError> = Ok(Json(Point { x: 3.0, y: 4.0 }));
}

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Point {
    /// To the right.
    x: f64,
    y: f64,
}

#[tokio::test]
async fn text_numbers_and_the_like_become_text() {
    let engine = engine();
    for (name, expected) in [
        ("string", "a"),
        ("static_str", "b"),
        ("cow", "c"),
        ("boxed_str", "d"),
        ("character", "e"),
        ("truth", "true"),
        ("integer", "-3"),
        ("large", "340282366920938463463374607431768211455"),
        ("float", "1.5"),
        ("some", "f"),
        ("ok", "4"),
        ("ok_of_some", "false"),
    ] {
        let said = text(&engine, name, json!({})).await;
        assert_eq!(said, (expected.to_owned(), false), "{name}");
    }
}

#[tokio::test]
async fn nothing_becomes_an_empty_result() {
    let engine = engine();
    for name in ["unit", "none"] {
        let answer = call(&engine, Revision::LATEST_LEGACY, name, json!({})).await;
        assert_eq!(answer["result"], json!({"content": []}), "{name}");
    }
}

#[tokio::test]
async fn content_is_taken_as_it_is() {
    let engine = engine();
    for (name, expected) in [
        (
            "block",
            json!([{"type": "image", "data": "AQID", "mimeType": "image/png"}]),
        ),
        (
            "blocks",
            json!([
                {"type": "text", "text": "g"},
                {"type": "audio", "data": "BA==", "mimeType": "audio/wav"},
            ]),
        ),
        (
            "link",
            json!([{"type": "resource_link", "uri": "file:///h", "name": "h"}]),
        ),
        (
            "embedded",
            json!([{"type": "resource", "resource": {
                "uri": "file:///i", "mimeType": "text/plain", "text": "i",
            }}]),
        ),
        ("output", json!([{"type": "text", "text": "j"}])),
    ] {
        for revision in [Revision::LATEST_LEGACY, Revision::LATEST] {
            let result = &call(&engine, revision, name, json!({})).await["result"];
            assert_eq!(result["content"], expected, "{name} in {revision}");
            assert_eq!(
                result["isError"] == true,
                name == "output",
                "{name} in {revision}"
            );
        }
    }
}

#[tokio::test]
async fn json_is_structured_content_and_the_same_as_text() {
    let engine = engine();
    let point = json!({"x": 1.0, "y": 2.0});
    for revision in [Revision::LATEST_LEGACY, Revision::LATEST] {
        let result = &call(&engine, revision, "object", json!({})).await["result"];
        assert_eq!(result["structuredContent"], point, "{revision}");
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(text).unwrap(),
            point,
            "{revision}"
        );
    }
    let modern = call(&engine, Revision::LATEST, "array", json!({})).await;
    assert_eq!(modern["result"]["structuredContent"], json!([1, 2]));
    let legacy = call(&engine, Revision::LATEST_LEGACY, "array", json!({})).await;
    assert_eq!(
        legacy["result"]["structuredContent"],
        json!({"result": [1, 2]})
    );
}

#[tokio::test]
async fn json_has_an_output_schema_and_nothing_else_has() {
    let engine = engine();
    for revision in [Revision::LATEST_LEGACY, Revision::LATEST] {
        for tool in list(&engine, revision).await {
            let name = tool["name"].as_str().unwrap();
            let schema = tool.get("outputSchema");
            match name {
                "object" | "object_of_result" => {
                    let schema = schema.unwrap();
                    assert_eq!(schema["type"], "object", "{name}");
                    assert_eq!(schema["properties"]["x"]["description"], "To the right.");
                    assert_eq!(schema["required"], json!(["x", "y"]));
                }
                "array" if revision.is_modern() => assert_eq!(schema.unwrap()["type"], "array"),
                "array" => {
                    let result = &schema.unwrap()["properties"]["result"];
                    assert_eq!(result["type"], "array", "{tool}");
                }
                _ => assert!(schema.is_none(), "{tool}"),
            }
        }
    }
}

struct Celsius(f64);

impl IntoToolOutput for Celsius {
    fn into_tool_output(self) -> Result<ToolOutput, ToolError> {
        Ok(ToolOutput::text(format!("{} °C", self.0)))
    }
}

#[tool]
async fn temperature() -> Result<Celsius, ToolError> {
    Ok(Celsius(21.5))
}

#[tokio::test]
async fn a_type_of_the_author_may_say_what_it_becomes() {
    let engine = Server::new("s").tool::<temperature>().build().unwrap();
    assert_eq!(text(&engine, "temperature", json!({})).await.0, "21.5 °C");
}
