//! What proxies say of their clients, and the address that clients know.

use super::{get, sum};
use crate::wire::{Program, TestServer};

#[tokio::test]
async fn the_host_that_a_believed_proxy_was_asked_for_is_checked_in_place_of_ours() {
    let server = TestServer::with(|http| http.trusted_proxy("127.0.0.1").allow_host("mcp.example"));
    for (name, value, status) in [
        ("X-Forwarded-Host", "mcp.example", 200),
        ("X-Forwarded-Host", "evil.example", 403),
        ("Forwarded", "for=192.0.2.1;host=mcp.example", 200),
        ("Forwarded", "for=192.0.2.1;host=evil.example", 403),
    ] {
        let reply = server.send(&sum().field(name, value)).await;
        assert_eq!(reply.status, status, "{name}: {value}: {reply:?}");
    }
    let alone = TestServer::start();
    let ask = sum().field("X-Forwarded-Host", "evil.example");
    assert_eq!(alone.send(&ask).await.status, 200, "a stranger is believed");
    let ask = sum()
        .field("Host", "evil.example")
        .field("X-Forwarded-Host", "localhost");
    assert_eq!(alone.send(&ask).await.status, 403, "a stranger is believed");
}

#[tokio::test]
async fn the_public_address_is_printed_and_its_host_is_let_in() {
    let arguments = [
        "--transport=http",
        "--port=0",
        "--public-url=https://mcp.example/tools/",
    ];
    let mut program = Program::hello(&arguments, &[]).await;
    let listens = program.logged("Listening on ").await;
    let (_, rest) = listens.split_once("http://").unwrap();
    let address = rest.split(' ').next().unwrap().to_owned();
    assert_eq!(program.url().await, "https://mcp.example/tools");
    let endpoint = crate::wire::Endpoint::at(&format!("http://{address}/mcp"));
    for (host, status) in [("mcp.example", 200), ("other.example", 403)] {
        let (is, _, body) = get(&endpoint, &sum().field("Host", host)).await;
        assert_eq!(is, status, "{host}: {body}");
    }
    // So is the origin of a page that is served there.
    let ask = sum()
        .field("Host", "mcp.example")
        .field("Origin", "https://mcp.example");
    assert_eq!(get(&endpoint, &ask).await.0, 200);
}
