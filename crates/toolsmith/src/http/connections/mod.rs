//! The connections: accepting them within bounds, how long each may keep the server waiting,
//! and ending them.

mod activity;
mod addresses;
mod again;
#[cfg(feature = "tls")]
mod http2;
mod joined;
mod limits;
#[cfg(feature = "tls")]
mod secured;
#[cfg(not(feature = "tls"))]
#[path = "without_tls.rs"]
mod secured;
mod served;
mod watched;

use std::future::Future;
use std::io;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use toolsmith_core::pause;

use self::activity::{Activity, Stage};
use self::addresses::{Addresses, Place};
use self::again::Again;
use self::served::Answers;
use self::watched::Watched;
use super::McpService;
use super::service::Remote;
use super::socket::{Listener, Stream};
use super::tls::Handshakes;
use crate::protocol::ErrorKind;
use crate::warnings::Warnings;

pub(super) use activity::AtWork;
pub(super) use limits::ConnectionLimits;

/// How long to wait after the system refused to accept, for example because no file
/// descriptor was free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How many connections for which there is no room are told so at a time; more of them are
/// closed.
const MAX_REFUSED: usize = 256;
/// How long one of them may take to hear it.
const REFUSAL_TIME: Duration = Duration::from_secs(2);
/// How long a connection is waited for on which nothing is asked, when the server stops. A
/// client that is about to ask is answered, and told that it was the last time.
const LINGER: Duration = Duration::from_millis(500);
/// How often to look at those that are left, while the server stops.
const LAST_LOOK: Duration = Duration::from_secs(1);
/// How long it takes at most to tell clients that they were cut off.
const CUT_TIME: Duration = Duration::from_millis(500);
/// How many connections are taken out of the system's queue at the end.
const LAST_ACCEPTS: usize = 4096;

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// All that was asked is answered.
    Drained,
    /// So many requests took too long and were cut off.
    CutOff(usize),
}

/// Serves until it is told to stop, and then what was begun.
pub(super) async fn serve(
    listener: Listener,
    handshakes: Option<Handshakes>,
    service: McpService,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()>,
) -> Ended {
    let mut connections = Connections::new(handshakes, service, limits);
    connections.accept_until(&listener, stop).await;
    connections.service.readiness().ends();
    tracing::info!("stopping: calls are finished, no new ones are taken");
    if !limits.drain_delay.is_zero() {
        let delay = pause(limits.drain_delay);
        connections.accept_until(&listener, delay).await;
    }
    connections.accept_the_last(listener).await;
    connections.drain().await
}

/// The connections that are open.
struct Connections {
    /// Whoever comes by TCP speaks TLS, if there are any.
    handshakes: Option<Handshakes>,
    service: McpService,
    limits: ConnectionLimits,
    tasks: JoinSet<()>,
    /// Those for which there is no room, while they are told so.
    refused: JoinSet<()>,
    watched: Watched,
    addresses: Addresses,
    failures: Warnings,
    full: Warnings,
}

impl Connections {
    fn new(handshakes: Option<Handshakes>, service: McpService, limits: ConnectionLimits) -> Self {
        Self {
            handshakes,
            service,
            limits,
            tasks: JoinSet::new(),
            refused: JoinSet::new(),
            watched: Watched::new(limits.patience),
            addresses: Addresses::new(limits.most_of_address),
            failures: Warnings::default(),
            full: Warnings::default(),
        }
    }

    async fn accept_until(&mut self, listener: &Listener, end: impl Future<Output = ()>) {
        tokio::pin!(end);
        let looks = pause(self.watched.interval());
        tokio::pin!(looks);
        loop {
            tokio::select! {
                () = &mut end => return,
                Some(_) = self.tasks.join_next() => {}
                Some(_) = self.refused.join_next() => {}
                () = &mut looks => {
                    looks.set(pause(self.watched.interval()));
                    self.watched.look(Instant::now());
                }
                accepted = listener.accept() => if !self.accepted(accepted) {
                    sleep(ACCEPT_PAUSE).await;
                },
            }
        }
    }

    /// Takes what has connected already. A successor that listens at the same socket takes
    /// it otherwise.
    async fn accept_the_last(&mut self, listener: Listener) {
        if listener.is_inherited() {
            return;
        }
        for _ in 0..LAST_ACCEPTS {
            let Some(accepted) = listener.accept().now_or_never() else {
                return;
            };
            if !self.accepted(accepted) {
                return;
            }
        }
    }

