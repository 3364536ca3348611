//! No warning about the output of `#[prompt]` and `#[resource]` reaches the author,
//! however strict the crate.
#![deny(warnings, missing_docs, unused, nonstandard_style, future_incompatible)]
#![deny(missing_debug_implementations, missing_copy_implementations, unreachable_pub)]
#![deny(rust_2018_idioms, unused_qualifications, unused_results, let_underscore)]
#![deny(clippy::all, clippy::pedantic)]

mod kinds {
    use toolsmith::prelude::*;

    async fn values(typed: Completion) -> Completions {
        std::future::ready(()).await;
        typed.matching(["a"])
    }

    /// Takes nothing.
    #[prompt]
    pub(crate) fn nothing() -> &'static str {
        "nothing"
    }

    #[prompt(inline)]
    pub(crate) fn undocumented(text: String) -> String {
        text
    }

    /// Is injected into, fails, and waits.
    #[prompt(timeout = "1s")]
    pub(crate) async fn waiting(
        context: Context,
        /// A text.
        #[complete(values)]
        #[default("x")]
        text: String,
    ) -> Result<String, std::io::Error> {
        std::future::ready(()).await;
        drop(context);
        Ok(text)
    }

    /// Has everything.
    #[resource(
        "a://{id}{?limit}",
        mime_type = "text/plain",
        audience("user"),
        priority = 0.5,
        ttl = "1s"
    )]
    pub(crate) async fn template(
        #[complete(values)] id: String,
        limit: Option<u64>,
        context: Context,
    ) -> Result<String, std::io::Error> {
        std::future::ready(()).await;
        drop(context);
        Ok(format!("{id} {limit:?}"))
    }

    /// Is old.
    #[resource("a:old")]
    #[deprecated = "use `template`"]
    pub(crate) fn old() -> &'static str {
        "old"
    }

    /// Must be used.
    #[resource("a:used")]
    #[must_use]
    pub(crate) fn used() -> String {
        String::new()
    }
}

fn main() {
    let server = toolsmith::Server::new("s")
        .prompt::<kinds::nothing>()
        .prompt::<kinds::undocumented>()
        .prompt::<kinds::waiting>()
        .resource::<kinds::template>()
        .resource::<kinds::old>()
        .resource::<kinds::used>();
    assert!(server.build().is_ok());
}
