//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::CONNECTION;
use http::request::Parts;
use http::{HeaderValue, Request, StatusCode, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_io_timeout::TimeoutWriter;

use super::activity::{Activity, AtWork, Noted, Stage};
use super::joined::Joined;
use super::limits::ConnectionLimits;
use crate::http::respond::{self, HttpResponse};
use crate::http::service::Remote;
use crate::http::{McpService, refused};
use crate::protocol::{ErrorKind, ProtocolError};

/// What answers the requests of a connection.
#[derive(Clone, Debug)]
pub(super) enum Answers {
    /// The service.
    Service(McpService),
    /// There is no room for the connection.
    Full(ErrorKind, &'static str),
}

/// Serves one connection by HTTP/1.1.
pub(super) fn http1<S>(
    stream: S,
    remote: Remote,
    answers: Answers,
    limits: &ConnectionLimits,
    activity: Activity,
) -> Served<impl GracefulConnection<Error = hyper::Error> + Send + use<S>>
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(limits.write_time));
    http1_over(Joined(Box::pin(stream)), remote, answers, limits, activity)
}

/// The same over a stream that has a bound on its writes already.
pub(super) fn http1_over<S>(
    stream: S,
    remote: Remote,
    answers: Answers,
    limits: &ConnectionLimits,
    activity: Activity,
) -> Served<impl GracefulConnection<Error = hyper::Error> + Send + use<S>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = Noted {
        stream,
        activity: activity.clone(),
        notes_reads: true,
        least_write: 0,
    };
    let noted = activity.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        answer(request, remote, answers.clone(), noted.begin())
    });
    let connection = http1::Builder::new()
        .max_buf_size(limits.head)
        .serve_connection(TokioIo::new(stream), service);
    Served::new(connection, activity, Stage::Closes)
}

/// Answers one request, unless it is cut off before.
pub(super) async fn answer(
    request: Request<Incoming>,
    remote: Remote,
    answers: Answers,
    at_work: AtWork,
) -> Result<HttpResponse, Infallible> {
    let (parts, body) = request.into_parts();
    let mut response = match &answers {
        Answers::Full(kind, why) => refused::by_id(ProtocolError::new(*kind, *why), body).await,
        Answers::Service(service) => {
            let mut serving = pin!(service.serve(&remote, &parts, body));
            poll_fn(|cx| match at_work.stage() {
                Stage::Cut => Poll::Ready(cut_off()),
                _ => serving.as_mut().poll(cx),
            })
            .await
        }
    };
    if matches!(answers, Answers::Full(..)) {
        at_work.is_last();
    }
    if at_work.stage() != Stage::Open {
        say_that_it_ends(&parts, &mut response);
    }
    response.body_mut().hold(at_work);
    Ok(response)
}

fn say_that_it_ends(parts: &Parts, response: &mut HttpResponse) {
    // HTTP/2 says so in a frame of its own.
    if parts.version <= Version::HTTP_11 {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
}

/// What a request is told that took too long. It is no JSON, because its id is not known
/// here.
fn cut_off() -> HttpResponse {
    let wait = Duration::from_secs(1);
    let why = "the server is stopping, and this took longer than it could wait; send it again, if it may be done twice\n";
    respond::retry_after(respond::text(StatusCode::SERVICE_UNAVAILABLE, why), wait)
}

/// A connection that ends when it is told to, and not in the middle of a request.
pub(super) struct Served<C> {
    connection: Pin<Box<C>>,
    activity: Activity,
    /// How far its end had come when whoever polls it was noted, to be woken when it comes
    /// nearer: that happens once for each time.
    told: Option<Stage>,
    /// From where on it takes no further request.
    closes_at: Stage,
    closes: bool,
}

impl<C: GracefulConnection> Served<C> {
    pub(super) fn new(connection: C, activity: Activity, closes_at: Stage) -> Self {
        Self {
            connection: Box::pin(connection),
            activity,
            told: None,
            closes_at,
            closes: false,
        }
    }

    /// Has it take no further request, once it is not in the middle of reading one.
    fn close_if_due(&mut self) {
        if !self.closes && self.activity.stage() >= self.closes_at && !self.activity.look().reads {
            self.closes = true;
            self.connection.as_mut().graceful_shutdown();
        }
    }
}

impl<C: GracefulConnection> Future for Served<C> {
    type Output = Result<(), C::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let stage = self.activity.stage();
        if self.told != Some(stage) {
            self.activity.woken_by(cx.waker());
            self.told = Some(stage);
        }
        self.close_if_due();
        let ended = self.connection.as_mut().poll(cx);
        if ended.is_pending() && !self.closes {
            self.close_if_due();
            if self.closes {
                return self.connection.as_mut().poll(cx);
            }
        }
        ended
    }
}
