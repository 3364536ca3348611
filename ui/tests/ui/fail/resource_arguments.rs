use toolsmith::prelude::*;

#[resource("a:b", mime_type = "json", size = "120", priority = 2, last_modified = "yesterday")]
fn wrong_values() -> String {
    String::new()
}

#[resource("a:b", audience("user", "model", "user"), ttl = "60", cache = "shared")]
fn wrong_words() -> String {
    String::new()
}

#[resource("a:b", audience = "user", size(120), size = 120, priority, mime_type = text, ttl(60))]
fn wrong_forms() -> String {
    String::new()
}

#[resource("a:b", cache = "public")]
fn never_fresh() -> String {
    String::new()
}

#[resource("a:b", name = "", read_only, task, mimetype = "text/plain")]
fn unknown() -> String {
    String::new()
}

#[resource("a:b", inline, timeout = "1s")]
fn in_place() -> String {
    String::new()
}

fn main() {}
