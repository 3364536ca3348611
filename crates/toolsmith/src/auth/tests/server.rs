//! A server of the tests' own, which answers as it is told and counts what it was asked.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::header::{AUTHORIZATION, LOCATION};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// What is answered at a path.
#[derive(Clone)]
pub(super) enum Reply {
    Json(Value),
    Text(String),
    Status(StatusCode),
    Redirect(String),
    /// The request is taken and never answered.
    Hang,
    /// The connection is closed in the middle of the answer.
    Broken,
}

/// What was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) authorization: Option<String>,
    pub(super) body: String,
}

#[derive(Default)]
struct State {
    replies: Mutex<HashMap<String, Reply>>,
    asked: Mutex<Vec<Asked>>,
}

/// A server on a port of its own.
pub(super) struct TestServer {
    pub(super) url: String,
    state: Arc<State>,
    count: watch::Receiver<usize>,
    serving: JoinHandle<()>,
}

impl TestServer {
    pub(super) async fn start() -> Self {
        Self::listen(None).await
    }

    /// Over TLS, with a certificate of the authority in `tls/ca.pem`. It is made for these
    /// tests, and nothing else trusts it.
    pub(super) async fn start_tls() -> Self {
        let chain = vec![include_bytes!("tls/leaf.der").to_vec().into()];
        let key = PrivatePkcs8KeyDer::from(include_bytes!("tls/leaf.pk8").to_vec());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key.into())
            .unwrap();
        Self::listen(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let (counted, count) = watch::channel(0);
        let scheme = if tls.is_some() { "https" } else { "http" };
        let serving = tokio::spawn(serve(listener, tls, Arc::clone(&state), counted));
        Self {
            url: format!("{scheme}://{address}"),
            state,
            count,
            serving,
        }
    }

    pub(super) fn reply(&self, path: &str, reply: Reply) {
        let mut replies = self.state.replies.lock().unwrap();
        replies.insert(path.to_owned(), reply);
    }

    /// Makes it an issuer with these keys, which says where they are.
    pub(super) fn publish(&self, keys: &[Value]) {
        let metadata = json!({"issuer": self.url, "jwks_uri": format!("{}/keys", self.url)});
        self.reply(
            "/.well-known/oauth-authorization-server",
            Reply::Json(metadata),
        );
        self.reply("/keys", Reply::Json(json!({"keys": keys})));
    }

    /// What was asked at a path.
    pub(super) fn asked(&self, path: &str) -> Vec<Asked> {
        let asked = self.state.asked.lock().unwrap();
        asked.iter().filter(|it| it.path == path).cloned().collect()
    }

    /// How often the keys were fetched.
    pub(super) fn fetches(&self) -> usize {
        self.asked("/keys").len()
    }

    /// Waits until it was asked so often, for whatever.
    pub(super) async fn was_asked(&self, often: usize) {
        let mut count = self.count.clone();
        let waited = count.wait_for(|count| *count >= often);
        let waited = tokio::time::timeout(std::time::Duration::from_secs(10), waited).await;
        let found = self.state.asked.lock().unwrap().len();
        assert!(waited.is_ok(), "asked {found} times, not {often}");
    }

    /// Nobody listens there any more, and every connection is closed.
    pub(super) async fn die(&mut self) {
        self.serving.abort();
        let _ = (&mut self.serving).await;
    }
}

async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    state: Arc<State>,
    counted: watch::Sender<usize>,
) {
    let mut connections = JoinSet::new();
    let counted = Arc::new(counted);
    while let Ok((stream, _)) = listener.accept().await {
        let (state, counted) = (Arc::clone(&state), Arc::clone(&counted));
        let tls = tls.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let (state, counted) = (Arc::clone(&state), Arc::clone(&counted));
                async move { Ok::<_, Infallible>(answer(request, &state, &counted).await) }
            });
            let http = http1::Builder::new();
            match tls {
                None => drop(http.serve_connection(TokioIo::new(stream), service).await),
                Some(tls) => {
                    // One that does not trust us goes away.
                    if let Ok(stream) = tls.accept(stream).await {
                        drop(http.serve_connection(TokioIo::new(stream), service).await);
                    }
                }
            }
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    state: &State,
    counted: &watch::Sender<usize>,
) -> Response<Full<Bytes>> {
    let path = request.uri().path().to_owned();
    let authorization = request.headers().get(AUTHORIZATION);
    let authorization = authorization.map(|it| it.to_str().unwrap().to_owned());
    let body = request.into_body().collect().await.unwrap().to_bytes();
    state.asked.lock().unwrap().push(Asked {
        path: path.clone(),
        authorization,
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    counted.send_modify(|count| *count += 1);
    let reply = state.replies.lock().unwrap().get(&path).cloned();
    let builder = Response::builder();
    let response = match reply {
        None => builder.status(404).body(Full::default()),
        Some(Reply::Json(value)) => builder.body(Full::from(value.to_string())),
        Some(Reply::Text(text)) => builder.body(Full::from(text)),
        Some(Reply::Status(status)) => builder.status(status).body(Full::default()),
        Some(Reply::Redirect(to)) => builder
            .status(302)
            .header(LOCATION, to)
            .body(Full::default()),
        Some(Reply::Broken) => builder
            .header("content-length", "100")
            .body(Full::from("{")),
        Some(Reply::Hang) => std::future::pending().await,
    };
    response.unwrap()
}
