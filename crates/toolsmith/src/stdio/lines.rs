//! Lines of bounded length.

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// How much is read at once.
const CHUNK: usize = 64 * 1024;

/// What stands next in the input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line, without its end.
    Text(Bytes),
    /// A line that was longer than the limit. It was skipped.
    TooLong,
}

/// What work on a request costs beside its line, roughly, in bytes.
pub(super) const WORK: usize = 2048;

impl Line {
    /// How many bytes it costs to work on it.
    pub(super) fn cost(&self) -> usize {
        match self {
            Line::Text(line) => line.len() + WORK,
            Line::TooLong => WORK,
        }
    }
}

/// Reads lines, and never keeps more of one than the limit.
pub(super) struct Lines<R> {
    input: R,
    buffer: BytesMut,
    /// How much of the buffer has no line end in it.
    searched: usize,
    max: usize,
    skipping: bool,
    ended: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(input: R, max: usize) -> Self {
        Self {
            input,
            buffer: BytesMut::new(),
            searched: 0,
            max,
            skipping: false,
            ended: false,
        }
    }

    /// The next line; `None` at the end of the input. A last line without an end counts.
    ///
    /// Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> std::io::Result<Option<Line>> {
        loop {
            if let Some(line) = self.take() {
                return Ok(Some(line));
            }
            if self.ended {
                return Ok(None);
            }
            self.buffer.reserve(CHUNK);
            if self.input.read_buf(&mut self.buffer).await? == 0 {
                self.ended = true;
            }
        }
    }

    /// A whole line from the buffer, if there is one.
    fn take(&mut self) -> Option<Line> {
        let unsearched = &self.buffer[self.searched..];
        if let Some(at) = unsearched.iter().position(|byte| *byte == b'\n') {
            let line = self.cut(self.searched + at + 1);
            let end = line_end(&line);
            return Some(self.finish(line.slice(..end)));
        }
        self.searched = self.buffer.len();
        if self.ended && (self.searched > 0 || self.skipping) {
            let line = self.cut(self.searched);
            return Some(self.finish(line));
        }
        // One more than the limit may be the first half of a line end.
        if self.searched > self.max + 1 {
            self.skipping = true;
        }
        if self.skipping {
            self.buffer.clear();
            self.searched = 0;
        }
        None
    }

    /// Takes bytes from the front of the buffer.
    ///
    /// Few are copied: a request that is kept must not keep alive whatever else was read
    /// with it.
    fn cut(&mut self, length: usize) -> Bytes {
        self.searched = 0;
        if length > CHUNK {
            return self.buffer.split_to(length).freeze();
        }
        let line = Bytes::copy_from_slice(&self.buffer[..length]);
        self.buffer.advance(length);
        line
    }

    fn finish(&mut self, line: Bytes) -> Line {
        if std::mem::take(&mut self.skipping) || line.len() > self.max {
            return Line::TooLong;
        }
        Line::Text(line)
    }
}

/// Where a line ends that may end in `\r\n`.
fn line_end(line: &[u8]) -> usize {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(input: &[u8], max: usize) -> Vec<Line> {
        let mut lines = Lines::new(input, max);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            all.push(line);
        }
        all
    }

    fn text(line: &'static str) -> Line {
        Line::Text(line.into())
    }

    #[tokio::test]
    async fn a_line_over_the_limit_is_skipped_and_the_next_one_read() {
        let mut input = vec![b'x'; 300_000];
        input.extend_from_slice(b"\nshort\r\n\n12345\n123456\nlast");
        let expected = [
            Line::TooLong,
            text("short"),
            text(""),
            text("12345"),
            Line::TooLong,
            text("last"),
        ];
        assert_eq!(all(&input, 5).await, expected);
    }

    #[tokio::test]
    async fn a_short_line_does_not_keep_a_long_one_alive() {
        let long = vec![b'x'; 1_000_000];
        let input = [long.as_slice(), b"\nshort\n"].concat();
        let mut lines = Lines::new(&input[..], 2_000_000);
        drop(lines.next().await.unwrap());
        let Some(Line::Text(short)) = lines.next().await.unwrap() else {
            panic!("no second line");
        };
        assert_eq!(short.len(), 5);
        // A slice of the buffer would share it, and could not be turned back into bytes of
        // its own without a copy.
        drop(lines);
        let own: Vec<u8> = short.into();
        assert!(own.capacity() < 100, "{} bytes are kept", own.capacity());
    }

    #[tokio::test]
    async fn an_endless_line_is_not_kept() {
        let input = tokio::io::repeat(b'x').take(8 * 1024 * 1024);
        let mut lines = Lines::new(input, 1024);
        assert_eq!(lines.next().await.unwrap(), Some(Line::TooLong));
        assert!(
            lines.buffer.capacity() < 4 * CHUNK,
            "{}",
            lines.buffer.capacity()
        );
        assert_eq!(lines.next().await.unwrap(), None);
    }
}
