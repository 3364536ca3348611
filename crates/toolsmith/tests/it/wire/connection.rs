//! A client's end of a connection, byte by byte.

use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::soon;

/// The status line and the header fields of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
}

impl Head {
    /// The value of a header field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let found = fields.find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection(pub(crate) BufReader<TcpStream>);

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let stream = soon("connecting", TcpStream::connect(address)).await;
        let stream = stream.unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Writes bytes as they are.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        soon("writing", self.0.write_all(bytes)).await
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = soon("an answer", self.0.read_line(&mut line)).await;
        assert_ne!(read.unwrap(), 0, "the server closed without an answer");
        line.trim_end_matches(['\r', '\n']).to_owned()
    }

    /// Reads the head of an answer.
    pub(crate) async fn head(&mut self) -> Head {
        let line = self.line().await;
        let status = line.strip_prefix("HTTP/1.1 ").and_then(|l| l.get(..3));
        let status = status.and_then(|s| s.parse().ok());
        let status = status.unwrap_or_else(|| panic!("not a status line: {line}"));
        let mut fields = Vec::new();
        loop {
            let line = self.line().await;
            if line.is_empty() {
                return Head { status, fields };
            }
            let (name, value) = line.split_once(':').unwrap();
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    /// Reads a whole body.
    pub(crate) async fn body(&mut self, head: &Head) -> Vec<u8> {
        if let Some(length) = head.field("content-length") {
            let mut body = vec![0; length.parse().unwrap()];
            soon("a body", self.0.read_exact(&mut body)).await.unwrap();
            return body;
        }
        let mut body = Vec::new();
        if head.field("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk().await {
                body.extend_from_slice(&chunk);
            }
        }
        body
    }

    /// Reads one chunk of a body; nothing after the last.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let line = self.line().await;
        let length = usize::from_str_radix(&line, 16).unwrap();
        let mut chunk = vec![0; length + 2];
        soon("a chunk", self.0.read_exact(&mut chunk))
            .await
            .unwrap();
        chunk.truncate(length);
        (length > 0).then_some(chunk)
    }
}
