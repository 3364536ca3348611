//! A new user's first minutes: make a project outside the checkout, build it, test it, call it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{HttpServer, Ran, command, toolsmith, workspace};

/// Under the workspace's target, so that the dependencies are built once and not at every run.
fn target() -> PathBuf {
    workspace().join("target/new-project")
}

fn cargo(project: &Path, args: &[&str]) -> Ran {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(args)
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target());
    cargo.output().unwrap().into()
}

const OWN_TYPE: &str = r#"use schemars::JsonSchema;
use serde::Deserialize;
use toolsmith::prelude::*;

/// A point in a plane.
#[derive(Deserialize, JsonSchema)]
pub struct Point {
    x: i64,
    y: i64,
}

/// How far a point is from the middle.
#[tool]
pub async fn length(point: Point) -> String {
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    ((point.x * point.x + point.y * point.y) as f64).sqrt().to_string()
}
"#;

#[test]
fn a_new_project_builds_passes_its_tests_and_is_called() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        !folder.path().starts_with(workspace()),
        "{folder:?} is inside the checkout"
    );
    let mut new = command();
    new.args(["new", "demo"]).current_dir(folder.path());
    Ran::from(new.output().unwrap()).ok();
    let project = folder.path().join("demo");
    cargo(&project, &["fmt", "--check"]).ok();

    // The first thing that somebody adds: an argument of a type of their own.
    let own = project.join("src/own.rs");
    std::fs::write(&own, OWN_TYPE).unwrap();
    let main = project.join("src/main.rs");
    let text = std::fs::read_to_string(&main).unwrap();
    let text = text.replacen("use toolsmith", "mod own;\n\nuse toolsmith", 1);
    let text = text.replacen(
        ".tool::<add>()",
        ".tool::<add>()\n        .tool::<own::length>()",
        1,
    );
    std::fs::write(&main, text).unwrap();

    let built = cargo(&project, &["build"]);
    assert!(
        !built.stderr.contains("warning: `demo`"),
        "{}",
        built.stderr
    );
    built.ok();
    let tested = cargo(&project, &["test"]).ok();
    for test in [
        "add_returns_the_sum ... ok",
        "a_client_calls_add_over_stdio ... ok",
    ] {
        assert!(tested.contains(test), "{tested}");
    }

    let program = target().join("debug/demo");
    let path = program.to_str().unwrap();
    assert_eq!(
        toolsmith(["call", "add", "a=2", "b=3", "--", path]).ok(),
        "5\n"
    );
    let own = r#"point={"x": 3.0, "y": 4}"#;
    assert_eq!(toolsmith(["call", "length", own, "--", path]).ok(), "5\n");
    let server = HttpServer::start(&program);
    assert_eq!(
        toolsmith(["call", &server.url, "add", "a=2", "b=3"]).ok(),
        "5\n"
    );
    drop(server);
    // Its folder is another one at every run, and what was built for it would pile up.
    cargo(&project, &["clean", "--package", "demo"]).ok();
}
