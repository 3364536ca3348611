//! The reference page: every setting, in the order of the help.

use std::fmt::Write as _;

use super::declared::{Part, SETTINGS, Setting, Shape};

const HEAD: &str = "# Settings

Every setting of a server, once. Each is a flag, an environment variable and a line of a
settings file; those of HTTP are methods of `Http`, too, and those of every server methods of
`Server` where they concern it. A flag goes before a variable, a variable before the file, the
file before the default. `--help` of every server that reads its settings by `Args` says the
same.

A settings file is TOML, named by `--config` or `TOOLSMITH_CONFIG`; none is read unless it is
named. Its keys are the flags without their dashes:

```toml
transport = \"http\"
host = \"0.0.0.0\"
port = 8000
public-url = \"https://mcp.example.com/mcp\"
allow-origin = [\"https://app.example.com\", \"https://*.example.org\"]
trusted-proxy = [\"10.0.0.0/8\"]
max-body = \"1MiB\"
drain-timeout = \"25s\"
```

Sizes are written `64KiB`, `4MiB`, `1GiB`, or as bytes; times `500ms`, `90s`, `30m`, `1h`.
Several values stand in a list in the file, after each other with commas in a variable, and
after a flag of their own on the command line.

This page is made from the declarations; a test keeps the two alike.
";

/// The page, as Markdown.
fn page() -> String {
    let mut page = HEAD.to_owned();
    let mut section = "";
    for setting in SETTINGS.iter() {
        if setting.section != section {
            section = setting.section;
            // Writing to a text cannot fail.
            let _ = write!(
                page,
                "\n## {section}\n\n| flag | variable | default | what it is |\n|---|---|---|---|\n"
            );
        }
        let _ = writeln!(page, "{}", row(setting));
    }
    page
}

fn row(setting: &Setting) -> String {
    let value = match setting.shape {
        Shape::Switch => String::new(),
        Shape::One | Shape::Many => format!(" {}", setting.value),
    };
    let default = setting
        .default
        .map_or(String::new(), |it| format!("`{it}`"));
    let feature = match (setting.part, setting.part.feature()) {
        (Part::Stdio | Part::Http, _) | (_, None) => String::new(),
        (_, Some((name, _))) => format!(" (feature `{name}`)"),
    };
    let help = setting.help().replace('|', "\\|").replace('*', "\\*");
    format!(
        "| `--{}{value}` | `{}` | {default} | {help}{feature} |",
        setting.flag(),
        setting.env(),
    )
}

#[test]
fn the_page_is_made_from_the_declarations() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/settings.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, page()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        written,
        page(),
        "docs/settings.md is old; write it anew with UPDATE_GOLDEN=1"
    );
}
