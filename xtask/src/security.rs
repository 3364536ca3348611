//! `docs/security.md` and `docs/threats.md`: every test that they name exists, and every row that
//! binds us names one, or says why there is none.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask is in the workspace").to_owned()
}

fn read(name: &str) -> String {
    let path = root().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The Rust files below a folder, as paths from the root of the workspace, and their text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = std::fs::read_dir(root().join(&folder));
        for entry in entries.unwrap_or_else(|error| panic!("{folder}: {error}")) {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().unwrap().is_dir() {
                open.push(path);
            } else if path.ends_with(".rs") {
                let text = read(&path);
                found.push((path, text));
            }
        }
    }
    found
}

/// The cells of the rows of all tables of a page, without the heads of the tables.
fn rows(page: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = page.lines();
    let rows = lines.filter_map(|line| line.strip_prefix("| ")?.strip_suffix('|'));
    rows.map(|row| row.split(" | ").map(str::trim).collect())
}

/// What stands between backticks and is the path of a function.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_path = |it: &&str| {
        it.contains("::")
            && it
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c))
    };
    quoted.filter(is_path)
}

/// Whether a test of this path is in these files: its function is in one, after an attribute
/// that makes it a test, and the modules of the path are folders of it, its file, or modules
/// in it.
fn is_there(test: &str, sources: &[(String, String)]) -> bool {
    let mut modules: Vec<&str> = test.split("::").collect();
    let Some(name) = modules.pop() else {
        return false;
    };
    let function = format!("fn {name}()");
    sources.iter().any(|(path, text)| {
        let place: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
        let Some((before, _)) = text.split_once(&function) else {
            return false;
        };
        // What stands between it and the end of the one before.
        let above = before.rsplit("\n}").next().unwrap_or_default();
        above.contains("test")
            && modules.iter().all(|module| match *module {
                "core" => path.starts_with("crates/toolsmith-core/tests/"),
                "xtask" => path.starts_with("xtask/"),
                module => place.contains(&module) || text.contains(&format!("mod {module} ")),
            })
    })
}

fn all_sources() -> Vec<(String, String)> {
    ["crates", "xtask"].into_iter().flat_map(sources).collect()
}

#[test]
fn every_test_that_is_named_exists() {
    let sources = all_sources();
    for page in ["docs/security.md", "docs/threats.md"] {
        let text = read(page);
        let cells = rows(&text).flatten();
        let named: BTreeSet<&str> = cells.flat_map(named).collect();
        assert!(named.len() > 20, "{page} names next to nothing: {named:?}");
        let missing: Vec<_> = named
            .iter()
            .filter(|test| !is_there(test, &sources))
            .collect();
        assert!(
            missing.is_empty(),
            "{page} names tests that are not there: {missing:#?}"
        );
    }
}

#[test]
fn every_part_that_is_named_exists() {
    let parts = read("xtask/src/edge/mod.rs");
    for page in ["docs/security.md", "docs/threats.md"] {
        let text = read(page);
        let quoted = text.split('`').skip(1).step_by(2);
        let named = quoted.filter_map(|it| it.strip_prefix("cargo xtask edge "));
        let named: BTreeSet<&str> = named.collect();
        assert!(!named.is_empty(), "{page} names no part");
        for part in named {
            assert!(
                parts.contains(&format!("name: \"{part}\"")),
                "{page} names the part {part}, which is not there"
            );
        }
    }
}

#[test]
fn every_row_that_binds_us_says_what_holds_it() {
    let text = read("docs/security.md");
    let is_id = |it: &str| {
        let number = it.strip_prefix(['A', 'S', 'T']);
        number.is_some_and(|it| it.parse::<u32>().is_ok())
    };
    let rows: Vec<_> = rows(&text).filter(|row| is_id(row[0])).collect();
    let ids: BTreeSet<&str> = rows.iter().map(|row| row[0]).collect();
    assert!(ids.len() > 190, "the tables are not where they were");
    for row in &rows {
        assert_eq!(row.len(), 8, "a row of another form: {row:?}");
        let (id, seen, held) = (row[0], row[6], row[7]);
        let is_of_others = seen.starts_with("not ours") && !seen.contains(". ");
        let other_rows = held.strip_prefix("as ");
        let says = held.starts_with('`')
            || held.starts_with("not held: ")
            || held.starts_with("no test: ")
            || other_rows.is_some_and(|it| it.split(", ").all(|other| ids.contains(other)));
        assert!(
            says || is_of_others && held.is_empty(),
            "{id} says neither which test holds it nor why none does: {held:?}"
        );
    }
}

/// Ids, keys and nonces that nobody is to guess are made by the generator of the system, and
/// there is no other within reach.
#[test]
fn what_must_not_be_guessed_is_from_the_system() {
    for (file, what) in [
        ("crates/toolsmith-core/src/ports/session.rs", "sessions"),
        ("crates/toolsmith-core/src/server/tasks/begin.rs", "tasks"),
        ("crates/toolsmith-core/src/server/seal/key.rs", "keys"),
        ("crates/toolsmith-core/src/server/seal/sealer.rs", "nonces"),
        (
            "crates/toolsmith-core/src/server/context/elicit/page.rs",
            "pages",
        ),
        ("crates/toolsmith/src/auth/api_key/text.rs", "API keys"),
    ] {
        assert!(
            read(file).contains("getrandom::fill(&mut "),
            "{file}: {what} are not made by the system's generator"
        );
    }
    for name in ["toolsmith", "toolsmith-core"] {
        let manifest = read(&format!("crates/{name}/Cargo.toml"));
        for other in ["rand", "rand_core", "fastrand", "oorandom", "nanorand"] {
            let depends = manifest.lines().any(|line| {
                let key = line.split([' ', '.', '=']).next().unwrap_or_default();
                key == other
            });
            assert!(!depends, "{name} depends on {other}");
        }
    }
}
