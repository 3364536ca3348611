//! A plain HTTP client over one connection, for checks and first answers. The load comes
//! from elsewhere.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::request::Request;

const PATIENCE: Duration = Duration::from_secs(30);
/// No answer that is measured is larger.
const LARGEST: u64 = 16 << 20;

/// A connection that is used again until it breaks.
#[derive(Debug)]
pub(crate) struct Client {
    stream: BufReader<Counted>,
    host: String,
    path: String,
}

/// An answer, and how many bytes of the connection it took.
#[derive(Debug, Default, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    fields: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) size: u64,
}

impl Answer {
    /// Whether it says that the connection ends with it.
    pub(crate) fn is_last(&self) -> bool {
        self.field("connection") == Some("close")
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.every(name).next()
    }

    /// Every field of a name.
    pub(crate) fn every(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.fields.iter().filter(move |(it, _)| it == name);
        fields.map(|(_, value)| &**value)
    }
}

impl Client {
    pub(crate) fn connect(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://").context("no http:// address")?;
        let (host, path) = rest.split_once('/').context("an address without a path")?;
        let stream = TcpStream::connect(host).with_context(|| format!("connecting to {host}"))?;
        Self::over(stream, host, path)
    }

    /// Over a connection that is there.
    pub(crate) fn over(stream: TcpStream, host: &str, path: &str) -> Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let stream = BufReader::with_capacity(1 << 16, Counted { stream, bytes: 0 });
        Ok(Self {
            stream,
            host: host.to_owned(),
            path: format!("/{path}"),
        })
    }

    pub(crate) fn post(&mut self, request: &Request) -> Result<Answer> {
        let whole = self.written(request);
        let before = self.taken();
        self.send(whole.as_bytes())?;
        let mut answer = self.answer()?;
        answer.size = self.taken() - before;
        Ok(answer)
    }

    /// Asks for what is at the address of the connection.
    pub(crate) fn get(&mut self) -> Result<Answer> {
        let whole = format!("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", self.path, self.host);
        self.send(whole.as_bytes())?;
        self.answer()
    }

    /// A request as it is sent.
    pub(crate) fn written(&self, request: &Request) -> String {
        let mut head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n",
            self.path,
            self.host,
            request.body.len()
        );
        for (name, value) in &request.fields {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        format!("{head}\r\n{}", request.body)
    }

    /// Sends some of a request, or all of it.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let stream = &mut self.stream.get_mut().stream;
        stream.write_all(bytes).context("sending")
    }

    /// Waits for the answer to what was sent.
    pub(crate) fn answer(&mut self) -> Result<Answer> {
        read(&mut self.stream).context("reading the answer")
    }

    /// Whether the other side has ended the connection, as far as is known here: what every
    /// client looks at before it uses a connection again.
    pub(crate) fn has_ended(&self) -> Result<bool> {
        let stream = &self.stream.get_ref().stream;
        stream.set_nonblocking(true)?;
        let peeked = stream.peek(&mut [0]);
        stream.set_nonblocking(false)?;
        Ok(match peeked {
            Ok(read) => read == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        })
    }

    /// Waits for the end of the connection; anything else that comes is an error.
    pub(crate) fn end(&mut self) -> Result<()> {
        let rest = self.stream.fill_buf().context("reading the end")?;
        ensure!(
            rest.is_empty(),
            "{} bytes that nobody asked for",
            rest.len()
        );
        Ok(())
    }

    fn taken(&self) -> u64 {
        self.stream.get_ref().bytes - self.stream.buffer().len() as u64
    }
}

#[derive(Debug)]
struct Counted {
    stream: TcpStream,
    bytes: u64,
}

impl Read for Counted {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.stream.read(into)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Reads one answer.
///
/// # Errors
///
/// When it breaks off, or is none.
pub(crate) fn read(from: &mut impl BufRead) -> Result<Answer> {
    let mut answer = Answer::default();
    let first = line(from)?;
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    answer.status = status.with_context(|| format!("no status in `{first}`"))?;
    loop {
        let line = line(from)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        let name = name.to_ascii_lowercase();
        answer.fields.push((name, value.trim().to_owned()));
    }
    let mut body = Vec::new();
    if let Some(length) = answer.field("content-length") {
        let length: u64 = length.parse().context("no length")?;
        take(from, length, &mut body)?;
    } else if answer.field("transfer-encoding") == Some("chunked") {
        loop {
            let line = line(from)?;
            let length = u64::from_str_radix(line.split(';').next().unwrap_or_default(), 16);
            let length = length.with_context(|| format!("no chunk's length: `{line}`"))?;
            take(from, length, &mut body)?;
            self::line(from)?;
            if length == 0 {
                break;
            }
        }
    }
    answer.body = String::from_utf8(body).context("the answer is no text")?;
    Ok(answer)
}

fn line(from: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    from.take(1 << 14).read_line(&mut line)?;
    ensure!(
        line.ends_with('\n'),
        "the connection ended, or a line is too long"
    );
    Ok(line.trim_end().to_owned())
}

fn take(from: &mut impl BufRead, length: u64, into: &mut Vec<u8>) -> Result<()> {
    ensure!(
        into.len() as u64 + length <= LARGEST,
        "an answer that is too large"
    );
    let read = from.take(length).read_to_end(into)?;
    ensure!(read as u64 == length, "the connection ended in an answer");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_a_length_or_come_in_chunks() {
        let text = "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\n";
        let mut from = text.as_bytes();
        let first = read(&mut from).unwrap();
        assert_eq!((first.status, &*first.body), (200, "hi"));
        assert_eq!(first.field("content-type"), Some("a/b"));
        assert_eq!(first.every("content-length").count(), 1);
        let second = read(&mut from).unwrap();
        assert_eq!((second.status, &*second.body), (202, "abcd"));
        assert!(from.is_empty());
    }

    #[test]
    fn an_answer_that_breaks_off_is_none() {
        for text in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n",
        ] {
            assert!(read(&mut text.as_bytes()).is_err(), "{text}");
        }
    }
}
