//! Requests, which may be as wrong as a test wants them.

use std::fmt;

use serde_json::{Map, Value, json};

/// The revision of the modern era.
pub(crate) const MODERN: &str = "2026-07-28";

/// How a body says where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length,
    Chunked,
}

/// An HTTP request as it goes out.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: String,
    path: Option<String>,
    fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    framing: Framing,
}

impl fmt::Debug for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        let start: String = body.chars().take(1000).collect();
        write!(f, "{} {:?} {start:?}", self.method, self.fields)
    }
}

impl Ask {
    /// A request without a body.
    pub(crate) fn new(method: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: None,
            fields: Vec::new(),
            body: Vec::new(),
            framing: Framing::Length,
        }
    }

    /// A POST as a good client sends it.
    pub(crate) fn post(body: impl ToString) -> Self {
        Self {
            body: body.to_string().into_bytes(),
            ..Self::new("POST")
        }
        .field("Content-Type", "application/json")
        .field("Accept", "application/json, text/event-stream")
    }

    /// At another path than the endpoint's.
    pub(crate) fn at(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// With one more header field.
    pub(crate) fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a header field.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self
    }

    /// With a header field in place of the one that is there.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).field(name, value)
    }

    /// With another body.
    pub(crate) fn with_body(mut self, body: impl ToString) -> Self {
        self.body = body.to_string().into_bytes();
        self
    }

    /// With a body that does not say how long it is.
    pub(crate) fn chunked(mut self) -> Self {
        self.framing = Framing::Chunked;
        self
    }

    /// The value of a header field.
    pub(crate) fn get_field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let found = fields.find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The header fields.
    #[cfg(feature = "tls")]
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.fields.iter();
        fields.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The request line and the header fields, and the blank line after them.
    pub(crate) fn head(&self, host: &str, path: &str) -> Vec<u8> {
        let path = self.path.as_deref().unwrap_or(path);
        let mut head = format!("{} {path} HTTP/1.1\r\n", self.method);
        let mut line = |name: &str, value: &str| {
            head.push_str(name);
            head.push_str(": ");
            head.push_str(value);
            head.push_str("\r\n");
        };
        if self.get_field("Host").is_none() {
            line("Host", host);
        }
        for (name, value) in &self.fields {
            line(name, value);
        }
        let says_length = self.get_field("Content-Length").is_some();
        match self.framing {
            Framing::Chunked => line("Transfer-Encoding", "chunked"),
            Framing::Length if says_length => {}
            Framing::Length if self.body.is_empty() && self.method != "POST" => {}
            Framing::Length => line("Content-Length", &self.body.len().to_string()),
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// Everything, as it goes out.
    pub(crate) fn bytes(&self, host: &str, path: &str) -> Vec<u8> {
        let mut bytes = self.head(host, path);
        match self.framing {
            Framing::Length => bytes.extend_from_slice(&self.body),
            Framing::Chunked => {
                for chunk in self.body.chunks(1000) {
                    bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    bytes.extend_from_slice(chunk);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
        }
        bytes
    }
}

/// A JSON-RPC request.
pub(crate) fn request(id: impl Into<Value>, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
}

/// The parameters of a call.
pub(crate) fn call(tool: &str, arguments: Value) -> Value {
    json!({"name": tool, "arguments": arguments})
}

/// What a modern request says of itself.
pub(crate) fn modern_meta() -> Map<String, Value> {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "0"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    meta.as_object().cloned().unwrap_or_default()
}

/// A modern request as a good client sends it. What `params._meta` has already stays.
pub(crate) fn modern(id: impl Into<Value>, method: &str, mut params: Value) -> Ask {
    let mut meta = modern_meta();
    if let Some(more) = params["_meta"].as_object() {
        meta.extend(more.clone());
    }
    params["_meta"] = meta.into();
    let ask = Ask::post(request(id, method, params.clone()))
        .field("MCP-Protocol-Version", MODERN)
        .field("Mcp-Method", method);
    let named = match method {
        "tools/call" | "prompts/get" => "name",
        "resources/read" => "uri",
        "tasks/get" | "tasks/update" | "tasks/cancel" => "taskId",
        _ => return ask,
    };
    match params[named].as_str() {
        Some(name) => ask.field("Mcp-Name", name),
        None => ask,
    }
}
