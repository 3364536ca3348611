use toolsmith::prelude::*;

#[prompt]
#[prompt(name = "again")]
fn prompt_twice() -> String {
    String::new()
}

#[resource("users://me")]
#[resource("users://you")]
fn resource_twice() -> String {
    String::new()
}

#[tool]
#[prompt]
fn tool_and_prompt() -> String {
    String::new()
}

#[resource("users://me")]
#[tool]
fn resource_and_tool() -> String {
    String::new()
}

fn main() {
    let server = Server::new("s").prompt::<prompt_twice>().resource::<resource_twice>();
    let _ = server.tool::<tool_and_prompt>().resource::<resource_and_tool>();
}
