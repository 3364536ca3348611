//! Where it is asked whether the server lives, and whether it is ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{field, get};
use crate::wire::{Ask, Gate, TestServer, server};

#[tokio::test]
async fn whoever_looks_learns_that_it_lives_and_nothing_else() {
    let server = TestServer::start();
    for path in ["/health", "/ready"] {
        // A load balancer knows an address and no name.
        let ask = Ask::new("GET").at(path).field("Host", "10.0.0.7:1");
        let (status, fields, body) = get(&server, &ask).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert_eq!(field(&fields, "cache-control").as_deref(), Some("no-store"));
        assert!(body.len() < 40, "{body}");
        let (status, ..) = get(&server, &Ask::new("HEAD").at(path)).await;
        assert_eq!(status, 200, "{path}");
        // A page may look, too.
        let page = Ask::new("GET")
            .at(path)
            .field("Origin", "http://localhost:1");
        let (status, fields, _) = get(&server, &page).await;
        let allowed = field(&fields, "access-control-allow-origin");
        assert_eq!((status, allowed.is_some()), (200, true), "{path}");
        let (status, ..) = get(&server, &Ask::post("{}").at(path)).await;
        assert_eq!(status, 405, "{path}");
    }
}

#[tokio::test]
async fn it_is_not_ready_while_something_is_down_that_it_depends_on() {
    let (gate, up) = (Arc::new(Gate::default()), Arc::new(AtomicBool::new(false)));
    let is_up = Arc::clone(&up);
    let checked = server(&gate).depends_on("the database of secrets", move || {
        std::future::ready(is_up.load(Ordering::Relaxed))
    });
    let server = TestServer::of(checked, gate, |http| http);
    let ask = Ask::new("GET").at("/ready");
    let (status, fields, body) = get(&server, &ask).await;
    assert_eq!(status, 503, "{body}");
    assert_eq!(field(&fields, "retry-after").as_deref(), Some("1"));
    assert!(!body.contains("secrets"), "{body}");
    let (alive, ..) = get(&server, &Ask::new("GET").at("/health")).await;
    assert_eq!(alive, 200);
    up.store(true, Ordering::Relaxed);
    let waits = async {
        while get(&server, &ask).await.0 != 200 {
            tokio::task::yield_now().await;
        }
    };
    crate::wire::soon("being ready", waits).await;
}
