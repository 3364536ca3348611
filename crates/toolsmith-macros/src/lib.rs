//! The `#[tool]` attribute of Toolsmith. Use it as `toolsmith::tool`.

mod attributes;
mod docs;
mod errors;
mod expand;
mod function;
mod parameter;

use proc_macro::TokenStream;

use attributes::Attributes;
use errors::Errors;
use function::Function;

/// Turns a function into a tool.
///
/// ```text
/// /// Add two integers and return the sum.
/// #[tool]
/// fn add(
///     /// The first addend.
///     a: i64,
///     /// The second addend.
///     #[default(1)]
///     b: i64,
/// ) -> i64 {
///     a + b
/// }
///
/// Server::new("calculator").tool::<add>()
/// ```
///
/// The function stays what it is: `add(2, 3)` is 5 in a unit test. Beside it comes a type
/// of the same name, `struct add {}`, as visible as the function, which `.tool::<add>()`
/// takes. It is braced, so that `let add = …` still works.
///
/// # What clients see
///
/// - The doc comment is the description; doc comments on parameters describe them.
/// - The types of the parameters make the JSON Schema: a parameter is an argument when its
///   type derives `serde::Deserialize` and `schemars::JsonSchema`.
/// - An `Option` may be left out. So may a parameter with `#[default(value)]`, whose value
///   shows in the schema, for which its type derives `serde::Serialize`; `#[default]` alone
///   takes the default of the type. A string literal becomes whatever it converts into, so
///   `#[default("x")]` is good for a `String`.
/// - A parameter whose type implements `FromContext` (`Context`, `State<T>`, the author's
///   own) is given by the server and is no argument, also where it could be one. Types are
///   known by what they are: an alias is as good.
/// - Anything that implements `IntoToolOutput` may be returned, or a `Result` of it. `Json`
///   is structured content and has an output schema.
///
/// # Where it runs
///
/// An `async fn` runs where its request is polled: it must not block. A plain `fn` runs on
/// a bounded pool of threads, because it may.
///
/// A panic is caught, logged, and answered as an internal error, either way.
///
/// # Arguments
///
/// | argument | what it does |
/// |---|---|
/// | `name = "…"` | the name by which it is called, instead of the function's: 1 to 128 of `A-Z a-z 0-9 _ - .` |
/// | `title = "…"` | the name for people |
/// | `description = "…"` | what it does, instead of the doc comment; this and the title may be any `&str`, such as `include_str!("…")` |
/// | `read_only` | it changes nothing |
/// | `destructive` | what it changes may be lost |
/// | `idempotent` | calling it again with the same arguments changes nothing more |
/// | `open_world` | it deals with things outside of the server's own world |
/// | `icons("https://…")` | pictures to show; the long form of one is `icon(src = "https://…", mime_type = "image/png", sizes("48x48"), theme = "dark")` |
/// | `tags("…", "…")` | words to group it by |
/// | `meta(key = value)` | more about it, sent in `_meta`; a key may be a string, a value whatever `serde_json::json!` takes |
/// | `timeout = "30s"` | how long a call may take: a whole number of `ms`, `s`, `m` or `h` |
/// | `inline` | a plain `fn` runs in place, see below |
/// | `crate = path::to::toolsmith` | where the library is, for those who re-export it |
///
/// The four hints may be written `read_only = false` as well. A hint that is not given is
/// not sent, and the defaults of the specification hold: not read-only, destructive, not
/// idempotent, open-world.
///
/// After the time of `timeout` the client is answered with code -31001. An `async fn` is
/// then dropped at its await; a plain `fn` goes on to its end, keeps its place in the pool,
/// and its result is lost.
///
/// # `inline`
///
/// The pool costs a plain `fn` two changes of thread, some microseconds. `inline` saves
/// them for a function that only computes something short:
///
/// ```text
/// #[tool(inline)]
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
/// ```
///
/// Until it returns, it blocks the thread that polls its request. That thread serves other
/// requests too, and all of them wait: on a runtime with one thread the whole server does,
/// its transports included. So it must not read files, wait for locks, or compute for
/// longer than some tens of microseconds. Nothing can interrupt it either, so that no
/// timeout holds, neither the tool's own, which is a compile error, nor the server's.
///
/// # What cannot be a tool
///
/// A tool is a free function whose types a client can know, so these are compile errors
/// that say what to do instead: methods, generic functions, `impl Trait` in a parameter or
/// result, patterns for parameters, borrowed parameters (`&str`), `unsafe` and `extern`
/// functions, more than sixteen parameters.
#[proc_macro_attribute]
pub fn tool(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = match syn::parse::<syn::Item>(item.clone()) {
        Ok(syn::Item::Fn(function)) => function,
        Ok(other) => return with_error(item, &function::not_a_function(&other)),
        Err(error) => return with_error(item, &error),
    };
    let mut errors = Errors::default();
    let attributes = Attributes::parse(arguments.into(), &mut errors);
    let function = Function::check(item, &attributes, &mut errors);
    if errors.is_empty() {
        expand::tool(&function, &attributes).into()
    } else {
        expand::fallback(&function, &attributes, &errors).into()
    }
}

fn with_error(mut item: TokenStream, error: &syn::Error) -> TokenStream {
    item.extend(TokenStream::from(error.to_compile_error()));
    item
}
