//! Resources of each kind.

use serde_json::{Value, json};
use toolsmith::prelude::*;

use crate::content::PICTURE;

pub(crate) fn add_to(server: Server) -> Server {
    server
        .resource::<static_text>()
        .resource::<static_binary>()
        .resource::<watched>()
        .resource::<template>()
}

/// A text.
#[resource("test://static-text", mime_type = "text/plain", inline)]
fn static_text() -> &'static str {
    "This is the content of the static text resource."
}

/// A picture.
#[resource("test://static-binary", mime_type = "image/png", inline)]
fn static_binary() -> &'static [u8] {
    PICTURE
}

/// A text that clients may wait for changes of.
#[resource("test://watched-resource", mime_type = "text/plain", inline)]
fn watched() -> &'static str {
    "This is watched."
}

/// What is known of an id.
#[resource("test://template/{id}/data", mime_type = "application/json", inline)]
fn template(id: String) -> Json<Value> {
    let data = format!("Data for ID: {id}");
    Json(json!({"id": id, "templateTest": true, "data": data}))
}
