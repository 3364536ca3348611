//! Bodies: those that are read, within a bound, and those that are written.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BufMut as _, Bytes, BytesMut};
use futures_util::{FutureExt as _, Stream};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;

use super::connections::AtWork;
use crate::metrics::Counted;
use crate::protocol::{Era, ErrorKind, ProtocolError, Refusal, id_in};

/// How much of a body that is too large is read and thrown away, so that the client gets
/// to read the answer.
const DRAIN: usize = 16 * 1024 * 1024;
/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_secs(2);
/// How much of it is looked at for the id of the request.
const BEGINNING: usize = 4096;

/// A body that was not read to its end.
#[derive(Debug)]
pub(super) struct Unread {
    /// Why.
    pub(super) error: ProtocolError,
    /// What was read of it.
    pub(super) begun: Bytes,
}

impl Unread {
    /// The refusal of it, by the id of the request if that was read.
    pub(super) fn refusal(self) -> Refusal {
        let id = id_in(&self.begun);
        self.error.refuse(id, Era::Legacy)
    }
}

/// Reads a body of at most `max` bytes within a time.
pub(super) async fn read<B>(mut body: B, max: usize, time: Duration) -> Result<Bytes, Unread>
where
    B: Body<Data: Buf> + Unpin,
{
    let mut read = Read::default();
    let announced = body.size_hint().lower();
    let ended = if announced > max as u64 {
        Err(too_large(max))
    } else {
        let mut collecting = std::pin::pin!(read.all(&mut body, max));
        // The common body came with its head, and needs no clock.
        match (&mut collecting).now_or_never() {
            Some(ended) => ended,
            None => match Box::pin(tokio::time::timeout(time, collecting)).await {
                Ok(ended) => ended,
                Err(_) => Err(ProtocolError::new(
                    ErrorKind::BodyUnreadable,
                    format!("the body took too long; send all of it within {time:?}"),
                )),
            },
        }
    };
    let Err(error) = ended else {
        return Ok(read.into_bytes());
    };
    let mut begun = read.into_bytes();
    if error.kind == ErrorKind::TooLarge {
        Box::pin(discard(body, &mut begun)).await;
    }
    Err(Unread { error, begun })
}

/// What was read of a body. The common body is one frame, and is not copied.
#[derive(Default)]
struct Read {
    first: Bytes,
    more: BytesMut,
}

impl Read {
    /// Reads it to its end.
    async fn all<B>(&mut self, body: &mut B, max: usize) -> Result<(), ProtocolError>
    where
        B: Body<Data: Buf> + Unpin,
    {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return Err(unreadable());
            };
            let Ok(mut data) = frame.into_data() else {
                continue;
            };
            if data.remaining() > max - self.first.len() - self.more.len() {
                self.add_some(&mut data);
                return Err(too_large(max));
            }
            self.add(data);
        }
        Ok(())
    }

    fn add(&mut self, mut data: impl Buf) {
        if self.first.is_empty() && self.more.is_empty() {
            self.first = data.copy_to_bytes(data.remaining());
            return;
        }
        if !self.first.is_empty() {
            self.more.reserve(self.first.len() + data.remaining());
            let first = std::mem::take(&mut self.first);
            self.more.extend_from_slice(&first);
        }
        self.more.put(data);
    }

    /// Adds the beginning of what is too much, where there is nothing yet.
    fn add_some(&mut self, data: &mut impl Buf) {
        if self.first.is_empty() && self.more.is_empty() {
            self.first = data.copy_to_bytes(data.remaining().min(BEGINNING));
        }
    }

    fn into_bytes(self) -> Bytes {
        match self.more.is_empty() {
            true => self.first,
            false => self.more.freeze(),
        }
    }
}

/// Reads on for a while, and keeps no more than the beginning.
async fn discard<B: Body<Data: Buf> + Unpin>(mut body: B, begun: &mut Bytes) {
    let reading = async {
        let mut left = DRAIN;
        while let Some(Ok(frame)) = body.frame().await {
            let Ok(mut data) = frame.into_data() else {
                continue;
            };
            let length = data.remaining();
            if begun.is_empty() {
                *begun = data.copy_to_bytes(length.min(BEGINNING));
            }
            drop(data);
            left = left.saturating_sub(length);
            if left == 0 {
                return;
            }
        }
    };
    // Whether the client was done in time makes no difference to the answer.
    let _ = tokio::time::timeout(DRAIN_TIME, reading).await;
}

