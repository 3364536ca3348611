//! HTTP/2: requests side by side on one connection, each in a task of its own.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};

use super::activity::{Activity, Noted, Stage};
use super::limits::ConnectionLimits;
use super::served::{Answers, Served, answer};
use crate::http::service::Remote;

/// How many requests may be answered at a time on one connection.
const MAX_STREAMS: u32 = 128;
/// How much of the answers to one request is held until the client takes it, unless it comes
/// in one piece.
const MAX_HELD: usize = 64 * 1024;
/// A client that has sent nothing for so long is asked whether it is there,
const PING_AFTER: Duration = Duration::from_secs(20);
/// and has so long to say so.
const PING_TIME: Duration = Duration::from_secs(10);
/// A shorter write has no answer in it: only what keeps the connection alive.
const LEAST_WRITE: usize = 128;

/// Serves one connection by HTTP/2.
pub(super) fn http2<S>(
    stream: S,
    remote: Remote,
    answers: Answers,
    limits: &ConnectionLimits,
    activity: Activity,
) -> Served<impl GracefulConnection<Error = hyper::Error> + Send + use<S>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    activity.0.is_told.store(true, Ordering::Relaxed);
    let stream = Noted {
        stream,
        activity: activity.clone(),
        // What comes are frames, and most of them begin no request.
        notes_reads: false,
        least_write: LEAST_WRITE,
    };
    let noted = activity.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        answer(request, remote, answers.clone(), noted.begin())
    });
    let head = u32::try_from(limits.head).unwrap_or(u32::MAX);
    let connection = http2::Builder::new(Tasks(activity.clone()))
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_AFTER)
        .keep_alive_timeout(PING_TIME)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(head)
        .max_send_buf_size(MAX_HELD)
        .serve_connection(TokioIo::new(stream), service);
    // It says at once that it takes no more, and how far it has come: what the client sent
    // before it heard that is answered.
    Served::new(connection, activity, Stage::Last)
}

/// Runs requests in tasks, which end with the connection.
#[derive(Clone, Debug)]
struct Tasks(Activity);

impl<F> Executor<F> for Tasks
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, request: F) {
        let activity = self.0.clone();
        tokio::spawn(async move {
            let mut cut = pin!(activity.0.cut.notified());
            let mut request = pin!(request);
            let mut is_cut = false;
            poll_fn(|cx| {
                // It looks for itself whether it is cut off, and has only to be woken.
                is_cut = is_cut || cut.as_mut().poll(cx).is_ready();
                request.as_mut().poll(cx)
            })
            .await
        });
    }
}
