//! Other sockets than one of our own at an address.

use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::sum;
use crate::wire::{Endpoint, Program, example, soon};

#[tokio::test]
async fn a_unix_socket_is_served_and_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp.sock");
    // One was left behind by a process that did not end well.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let flag = format!("--unix-socket={}", path.display());
    for _ in 0..2 {
        let mut program = Program::hello(&["--transport=http", &flag], &[]).await;
        let listens = program.logged("Listening on ").await;
        assert!(listens.contains(&*path.to_string_lossy()), "{listens}");
        let mut stream = soon("connecting", UnixStream::connect(&path))
            .await
            .unwrap();
        let ask = sum()
            .field("Connection", "close")
            .bytes("localhost", "/mcp");
        stream.write_all(&ask).await.unwrap();
        let mut answer = String::new();
        soon("an answer", stream.read_to_string(&mut answer))
            .await
            .unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains("\"5\""),
            "{answer}"
        );
        program.terminate().await;
        assert_eq!(program.ended().await.code(), Some(0));
        assert!(!path.exists(), "the socket is still there");
    }
}

#[tokio::test]
async fn a_unix_socket_of_another_server_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mcp.sock");
    let _other = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let flag = format!("--unix-socket={}", path.display());
    let program = Program::hello(&["--transport=http", &flag], &[]).await;
    let (code, _, said) = program.output().await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("unix:") && said.contains("in use"), "{said}");
    assert!(path.exists());
}

#[tokio::test]
async fn processes_share_a_port_where_that_is_set() {
    let (mut one, endpoint) = Program::hello_http(&["--reuse-port"]).await;
    let port = format!("--port={}", endpoint.address.port());
    let mut other = Program::hello(&["--transport=http", &port, "--reuse-port"], &[]).await;
    other.url().await;
    for _ in 0..10 {
        assert_eq!(endpoint.send(&sum()).await.said(), "5");
    }
    one.terminate().await;
    one.ended().await;
    // A session would be known to one of them alone.
    assert_eq!(endpoint.send(&sum()).await.said(), "5");
    let third = Program::hello(&["--transport=http", &port], &[]).await;
    let (code, _, said) = third.output().await;
    assert_eq!(code, Some(1), "{said}");
}

/// Starts a program with a socket as its third file, as systemd does.
fn hand_over(program: &std::path::Path, socket: OwnedFd) -> Program {
    let shell = "export LISTEN_PID=$$ LISTEN_FDS=1; exec 3<&0 0</dev/null; exec \"$@\"";
    let mut command = Command::new("sh");
    command
        .args(["-c", shell, "sh"])
        .arg(program)
        .args(["--transport=http", "--inherit-socket"])
        .stdin(Stdio::from(socket))
        .process_group(0);
    Program::of(command)
}

#[tokio::test]
async fn a_socket_that_is_handed_over_is_served_by_one_after_the_other() {
    let hello = example("hello", None).await;
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(socket.as_raw_fd() > 0);
    let address = socket.local_addr().unwrap();
    let endpoint = Endpoint::at(&format!("http://{address}/mcp"));
    for _ in 0..2 {
        let mut program = hand_over(&hello, socket.try_clone().unwrap().into());
        assert_eq!(program.url().await, format!("http://{address}/mcp"));
        endpoint.still_serves().await;
        program.terminate().await;
        assert_eq!(program.ended().await.code(), Some(0));
        // Who connects now waits for the next.
        std::net::TcpStream::connect(address).unwrap();
    }
    let program = Program::hello(&["--transport=http", "--inherit-socket"], &[]).await;
    let (code, _, said) = program.output().await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("no socket was handed over") && said.contains("LISTEN_FDS"),
        "{said}"
    );
}

#[tokio::test]
async fn the_supervisor_is_told_when_it_is_ready_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify.sock");
    let supervisor = tokio::net::UnixDatagram::bind(&path).unwrap();
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap())];
    let arguments = ["--transport=http", "--port=0"];
    let mut program = Program::hello(&arguments, &environment).await;
    let hears = async || {
        let mut said = [0; 100];
        let length = soon("a word", supervisor.recv(&mut said)).await.unwrap();
        String::from_utf8_lossy(&said[..length]).into_owned()
    };
    assert_eq!(hears().await, "READY=1\n");
    program.terminate().await;
    assert_eq!(hears().await, "STOPPING=1\n");
    assert_eq!(program.ended().await.code(), Some(0));
}