    /// Serves what was accepted. Gives whether the system is well.
    fn accepted(&mut self, accepted: io::Result<(Stream, Remote)>) -> bool {
        match accepted {
            Ok((Stream::Tcp(stream), remote)) => match self.handshakes.clone() {
                None => self.open(stream, remote),
                Some(handshakes) => self.begin(remote, |answers, limits, activity| {
                    secured::serve(stream, handshakes, remote, answers, limits, activity)
                }),
            },
            #[cfg(unix)]
            Ok((Stream::Unix(stream), remote)) => self.open(stream, remote),
            Err(error) => {
                if let Some(times) = self.failures.due(Instant::now()) {
                    tracing::warn!(%error, times, "a connection could not be accepted");
                }
                return false;
            }
        }
        true
    }

    fn open<S>(&mut self, stream: S, remote: Remote)
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        self.begin(remote, |answers, limits, activity| {
            served::http1(stream, remote, answers, limits, activity)
        });
    }

    /// Serves a connection, or tells it that there is no room for it.
    fn begin<C>(
        &mut self,
        remote: Remote,
        connection: impl FnOnce(Answers, &ConnectionLimits, Activity) -> C,
    ) where
        C: Future<Output: Send> + Send + 'static,
    {
        let activity = Activity::default();
        match self.place(&remote) {
            Ok(place) => {
                let answers = Answers::Service(self.service.clone());
                let connection = connection(answers, &self.limits, activity.clone());
                let open = self.service.count_connection();
                let connection = Again::new(connection).map(move |_ended| drop((place, open)));
                let task = self.tasks.spawn(connection);
                self.watched.add(task, activity);
            }
            Err((kind, why)) => {
                self.service.note_refused(kind);
                if self.refused.len() < MAX_REFUSED {
                    let answers = Answers::Full(kind, why);
                    let telling = connection(answers, &self.limits, activity);
                    // Whether it was heard makes no difference.
                    self.refused
                        .spawn(timeout(REFUSAL_TIME, telling).map(|_heard| ()));
                }
            }
        }
    }

    /// A place for a connection, or what to tell it.
    fn place(&mut self, remote: &Remote) -> Result<Option<Place>, (ErrorKind, &'static str)> {
        let proxied = self.service.trusts(remote);
        let address = remote.address().filter(|_| !proxied);
        let place = match address.map(|it| self.addresses.take(it)) {
            Some(None) => {
                return Err((
                    ErrorKind::TooManyConnections,
                    "this address has too many connections; end one, or use one for several requests",
                ));
            }
            place => place.flatten(),
        };
        // One that ends makes room a little later; until then there is one too many.
        if self.tasks.len() < self.limits.most || self.watched.make_room() {
            return Ok(place);
        }
        if let Some(times) = self.full.due(Instant::now()) {
            let connections = self.limits.most;
            tracing::warn!(
                connections,
                times,
                "there is no room for more connections; allow more with --max-connections"
            );
        }
        Err((
            ErrorKind::Full,
            "there is no room for more connections; try again soon",
        ))
    }

    /// Ends the connections: those on which nothing is asked after a moment, the rest when
    /// they are answered, and all of them in the end.
    async fn drain(&mut self) -> Ended {
        let begun = Instant::now();
        self.watched.end(Stage::Last);
        self.service.end_streams();
        self.wait_until(begun + LINGER.min(self.limits.drain_time))
            .await;
        self.watched.end(Stage::Closes);
        let deadline = begun + self.limits.drain_time;
        while !self.tasks.is_empty() && Instant::now() < deadline {
            self.wait_until(deadline.min(Instant::now() + LAST_LOOK))
                .await;
            self.watched.look_at_the_last(Instant::now());
        }
        let late = self.watched.at_work();
        if self.tasks.is_empty() {
            return Ended::Drained;
        }
        self.watched.end(Stage::Cut);
        self.wait_until(Instant::now() + CUT_TIME).await;
        self.tasks.abort_all();
        match late {
            0 => Ended::Drained,
            late => Ended::CutOff(late),
        }
    }

    /// Waits until all connections have ended, or for no longer than that.
    async fn wait_until(&mut self, until: Instant) {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        // What is left is ended in another way.
        let _ = tokio::time::timeout_at(until, all).await;
    }
}

#[cfg(test)]
mod tests;
