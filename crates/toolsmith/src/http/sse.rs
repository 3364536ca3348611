//! Server-sent events: one event for each JSON-RPC message.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::Instrument as _;

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
    Report(Vec<u8>, Rest),
}

/// What comes after a first report.
pub(super) enum Rest {
    /// The work goes on.
    Work(Work),
    /// The work is done, and this ends the stream.
    Answer(Answer),
}

/// Waits for the first thing that work has to say. Until then nothing is spawned.
pub(super) async fn first(mut work: Work, reports: &mut mpsc::Receiver<Vec<u8>>) -> First {
    let answer = tokio::select! {
        biased;
        answer = &mut work => answer,
        Some(report) = reports.recv() => return First::Report(report, Rest::Work(work)),
    };
    // A report that was sent before the answer comes before it.
    match reports.try_recv() {
        Ok(report) => First::Report(report, Rest::Answer(answer)),
        Err(_) => First::Answer(answer),
    }
}

/// Work that goes on by itself, whether or not its stream is read: a client that stops
/// reading holds up neither the work nor the limit on its time.
///
/// Dropping it stops the work.
struct Running(JoinHandle<Answer>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The stream that starts with a report and ends with the answer.
///
/// Dropping it drops the work, which cancels the call.
pub(super) fn stream(
    report: Vec<u8>,
    rest: Rest,
    mut reports: mpsc::Receiver<Vec<u8>>,
) -> impl Stream<Item = Bytes> + Send {
    let (running, answer) = match rest {
        Rest::Work(work) => (Some(Running(tokio::spawn(work.in_current_span()))), None),
        Rest::Answer(answer) => (None, Some(answer)),
    };
    if answer.is_some() {
        reports.close();
    }
    let first = stream::once(std::future::ready(event(&report)));
    let events = Events {
        running,
        answer,
        reports,
    };
    let rest = stream::unfold(events, |mut events| async move {
        Some((events.next().await?, events))
    });
    first.chain(rest)
}

/// The events after the first.
struct Events {
    running: Option<Running>,
    answer: Option<Answer>,
    reports: mpsc::Receiver<Vec<u8>>,
}

impl Events {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(running) = &mut self.running {
            // The answer first, so that nobody who reports on without end can hold it up.
            // It does not pass a report by: those are in the queue already.
            let ended = tokio::select! {
                biased;
                ended = &mut running.0 => ended,
                Some(report) = self.reports.recv() => return Some(event(&report)),
            };
            self.running = None;
            self.reports.close();
            match ended {
                Ok(answer) => self.answer = Some(answer),
                // Tools that panic are answered for; this is a defect of our own.
                Err(error) => tracing::error!(%error, "a call ended without an answer"),
            }
        }
        // What was sent before the answer, and then the answer.
        match self.reports.recv().await {
            Some(report) => Some(event(&report)),
            None => self.answer.take().map(|answer| event(&answer.message)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        Answer {
            message: b"answer".to_vec(),
            status: 200,
        }
    }

    /// What a client is sent that reads everything; `meanwhile` runs at each event.
    async fn sent(
        work: Work,
        mut reports: mpsc::Receiver<Vec<u8>>,
        meanwhile: impl Fn(),
    ) -> Vec<String> {
        let First::Report(report, rest) = first(work, &mut reports).await else {
            panic!("the answer was not to come first");
        };
        let events = stream(report, rest, reports).take(1000);
        let events = events.inspect(|_| meanwhile());
        let events = events.map(|event| {
            let event = std::str::from_utf8(&event).unwrap();
            let data = event.strip_prefix("event: message\ndata: ").unwrap();
            data.trim_end().to_owned()
        });
        events.collect().await
    }

    #[tokio::test]
    async fn every_report_that_fits_comes_before_the_answer() {
        for before_pause in [0, 1, 3] {
            let (sink, receiver) = reports();
            let work: Work = Box::pin(async move {
                for report in 0..before_pause {
                    assert!(sink.send(vec![b'a' + report]));
                }
                tokio::task::yield_now().await;
                for report in before_pause..5 {
                    assert!(sink.send(vec![b'a' + report]));
                }
                answer()
            });
            let sent = sent(work, receiver, || ()).await;
            assert_eq!(sent, ["a", "b", "c", "d", "e", "answer"], "{before_pause}");
        }
    }

    #[tokio::test]
    async fn reports_that_do_not_fit_are_dropped_and_the_answer_is_not() {
        let (sink, receiver) = reports();
        let work: Work = Box::pin(async move {
            let taken = (0..1000).filter(|_| sink.send(b"report".to_vec())).count();
            assert_eq!(taken, QUEUE);
            answer()
        });
        let sent = sent(work, receiver, || ()).await;
        assert_eq!(sent.len(), QUEUE + 1);
        assert_eq!(sent.last().unwrap(), "answer");
    }

    #[tokio::test]
    async fn reports_after_the_answer_do_not_hold_it_up() {
        let (sink, receiver) = reports();
        let late = Arc::clone(&sink);
        let work: Work = Box::pin(async move {
            sink.send(b"report".to_vec());
            tokio::task::yield_now().await;
            answer()
        });
        let sent = sent(work, receiver, || {
            late.send(b"late".to_vec());
        })
        .await;
        assert_eq!(sent.last().unwrap(), "answer", "{} events", sent.len());
    }
}
