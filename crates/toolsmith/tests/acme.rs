//! A certificate from an authority: Pebble, a real ACME server, which asks every name of a
//! resolver of its own that finds it on this machine.
//!
//! Run with `PEBBLE=pebble cargo test -p toolsmith --features acme --test acme`. Beside the
//! program that it names, with `-challtestsrv` at the end of its name, is the resolver.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test says that it was left out; what it cannot go on without fails it"
)]

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use toolsmith::Http;
use toolsmith::prelude::*;

const DOMAIN: &str = "mcp.test";
const PATIENCE: Duration = Duration::from_secs(60);

async fn soon<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => panic!("{what} did not happen within {PATIENCE:?}"),
    }
}

/// Add two integers and return the sum.
#[tool]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

/// What a test needs: ports, files, and the certificate of Pebble's own address.
struct Lab {
    program: String,
    files: TempDir,
    own: CertificateDer<'static>,
    server: SocketAddr,
    authority: SocketAddr,
    management: SocketAddr,
}

impl Lab {
    /// Nothing where no Pebble is named.
    fn new() -> Option<Self> {
        let Ok(program) = std::env::var("PEBBLE") else {
            println!("left out: the variable PEBBLE does not name the program");
            return None;
        };
        // What the server says is shown where a test fails.
        let _ = tracing_subscriber::fmt().with_test_writer().try_init();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("own.pem"), made.cert.pem()).unwrap();
        let key = made.signing_key.serialize_pem();
        std::fs::write(files.path().join("own.key"), key).unwrap();
        let [server, authority, management] = free();
        Some(Self {
            program,
            files,
            own: made.cert.der().clone(),
            server,
            authority,
            management,
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    fn cache(&self) -> PathBuf {
        self.file("cache")
    }

    fn http(&self) -> Http {
        Http::bind(self.server.to_string())
            .acme_domain(DOMAIN)
            .acme_email("ops@mcp.test")
            .acme_cache(self.cache())
            .acme_directory(format!("https://localhost:{}/dir", self.authority.port()))
            .acme_ca(self.file("own.pem"))
    }

    /// Serves until the task is aborted.
    fn serve(&self) -> JoinHandle<toolsmith::Result<()>> {
        let http = self.http();
        tokio::spawn(Server::new("acme").tool::<add>().serve(http))
    }

    /// Connects as a client that trusts a root; gives the certificate that was shown, too.
    async fn connect(&self, root: &CertificateDer<'static>) -> io::Result<Shown> {
        let stream = tls(self.server, DOMAIN, root).await?;
        let certificate = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
        Ok(Shown {
            stream,
            certificate: certificate.into_owned(),
        })
    }

    /// Waits until a certificate is shown that was issued by a root.
    async fn shown(&self, root: &CertificateDer<'static>) -> Shown {
        let looking = async {
            loop {
                match self.connect(root).await {
                    Ok(shown) => return shown,
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        };
        soon("a certificate", looking).await
    }
}

struct Shown {
    stream: TlsStream<TcpStream>,
    certificate: CertificateDer<'static>,
}

/// Addresses that nobody listens at.
fn free<const N: usize>() -> [SocketAddr; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.each_ref().map(|it| it.local_addr().unwrap())
}

async fn tls(
    address: SocketAddr,
    name: &'static str,
    root: &CertificateDer<'static>,
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name).unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// Sends one request, and gives the body of the answer.
async fn ask(stream: TlsStream<TcpStream>, request: Request<Full<Bytes>>) -> String {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let answer = soon("an answer", sender.send_request(request)).await;
    let body = answer.unwrap().into_body();
    let body = soon("a body", body.collect()).await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

async fn get(address: SocketAddr, root: &CertificateDer<'static>, path: &str) -> String {
    let request = Request::get(path).header("host", "localhost");
    let request = request.body(Full::default()).unwrap();
    ask(tls(address, "localhost", root).await.unwrap(), request).await
}

/// Calls a tool.
async fn call(stream: TlsStream<TcpStream>) {
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {
            "name": "add", "arguments": {"a": 2, "b": 3},
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "0"},
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    });
    let request = Request::post("/mcp")
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "add")
        .body(Full::from(body.to_string()))
        .unwrap();
    let answer = ask(stream, request).await;
    let message: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(message["result"]["content"][0]["text"], "5", "{answer}");
}

/// Pebble and its resolver, which run until this is dropped.
struct Pebble {
    children: [Child; 2],
    /// Of what it issues.
    root: CertificateDer<'static>,
    orders: watch::Receiver<usize>,
}

impl Pebble {
    /// Starts both; certificates are good for so many seconds.
    async fn start(lab: &Lab, seconds: u32) -> Self {
        let [resolver, names] = free();
        let (resolver, names) = (resolver.to_string(), names.to_string());
        let config = json!({"pebble": {
            "listenAddress": lab.authority.to_string(),
            "managementListenAddress": lab.management.to_string(),
            "certificate": lab.file("own.pem"),
            "privateKey": lab.file("own.key"),
            "tlsPort": lab.server.port(),
            "httpPort": lab.server.port(),
            "certificateValidityPeriod": seconds,
        }});
        let path = lab.file("pebble.json");
        std::fs::write(&path, config.to_string()).unwrap();
        let resolving = start(
            &format!("{}-challtestsrv", lab.program),
            &[
                "-defaultIPv4",
                "127.0.0.1",
                "-defaultIPv6",
                "",
                "-http01",
                "",
                "-https01",
                "",
                "-tlsalpn01",
                "",
                "-dns01",
                &resolver,
                "-management",
                &names,
            ],
        );
        let config = path.to_str().unwrap();
        let arguments = ["-strict", "-config", config, "-dnsserver", &resolver];
        let mut authority = start(&lab.program, &arguments);
        let orders = count(&mut authority, "Added order");
        let answers = async {
            while tls(lab.authority, "localhost", &lab.own).await.is_err()
                || tls(lab.management, "localhost", &lab.own).await.is_err()
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            get(lab.management, &lab.own, "/roots/0").await
        };
        let root = soon("Pebble", answers).await;
        Self {
            children: [resolving, authority],
            root: CertificateDer::from_pem_slice(root.as_bytes()).unwrap(),
            orders,
        }
    }

    fn orders(&self) -> usize {
        *self.orders.borrow()
    }

    /// Ends both, so that their ports are free.
    async fn stop(self) {
        for mut child in self.children {
            child.kill().await.unwrap();
        }
    }
}

fn start(program: &str, arguments: &[&str]) -> Child {
    Command::new(program)
        .args(arguments)
        // Without these it waits some seconds before each look. Some nonces are refused, as
        // a client must be ready for.
        .env("PEBBLE_VA_NOSLEEP", "1")
        .env("PEBBLE_WFE_NONCEREJECT", "5")
        .env("PEBBLE_AUTHZREUSE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// Counts the lines of a program's output that hold a text.
fn count(child: &mut Child, text: &'static str) -> watch::Receiver<usize> {
    let (counts, counted) = watch::channel(0);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            if line.contains(text) {
                counts.send_modify(|it| *it += 1);
            }
        }
    });
    counted
}

/// What is in a directory, once nothing of it is being written.
async fn files(directory: &Path) -> Vec<String> {
    let written = async {
        loop {
            let names = names(directory);
            if !names.iter().any(|it| it.contains(".new-")) {
                return names;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon("what is kept", written).await
}

fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_ordered_again_and_again_until_there_is_one_and_kept() {
    let Some(lab) = Lab::new() else { return };
    // The authority is not there yet.
    let serving = lab.serve();
    let looking = async {
        while TcpStream::connect(lab.server).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    soon("the server", looking).await;
    assert!(
        lab.connect(&lab.own).await.is_err(),
        "there is nothing to show"
    );
    let pebble = Pebble::start(&lab, 3600).await;
    let first = lab.shown(&pebble.root).await;
    call(first.stream).await;
    assert_eq!(pebble.orders(), 1);
    let kept = files(&lab.cache()).await;
    assert_eq!(kept.len(), 2, "{kept:?}");
    serving.abort();
    let _ = serving.await;

    // Another process shows it at once, and orders none.
    let begun = Instant::now();
    let serving = lab.serve();
    let again = lab.shown(&pebble.root).await;
    assert!(again.certificate == first.certificate, "it is another one");
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    call(again.stream).await;
    assert_eq!(pebble.orders(), 1);
    serving.abort();
    let _ = serving.await;

    // The authority has forgotten the account, and there is nothing to show.
    pebble.stop().await;
    let pebble = Pebble::start(&lab, 3600).await;
    let certificate = kept.iter().find(|it| it.ends_with(".pem")).unwrap();
    std::fs::remove_file(lab.cache().join(certificate)).unwrap();
    let serving = lab.serve();
    let new = lab.shown(&pebble.root).await;
    assert!(new.certificate != first.certificate, "it is the same");
    call(new.stream).await;
    assert_eq!(files(&lab.cache()).await, kept);
    serving.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_while_calls_run() {
    let Some(lab) = Lab::new() else { return };
    let pebble = Pebble::start(&lab, 12).await;
    let serving = lab.serve();
    let first = lab.shown(&pebble.root).await;
    let old = lab.connect(&pebble.root).await.unwrap();
    let mut calls = 0;
    let renewing = async {
        // Each call has a handshake of its own; none of them may fail.
        loop {
            let shown = lab.connect(&pebble.root).await.unwrap();
            let is_new = shown.certificate != first.certificate;
            call(shown.stream).await;
            calls += 1;
            if is_new {
                return;
            }
        }
    };
    soon("a new certificate", renewing).await;
    assert!(calls > 10, "only {calls} calls ran");
    assert_eq!(pebble.orders(), 2);
    // The connection from before goes on.
    call(old.stream).await;
    serving.abort();
}
