//! `toolsmith new`: a project that builds, runs and has a test.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::args::NewArgs;
use crate::error::{Exit, Failure, Result};
use crate::output::Output;

/// The files of a project. `{{name}}` and `{{toolsmith}}` in them are filled in. They end in
/// `.template` because cargo leaves a folder that has a `Cargo.toml` out of the package.
const FILES: [(&str, &str); 5] = [
    (
        "Cargo.toml",
        include_str!("../templates/Cargo.toml.template"),
    ),
    ("src/main.rs", include_str!("../templates/main.rs.template")),
    (
        "tests/stdio.rs",
        include_str!("../templates/stdio.rs.template"),
    ),
    ("README.md", include_str!("../templates/README.md.template")),
    (
        ".gitignore",
        include_str!("../templates/gitignore.template"),
    ),
];

/// Where the library was when this command was built.
const LIBRARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../toolsmith");

const MAX_NAME: usize = 64;

pub(crate) fn run(args: &NewArgs, out: &mut Output) -> Result<()> {
    check_name(&args.name)?;
    let dependency = match &args.toolsmith {
        Some(given) => given_dependency(given)?,
        None => own_dependency(),
    };
    let folder = Path::new(&args.name);
    write_project(folder, &args.name, &dependency)?;
    let name = &args.name;
    out.line(format!("Made {name}, an MCP server with the tool `add`."))?;
    out.line("\nNext:")?;
    for step in [
        format!("cd {name}"),
        "cargo test".to_owned(),
        "toolsmith call add a=2 b=3 -- cargo run --quiet".to_owned(),
        "cargo run -- --transport http".to_owned(),
    ] {
        out.line(format!("  {step}"))?;
    }
    Ok(())
}

fn write_project(folder: &Path, name: &str, dependency: &str) -> Result<()> {
    fs::create_dir(folder).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => Failure::usage(format!(
            "{} exists already; nothing was changed",
            folder.display()
        ))
        .hint("choose another name, or remove it first"),
        _ => not_written(folder, &error),
    })?;
    for (path, template) in FILES {
        let path = folder.join(path);
        let text = template
            .replace("{{name}}", name)
            .replace("{{toolsmith}}", dependency);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&path, text))
            .map_err(|error| not_written(&path, &error))?;
    }
    Ok(())
}

fn not_written(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::Files,
        format!("cannot write {}: {error}", path.display()),
    )
}

/// A name that cargo takes for a package, and that no dependency or target folder has.
fn check_name(name: &str) -> Result<()> {
    const TAKEN: [&str; 11] = [
        "toolsmith",
        "schemars",
        "serde",
        "serde_json",
        "tokio",
        "test",
        "core",
        "std",
        "alloc",
        "proc_macro",
        "proc-macro",
    ];
    // Cargo keeps folders of these names beside the binaries.
    const FOLDERS: [&str; 4] = ["build", "deps", "examples", "incremental"];
    const KEYWORDS: &str = " abstract as async await become box break const continue crate do dyn \
        else enum extern false final fn for gen if impl in let loop macro match mod move mut \
        override priv pub ref return self static struct super trait true try type typeof unsafe \
        unsized use virtual where while yield ";
    let refuse = |why: &str| {
        Err(
            Failure::usage(format!("{name:?} cannot be the name of a project: {why}"))
                .hint("use letters, digits, - and _, for example my-server"),
        )
    };
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > MAX_NAME {
        refuse("it must have 1 to 64 characters")
    } else if !name.chars().all(valid) {
        refuse("only ASCII letters, digits, - and _ are allowed")
    } else if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        refuse("it must begin with a letter")
    } else if KEYWORDS.contains(&format!(" {name} ")) {
        refuse("it is a keyword of Rust")
    } else if TAKEN.contains(&name) || FOLDERS.contains(&name) {
        refuse("cargo or a crate that it needs has that name")
    } else {
        Ok(())
    }
}

/// The library beside the command's own source, or, if that has gone, its release.
fn own_dependency() -> String {
    match library_in(Path::new(LIBRARY)) {
        Some(folder) => by_path(&folder),
        None => by_version(env!("CARGO_PKG_VERSION")),
    }
}

fn given_dependency(given: &Path) -> Result<String> {
    if let Some(version) = given.to_str().filter(|text| is_version(text)) {
        return Ok(by_version(version));
    }
    let beside = given.join("crates/toolsmith");
    match library_in(given).or_else(|| library_in(&beside)) {
        Some(folder) => Ok(by_path(&folder)),
        None => Err(Failure::usage(format!(
            "--toolsmith {}: neither a version nor a folder with the crate toolsmith in it",
            given.display()
        ))
        .hint("give a version (0.1), the folder crates/toolsmith or the workspace around it")),
    }
}

/// `1`, `0.1`, `^0.1.2`, `=0.1.0-rc.1`.
fn is_version(text: &str) -> bool {
    let number = text.trim_start_matches(['^', '~', '=']);
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-+".contains(c);
    number.starts_with(|c: char| c.is_ascii_digit()) && number.chars().all(allowed)
}

fn library_in(folder: &Path) -> Option<PathBuf> {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let is_it = manifest
        .lines()
        .any(|line| line.trim() == "name = \"toolsmith\"");
    is_it.then(|| folder.canonicalize().ok()).flatten()
}

fn by_path(folder: &Path) -> String {
    format!("{{ path = {} }}", quoted(&folder.to_string_lossy()))
}

fn by_version(version: &str) -> String {
    quoted(version)
}

/// A TOML string; its escapes are those of JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_cargo_takes() {
        for good in ["demo", "my-server", "a_1", "Demo"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        let long = "a".repeat(65);
        for (bad, says) in [
            ("", "1 to 64"),
            (long.as_str(), "1 to 64"),
            ("../demo", "only ASCII"),
            ("dé", "only ASCII"),
            ("a b", "only ASCII"),
            ("1st", "begin with a letter"),
            ("-x", "begin with a letter"),
            ("fn", "keyword"),
            ("toolsmith", "has that name"),
            ("test", "has that name"),
            ("serde", "has that name"),
            ("tokio", "has that name"),
            ("deps", "has that name"),
        ] {
            let failure = check_name(bad).unwrap_err();
            assert!(failure.message().contains(says), "{bad}: {failure}");
        }
    }

    #[test]
    fn a_version_is_told_from_a_folder() {
        for version in ["1", "0.1", "^0.1.2", "=0.1.0-rc.1"] {
            assert_eq!(
                given_dependency(Path::new(version)).unwrap(),
                format!("\"{version}\"")
            );
        }
        let failure = given_dependency(Path::new("no/such/folder")).unwrap_err();
        assert!(failure.message().contains("no/such/folder"), "{failure}");
    }

    #[test]
    fn the_workspace_and_the_crate_in_it_name_the_same_folder() {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace = given_dependency(&manifest.join("../..")).unwrap();
        let library = given_dependency(&manifest.join("../toolsmith")).unwrap();
        assert_eq!(workspace, library);
        assert_eq!(library, own_dependency());
        assert!(library.ends_with("toolsmith\" }"), "{library}");
    }

    #[test]
    fn every_placeholder_is_filled_in() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("demo");
        write_project(&project, "demo", "\"9.9\"").unwrap();
        for (path, _) in FILES {
            let text = fs::read_to_string(project.join(path)).unwrap();
            assert!(!text.contains("{{"), "{path}: {text}");
        }
        let manifest = fs::read_to_string(project.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("toolsmith = \"9.9\""), "{manifest}");
    }
}
