//! The `#[tool]`, `#[prompt]` and `#[resource]` attributes of Toolsmith. Use them as
//! `toolsmith::tool` and so on.

mod attributes;
mod docs;
mod errors;
mod expand;
mod function;
mod kind;
mod parameter;
mod template;
#[cfg(test)]
mod testing;
mod token;
mod variables;

use proc_macro::TokenStream;

use kind::Kind;

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
/// | `task` | a call may become a task, see below |
/// | `icons("https://…")` | pictures to show; the long form of one is `icon(src = "https://…", mime_type = "image/png", sizes("48x48"), theme = "dark")` |
/// | `tags("…", "…")` | words to group it by |
/// | `meta(key = value)` | more about it, sent in `_meta`; a key may be a string, a value whatever `serde_json::json!` takes |
/// | `scopes("files:write")` | the scopes that a caller needs to call it, all of them; who lacks one does not see it in lists, and is refused with code -31018 |
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
/// # Tasks
///
/// A task goes on after its call was answered; the client comes back for the result.
///
/// | argument | when a call becomes a task |
/// |---|---|
/// | `task`, `task = "optional"` | when the client can deal with one; others wait for the result |
/// | `task = "required"` | always; a client that cannot deal with one is refused |
/// | `task = "decided"` | when the function says so while it runs, which it awaits: so it is an `async fn` |
///
/// A tool that is `inline` is no task.
///
/// # `#[header("…")]`
///
/// Over HTTP, a modern client repeats the argument in a header, so that whatever stands
/// before the server can go by it without reading the body:
///
/// ```text
/// #[tool]
/// async fn query(#[header("Region")] region: String, sql: String) -> String
/// ```
///
/// The header is `Mcp-Param-Region` here. Its name is made of letters, digits and
/// ``!#$%&'*+-.^_`|~``, and no two parameters of a tool have the same, whatever its
/// capitals.
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
    expand::expand(Kind::Tool, arguments.into(), item.into()).into()
}

/// Turns a function into a prompt: a message, or a conversation, that a person picks and
/// fills in.
///
/// ```text
/// /// Review code.
/// #[prompt(title = "Code review")]
/// fn review(
///     /// The code.
///     code: String,
///     /// What it is written in.
///     #[complete(languages)]
///     language: Option<String>,
/// ) -> String {
///     format!("Please review this {}:\n\n{code}", language.as_deref().unwrap_or("code"))
/// }
///
/// fn languages(typed: Completion) -> Completions {
///     typed.matching(["rust", "python"])
/// }
///
/// Server::new("reviewer").prompt::<review>()
/// ```
///
/// The function stays what it is, and a braced type of the same name comes beside it, which
/// `.prompt::<review>()` takes. Where it runs, and what cannot be a prompt, is as with
/// [`#[tool]`](macro@tool).
///
/// # What clients see
///
/// - The doc comment is the description; doc comments on parameters describe them.
/// - A parameter is an argument when its type derives `serde::Deserialize` and
///   `schemars::JsonSchema`. Its value comes as text, which is read as the type.
/// - An `Option` may be left out. So may a parameter with `#[default(value)]` or
///   `#[default]`.
/// - A parameter whose type implements `FromContext` (`Context`, `State<T>`, the author's
///   own) is given by the server and is no argument.
/// - Text that is returned is a message of the user. Anything that implements
///   `IntoPromptOutput` may be returned, or a `Result` of it.
///
/// # Arguments
///
/// | argument | what it does |
/// |---|---|
/// | `name = "…"` | the name by which it is asked for, instead of the function's: 1 to 128 of `A-Z a-z 0-9 _ - .` |
/// | `title = "…"` | the name for people |
/// | `description = "…"` | what it is for, instead of the doc comment; this and the title may be any `&str`, such as `include_str!("…")` |
/// | `icons("https://…")` | pictures to show; the long form of one is `icon(src = "https://…", mime_type = "image/png", sizes("48x48"), theme = "dark")` |
/// | `tags("…", "…")` | words to group it by |
/// | `meta(key = value)` | more about it, sent in `_meta`; a key may be a string, a value whatever `serde_json::json!` takes |
/// | `scopes("files:write")` | the scopes that a caller needs to fill it in, all of them; who lacks one does not see it in lists, and is refused with code -31018 |
/// | `timeout = "30s"` | how long filling it in may take: a whole number of `ms`, `s`, `m` or `h` |
/// | `inline` | a plain `fn` runs in place, see [`#[tool]`](macro@tool) |
/// | `crate = path::to::toolsmith` | where the library is, for those who re-export it |
///
/// # `#[complete(path)]`
///
/// While a person types an argument, clients ask what it may become. The path names a
/// function, sync or async, that takes a `Completion` and returns `Completions`, a list of
/// texts, or a `Result` of one of these.
#[proc_macro_attribute]
pub fn prompt(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Prompt, arguments.into(), item.into()).into()
}

