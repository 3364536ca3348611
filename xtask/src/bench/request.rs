//! What is sent in the workloads over HTTP, and what must come back.

use super::checking::Expected;

/// The revision of modern calls.
pub(crate) const MODERN: &str = "2026-07-28";
/// The revision of legacy sessions.
pub(crate) const LEGACY: &str = "2025-11-25";
/// How many tools a list has.
pub(super) const TOOLS: usize = 100;
/// The first id of calls that must have one of their own. All have as many digits.
pub(super) const FIRST_ID: u64 = 1_000_001;
const ECHOED: usize = 64 << 10;

/// A POST.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) fields: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Request {
    fn new(body: String) -> Self {
        let fields = vec![
            ("Content-Type", "application/json".to_owned()),
            ("Accept", "application/json, text/event-stream".to_owned()),
        ];
        Self { fields, body }
    }

    /// One that is sent in a legacy session, or as if it were where a server has none.
    pub(crate) fn legacy(body: String, session: Option<&str>) -> Self {
        let mut request = Self::new(body);
        let version = ("MCP-Protocol-Version", LEGACY.to_owned());
        request.fields.push(version);
        let session = session.map(|id| ("Mcp-Session-Id", id.to_owned()));
        request.fields.extend(session);
        request
    }

    pub(crate) fn modern(id: u64, method: &str, tool: Option<&str>, params: &str) -> Self {
        let mut request = Self::new(message(id, method, params));
        request.fields.extend([
            ("MCP-Protocol-Version", MODERN.to_owned()),
            ("Mcp-Method", method.to_owned()),
        ]);
        let tool = tool.map(|name| ("Mcp-Name", name.to_owned()));
        request.fields.extend(tool);
        request
    }
}

/// Written as text, because clients put the names in this order.
pub(crate) fn message(id: u64, method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

/// What opens a legacy session.
pub(crate) fn initialize() -> Request {
    let params = format!(
        r#"{{"protocolVersion":"{LEGACY}","capabilities":{{}},"clientInfo":{{"name":"bench","version":"1"}}}}"#
    );
    Request::new(message(1, "initialize", &params))
}

/// What a client says once its session is open.
pub(crate) const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// A call of `add` without what the modern era puts beside it.
pub(super) fn plain_add(id: u64, tool: &str) -> String {
    let params = format!(r#"{{"name":"{tool}","arguments":{{"a":2,"b":3}}}}"#);
    message(id, "tools/call", &params)
}

/// The requests whose load is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    ModernAdd,
    LegacyAdd,
    Echo,
    List,
    Progress,
}

impl Call {
    /// The floor has a route for each, so that each does only what it must.
    pub(super) fn floor_path(self) -> &'static str {
        match self {
            Self::ModernAdd => "/mcp",
            Self::LegacyAdd => "/legacy",
            Self::Echo => "/echo",
            Self::List => "/list",
            Self::Progress => "/progress",
        }
    }

    /// Whether it is made in a session, where no two may have the same id at once.
    pub(super) fn in_session(self) -> bool {
        self == Self::LegacyAdd
    }

    /// The request, with `add` under the name that the tool has.
    pub(super) fn request(self, add: &str, id: u64, session: Option<&str>) -> Request {
        let meta = |more: &str| {
            format!(
                r#"{{"io.modelcontextprotocol/protocolVersion":"{MODERN}","io.modelcontextprotocol/clientCapabilities":{{}}{more}}}"#
            )
        };
        let call = |name: &str, arguments: &str, more: &str| {
            let meta = meta(more);
            let params = format!(r#"{{"name":"{name}","arguments":{arguments},"_meta":{meta}}}"#);
            Request::modern(id, "tools/call", Some(name), &params)
        };
        match self {
            Self::ModernAdd => call(add, r#"{"a":2,"b":3}"#, ""),
            Self::LegacyAdd => Request::legacy(plain_add(id, add), session),
            Self::Echo => call("echo", &format!(r#"{{"text":"{}"}}"#, echoed()), ""),
            Self::List => {
                let params = format!(r#"{{"_meta":{}}}"#, meta(""));
                Request::modern(id, "tools/list", None, &params)
            }
            Self::Progress => call("progress", "{}", r#","progressToken":"p""#),
        }
    }

    pub(super) fn expected(self, id: u64) -> Expected {
        match self {
            Self::ModernAdd | Self::LegacyAdd => Expected::text(id, "5"),
            Self::Echo => Expected::text(id, echoed()),
            Self::List => Expected::tools(id, TOOLS),
            Self::Progress => Expected::progress(id, 10),
        }
    }
}

/// 64 KiB of words, as a document would have them.
fn echoed() -> String {
    let line = "The quick brown fox jumps over the lazy dog, and the dog sleeps on. ";
    let mut text = line.repeat(ECHOED / line.len() + 1);
    text.truncate(ECHOED);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_body_of_a_call_agree() {
        let request = Call::ModernAdd.request("add_blocking", 7, None);
        let text = format!("{:?}", request.fields);
        assert!(
            text.contains("add_blocking") && text.contains(MODERN),
            "{text}"
        );
        assert!(request.body.contains(r#""id":7"#), "{}", request.body);
        assert!(request.body.contains(MODERN), "{}", request.body);
    }

    #[test]
    fn a_legacy_call_is_of_its_session() {
        let request = Call::LegacyAdd.request("add", 7, Some("s-1"));
        assert!(
            request
                .fields
                .contains(&("Mcp-Session-Id", "s-1".to_owned()))
        );
        assert!(!request.body.contains("_meta"), "{}", request.body);
    }

    #[test]
    fn the_echoed_text_has_its_size() {
        assert_eq!(echoed().len(), 65536);
    }
}
