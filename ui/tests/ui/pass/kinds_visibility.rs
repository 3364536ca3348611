//! The types of prompts and resources are as visible as their functions, and documented.
#![deny(warnings, missing_docs)]

/// What others use.
pub mod kinds {
    use toolsmith::prelude::*;

    /// Greets.
    #[prompt]
    pub fn public(name: String) -> String {
        name
    }

    #[prompt]
    pub(crate) fn of_the_crate() -> String {
        String::new()
    }

    /// A user.
    #[resource("users://{id}")]
    pub fn user(id: u64) -> String {
        id.to_string()
    }

    #[resource("users://{secret}/secret")]
    fn private(secret: Secret) -> String {
        secret.0
    }

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Secret(String);

    /// A server.
    #[must_use]
    pub fn server() -> Server {
        Server::new("s").resource::<private>()
    }
}

fn main() {
    let server = kinds::server().prompt::<kinds::public>().prompt::<kinds::of_the_crate>();
    assert!(server.resource::<kinds::user>().build().is_ok());
}
