//! The guide in `docs/guide`: every page is compiled and run by documentation tests, is in
//! the index, and links to what is there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask is in the workspace").to_owned()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn pages() -> BTreeSet<String> {
    let folder = std::fs::read_dir(root().join("docs/guide")).expect("there is a guide");
    let names = folder.map(|it| it.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".md")).collect()
}

/// What stands in the parentheses of `](…)`, without what follows a `#`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let after = text.split("](").skip(1);
    let links = after.filter_map(|rest| Some(rest.split_once(')')?.0));
    links.map(|link| link.split('#').next().unwrap_or_default())
}

#[test]
fn every_page_is_a_documentation_test_and_in_the_index() {
    let tested = read(&root().join("conformance/src/readme.rs"));
    let index = read(&root().join("docs/guide/README.md"));
    let listed: BTreeSet<&str> = links(&index).collect();
    let pages = pages();
    assert!(pages.len() > 10, "the guide is not where it was: {pages:?}");
    for page in &pages {
        assert!(
            tested.contains(&format!("\"../../docs/guide/{page}\"")),
            "{page} is not in conformance/src/readme.rs, so its code is not compiled"
        );
        assert!(
            page == "README.md" || listed.contains(page.as_str()),
            "{page} is not in docs/guide/README.md"
        );
    }
}

#[test]
fn links_lead_somewhere() {
    let guide = pages().into_iter().map(|page| format!("docs/guide/{page}"));
    let others = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned);
    for page in guide.chain(others) {
        let path = root().join(&page);
        let text = read(&path);
        let near = path.parent().expect("a page is in a folder");
        let local = links(&text).filter(|link| !link.is_empty() && !link.contains(':'));
        for link in local {
            assert!(
                near.join(link).exists(),
                "{page} links to {link}, which is not there"
            );
        }
    }
}

#[test]
fn code_of_the_guide_is_run_and_not_left_out() {
    for page in pages() {
        let text = read(&root().join("docs/guide").join(&page));
        for (number, line) in text.lines().enumerate() {
            let kind = line.strip_prefix("```rust");
            assert!(
                kind.is_none_or(|kind| kind.is_empty() || kind == ",no_run"),
                "docs/guide/{page}:{} is not compiled",
                number + 1
            );
        }
    }
}
