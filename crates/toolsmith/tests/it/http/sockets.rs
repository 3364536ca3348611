//! What is set on the sockets that the server accepts.

use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use serde_json::json;

use crate::wire::{Connection, TestServer, modern};

/// The server's end of a connection: the socket of this process whose peer is the client.
fn accepted(client: SocketAddr) -> rustix::io::Result<Option<TcpStream>> {
    let process = pidfd_open(getpid(), PidfdFlags::empty())?;
    for entry in std::fs::read_dir("/proc/self/fd").unwrap() {
        let entry = entry.unwrap();
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        if !target.to_string_lossy().starts_with("socket:") {
            continue;
        }
        let number = entry.file_name().to_string_lossy().parse().unwrap();
        let socket: OwnedFd = match pidfd_getfd(&process, number, PidfdGetfdFlags::empty()) {
            // Closed by another test in the meantime.
            Err(rustix::io::Errno::BADF) => continue,
            socket => socket?,
        };
        let socket = TcpStream::from(socket);
        if socket.peer_addr().is_ok_and(|peer| peer == client) {
            return Ok(Some(socket));
        }
    }
    Ok(None)
}

#[tokio::test]
async fn small_writes_do_not_wait_for_a_full_packet() {
    let server = TestServer::start();
    let mut connection = Connection::open(server.address).await;
    let list = modern(1, "tools/list", json!({}));
    assert_eq!(server.send_on(&mut connection, &list).await.status, 200);
    let client = connection.0.get_ref().local_addr().unwrap();
    match accepted(client) {
        Ok(Some(socket)) => assert!(socket.nodelay().unwrap(), "TCP_NODELAY is off"),
        Ok(None) => panic!("no socket of this process is connected to {client}"),
        Err(error) => println!("left out: this system hands out no copies of sockets: {error}"),
    }
}
