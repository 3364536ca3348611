//! Bodies: those that are read, within a bound, and those that are written.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::Stream;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;

use crate::protocol::{ErrorKind, ProtocolError};

/// How much of a body that is too large is read and thrown away, so that the client gets
/// to read the answer.
const DRAIN: usize = 16 * 1024 * 1024;
/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// Reads a body of at most `max` bytes.
pub(super) async fn read<B>(
    headers: &HeaderMap,
    mut body: B,
    max: usize,
) -> Result<Bytes, ProtocolError>
where
    B: Body<Data: Buf> + Unpin,
{
    let announced = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok());
    let announced = announced.and_then(|v| v.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max as u64) {
        discard(body).await;
        return Err(too_large(max));
    }
    let mut first: Option<Bytes> = None;
    let mut rest = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(unreadable());
        };
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        let data = data.copy_to_bytes(data.remaining());
        let so_far = first.as_ref().map_or(0, Bytes::len) + rest.len();
        if so_far + data.len() > max {
            drop((first, rest));
            discard(body).await;
            return Err(too_large(max));
        }
        // The common body is one frame, and is not copied.
        match &first {
            None => first = Some(data),
            Some(_) => rest.extend_from_slice(&data),
        }
    }
    match first {
        Some(first) if rest.is_empty() => Ok(first),
        Some(first) => Ok([first.as_ref(), rest.as_ref()].concat().into()),
        None => Ok(Bytes::new()),
    }
}

/// Reads on for a while without keeping anything.
async fn discard<B: Body<Data: Buf> + Unpin>(mut body: B) {
    let reading = async {
        let mut left = DRAIN;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Buf::remaining);
            drop(frame);
            left = left.saturating_sub(length);
            if left == 0 {
                return;
            }
        }
    };
    // Whether the client was done in time makes no difference to the answer.
    let _ = tokio::time::timeout(DRAIN_TIME, reading).await;
}

fn too_large(max: usize) -> ProtocolError {
    ProtocolError::new(
        ErrorKind::TooLarge,
        format!("the body is larger than {max} bytes; allow more with --max-body"),
    )
}

fn unreadable() -> ProtocolError {
    ProtocolError::new(ErrorKind::BodyUnreadable, "the body ended early")
}

/// The body of an answer: whole, or a stream of events.
pub struct ResponseBody(Kind);

enum Kind {
    Whole(Bytes),
    Events(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

impl ResponseBody {
    /// A body that is there.
    pub(super) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Whole(bytes.into()))
    }

    /// A body that is written as it comes.
    pub(super) fn events(events: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self(Kind::Events(Box::pin(events)))
    }
}

impl std::fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
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
        match &mut self.get_mut().0 {
            Kind::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Kind::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Kind::Events(events) => events
                .as_mut()
                .poll_next(cx)
                .map(|event| event.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Kind::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Events(_) => SizeHint::default(),
        }
    }
}
