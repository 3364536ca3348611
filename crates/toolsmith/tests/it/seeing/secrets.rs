//! What lets in is written nowhere.

use std::sync::Arc;

use serde_json::json;
use toolsmith::audit::AuditLog;
use toolsmith::auth::api_keys::{NewApiKey, create};
use toolsmith::server::middleware::Log;

use super::sum;
use crate::wire::{Ask, Gate, TestServer, call, modern, server};

#[tokio::test(flavor = "current_thread")]
async fn a_key_is_in_no_log_no_record_and_no_metric() {
    let log = crate::support::Log::capture();
    let folder = tempfile::tempdir().unwrap();
    let [keys, records] = ["keys.toml", "audit.jsonl"].map(|name| folder.path().join(name));
    let key = create(&keys, NewApiKey::new("one").tenant("acme")).unwrap();
    let key = key.key().to_owned();
    let secret = key.rsplit('_').next().unwrap().to_owned();
    let gate = Arc::new(Gate::default());
    let audit = AuditLog::open(&records).unwrap().with_arguments();
    let watched = server(&gate).observer(Log).observer(audit);
    let server = TestServer::of(watched, gate, |http| {
        http.api_keys(&keys).admin("127.0.0.1:0")
    });
    let bearer = |ask: Ask| ask.field("Authorization", &format!("Bearer {key}"));
    assert_eq!(server.send(&bearer(sum(1))).await.status, 200);
    let careless = call("echo", json!({"text": "hi", "token": key}));
    let careless = bearer(modern(2, "tools/call", careless));
    server.send(&careless).await;
    let in_the_query = sum(3).at(&format!("/mcp?access_token={key}"));
    server.send(&in_the_query).await;
    let wrong = sum(4).field("Authorization", &format!("Bearer {key}x"));
    assert_eq!(server.send(&wrong).await.status, 401);
    let metrics = match &server.admin {
        Some(admin) => {
            crate::edge::get(admin, &Ask::new("GET").at("/metrics"))
                .await
                .2
        }
        None => String::new(),
    };
    let record = std::fs::read_to_string(&records).unwrap();
    for (place, text) in [
        ("log", log.text()),
        ("records", record),
        ("metrics", metrics),
    ] {
        assert!(!text.is_empty(), "nothing in the {place}");
        assert!(!text.contains(&secret), "in the {place}: {text}");
    }
}
