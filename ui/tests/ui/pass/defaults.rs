//! Every form of `#[default]`.
use std::path::PathBuf;

use toolsmith::prelude::*;

const LIMIT: u32 = 3;

#[derive(Default, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
enum Unit {
    #[default]
    Metre,
}

#[tool]
fn defaults(
    #[default(3)] _number: i64,
    #[default(-1.5)] _negative: f64,
    #[default(LIMIT * 2)] _expression: u32,
    #[default("text")] _text: String,
    #[default("/tmp")] _path: PathBuf,
    #[default(Some(1))] _option: Option<u8>,
    #[default(vec!["a".to_owned()])] _list: Vec<String>,
    #[default] _unit: Unit,
    #[default(Unit::Metre)] _named: Unit,
    #[default({
        let a = 1;
        a + 1
    })]
    _block: u64,
) {
}

fn main() {
    assert!(Server::new("s").tool::<defaults>().build().is_ok());
}
