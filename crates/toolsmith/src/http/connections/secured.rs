//! One connection by TLS: the handshake, and then the HTTP that was agreed on.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tokio::net::TcpStream;

use super::activity::{Activity, Stage};
use super::http2::http2;
use super::limits::ConnectionLimits;
use super::served::{Answers, http1_over};
use crate::http::service::Remote;
use crate::http::tls::{Handshakes, Protocol};

/// Serves one connection from the handshake on. The time for the handshake is that for the
/// first request, which whoever looks after the connections sees to.
pub(super) fn serve(
    stream: TcpStream,
    handshakes: Handshakes,
    remote: Remote,
    answers: Answers,
    limits: &ConnectionLimits,
    activity: Activity,
) -> impl Future<Output: Send> + Send + use<> {
    let limits = *limits;
    async move {
        let handshake = Box::pin(handshakes.accept(stream, limits.write_time));
        let agreed = unless_it_ends(&activity, handshake).await.flatten();
        // How the connection ended makes no difference to anyone.
        match agreed {
            Some((stream, Protocol::Http1)) => {
                let _ = http1_over(stream, remote, answers, &limits, activity).await;
            }
            Some((stream, Protocol::Http2)) => {
                let _ = http2(stream, remote, answers, &limits, activity).await;
            }
            None => {}
        }
    }
}

/// Waits for something until the connection is to end: a handshake that nothing came of is
/// not waited for.
async fn unless_it_ends<F: Future>(activity: &Activity, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    poll_fn(|cx| {
        activity.woken_by(cx.waker());
        match activity.stage() {
            Stage::Open | Stage::Last => work.as_mut().poll(cx).map(Some),
            Stage::Closes | Stage::Cut => Poll::Ready(None),
        }
    })
    .await
}