/// Turns a function into a resource: what is read at a URI, or at every URI of a template.
///
/// ```text
/// /// The configuration.
/// #[resource("config://app", mime_type = "application/json")]
/// fn config(state: State<Config>) -> Json<Config> {
///     Json((*state.0).clone())
/// }
///
/// /// What is known of a user.
/// #[resource("users://{id}/profile{?fields*,limit}", ttl = "60s")]
/// async fn profile(
///     id: u64,
///     #[complete(fields)]
///     #[default]
///     fields: Vec<String>,
///     #[default(10)] limit: u32,
///     ctx: Context,
/// ) -> Option<Json<Profile>> {
///     load(id).await
/// }
///
/// Server::new("users").resource::<config>().resource::<profile>()
/// ```
///
/// The function stays what it is, and a braced type of the same name comes beside it, which
/// `.resource::<config>()` takes. Where it runs, and what cannot be a resource, is as with
/// [`#[tool]`](macro@tool).
///
/// # The URI
///
/// It comes first and is written out, because the compiler checks it: it begins with a
/// scheme, has no spaces, and each variable of a template has a parameter of that name.
/// Templates are those of RFC 6570. A variable is called as a parameter can be, and is there
/// once.
///
/// | in the template | what it gives to the parameter |
/// |---|---|
/// | `{id}`, `{+path}` | what every URI has; `+` takes `/` and the like too |
/// | `{/a}`, `{.a}`, `{;a}`, `{?a,b}`, `{&a,b}`, `{#a}` | what a URI may have: the parameter is an `Option`, or has a `#[default]` |
/// | `{a*}`, `{?a*}` | every value that is there, for a `Vec` |
/// | `{a:3}` | at most three characters |
///
/// A parameter that is no variable is given by the server, so its type implements
/// `FromContext`: `Context`, `State<T>`, or the author's own.
///
/// # What clients see
///
/// - The doc comment is the description.
/// - Values come as text, which is read as the type of the parameter.
/// - Text, bytes and `Json` may be returned, anything else that implements
///   `IntoResourceOutput`, and a `Result` or an `Option` of these. `None` says that there is
///   no such resource.
///
/// # Arguments
///
/// | argument | what it does |
/// |---|---|
/// | `"scheme://…"` | the URI or the template; it comes first |
/// | `name = "…"` | the name for programs, instead of the function's |
/// | `title = "…"` | the name for people |
/// | `description = "…"` | what it is, instead of the doc comment; this and the title may be any `&str`, such as `include_str!("…")` |
/// | `mime_type = "…"` | its media type |
/// | `size = 120` | how many bytes it has; not said of a template |
/// | `audience("user", "assistant")` | whom it is for: one of them, or both |
/// | `priority = 0.8` | how much it matters, from 0, least, to 1, most |
/// | `last_modified = "2025-01-12T15:00:58Z"` | when it last changed, as RFC 3339 writes it |
/// | `ttl = "60s"` | how long a modern client may keep what it read: a whole number of `ms`, `s`, `m` or `h` |
/// | `cache = "public"` | with `ttl`, what one caller read may be given to others; `"private"`, which is what holds without it, may not |
/// | `icons("https://…")` | pictures to show; the long form of one is `icon(src = "https://…", mime_type = "image/png", sizes("48x48"), theme = "dark")` |
/// | `tags("…", "…")` | words to group it by |
/// | `meta(key = value)` | more about it, sent in `_meta`; a key may be a string, a value whatever `serde_json::json!` takes |
/// | `scopes("files:write")` | the scopes that a caller needs to read it, all of them; who lacks one does not see it in lists, and is refused with code -31018 |
/// | `timeout = "30s"` | how long reading it may take: a whole number of `ms`, `s`, `m` or `h` |
/// | `inline` | a plain `fn` runs in place, see [`#[tool]`](macro@tool) |
/// | `crate = path::to::toolsmith` | where the library is, for those who re-export it |
///
/// # `#[complete(path)]`
///
/// While a person fills a template in, clients ask what a variable may become. The path
/// names a function, sync or async, that takes a `Completion` and returns `Completions`, a
/// list of texts, or a `Result` of one of these.
#[proc_macro_attribute]
pub fn resource(arguments: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Kind::Resource, arguments.into(), item.into()).into()
}
