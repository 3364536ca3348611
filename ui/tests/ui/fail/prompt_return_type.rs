use toolsmith::prelude::*;

struct Message;

#[prompt]
fn returned() -> Message {
    Message
}

#[prompt]
async fn inside() -> Result<Message, ToolError> {
    Ok(Message)
}

#[prompt]
fn nothing() {}

#[prompt]
fn number() -> i64 {
    1
}

fn main() {}
