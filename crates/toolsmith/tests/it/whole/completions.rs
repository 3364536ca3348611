//! Values of arguments: of prompts and of templates, with the other arguments in hand.

use serde_json::json;
use toolsmith::prelude::*;
use toolsmith::protocol::Revision;
use toolsmith::server::Engine;

use super::{BOTH, client, code, soon};

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Style {
    Terse,
    Thorough,
    /// As long as it takes.
    Endless,
}

#[prompt]
fn review(
    #[complete(languages)] language: String,
    #[complete(frameworks)] framework: String,
    style: Style,
    other_style: Option<Style>,
    strict: bool,
    maybe: Option<bool>,
    #[complete(own_words)] own: Style,
    code: String,
) -> String {
    let _ = (style, other_style, own);
    format!("{language} {framework} {strict} {maybe:?} {code}")
}

fn languages(typed: Completion) -> Completions {
    typed.matching(["rust", "ruby", "python"])
}

async fn frameworks(typed: Completion) -> Result<Vec<String>, ToolError> {
    tokio::task::yield_now().await;
    let all = match typed.other("language") {
        Some("rust") => vec!["axum", "actix"],
        Some("python") => vec!["flask"],
        _ => return Err(ToolError::user("say which language first")),
    };
    let fits = |it: &&str| it.starts_with(typed.value());
    Ok(all.into_iter().filter(fits).map(str::to_owned).collect())
}

fn own_words(typed: Completion) -> Completions {
    typed.matching(["terse"])
}

#[resource("repo://{owner}/{name}{?style,numbers}")]
fn repo(
    owner: String,
    #[complete(names)] name: String,
    style: Option<Style>,
    #[complete(numbers)] numbers: Option<u8>,
) -> String {
    let _ = (style, numbers);
    format!("{owner}/{name}")
}

fn names(typed: Completion) -> Completions {
    let owner = typed.other("owner").unwrap_or("nobody").to_owned();
    typed.matching([format!("{owner}-a"), format!("{owner}-b")])
}

fn numbers(_: Completion) -> [&'static str; 0] {
    []
}

fn engine() -> Engine {
    fn many(_: Completion) -> Vec<String> {
        (0..250).map(|n| n.to_string()).collect()
    }
    let made = DynamicPrompt::new("made", |_, _| async { "" })
        .argument("n", "")
        .complete("n", many);
    let made_too = DynamicResource::new("made://{n}", |_, _| async { "" }).complete("n", many);
    Server::new("s")
        .prompt::<review>()
        .resource::<repo>()
        .dynamic_prompt(made)
        .dynamic_resource(made_too)
        .build()
        .unwrap()
}

const REPO: &str = "repo://{owner}/{name}{?style,numbers}";

