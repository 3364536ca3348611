//! A program that was built without a feature knows its flags all the same.

use serde_json::json;

use super::flags::ALL;
use crate::wire::{Program, call, example, modern_meta, request};

#[tokio::test]
async fn the_flags_of_an_absent_feature_answer_with_the_feature_to_add() {
    let hello = example("hello", Some("stdio")).await;
    let of_http = [
        "--host",
        "--port",
        "--path",
        "--allow-host",
        "--allow-origin",
    ];
    let of_http = of_http
        .iter()
        .chain(&["--max-body", "--max-sessions", "--session-idle"]);
    let mut asked: Vec<_> = of_http
        .map(|flag| ALL.iter().find(|(f, ..)| f == flag).unwrap())
        .map(|(flag, _, value)| vec![*flag, *value])
        .collect();
    asked.push(vec!["--transport", "http"]);
    asked.push(vec!["--transport", "streamable-http"]);
    for arguments in asked {
        let program = Program::start(hello.clone(), &arguments, &[]);
        let (code, output, said) = program.output().await;
        assert_eq!(
            (code, output.as_str()),
            (Some(2), ""),
            "{arguments:?}: {said}"
        );
        for word in [
            arguments[0],
            "`http`",
            "cargo add toolsmith --features http",
        ] {
            assert!(said.contains(word), "{word} is not in: {said}");
        }
    }

    // What the environment says to other programs does not stop this one.
    let environment = [("TOOLSMITH_PORT", "9000")];
    let mut program = Program::start::<&str>(hello.clone(), &[], &environment);
    let mut pipe = program.pipe();
    let mut sum = call("add", json!({"a": 2, "b": 3}));
    sum["_meta"] = modern_meta().into();
    let answer = pipe.ask(request(1, "tools/call", sum)).await;
    assert_eq!(answer["result"]["content"][0]["text"], "5", "{answer}");

    let environment = [("TOOLSMITH_TRANSPORT", "http")];
    let program = Program::start::<&str>(hello, &[], &environment);
    let (code, _, said) = program.output().await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--features http"), "{said}");
}
