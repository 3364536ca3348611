//! Every operator of a template, and the parameters that its variables may be.
use toolsmith::prelude::*;

type Maybe<T> = Option<T>;

#[resource("a://{id}/{+path}")]
fn always_there(id: u64, path: String) -> String {
    format!("{id} {path}")
}

#[resource("b://x{.ext}{/rest*}{;color}{?fields*,limit}{&more}{#part}")]
fn sometimes_there(
    ext: Option<String>,
    #[default] rest: Vec<String>,
    #[default("red")] color: String,
    #[default(vec!["a".to_owned()])] fields: Vec<String>,
    #[default(10)] limit: u32,
    more: Maybe<bool>,
    part: Option<String>,
) -> String {
    format!("{ext:?} {rest:?} {color} {fields:?} {limit} {more:?} {part:?}")
}

#[resource("c://{names*}/{short:3}")]
fn modifiers(names: Vec<String>, short: String) -> String {
    format!("{names:?} {short}")
}

#[resource("d://{type}{?match}")]
fn keywords(r#type: String, r#match: Option<i8>) -> String {
    format!("{type} {match:?}", r#type = r#type, r#match = r#match)
}

#[resource("e://{b}/{a}")]
fn another_order(a: char, context: Context, b: f64) -> String {
    drop(context);
    format!("{a} {b}")
}

#[resource("f:%C3%A9/größe?x=y#z")]
fn no_variables() -> String {
    String::new()
}

fn main() {
    let server = Server::new("s").resource::<always_there>().resource::<sometimes_there>();
    let server = server.resource::<modifiers>().resource::<keywords>();
    assert!(server.resource::<another_order>().resource::<no_variables>().build().is_ok());
}
