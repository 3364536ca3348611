//! No warning about the macro's own output reaches the author, however strict the crate.
#![deny(warnings, missing_docs, unused, nonstandard_style, future_incompatible)]
#![deny(missing_debug_implementations, missing_copy_implementations, unreachable_pub)]
#![deny(rust_2018_idioms, unused_qualifications, unused_results, let_underscore)]
#![deny(clippy::all, clippy::pedantic)]

mod tools {
    use toolsmith::prelude::*;

    /// Takes and returns nothing.
    #[tool]
    pub(crate) fn nothing() {}

    #[tool(inline)]
    pub(crate) fn undocumented(flag: bool) -> bool {
        !flag
    }

    /// Is injected into, fails, and waits.
    #[tool(read_only, timeout = "1s")]
    pub(crate) async fn waiting(
        context: Context,
        /// A text.
        #[default("x")]
        text: String,
    ) -> Result<String, std::io::Error> {
        std::future::ready(()).await;
        Ok(format!("{} {text}", context.name()))
    }

    /// Is old.
    #[tool]
    #[deprecated = "use `nothing`"]
    pub(crate) fn old() {}

    /// Must be used.
    #[tool]
    #[must_use]
    pub(crate) fn used(a: i64) -> i64 {
        a
    }
}

fn main() {
    let server = toolsmith::Server::new("s")
        .tool::<tools::nothing>()
        .tool::<tools::undocumented>()
        .tool::<tools::waiting>()
        .tool::<tools::used>()
        .tool::<tools::old>();
    assert!(server.build().is_ok());
}
