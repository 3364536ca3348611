//! The status with which a server ends.

use serde_json::json;
use tokio::process::Command;

use crate::wire::{Program, example, modern, soon};

async fn signal(program: &Program, name: &str) {
    let id = program.id().to_string();
    let told = Command::new("kill").args([name, &id]).status().await;
    assert!(told.unwrap().success());
}

/// Another answer shows that what was sent before was read.
async fn answers(endpoint: &crate::wire::Endpoint) {
    for _ in 0..3 {
        let reply = endpoint.send(&super::sum()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
}

#[tokio::test]
async fn told_once_it_ends_well_and_told_twice_at_once() {
    for (first, second, status) in [
        ("-TERM", None, 0),
        ("-INT", None, 0),
        ("-TERM", Some("-TERM"), 143),
        ("-TERM", Some("-INT"), 130),
    ] {
        let edge = example("edge", None).await;
        let arguments = ["--transport=http", "--port=0"];
        let mut program = Program::start(edge, &arguments, &[]);
        let endpoint = crate::wire::Endpoint::at(&program.url().await);
        // Something is at work, so that it does not end by itself.
        let call = modern(
            1,
            "tools/call",
            crate::wire::call("wait", json!({"ms": 15_000})),
        );
        let mut connection = crate::wire::Connection::open(endpoint.address).await;
        if second.is_some() {
            connection.write(&endpoint.bytes(&call)).await.unwrap();
            answers(&endpoint).await;
        }
        signal(&program, first).await;
        if let Some(second) = second {
            program.logged("stopping").await;
            signal(&program, second).await;
        }
        let ended = soon("the end", program.ended()).await;
        assert_eq!(ended.code(), Some(status), "{first} {second:?}: {ended}");
    }
}

#[tokio::test]
async fn what_was_cut_off_shows_in_the_status() {
    let edge = example("edge", None).await;
    let arguments = ["--transport=http", "--port=0", "--drain-timeout=100ms"];
    let mut program = Program::start(edge, &arguments, &[]);
    let endpoint = crate::wire::Endpoint::at(&program.url().await);
    let call = modern(
        1,
        "tools/call",
        crate::wire::call("wait", json!({"ms": 15_000})),
    );
    let mut connection = crate::wire::Connection::open(endpoint.address).await;
    connection.write(&endpoint.bytes(&call)).await.unwrap();
    answers(&endpoint).await;
    signal(&program, "-TERM").await;
    let (code, _, said) = program.output().await;
    assert_eq!(code, Some(1), "{said}");
    for word in ["1 requests took longer than 100ms", "--drain-timeout"] {
        assert!(said.contains(word), "`{word}` is not in {said}");
    }
}
