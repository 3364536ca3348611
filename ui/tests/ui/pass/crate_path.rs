//! `crate = …` says where the library is.
mod vendored {
    pub use toolsmith as renamed;
}

/// Hides the library from the output of the macro.
mod hidden {
    use super::vendored::renamed::prelude::*;

    #[tool(crate = super::vendored::renamed)]
    pub fn from_super(a: i64) -> i64 {
        a
    }

    #[tool(crate = crate::vendored::renamed)]
    pub fn from_crate(a: i64) -> i64 {
        a
    }
}

fn main() {
    let server = toolsmith::Server::new("s");
    let server = server.tool::<hidden::from_super>().tool::<hidden::from_crate>();
    assert!(server.build().is_ok());
}