#[tokio::test]
async fn an_argument_is_completed_by_its_own_function() {
    let engine = engine();
    for revision in Revision::ALL {
        let client = client(&engine, revision);
        let complete = |typed| client.complete("review", "language", typed, json!({}));
        assert_eq!(
            complete("ru").await.unwrap(),
            ["rust", "ruby"],
            "{revision}"
        );
        assert_eq!(complete("RUS").await.unwrap(), ["rust"], "{revision}");
        assert!(complete("x").await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_other_arguments_are_in_hand() {
    let engine = engine();
    for revision in BOTH {
        let client = client(&engine, revision);
        let complete =
            |language| client.complete("review", "framework", "a", json!({"language": language}));
        assert_eq!(complete("rust").await.unwrap(), ["axum", "actix"]);
        assert!(complete("python").await.unwrap().is_empty());
        let failure = complete("none").await.unwrap_err();
        assert_eq!(failure.message, "say which language first");
        let named = client.complete(REPO, "name", "", json!({"owner": "ada"}));
        assert_eq!(named.await.unwrap(), ["ada-a", "ada-b"]);
    }
}

#[tokio::test]
async fn a_type_that_names_its_values_needs_no_function() {
    let client = client(&engine(), Revision::LATEST);
    let of = async |reference: &str, argument: &str| {
        let found = client.complete(reference, argument, "", json!({})).await;
        found.unwrap_or_else(|failure| panic!("{argument}: {failure}"))
    };
    let mut styles = of("review", "style").await;
    styles.sort();
    assert_eq!(styles, ["endless", "terse", "thorough"]);
    let mut others = of("review", "other_style").await;
    others.sort();
    assert_eq!(others, styles);
    assert_eq!(of("review", "strict").await, ["true", "false"]);
    assert_eq!(of("review", "maybe").await, ["true", "false"]);
    assert_eq!(
        of("review", "own").await,
        ["terse"],
        "the author's own words come first"
    );
    assert!(of("review", "code").await.is_empty());
    let mut of_template = of(REPO, "style").await;
    of_template.sort();
    assert_eq!(of_template, styles);
    let typed = client.complete("review", "style", "th", json!({})).await;
    assert_eq!(typed.unwrap(), ["thorough"]);
}

#[tokio::test]
async fn no_more_than_a_hundred_values_are_sent() {
    let engine = engine();
    for revision in BOTH {
        for reference in [
            json!({"type": "ref/prompt", "name": "made"}),
            json!({"type": "ref/resource", "uri": "made://{n}"}),
        ] {
            let params = json!({"ref": reference, "argument": {"name": "n", "value": ""}});
            let client = client(&engine, revision);
            let answer = client.request("completion/complete", params).await;
            let completion = answer.unwrap()["completion"].take();
            assert_eq!(completion["values"].as_array().unwrap().len(), 100);
            assert_eq!(completion["total"], 250);
            assert_eq!(completion["hasMore"], true);
        }
    }
}

#[tokio::test]
async fn what_is_unknown_is_refused() {
    let engine = engine();
    let argument = json!({"name": "n", "value": ""});
    for revision in BOTH {
        let client = client(&engine, revision);
        for params in [
            json!({"ref": {"type": "ref/prompt", "name": "no"}, "argument": argument}),
            json!({"ref": {"type": "ref/prompt", "name": "review"}, "argument": argument}),
            json!({"ref": {"type": "ref/resource", "uri": "repo://{owner}"}, "argument": argument}),
            json!({"ref": {"type": "ref/tool", "name": "made"}, "argument": argument}),
            json!({"argument": argument}),
            json!({}),
        ] {
            let said = client.request("completion/complete", params.clone()).await;
            assert_eq!(code(said), -32602, "{params}");
        }
    }
}

#[tokio::test]
async fn a_uri_of_a_template_will_do_for_the_template() {
    let folder = tempfile::tempdir().unwrap();
    let files = toolsmith::files::Directory::new("notes://all/", folder.path());
    let server = Server::new("s").resource::<repo>().resources(files);
    let engine = server.build().unwrap();
    for revision in BOTH {
        let client = client(&engine, revision);
        let templates = client.list("resources/templates/list", "resourceTemplates");
        let templates = templates.await.unwrap();
        let provided = templates
            .iter()
            .find(|it| it["uriTemplate"] != "repo://{owner}/{name}{?style,numbers}");
        let provided = provided.expect("a folder has a template")["uriTemplate"].clone();
        for (uri, name, values) in [
            (
                json!("repo://ada/engine"),
                "name",
                json!(["nobody-a", "nobody-b"]),
            ),
            (provided, "path", json!([])),
        ] {
            let params = json!({
                "ref": {"type": "ref/resource", "uri": uri},
                "argument": {"name": name, "value": ""},
            });
            let said = client.request("completion/complete", params).await.unwrap();
            assert_eq!(said["completion"]["values"], values, "{uri} in {revision}");
        }
    }
}

#[prompt]
fn injected(#[complete(languages)] context: Context) -> String {
    context.name().to_owned()
}

#[tokio::test]
async fn a_completer_of_what_the_server_gives_is_refused_before_it_starts() {
    let error = Server::new("s").prompt::<injected>().build().unwrap_err();
    let said = error.problems().join("\n");
    assert!(
        said.contains("`injected`") && said.contains("`context`"),
        "{said}"
    );
    assert!(said.contains("the server gives"), "{said}");
    let unknown = DynamicPrompt::new("p", |_, _| async { "" }).complete("x", languages);
    let error = Server::new("s")
        .dynamic_prompt(unknown)
        .build()
        .unwrap_err();
    assert!(error.problems()[0].contains("`x`"), "{error}");
}

#[tokio::test]
async fn a_completer_that_takes_too_long_is_given_up() {
    async fn never(_: Completion) -> Vec<String> {
        std::future::pending().await
    }
    let prompt = DynamicPrompt::new("p", |_, _| async { "" })
        .argument("x", "")
        .complete("x", never);
    let server = Server::new("s").dynamic_prompt(prompt);
    let server = server.call_timeout(std::time::Duration::from_millis(50));
    let client = client(&server.build().unwrap(), Revision::LATEST);
    assert_eq!(
        code(soon(client.complete("p", "x", "", json!({}))).await),
        -31001
    );
}
