//! Server-sent events: one event for each JSON-RPC message.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::mpsc;

use crate::server::{Answer, ReplySink};

/// How many reports may wait for a slow reader before more are dropped.
const QUEUE: usize = 64;

/// Frames a message as an event. JSON that this server writes has no line ends.
pub(super) fn event(message: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(message.len() + 32);
    frame.extend_from_slice(b"event: message\ndata: ");
    frame.extend_from_slice(message);
    frame.extend_from_slice(b"\n\n");
    frame.into()
}

/// A comment, which keeps a quiet stream from being closed on its way.
pub(super) fn comment() -> Bytes {
    Bytes::from_static(b":\n\n")
}

/// Work whose answer ends a stream.
pub(super) type Work = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The sending end of a stream of reports about one request.
#[derive(Debug)]
struct Reports(mpsc::Sender<Vec<u8>>);

impl ReplySink for Reports {
    fn send(&self, message: Vec<u8>) -> bool {
        self.0.try_send(message).is_ok()
    }
}

/// A place for reports, and their receiving end.
pub(super) fn reports() -> (Arc<dyn ReplySink>, mpsc::Receiver<Vec<u8>>) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (Arc::new(Reports(sender)), receiver)
}

/// What work came to first.
pub(super) enum First {
    /// Its answer, before it said anything else.
    Answer(Answer),
    /// A report: the answer becomes a stream.
    Report(Vec<u8>),
}

/// Waits for the first thing that work has to say.
pub(super) async fn first(work: &mut Work, reports: &mut mpsc::Receiver<Vec<u8>>) -> First {
    // Reports first: one that was sent before the answer must come before it.
    let answer = tokio::select! {
        biased;
        Some(report) = reports.recv() => return First::Report(report),
        answer = &mut *work => answer,
    };
    match reports.try_recv() {
        // The work is done, and is put back so that its answer ends the stream.
        Ok(report) => {
            *work = Box::pin(std::future::ready(answer));
            First::Report(report)
        }
        Err(_) => First::Answer(answer),
    }
}

/// The stream that starts with a report and ends with the answer.
///
/// Dropping it drops the work, which cancels the call.
pub(super) fn stream(
    report: Vec<u8>,
    work: Work,
    reports: mpsc::Receiver<Vec<u8>>,
) -> impl Stream<Item = Bytes> + Send {
    let start = (Some(report), Some(work), reports);
    stream::unfold(start, |(report, mut work, mut reports)| async move {
        if let Some(report) = report {
            return Some((event(&report), (None, work, reports)));
        }
        let mut running = work.take()?;
        match first(&mut running, &mut reports).await {
            First::Report(report) => Some((event(&report), (None, Some(running), reports))),
            First::Answer(answer) => Some((event(&answer.message), (None, None, reports))),
        }
    })
}
