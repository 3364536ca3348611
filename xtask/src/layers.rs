//! Who may know whom: the layer rule of `ARCHITECTURE.md`, and revision dates in one file.

mod dates;
mod paths;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use proc_macro2::TokenStream;
use serde_json::Value;

use crate::workspace::Workspace;

/// A module and what it must not name. The root of a path is the crate's own name.
struct Rule {
    /// The crate's folder below `crates/`.
    package: &'static str,
    module: &'static str,
    never: &'static [&'static str],
}

/// In the core, each layer knows those before it: `protocol`, `caller`, `ports`, `server`,
/// `testing`.
const RULES: &[Rule] = &[
    // Pure: bytes and headers in, typed message out.
    Rule {
        package: "toolsmith-core",
        module: "protocol",
        never: &[
            "crate::caller",
            "crate::Caller",
            "crate::ports",
            "crate::server",
            "crate::testing",
        ],
    },
    // Who asks, which every layer above passes on.
    Rule {
        package: "toolsmith-core",
        module: "caller",
        never: &[
            "crate::protocol",
            "crate::ports",
            "crate::server",
            "crate::testing",
        ],
    },
    // What the outside is to keep and carry, whoever asks for it: a store that somebody
    // else writes has no need of the server.
    Rule {
        package: "toolsmith-core",
        module: "ports",
        never: &["crate::server", "crate::testing"],
    },
    // Meaning: it uses all of the above, and nobody's test client.
    Rule {
        package: "toolsmith-core",
        module: "server",
        never: &["crate::testing"],
    },
    // Transports do not know each other.
    Rule {
        package: "toolsmith",
        module: "stdio",
        never: &["crate::http"],
    },
    Rule {
        package: "toolsmith",
        module: "http",
        never: &["crate::stdio"],
    },
];

/// Which of our crates a crate may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("toolsmith-core", &[]),
    ("toolsmith-macros", &[]),
    ("toolsmith", &["toolsmith-core", "toolsmith-macros"]),
    ("toolsmith-cli", &["toolsmith"]),
];

/// The one file that knows how revisions are written.
const DATES: &str = "crates/toolsmith-core/src/protocol/revision.rs";

pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut found = Vec::new();
    let packages = workspace.packages()?;
    for (name, allowed) in ARROWS {
        found.extend(crate_arrows(&packages, name, allowed)?);
    }
    for (package, _) in ARROWS {
        let source = workspace.root.join("crates").join(package).join("src");
        for file in rust_files(&source)? {
            let tokens = parse(&file)?;
            let shown = file
                .strip_prefix(&workspace.root)
                .unwrap_or(&file)
                .display()
                .to_string();
            let place = module_path(&source, &file);
            found.extend(
                forbidden(package, &place, &tokens)
                    .into_iter()
                    .map(|problem| format!("{shown} {problem}")),
            );
            if shown != DATES {
                found.extend(
                    dates::find(tokens)
                        .into_iter()
                        .map(|date| format!("{shown} spells {date}; dates belong into {DATES}")),
                );
            }
        }
    }
    if found.is_empty() {
        Ok(())
    } else {
        bail!("{}", found.join("\n"))
    }
}

/// Dependencies on our own crates that point the wrong way. Those for tests are free.
fn crate_arrows(packages: &[Value], name: &str, allowed: &[&str]) -> Result<Vec<String>> {
    let package = packages.iter().find(|package| package["name"] == name);
    let package = package.with_context(|| format!("the workspace has no package {name}"))?;
    let ours: Vec<&str> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    Ok(dependencies
        .filter(|dependency| dependency["kind"] != "dev")
        .filter_map(|dependency| dependency["name"].as_str())
        .filter(|dependency| ours.contains(dependency) && !allowed.contains(dependency))
        .map(|dependency| format!("{name} must not depend on {dependency}"))
        .collect())
}

