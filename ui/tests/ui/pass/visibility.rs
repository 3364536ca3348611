//! The type is as visible as the function.
mod outer {
    pub mod inner {
        use toolsmith::prelude::*;

        #[tool]
        pub fn public() {}

        #[tool]
        pub(crate) fn of_the_crate() {}

        #[tool]
        pub(in crate::outer) fn of_outer() {}

        #[tool]
        fn private(_secret: Secret) {}

        #[derive(serde::Deserialize, schemars::JsonSchema)]
        struct Secret {}

        pub fn server() -> Server {
            Server::new("s").tool::<private>()
        }
    }

    pub fn server() -> toolsmith::Server {
        inner::server().tool::<inner::of_outer>()
    }
}

fn main() {
    let server = outer::server()
        .tool::<outer::inner::public>()
        .tool::<outer::inner::of_the_crate>();
    assert!(server.build().is_ok());
}
