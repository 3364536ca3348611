//! What the parameters of a prompt may be.
use toolsmith::prelude::*;

#[derive(Clone, Copy, Debug, Default, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Tone {
    #[default]
    Kind,
    Strict,
}

struct Database;

#[prompt]
fn parameters(
    text: String,
    #[default(3)] number: i64,
    #[default("text")] other: String,
    #[default] tone: Tone,
    #[default(Tone::Strict)] named: Tone,
    optional: Option<u8>,
    r#type: bool,
    database: State<Database>,
    context: Context,
) -> String {
    drop((database, context));
    format!("{text} {number} {other} {tone:?} {named:?} {optional:?} {type}", r#type = r#type)
}

fn main() {
    assert!(Server::new("s").state(Database).prompt::<parameters>().build().is_ok());
}
