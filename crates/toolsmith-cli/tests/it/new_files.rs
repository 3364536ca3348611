//! `toolsmith new`: the files it writes, and what it refuses.

use std::fs;
use std::path::Path;

use crate::support::{Ran, command, workspace};

fn new(folder: &Path, args: &[&str]) -> Ran {
    let mut command = command();
    command.arg("new").args(args).current_dir(folder);
    command.output().unwrap().into()
}

#[test]
fn a_project_has_its_files_and_the_next_steps_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let stdout = new(folder.path(), &["my-demo"]).ok();
    assert!(
        stdout.contains("cd my-demo") && stdout.contains("cargo test"),
        "{stdout}"
    );
    let read = |path: &str| fs::read_to_string(folder.path().join("my-demo").join(path)).unwrap();
    let manifest = read("Cargo.toml");
    assert!(manifest.contains("name = \"my-demo\""), "{manifest}");
    assert!(manifest.contains("\n[workspace]\n"), "{manifest}");
    let library = workspace().join("crates/toolsmith");
    assert!(
        manifest.contains(&format!("path = {library:?}")),
        "{manifest}"
    );
    let main = read("src/main.rs");
    assert!(main.contains("Server::new(\"my-demo\")"), "{main}");
    // Clients are told the version of the project, and not that of the library.
    assert!(
        main.contains(".version(env!(\"CARGO_PKG_VERSION\"))"),
        "{main}"
    );
    assert!(read("tests/stdio.rs").contains("env!(\"CARGO_BIN_EXE_my-demo\")"));
    assert!(read("README.md").starts_with("# my-demo\n"));
    assert_eq!(read(".gitignore"), "/target\n");
}

#[test]
fn the_library_may_be_a_version_or_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = workspace();
    for (name, given, expected) in [
        ("one", "0.1", "toolsmith = \"0.1\"".to_owned()),
        (
            "two",
            workspace.to_str().unwrap(),
            format!(
                "toolsmith = {{ path = {:?} }}",
                workspace.join("crates/toolsmith")
            ),
        ),
    ] {
        new(folder.path(), &[name, "--toolsmith", given]).ok();
        let manifest = fs::read_to_string(folder.path().join(name).join("Cargo.toml")).unwrap();
        assert!(manifest.contains(&expected), "{manifest}");
    }
}

#[test]
fn what_is_there_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("demo"), "mine").unwrap();
    let stderr = new(folder.path(), &["demo"]).failed(2);
    assert!(stderr.contains("demo exists already"), "{stderr}");
    assert_eq!(
        fs::read_to_string(folder.path().join("demo")).unwrap(),
        "mine"
    );
}

#[test]
fn bad_names_and_folders_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    for (args, says) in [
        (&["../demo"][..], "only ASCII letters"),
        (&["1demo"], "begin with a letter"),
        (&["fn"], "keyword"),
        (&["toolsmith"], "has that name"),
        (
            &["demo", "--toolsmith", "no/such"],
            "neither a version nor a folder",
        ),
    ] {
        let stderr = new(folder.path(), args).failed(2);
        assert!(stderr.contains(says), "{args:?}: {stderr}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