/// What a file names and must not, by the rule of its module.
fn forbidden(package: &str, place: &[String], tokens: &TokenStream) -> Vec<String> {
    let rules = RULES
        .iter()
        .filter(|rule| rule.package == package && place.first().is_some_and(|m| m == rule.module));
    let never: Vec<&str> = rules.flat_map(|rule| rule.never).copied().collect();
    if never.is_empty() {
        return Vec::new();
    }
    let used = paths::all(place, tokens.clone());
    let bad = used.iter().filter(|path| {
        never
            .iter()
            .any(|n| path.as_str() == *n || path.starts_with(&format!("{n}::")))
    });
    bad.map(|path| format!("names {path}, which its layer must not know"))
        .collect()
}

fn parse(file: &Path) -> Result<TokenStream> {
    let text = std::fs::read_to_string(file)?;
    text.parse()
        .map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))
}

/// Every Rust file below a folder, except those of tests.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder)
            .with_context(|| format!("{} could not be read", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() && name != "tests" {
                folders.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" && !name.ends_with("_tests.rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// `src/server/tool.rs` as `["server", "tool"]`, and `src/server/mod.rs` as `["server"]`.
fn module_path(source: &Path, file: &Path) -> Vec<String> {
    let relative = file.strip_prefix(source).unwrap_or(file).with_extension("");
    let mut place: Vec<String> = relative
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if place
        .last()
        .is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main"))
    {
        place.pop();
    }
    place
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judge(place: &[&str], code: &str) -> Vec<String> {
        let place: Vec<String> = place.iter().map(|part| (*part).to_owned()).collect();
        forbidden("toolsmith-core", &place, &code.parse().unwrap())
    }

    #[test]
    fn a_use_of_a_higher_layer_is_found_however_it_is_written() {
        for code in [
            "use crate::server::Registry;",
            "use crate::{protocol::Id, server::{Registry, tool}};",
            "use super::super::server as meaning;",
            "fn f() -> crate::server::Outcome { todo!() }",
            "fn f() { log!(\"{}\", crate::ports::NAME) }",
            "mod inner { use super::super::super::ports::Store; }",
            "use crate::Caller;",
        ] {
            assert!(!judge(&["protocol", "decode"], code).is_empty(), "{code}");
        }
        for (place, code) in [
            ("caller", "use crate::ports::SessionId;"),
            ("ports", "use crate::server::Engine;"),
            ("server", "use crate::testing::TestClient;"),
        ] {
            assert_eq!(judge(&[place], code).len(), 1, "{place}: {code}");
        }
    }

    #[test]
    fn lower_layers_and_tests_are_free() {
        for code in [
            "use super::message::Id;",
            "/// See [`crate::server::Registry`].\nstruct A;",
            "fn server() { let server = 1; }",
            "#[cfg(test)] mod tests { use crate::server::Registry; }",
        ] {
            assert_eq!(judge(&["protocol", "decode"], code), [""; 0], "{code}");
        }
        for (place, code) in [
            ("server", "use crate::{Caller, ports::Bus, protocol::Id};"),
            ("ports", "use crate::{Caller, protocol::Id};"),
            ("testing", "use crate::{ports::Bus, server::Engine};"),
        ] {
            assert_eq!(judge(&[place], code), [""; 0], "{place}: {code}");
        }
    }

    #[test]
    fn a_crate_that_points_back_is_found() {
        let packages = [
            json!({"name": "toolsmith", "dependencies": []}),
            json!({"name": "toolsmith-core", "dependencies": [{"name": "toolsmith", "kind": null}, {"name": "bytes", "kind": null}]}),
            json!({"name": "toolsmith-macros", "dependencies": [{"name": "toolsmith", "kind": "dev"}]}),
        ];
        assert_eq!(
            crate_arrows(&packages, "toolsmith-core", &[])
                .unwrap()
                .len(),
            1
        );
        assert!(
            crate_arrows(&packages, "toolsmith-macros", &[])
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn a_file_is_a_module() {
        let source = Path::new("src");
        assert_eq!(
            module_path(source, Path::new("src/server/tool.rs")),
            ["server", "tool"]
        );
        assert_eq!(
            module_path(source, Path::new("src/server/mod.rs")),
            ["server"]
        );
        assert!(module_path(source, Path::new("src/lib.rs")).is_empty());
    }
}
