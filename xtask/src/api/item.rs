//! What a page of rustdoc's declares.

use super::html::{attribute, between, text, until};

/// Where the parts of a page begin that are not written by us.
const NOT_OURS: [&str; 4] = [
    "id=\"synthetic-implementations\"",
    "id=\"blanket-implementations\"",
    "id=\"synthetic-implementors\"",
    "id=\"foreign-impls\"",
];

/// An item that a module lists.
#[derive(Debug, PartialEq)]
pub(super) struct Link {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) file: String,
}

/// The items and modules that a module's page lists.
pub(super) fn links(page: &str) -> Vec<Link> {
    let entries = between(page, "<dt", "</dt>");
    entries
        .filter_map(|entry| {
            let tag = between(entry, "<a ", "</a>").next()?;
            let (file, kind) = (attribute(tag, "href")?, attribute(tag, "class")?);
            // A path out of this folder is a re-export, which is a line of its own.
            if file.starts_with("..") || file.contains("//") {
                return None;
            }
            let name = file
                .trim_end_matches("/index.html")
                .trim_end_matches(".html");
            let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
            Some(Link {
                kind: kind.to_owned(),
                name: name.to_owned(),
                file: file.to_owned(),
            })
        })
        .collect()
}

/// `pub use …` lines of a module's page.
pub(super) fn re_exports(page: &str) -> Vec<String> {
    between(page, "<dt id=\"reexport.", "</dt>")
        .filter_map(|entry| between(entry, "<code>", "</code>").next())
        .map(text)
        .collect()
}

/// The declaration of an item, then its methods, associated items and implementations.
pub(super) fn declarations(page: &str) -> Vec<String> {
    let page = until(page, &NOT_OURS);
    let own = between(page, "<pre class=\"rust item-decl\">", "</pre>").map(text);
    let inner = between(page, "<section id=\"", "</section>").filter_map(|section| {
        let class = attribute(section, "class").unwrap_or_default();
        // Methods of a trait are the trait's; which there are is the compiler's business.
        // Variants stand in the declaration already.
        if class.starts_with("method trait-impl") || class.starts_with("variant") {
            return None;
        }
        let header = section.split_once("class=\"code-header\">")?.1;
        let header = ["</h3>", "</h4>", "</h5>"]
            .iter()
            .filter_map(|end| header.split_once(end))
            .map(|(h, _)| h);
        header.min_by_key(|h| h.len()).map(text)
    });
    // A derive writes this marker, which nobody can name on a stable compiler.
    own.chain(inner)
        .filter(|line| !line.is_empty() && !line.contains("impl StructuralPartialEq "))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_lists_its_items() {
        let page = r#"<dl class="item-table"><dt><a class="mod" href="http/index.html" title="mod a::http">http</a></dt><dd>x</dd>
            <dt><a class="struct" href="struct.Server.html" title="struct a::Server">Server</a></dt>
            <dt id="reexport.Id"><code>pub use <a class="mod" href="../b/index.html">b</a>::<a class="struct" href="../b/struct.Id.html">Id</a>;</code></dt></dl>"#;
        let links = links(page);
        assert_eq!(links.len(), 2, "{links:?}");
        assert_eq!(
            (links[0].kind.as_str(), links[0].name.as_str()),
            ("mod", "http")
        );
        assert_eq!(
            (links[1].name.as_str(), links[1].file.as_str()),
            ("Server", "struct.Server.html")
        );
        assert_eq!(re_exports(page), ["pub use b::Id;"]);
    }

    #[test]
    fn own_declarations_are_taken_and_others_are_not() {
        let page = r##"<pre class="rust item-decl"><code>pub struct Server { <span>/* private fields */</span> }</code></pre>
            <section id="method.new" class="method"><a class="src">Source</a><h4 class="code-header">pub fn <a>new</a>(name: &amp;<a>str</a>) -&gt; Self</h4></section>
            <section id="impl-Clone-for-Server" class="impl"><h3 class="code-header">impl Clone for Server</h3></section>
            <section id="method.clone" class="method trait-impl"><h4 class="code-header">fn clone(&amp;self) -&gt; Server</h4></section>
            <h2 id="synthetic-implementations">Auto</h2>
            <section id="impl-Send-for-Server" class="impl"><h3 class="code-header">impl Send for Server</h3></section>"##;
        assert_eq!(
            declarations(page),
            [
                "pub struct Server { /* private fields */ }",
                "pub fn new(name: &str) -> Self",
                "impl Clone for Server"
            ]
        );
    }
}
