//! Just enough HTML to read what rustdoc writes.

/// The text between each `start` and the `end` after it.
pub(super) fn between<'a>(
    page: &'a str,
    start: &'a str,
    end: &'a str,
) -> impl Iterator<Item = &'a str> {
    let mut rest = page;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(start)?;
        let (inside, more) = after.split_once(end)?;
        rest = more;
        Some(inside)
    })
}

/// The value of an attribute in the inside of a tag.
pub(super) fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!("{name}=\""))?
        .1
        .split_once('"')
        .map(|(value, _)| value)
}

/// The page up to the first of the marks.
pub(super) fn until<'a>(page: &'a str, marks: &[&str]) -> &'a str {
    let end = marks.iter().filter_map(|mark| page.find(mark)).min();
    &page[..end.unwrap_or(page.len())]
}

/// Text without tags and entities, on one line.
pub(super) fn text(html: &str) -> String {
    let mut plain = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        // A block begins a line of its own, which is a space here.
        if after.starts_with("div") || after.starts_with("br") {
            plain.push(' ');
        }
        // What a reader unfolds, and the note that there is more, are no code.
        rest = match after.strip_prefix("summary") {
            Some(summary) => summary
                .split_once("</summary>")
                .map_or("", |(_, rest)| rest),
            None => after.split_once('>').map_or("", |(_, rest)| rest),
        };
    }
    plain.push_str(rest);
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&amp;", "&"),
    ];
    for (entity, character) in entities {
        plain = plain.replace(entity, character);
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_a_reader_sees() {
        let html = "pub fn <a href=\"#\">f</a>&lt;T&gt;(\n    a: &amp;T,\n)<summary class=\"x\">Show 3 <b>fields</b></summary> -&gt; T";
        assert_eq!(text(html), "pub fn f<T>( a: &T, ) -> T");
        assert_eq!(
            text("T<div class=\"where\">where T: A</div>"),
            "T where T: A"
        );
    }

    #[test]
    fn parts_are_found_between_marks() {
        let found: Vec<&str> = between("<b>1</b> <b>2</b>", "<b>", "</b>").collect();
        assert_eq!(found, ["1", "2"]);
        assert_eq!(
            attribute("class=\"mod\" href=\"a/index.html\"", "href"),
            Some("a/index.html")
        );
        assert_eq!(until("a--b", &["zz", "--"]), "a");
    }
}
