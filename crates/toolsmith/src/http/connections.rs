//! The connections: accepting them, how long each may keep the server waiting, and ending
//! them.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_io_timeout::TimeoutWriter;
use toolsmith_core::pause;

use super::McpService;
use super::again::Again;
use super::idle::{Activity, Idle, LOOK, Noted};
use super::joined::Joined;

/// How many connections are served at a time; more of them wait in the system's queue.
/// Each takes a file descriptor and may hold a body of the largest size. This is far above
/// what the clients of one server need, and below what systems let a busy service have.
pub(super) const MAX_CONNECTIONS: usize = 10_000;
/// How long calls may go on after the process was told to stop.
const DRAIN: Duration = Duration::from_secs(5);
/// How long a client may take nothing of what is written to it. One that reads at all,
/// however slowly, is waited for.
const WRITE_TIME: Duration = Duration::from_secs(30);
/// How long to wait after the system refused to accept, for example because no file
/// descriptor was free.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How often the log says at most that connections are not accepted.
const WARN_PAUSE: Duration = Duration::from_secs(1);

/// Serves until it is told to stop: then no connection is accepted any more, and calls are
/// given a while to finish.
pub(super) async fn serve(
    listener: TcpListener,
    service: McpService,
    max: usize,
    stop: impl Future<Output = ()>,
) {
    let mut connections = Connections::new(service);
    let (mut failures, mut full) = (Warnings::default(), Warnings::default());
    tokio::pin!(stop);
    let looks = pause(LOOK);
    tokio::pin!(looks);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.tasks.join_next() => {}
            () = &mut looks => {
                looks.set(pause(LOOK));
                connections.idle.look(Instant::now());
            }
            accepted = listener.accept(), if connections.tasks.len() < max => match accepted {
                Ok((stream, _)) => {
                    connections.accepted(stream);
                    if connections.tasks.len() == max && let Some(times) = full.due(Instant::now()) {
                        tracing::warn!(connections = max, times, "no more connections are accepted until one ends");
                    }
                }
                Err(error) => {
                    if let Some(times) = failures.due(Instant::now()) {
                        tracing::warn!(%error, times, "a connection could not be accepted");
                    }
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    connections.service.end_streams();
    tracing::info!("stopping: calls are finished, no new ones are taken");
    let ended = tokio::time::timeout(DRAIN, connections.graceful.shutdown()).await;
    if ended.is_err() {
        tracing::warn!("calls took too long to finish and were cut off");
    }
}

/// Warnings that may come in floods, of which some are written.
#[derive(Debug, Default)]
struct Warnings {
    last: Option<Instant>,
    unsaid: u64,
}

impl Warnings {
    /// How many warnings the one that is due now stands for, if one is due.
    fn due(&mut self, now: Instant) -> Option<u64> {
        self.unsaid += 1;
        if self.last.is_some_and(|last| now < last + WARN_PAUSE) {
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.unsaid))
    }
}

/// The connections that are open.
struct Connections {
    service: McpService,
    tasks: JoinSet<hyper::Result<()>>,
    graceful: GracefulShutdown,
    idle: Idle,
}

impl Connections {
    fn new(service: McpService) -> Self {
        Self {
            service,
            tasks: JoinSet::new(),
            graceful: GracefulShutdown::new(),
            idle: Idle::default(),
        }
    }

    fn accepted(&mut self, stream: TcpStream) {
        // Answers are small; waiting to fill a packet would cost 40 ms each.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        self.open(stream);
    }

    fn open<S>(&mut self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let activity = Activity::default();
        let connection = connection(stream, self.service.clone(), activity.clone());
        let task = self
            .tasks
            .spawn(Again::new(self.graceful.watch(connection)));
        self.idle.watch(task, activity);
    }
}

/// Serves one connection.
fn connection<S>(
    stream: S,
    service: McpService,
    activity: Activity,
) -> impl GracefulConnection<Error = hyper::Error> + Send
where
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(WRITE_TIME));
    let stream = Noted {
        stream: Joined(Box::pin(stream)),
        activity: activity.clone(),
    };
    let service = service_fn(move |request: Request<Incoming>| {
        let service = service.clone();
        let at_work = activity.begin();
        let (parts, body) = request.into_parts();
        async move {
            let mut response = service.serve(&parts, body).await;
            response.body_mut().hold(at_work);
            Ok::<_, Infallible>(response)
        }
    });
    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::idle::HEADER_TIME;
    use crate::http::{Options, guard::Bound};
    use crate::server::Server;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::time::timeout;

    const ASK: &[u8] = b"OPTIONS /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const SOON: Duration = Duration::from_secs(20);

    fn service() -> McpService {
        let engine = Server::new("s").build().unwrap();
        McpService::new(engine, &Options::default(), Bound::Loopback, false)
    }

    /// Reads until the end of a head or of the connection.
    async fn head(from: &mut (impl AsyncRead + Unpin)) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match timeout(SOON, from.read_u8()).await.expect("no answer") {
                Ok(byte) => head.push(byte),
                Err(_) => break,
            }
        }
        String::from_utf8(head).unwrap()
    }

    /// Guards against one that holds what few requests need: 3.3 KB of it were moved about
    /// with each request, and kept for each connection.
    #[tokio::test]
    async fn the_future_of_a_request_is_small() {
        let request = Request::new(http_body_util::Empty::<bytes::Bytes>::new());
        let (parts, body) = request.into_parts();
        let service = service();
        let size = size_of_val(&service.serve(&parts, body));
        assert!(size <= 1536, "{size} bytes");
    }

    #[tokio::test]
    async fn one_connection_more_waits_until_another_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(listener, service(), 2, std::future::pending()));
        let mut open = Vec::new();
        for _ in 0..3 {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(ASK).await.unwrap();
            open.push(client);
        }
        let mut third = open.pop().unwrap();
        for client in &mut open {
            assert!(head(client).await.starts_with("HTTP/1.1 204"));
        }
        let mut byte = [0];
        let early = timeout(Duration::from_millis(200), third.peek(&mut byte)).await;
        assert!(early.is_err(), "served over the limit: {early:?}");
        open.pop();
        assert!(head(&mut third).await.starts_with("HTTP/1.1 204"));
        serving.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_nothing_does_not_keep_its_connection() {
        let (mut client, stream) = tokio::io::duplex(64);
        let connection = tokio::spawn(connection(stream, service(), Activity::default()));
        let body = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"0"}}}"#;
        let length = body.len();
        let ask = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        client.write_all(ask.as_bytes()).await.unwrap();
        let opened = head(&mut client).await;
        let field = |name: &str| opened.lines().find_map(|line| line.strip_prefix(name));
        let length = field("content-length: ").unwrap().parse().unwrap();
        client.read_exact(&mut vec![0; length]).await.unwrap();
        let session = field("mcp-session-id: ").unwrap();

        // The stream of a session has no end of its own.
        let ask = format!(
            "GET /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nMcp-Session-Id: {session}\r\n\r\n"
        );
        client.write_all(ask.as_bytes()).await.unwrap();
        let asked = Instant::now();
        let ended = timeout(2 * WRITE_TIME, connection).await;
        let ended = ended.expect("the connection is still open").unwrap();
        let error = std::error::Error::source(&ended.unwrap_err()).map(ToString::to_string);
        assert_eq!(error.as_deref(), Some("timed out"));
        assert!(asked.elapsed() >= WRITE_TIME, "{:?}", asked.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_sends_half_a_body_is_told_and_let_go() {
        let (mut client, stream) = tokio::io::duplex(4096);
        let connection = tokio::spawn(connection(stream, service(), Activity::default()));
        let ask = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
        client.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let reading = client.read_to_string(&mut answer);
        let read = timeout(2 * HEADER_TIME, reading).await;
        read.expect("the connection is still open").unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert!(
            answer.contains("-31010") && answer.contains("took too long"),
            "{answer}"
        );
        connection.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_sends_half_a_head_is_let_go() {
        for begin in ["", "POST /mcp HTTP/1.1\r\nHost: local"] {
            let mut connections = Connections::new(service());
            let (mut client, stream) = tokio::io::duplex(4096);
            connections.open(stream);
            client.write_all(ASK).await.unwrap();
            assert!(head(&mut client).await.starts_with("HTTP/1.1 204"));
            client.write_all(begin.as_bytes()).await.unwrap();
            let opened = Instant::now();
            let mut rest = Vec::new();
            let reading = client.read_to_end(&mut rest);
            tokio::pin!(reading);
            while timeout(LOOK, &mut reading).await.is_err() {
                connections.idle.look(Instant::now());
                assert!(opened.elapsed() < 2 * HEADER_TIME, "still open");
            }
            assert!(opened.elapsed() >= HEADER_TIME, "{:?}", opened.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_slowly_gets_its_answer() {
        let mut connections = Connections::new(service());
        let (mut client, stream) = tokio::io::duplex(16);
        connections.open(stream);
        let writing = client.write_all(ASK);
        timeout(SOON, writing).await.unwrap().unwrap();
        let (begun, mut answer) = (Instant::now(), Vec::new());
        while !answer.ends_with(b"\r\n\r\n") {
            tokio::time::sleep(HEADER_TIME / 2).await;
            connections.idle.look(Instant::now());
            let mut bytes = [0; 8];
            let read = client.read(&mut bytes).await.unwrap();
            assert_ne!(read, 0, "cut off after {:?}", begun.elapsed());
            answer.extend_from_slice(&bytes[..read]);
        }
        assert!(begun.elapsed() > 2 * HEADER_TIME, "{:?}", begun.elapsed());
    }

    #[test]
    fn a_flood_of_warnings_becomes_one_a_second_with_a_count() {
        let mut warnings = Warnings::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(warnings.due(at(0)), Some(1));
        assert_eq!(warnings.due(at(1)), None);
        assert_eq!(warnings.due(at(999)), None);
        assert_eq!(warnings.due(at(1000)), Some(3));
        assert_eq!(warnings.due(at(3000)), Some(1));
    }
}
