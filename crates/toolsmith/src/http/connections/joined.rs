//! Small writes in one piece.
//!
//! An answer is handed over in pieces, its head and its body. The system takes one piece
//! in less time than a list of two, by more than it costs to copy them together.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Up to how many bytes are copied together. It holds the answer to a plain call.
const SMALL: usize = 1024;

/// A stream whose small writes are one piece each.
#[derive(Debug)]
pub(super) struct Joined<S>(pub(super) S);

impl<S: AsyncRead + Unpin> AsyncRead for Joined<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Joined<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.0);
        if let [piece] = pieces {
            return stream.poll_write(cx, piece);
        }
        let mut joined = [0; SMALL];
        match join(pieces, &mut joined) {
            Some(joined) => stream.poll_write(cx, joined),
            None => stream.poll_write_vectored(cx, pieces),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The pieces behind each other, if there is room for them.
fn join<'a>(pieces: &[IoSlice<'_>], room: &'a mut [u8]) -> Option<&'a [u8]> {
    let mut len = 0;
    for piece in pieces {
        let end = len + piece.len();
        room.get_mut(len..end)?.copy_from_slice(piece);
        len = end;
    }
    Some(&room[..len])
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt as _;

    /// Keeps each write that reaches it, and takes at most so many bytes of one.
    #[derive(Default)]
    struct Writes {
        taken: Vec<Vec<u8>>,
        vectored: usize,
        most: Option<usize>,
    }

    impl AsyncWrite for Writes {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let len = self.most.unwrap_or(bytes.len()).min(bytes.len());
            self.taken.push(bytes[..len].to_vec());
            Poll::Ready(Ok(len))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            pieces: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let bytes = pieces.iter().flat_map(|it| it.to_vec()).collect::<Vec<_>>();
            let len = bytes.len();
            self.taken.push(bytes);
            self.vectored += 1;
            Poll::Ready(Ok(len))
        }

        fn is_write_vectored(&self) -> bool {
            true
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    async fn write(stream: &mut Joined<Writes>, pieces: &[&[u8]]) -> usize {
        let pieces: Vec<_> = pieces.iter().map(|it| IoSlice::new(it)).collect();
        stream.write_vectored(&pieces).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_small_is_one_piece_and_what_is_large_is_not_copied() {
        let mut stream = Joined(Writes::default());
        let (full, more) = ([b'x'; SMALL - 4], [b'y'; SMALL]);
        assert_eq!(write(&mut stream, &[b"head", b"body"]).await, 8);
        assert_eq!(write(&mut stream, &[b"head", &full]).await, SMALL);
        assert_eq!(write(&mut stream, &[&more]).await, SMALL);
        assert_eq!(stream.0.vectored, 0, "small writes were lists");
        assert_eq!(write(&mut stream, &[b"heads", &full]).await, SMALL + 1);
        assert_eq!(stream.0.vectored, 1, "a large write was copied");
        let expected = [
            b"headbody".to_vec(),
            [b"head", &full[..]].concat(),
            more.to_vec(),
            [b"heads", &full[..]].concat(),
        ];
        assert_eq!(stream.0.taken, expected);
    }

    #[tokio::test]
    async fn what_was_not_taken_is_left_to_the_writer() {
        let mut stream = Joined(Writes {
            most: Some(6),
            ..Writes::default()
        });
        assert_eq!(write(&mut stream, &[b"head", b"body"]).await, 6);
        assert_eq!(stream.0.taken, [b"headbo"]);
    }
}
