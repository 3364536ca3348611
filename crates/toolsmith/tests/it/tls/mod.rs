//! HTTPS, by HTTP/1.1 and HTTP/2, with real clients.

mod agreed;
mod client;
mod frames;
mod http2;
mod pairs;
mod refused;
mod reload;

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use serde_json::json;
use tokio::task::JoinHandle;
use toolsmith::Http;

use self::client::{Http2, Tls};
use self::pairs::Pairs;
use crate::wire::{Ask, Gate, Program, call, modern, server};

/// A server inside the test that speaks TLS, which ends with the test.
#[derive(Debug)]
struct Secure {
    address: SocketAddr,
    pairs: Pairs,
    gate: Arc<Gate>,
    task: JoinHandle<toolsmith::Result<()>>,
}

impl Secure {
    fn start() -> Self {
        Self::with(|http| http)
    }

    fn with(settings: impl FnOnce(Http) -> Http) -> Self {
        let pairs = Pairs::new();
        let gate = Arc::new(Gate::default());
        let http = Http::bind("127.0.0.1:0");
        let http = http.tls_cert(pairs.cert()).tls_key(pairs.key());
        let listening = settings(http).listen().unwrap();
        assert!(listening.url().starts_with("https://127.0.0.1:"));
        let address = listening.local_addr().unwrap();
        let service = listening.service(server(&gate)).unwrap();
        let task = tokio::spawn(listening.serve(service));
        Self {
            address,
            pairs,
            gate,
            task,
        }
    }

    async fn tls(&self, protocols: &[&str]) -> Tls {
        self.pairs.connect(self.address, protocols).await.unwrap()
    }

    async fn http2(&self) -> Http2 {
        Http2::over(self.tls(&["h2"]).await).await
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts an example that speaks TLS; gives its address, too.
async fn program(program: &str, pairs: &Pairs, more: &[&str]) -> (Program, SocketAddr) {
    let program = crate::wire::example(program, None).await;
    let (cert, key) = (pairs.cert(), pairs.key());
    let files = [
        "--tls-cert",
        cert.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
    ];
    let http = ["--transport", "http", "--port", "0"];
    let arguments = [&http[..], &files, more].concat();
    let mut program = Program::start(program, &arguments, &[]);
    let url = program.url().await;
    let address = url.strip_prefix("https://").unwrap();
    let address = address.strip_suffix("/mcp").unwrap();
    (program, address.parse().unwrap())
}

fn sum() -> Ask {
    modern(1, "tools/call", call("add", json!({"a": 2, "b": 3})))
}

/// The certificate that a client was shown.
fn shown(stream: &Tls) -> CertificateDer<'static> {
    let certificates = stream.get_ref().1.peer_certificates().unwrap();
    certificates[0].clone().into_owned()
}
