//! What `tools/list` says of a function.

use serde_json::{Value, json};
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;

use crate::support::{list, only};

/// Add two integers and return the sum.
///
/// The second line of another paragraph
/// goes on here:
///
/// - with a list
///   of one
#[tool]
fn add(
    /// The first addend.
    a: i64,
    /// The second addend,
    /// on two lines.
    b: i64,
) -> i64 {
    a + b
}

#[tokio::test]
async fn doc_comments_describe_the_tool_and_its_parameters() {
    let tool = only(&Server::new("s").tool::<add>().build().unwrap()).await;
    assert_eq!(tool["name"], "add");
    assert_eq!(
        tool["description"],
        "Add two integers and return the sum.\n\nThe second line of another paragraph\n\
         goes on here:\n\n- with a list\n  of one"
    );
    let properties = &tool["inputSchema"]["properties"];
    assert_eq!(properties["a"]["description"], "The first addend.");
    assert_eq!(
        properties["b"]["description"],
        "The second addend,\non two lines."
    );
}

#[test]
fn the_function_stays_an_ordinary_function() {
    assert_eq!(add(2, 3), 5);
    let add = add as fn(i64, i64) -> i64;
    assert_eq!(add(2, 3), 5);
}

#[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Unit {
    Metre,
    Foot,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Point {
    /// To the right.
    x: f64,
}

#[tool]
fn typed(
    text: String,
    flag: bool,
    list: Vec<u8>,
    point: Point,
    maybe: Option<u32>,
    #[default(Unit::Foot)] unit: Unit,
    #[default("all")] filter: String,
    r#type: char,
) -> String {
    let unit = match unit {
        Unit::Metre => "m",
        Unit::Foot => "ft",
    };
    format!(
        "{text} {flag} {list:?} {} {maybe:?} {unit} {filter} {type}",
        point.x
    )
}

#[tokio::test]
async fn types_make_the_schema_and_defaults_show_in_it() {
    let tool = only(&Server::new("s").tool::<typed>().build().unwrap()).await;
    let schema = &tool["inputSchema"];
    assert_eq!(schema["type"], "object");
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(
        schema["required"],
        json!(["text", "flag", "list", "point", "type"])
    );
    let of = |name: &str| &schema["properties"][name];
    assert_eq!(of("text")["type"], "string");
    assert_eq!(of("flag")["type"], "boolean");
    assert_eq!(of("list")["items"]["maximum"], 255);
    assert_eq!(
        of("point")["properties"]["x"]["description"],
        "To the right."
    );
    assert_eq!(of("maybe")["type"], json!(["integer", "null"]));
    assert_eq!(of("unit")["enum"], json!(["metre", "foot"]));
    assert_eq!(of("unit")["default"], "foot");
    assert_eq!(of("filter")["default"], "all");
    assert_eq!(of("type")["type"], "string");
    assert!(of("maybe").get("default").is_none(), "{schema}");
}

/// Not this.
#[tool(
    name = "math.add-2",
    title = "Add two",
    description = "Adds.",
    read_only,
    destructive = false,
    idempotent = true,
    open_world = false,
    icons(
        "https://example.com/a.png",
        icon(
            src = "data:image/png;base64,AA==",
            mime_type = "image/png",
            sizes("48x48", "96x96"),
            theme = "dark",
        ),
    ),
    tags("math", "numbers"),
    meta(cost = 3, "vendor.example/key" = {"deep": [1, null, {"x": true}]}, computed = 1 + 1),
    timeout = "30s"
)]
fn everything(a: i64) -> i64 {
    a
}

#[tokio::test]
async fn every_argument_of_the_attribute_shows() {
    let tool = only(&Server::new("s").tool::<everything>().build().unwrap()).await;
    assert_eq!(tool["name"], "math.add-2");
    assert_eq!(tool["title"], "Add two");
    assert_eq!(tool["description"], "Adds.");
    assert_eq!(
        tool["annotations"],
        json!({
            "readOnlyHint": true, "destructiveHint": false,
            "idempotentHint": true, "openWorldHint": false,
        })
    );
    assert_eq!(
        tool["icons"],
        json!([
            {"src": "https://example.com/a.png"},
            {
                "src": "data:image/png;base64,AA==", "mimeType": "image/png",
                "sizes": ["48x48", "96x96"], "theme": "dark",
            },
        ])
    );
    assert_eq!(
        tool["_meta"],
        json!({
            "cost": 3, "computed": 2,
            "vendor.example/key": {"deep": [1, null, {"x": true}]},
            "dev.toolsmith/tags": ["math", "numbers"],
        })
    );
}

#[tokio::test]
async fn what_is_not_said_is_not_sent() {
    #[tool]
    fn silent() {}
    let engine = Server::new("s").tool::<silent>().build().unwrap();
    for revision in Revision::ALL {
        let tool = list(&engine, revision).await.remove(0);
        let keys: Vec<_> = tool.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["name", "inputSchema"], "{revision}");
    }
}

#[tokio::test]
async fn tools_are_listed_in_the_order_in_which_they_were_added() {
    let server = Server::new("s")
        .tool::<typed>()
        .tool::<add>()
        .tool::<everything>();
    let tools = list(&server.build().unwrap(), Revision::LATEST_LEGACY).await;
    let names: Vec<&Value> = tools.iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["typed", "add", "math.add-2"]);
}

#[test]
fn names_that_two_tools_share_keep_the_server_from_starting() {
    let server = Server::new("s").tool::<add>().tool::<typed>().tool::<add>();
    let error = server.build().unwrap_err().to_string();
    assert!(error.contains("two tools are named `add`"), "{error}");
}

#[doc = concat!("Made of ", "pieces.")]
///
/// And a line.
#[tool]
fn pieces() {}

/**
 * Starred.
 *
 *  Deeper.
 */
#[tool(title = concat!("T", "itle"))]
fn starred() {}

#[tokio::test]
async fn doc_comments_of_every_form_are_read() {
    let server = Server::new("s").tool::<pieces>().tool::<starred>();
    let tools = list(&server.build().unwrap(), Revision::LATEST).await;
    assert_eq!(tools[0]["description"], "Made of pieces.\n\n And a line.");
    assert_eq!(tools[1]["description"], "Starred.\n\n Deeper.");
    assert_eq!(tools[1]["title"], "Title");
}
