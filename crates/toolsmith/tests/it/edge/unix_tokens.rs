//! A Unix socket lets in nobody without a token either.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use toolsmith::auth::api_keys::{self, NewApiKey};

use super::sum;
use crate::wire::{Ask, Program, soon};

/// Asks on a connection of its own; gives everything that is answered.
async fn answer(socket: &std::path::Path, ask: Ask) -> String {
    let connecting = soon("connecting", UnixStream::connect(socket)).await;
    let mut stream = connecting.unwrap();
    let ask = ask.field("Connection", "close").bytes("localhost", "/mcp");
    stream.write_all(&ask).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    soon("an answer", read).await.unwrap();
    answer
}

#[tokio::test]
async fn over_a_unix_socket_a_token_is_needed_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let (socket, keys) = (folder.path().join("s"), folder.path().join("keys.toml"));
    let key = api_keys::create(&keys, NewApiKey::new("ci")).unwrap();
    let arguments = [
        "--transport=http".to_owned(),
        format!("--unix-socket={}", socket.display()),
        format!("--api-keys={}", keys.display()),
    ];
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let mut program = Program::hello(&arguments, &[]).await;
    program.logged("Listening on ").await;
    for ask in [sum(), Ask::new("GET"), Ask::new("DELETE")] {
        let refused = answer(&socket, ask).await;
        assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
        let fields = refused.to_ascii_lowercase();
        assert!(fields.contains("www-authenticate: bearer"), "{refused}");
        assert!(refused.contains("-31022"), "{refused}");
    }
    let with_key = sum().field("Authorization", &format!("Bearer {}", key.key()));
    let served = answer(&socket, with_key).await;
    assert!(served.starts_with("HTTP/1.1 200 "), "{served}");
    assert!(served.contains("\"5\""), "{served}");
}