pub(super) fn too_large(max: usize) -> ProtocolError {
    ProtocolError::new(
        ErrorKind::TooLarge,
        format!("the body is larger than {max} bytes; allow more with --max-body"),
    )
}

fn unreadable() -> ProtocolError {
    ProtocolError::new(ErrorKind::BodyUnreadable, "the body ended early")
}

/// The body of an answer: whole, or a stream of events.
pub struct ResponseBody {
    kind: Kind,
    /// Until it is sent, its request is being answered.
    at_work: Option<AtWork>,
    /// Until it is sent, its stream is counted.
    counted: Option<Counted>,
}

enum Kind {
    Whole(Bytes),
    Events(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

impl ResponseBody {
    /// A body that is there.
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::of(Kind::Whole(bytes.into()))
    }

    /// A body that is written as it comes.
    pub(super) fn events(events: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self::of(Kind::Events(Box::pin(events)))
    }

    fn of(kind: Kind) -> Self {
        Self {
            kind,
            at_work: None,
            counted: None,
        }
    }

    /// Has a request count as being answered until this is sent.
    pub(super) fn hold(&mut self, at_work: AtWork) {
        self.at_work = Some(at_work);
    }

    /// Whether it is a stream of events.
    pub(super) fn is_stream(&self) -> bool {
        matches!(self.kind, Kind::Events(_))
    }

    /// Has its stream counted until it has ended.
    pub(super) fn count(&mut self, counted: Option<Counted>) {
        self.counted = counted;
    }
}

/// One without anything in it.
impl Default for ResponseBody {
    fn default() -> Self {
        Self::whole("")
    }
}

impl std::fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            Kind::Whole(bytes) => write!(f, "ResponseBody({} bytes)", bytes.len()),
            Kind::Events(_) => f.write_str("ResponseBody(events)"),
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match &mut self.get_mut().kind {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Events(events) => events
                .as_mut()
                .poll_next(cx)
                .map(|event| event.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.kind, Kind::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Events(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{StreamExt as _, stream};
    use http_body_util::StreamBody;

    const TIME: Duration = Duration::from_secs(30);

    /// A body of these pieces, which then goes on for ever or ends.
    async fn read_pieces(pieces: &[&str], ends: bool) -> Result<Bytes, Unread> {
        let pieces: Vec<_> = pieces
            .iter()
            .map(|p| Bytes::from((*p).to_owned()))
            .collect();
        let frames = stream::iter(pieces).map(|p| Ok::<_, std::io::Error>(Frame::data(p)));
        let body = match ends {
            true => frames.boxed(),
            false => frames.chain(stream::pending()).boxed(),
        };
        read(StreamBody::new(body), 8, TIME).await
    }

    #[tokio::test]
    async fn pieces_become_one_body_up_to_the_bound() {
        for (pieces, whole) in [
            (&[][..], ""),
            (&["", ""], ""),
            (&["ab"], "ab"),
            (&["", "ab", "", "cde", "fgh"], "abcdefgh"),
        ] {
            assert_eq!(
                read_pieces(pieces, true).await.unwrap(),
                whole,
                "{pieces:?}"
            );
        }
        for pieces in [&["abcdefghi"][..], &["abcd", "efgh", "i"]] {
            let error = read_pieces(pieces, true).await.unwrap_err().error;
            assert_eq!(error.kind, ErrorKind::TooLarge, "{pieces:?}: {error:?}");
        }
    }

    #[tokio::test]
    async fn a_body_in_one_piece_is_not_copied() {
        let piece = Bytes::from(vec![b'x'; 8]);
        let body = http_body_util::Full::new(piece.clone());
        let whole = read(body, 8, TIME).await.unwrap();
        assert_eq!(whole.as_ptr(), piece.as_ptr());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_not_waited_for_without_end() {
        for pieces in [&[][..], &["ab"], &["ab", "cd"]] {
            let reading = tokio::time::timeout(2 * TIME, read_pieces(pieces, false));
            let error = reading.await.expect("still reading").unwrap_err().error;
            assert_eq!(error.kind, ErrorKind::BodyUnreadable, "{error:?}");
            assert!(error.message.contains("took too long"), "{error:?}");
        }
    }
}
