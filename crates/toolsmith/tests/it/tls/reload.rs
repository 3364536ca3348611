//! A certificate is replaced while the server runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::client::{Http1, Http2};
use super::pairs::{Made, Pairs};
use super::{program, shown, sum};
use crate::wire::Program;

/// Waits until new connections are shown a certificate.
async fn until_shown(pairs: &Pairs, address: SocketAddr, pair: &Made) {
    let new = CertificateDer::from_pem_slice(pair.cert.as_bytes()).unwrap();
    let looking = async {
        loop {
            let stream = pairs.connect(address, &["h2"]).await.unwrap();
            if shown(&stream) == new {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    crate::wire::soon("the new certificate", looking).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_files_are_shown_to_new_connections_while_calls_run() {
    let pairs = Arc::new(Pairs::new());
    let (mut server, address) = program("hello", &pairs, &[]).await;
    let old = Http2::over(pairs.connect(address, &["h2"]).await.unwrap()).await;
    let calls = Arc::new(AtomicUsize::new(0));
    let over = Arc::new(AtomicBool::new(false));
    // Callers that open a connection for each call, by each protocol.
    let callers: Vec<_> = ["h2", "http/1.1"]
        .into_iter()
        .map(|protocol| {
            let (pairs, calls, over) = (pairs.clone(), calls.clone(), over.clone());
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let stream = pairs.connect(address, &[protocol]).await.unwrap();
                    let reply = match protocol {
                        "h2" => Http2::over(stream).await.send(&sum()).await,
                        _ => Http1::over(stream).await.send(&sum()).await,
                    };
                    assert_eq!(reply.unwrap().said(), "5");
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();

    let second = pairs.make();
    pairs.write(&second);
    until_shown(&pairs, address, &second).await;
    assert_eq!(old.send(&sum()).await.unwrap().said(), "5");

    // What is broken changes nothing.
    pairs.write(&Made {
        cert: "-----BEGIN CERTIFICATE-----\nnone".to_owned(),
        key: second.key.clone(),
    });
    let line = server.logged("could not be read again").await;
    assert!(line.contains("WARN") && line.contains("cert.pem"), "{line}");
    until_shown(&pairs, address, &second).await;

    // Nor does a key that does not fit.
    let third = pairs.make();
    pairs.write(&Made {
        cert: third.cert.clone(),
        key: second.key.clone(),
    });
    server.signal("-HUP").await;
    let line = server.logged("is not the one of the certificate").await;
    assert!(line.contains("WARN") && !line.contains("BEGIN"), "{line}");
    until_shown(&pairs, address, &second).await;

    pairs.write(&third);
    server.signal("-HUP").await;
    until_shown(&pairs, address, &third).await;
    assert_eq!(old.send(&sum()).await.unwrap().said(), "5");
    over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    assert!(calls.load(Ordering::Relaxed) > 0);
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_that_everybody_may_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    for (mode, is_warned_of) in [(0o644, true), (0o640, false)] {
        let pairs = Pairs::new();
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(pairs.key(), mode).unwrap();
        let (cert, key) = (pairs.cert(), pairs.key());
        // The address is in use, so that it ends by itself.
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port().to_string();
        let arguments = [
            "--transport",
            "http",
            "--port",
            &port,
            "--tls-cert",
            cert.to_str().unwrap(),
            "--tls-key",
            key.to_str().unwrap(),
        ];
        let server = Program::hello(&arguments, &[]).await;
        let (_, _, said) = server.output().await;
        assert!(said.contains(&port), "{said}");
        assert_eq!(
            said.contains("may read the private key"),
            is_warned_of,
            "{said}"
        );
    }
}
