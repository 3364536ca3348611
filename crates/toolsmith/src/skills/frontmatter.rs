//! What stands at the top of a `SKILL.md`.

use serde_json::{Map, Value};

/// The longest frontmatter, in bytes.
const MAX: usize = 64 * 1024;
/// The most that it may come to as JSON, where parts of it are repeated by reference.
const MAX_JSON: usize = 256 * 1024;
const MAX_NAME: usize = 64;
const MAX_DESCRIPTION: usize = 1024;

/// Reads the frontmatter as it stands there.
///
/// # Errors
///
/// What is wrong with it, and what to write.
pub(super) fn parse(text: &str) -> Result<Map<String, Value>, String> {
    let yaml = between_lines(text)?;
    if yaml.len() > MAX {
        return Err(format!(
            "its frontmatter has {} bytes, and may have {MAX}; move what is not metadata below it",
            yaml.len()
        ));
    }
    // Booleans as in YAML 1.2, which is what clients compare with.
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let fields: Map<String, Value> =
        serde_saphyr::from_str_with_options(yaml, options).map_err(|error| {
            format!(
                "its frontmatter is no YAML mapping: {}",
                one_line(&error.to_string())
            )
        })?;
    if Value::from(fields.clone()).to_string().len() > MAX_JSON {
        return Err(format!(
            "its frontmatter comes to more than {MAX_JSON} bytes; repeat less of it by reference"
        ));
    }
    check_name(text_of(&fields, "name")?)?;
    let description = text_of(&fields, "description")?;
    let length = description.chars().count();
    if length > MAX_DESCRIPTION {
        return Err(format!(
            "its `description` has {length} characters, and may have {MAX_DESCRIPTION}; say more below the frontmatter"
        ));
    }
    Ok(fields)
}

fn between_lines(text: &str) -> Result<&str, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let is_rule = |line: &str| line.trim_end() == "---";
    let mut lines = text.split_inclusive('\n');
    let Some(first) = lines.next().filter(|line| is_rule(line)) else {
        return Err(
            "it does not begin with frontmatter; begin it with a line ---, then name: and description:, then a line ---".to_owned(),
        );
    };
    let mut end = first.len();
    for line in lines {
        if is_rule(line) {
            return Ok(&text[first.len()..end]);
        }
        end += line.len();
    }
    Err("its frontmatter does not end; close it with a line ---".to_owned())
}

fn text_of<'a>(fields: &'a Map<String, Value>, field: &str) -> Result<&'a str, String> {
    match fields.get(field) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
        None => Err(format!(
            "its frontmatter has no `{field}`; add a line {field}: …"
        )),
        Some(_) => Err(format!(
            "the `{field}` in its frontmatter is no text, or is empty; write it as {field}: \"…\""
        )),
    }
}

/// Checks a name as the format of skills has them.
pub(super) fn check_name(name: &str) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_name = !name.is_empty()
        && name.len() <= MAX_NAME
        && name.chars().all(fits)
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--");
    match is_name {
        true => Ok(()),
        false => Err(format!(
            "`{}` cannot be the name of a skill; write up to {MAX_NAME} of a-z 0-9 and single - between them",
            one_line(name)
        )),
    }
}

/// A text as it goes into a list of problems.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_that_the_author_wrote_is_there_with_its_type() {
        let text = "\u{feff}---\r\nname: a-1\r\ndescription: >-\r\n  Two\r\n  lines.\r\nlicense: yes\r\nmetadata:\r\n  version: 1.0\r\n  when: 2025-01-02\r\n  on: true\r\n  none:\r\nallowed-tools: [Read, \"Bash(git *)\"]\r\n---\r\n# Body\r\n---\r\n";
        let fields = parse(text).unwrap();
        assert_eq!(
            Value::from(fields),
            json!({
                "name": "a-1",
                "description": "Two lines.",
                "license": "yes",
                "metadata": {"version": 1.0, "when": "2025-01-02", "on": true, "none": null},
                "allowed-tools": ["Read", "Bash(git *)"],
            })
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_what_to_write() {
        let long = format!("---\nname: a\ndescription: {}\n---\n", "x".repeat(1025));
        let large = format!("---\nname: a\nx: {}\n---\n", "x".repeat(MAX));
        let bomb = format!(
            "---\nname: a\ndescription: b\nx: &x {}\ny: [{}]\n---\n",
            "x".repeat(20_000),
            "*x,".repeat(30)
        );
        for (text, word) in [
            ("", "does not begin with frontmatter"),
            (
                "# Title\n---\nname: a\n---\n",
                "does not begin with frontmatter",
            ),
            ("---\nname: a\ndescription: b\n", "does not end"),
            ("---\n---\n", "frontmatter"),
            ("---\n- a\n---\n", "no YAML mapping"),
            ("---\nname: [\n---\n", "no YAML mapping"),
            (
                "---\nname: a\nname: b\ndescription: c\n---\n",
                "no YAML mapping",
            ),
            ("---\ndescription: b\n---\n", "no `name`"),
            ("---\nname: a\n---\n", "no `description`"),
            ("---\nname: a\ndescription: ''\n---\n", "`description`"),
            ("---\nname: 1\ndescription: b\n---\n", "`name`"),
            ("---\nname: Big\ndescription: b\n---\n", "`Big` cannot be"),
            (&long, "1025 characters"),
            (&large, "may have 65536"),
            (&bomb, "by reference"),
        ] {
            let said = parse(text).expect_err(text);
            assert!(said.contains(word), "{word} is not in: {said}");
            assert!(!said.contains('\n'), "several lines: {said}");
        }
    }

    #[test]
    fn names_are_those_of_the_format() {
        let longest = "a".repeat(64);
        for name in ["a", "a1", "pdf-processing", "1-2-3", &longest] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        let too_long = "a".repeat(65);
        for name in [
            "", "-a", "a-", "a--b", "A", "a_b", "a.b", "é", "a/b", &too_long,
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(---\n)?([a-z:&*<>\\[\\]{}'\"|!%@# \n-]){0,200}(\n---\n)?") {
            let _ = parse(&text);
        }
    }
}
