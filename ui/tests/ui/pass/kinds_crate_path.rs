//! `crate = …` says where the library is, for prompts and resources too.
mod vendored {
    pub use toolsmith as renamed;
}

/// Hides the library from the output of the macros.
mod hidden {
    use super::vendored::renamed::prelude::*;

    #[prompt(crate = super::vendored::renamed)]
    pub fn greeting(name: String) -> String {
        name
    }

    #[resource(
        "users://{id}",
        audience("user"),
        ttl = "1s",
        icons("data:,"),
        meta(a = 1),
        crate = crate::vendored::renamed
    )]
    pub fn user(id: u64) -> String {
        id.to_string()
    }

    #[tool(task, crate = crate::vendored::renamed)]
    pub fn slow(#[header("Region")] region: String) -> String {
        region
    }
}

fn main() {
    let server = toolsmith::Server::new("s");
    let server = server.prompt::<hidden::greeting>().resource::<hidden::user>();
    assert!(server.tool::<hidden::slow>().build().is_ok());
}
