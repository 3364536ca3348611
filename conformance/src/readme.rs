//! Nothing but a place in which the Rust code of the README and of the guide is compiled and
//! run, by documentation tests.
#![cfg_attr(doctest, doc = include_str!("../../README.md"))]

/// Each page in a module of its own, so that a failure names the page.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../../docs/guide/README.md")]
    mod index {}
    #[doc = include_str!("../../docs/guide/first-tool.md")]
    mod first_tool {}
    #[doc = include_str!("../../docs/guide/arguments-and-results.md")]
    mod arguments_and_results {}
    #[doc = include_str!("../../docs/guide/errors.md")]
    mod errors {}
    #[doc = include_str!("../../docs/guide/context.md")]
    mod context {}
    #[doc = include_str!("../../docs/guide/resources.md")]
    mod resources {}
    #[doc = include_str!("../../docs/guide/prompts.md")]
    mod prompts {}
    #[doc = include_str!("../../docs/guide/changing.md")]
    mod changing {}
    #[doc = include_str!("../../docs/guide/pages-and-caching.md")]
    mod pages_and_caching {}
    #[doc = include_str!("../../docs/guide/asking.md")]
    mod asking {}
    #[doc = include_str!("../../docs/guide/keeping.md")]
    mod keeping {}
    #[doc = include_str!("../../docs/guide/tasks.md")]
    mod tasks {}
    #[doc = include_str!("../../docs/guide/headers-and-meta.md")]
    mod headers_and_meta {}
    #[doc = include_str!("../../docs/guide/extensions.md")]
    mod extensions {}
    #[doc = include_str!("../../docs/guide/authorization.md")]
    mod authorization {}
    #[doc = include_str!("../../docs/guide/mounting-and-middleware.md")]
    mod mounting_and_middleware {}
    #[doc = include_str!("../../docs/guide/testing.md")]
    mod testing {}
    #[doc = include_str!("../../docs/guide/revisions.md")]
    mod revisions {}
}
