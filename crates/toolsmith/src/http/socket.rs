//! The socket that is listened on: an address, a Unix socket, or one that was handed over.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
#[cfg(unix)]
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use socket2::{Domain, Protocol, Socket as RawSocket, Type};

use super::options::Options;
use super::service::Remote;
use crate::{Error, Result};

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 4096;

/// A socket that is bound, and not yet in use.
#[derive(Debug)]
pub(super) struct Socket {
    kind: Kind,
    is_inherited: bool,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener, SocketAddr),
    #[cfg(unix)]
    Unix(UnixListener, Option<SocketFile>),
}

/// The file of a socket, which is taken away with it.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Somebody may have taken it away already.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Socket {
    /// Binds what the settings say.
    ///
    /// # Errors
    ///
    /// When it cannot be listened on.
    pub(super) fn bind(address: &str, options: &Options) -> Result<Self> {
        if options.inherit_socket {
            return inherited();
        }
        let kind = match &options.unix_socket {
            Some(path) => unix(path)?,
            None => {
                let bound = tcp(address, options.reuse_port);
                let (listener, local) = bound.map_err(|error| Error::bind(address, error))?;
                Kind::Tcp(listener, local)
            }
        };
        Ok(Self {
            kind,
            is_inherited: false,
        })
    }

    /// The address, where it has one.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match &self.kind {
            Kind::Tcp(_, address) => Some(*address),
            #[cfg(unix)]
            Kind::Unix(..) => None,
        }
    }

    /// What it is called, where it has no address.
    pub(super) fn name(&self) -> String {
        match &self.kind {
            Kind::Tcp(_, address) => address.to_string(),
            #[cfg(unix)]
            Kind::Unix(_, Some(file)) => format!("unix:{}", file.0.display()),
            #[cfg(unix)]
            Kind::Unix(_, None) => "a Unix socket that was handed over".to_owned(),
        }
    }

    /// Gives it to the runtime that is around.
    ///
    /// # Errors
    ///
    /// When there is none, or the system does not want to.
    pub(super) fn listen(self) -> io::Result<Listener> {
        let is_inherited = self.is_inherited;
        let kind = match self.kind {
            Kind::Tcp(listener, _) => {
                listener.set_nonblocking(true)?;
                ListenerKind::Tcp(tokio::net::TcpListener::from_std(listener)?)
            }
            #[cfg(unix)]
            Kind::Unix(listener, file) => {
                listener.set_nonblocking(true)?;
                ListenerKind::Unix(tokio::net::UnixListener::from_std(listener)?, file)
            }
        };
        Ok(Listener { kind, is_inherited })
    }
}

fn tcp(address: &str, shared: bool) -> io::Result<(TcpListener, SocketAddr)> {
    let mut failed = io::Error::from(io::ErrorKind::InvalidInput);
    for address in address.to_socket_addrs()? {
        match tcp_at(address, shared) {
            Ok(listener) => {
                let local = listener.local_addr()?;
                return Ok((listener, local));
            }
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn tcp_at(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = RawSocket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // On Windows it means that others may take the port while it is in use.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if shared {
        #[cfg(unix)]
        socket.set_reuse_port(true)?;
        #[cfg(not(unix))]
        return Err(io::ErrorKind::Unsupported.into());
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(unix)]
fn unix(path: &Path) -> Result<Kind> {
    use std::os::unix::fs::FileTypeExt as _;
    use std::os::unix::net::UnixStream;
    let shown = format!("unix:{}", path.display());
    let cannot = |error| Error::bind(shown.as_str(), error);
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|it| it.file_type().is_socket());
    // Left behind by a process that did not end well.
    if is_socket && UnixStream::connect(path).is_err() {
        std::fs::remove_file(path).map_err(cannot)?;
    }
    let listener = UnixListener::bind(path).map_err(cannot)?;
    Ok(Kind::Unix(listener, Some(SocketFile(path.to_owned()))))
}

#[cfg(not(unix))]
fn unix(_: &Path) -> Result<Kind> {
    Err(Error::setting(
        "--unix-socket: this system has no Unix sockets",
    ))
}

/// The first socket that was handed over by `LISTEN_FDS`.
#[cfg(unix)]
fn inherited() -> Result<Socket> {
    let none = || {
        Error::setting("--inherit-socket: no socket was handed over").with_hint(
            "it is handed over by systemd, for example, with a .socket unit; LISTEN_FDS and LISTEN_PID say so",
        )
    };
    let wrong = |error| Error::io("taking the socket that was handed over", error);
    let mut handed = listenfd::ListenFd::from_env();
    let kind = if let Ok(Some(listener)) = handed.take_tcp_listener(0) {
        let address = listener.local_addr().map_err(wrong)?;
        Kind::Tcp(listener, address)
    } else if let Ok(Some(listener)) = handed.take_unix_listener(0) {
        Kind::Unix(listener, None)
    } else {
        return Err(none());
    };
    Ok(Socket {
        kind,
        is_inherited: true,
    })
}

#[cfg(not(unix))]
fn inherited() -> Result<Socket> {
    Err(Error::setting(
        "--inherit-socket: this system hands no sockets over",
    ))
}

/// A socket that is listened on.
#[derive(Debug)]
pub(super) struct Listener {
    kind: ListenerKind,
    is_inherited: bool,
}

#[derive(Debug)]
enum ListenerKind {
    Tcp(tokio::net::TcpListener),
    #[cfg(unix)]
    Unix(
        tokio::net::UnixListener,
        #[expect(dead_code, reason = "its file goes away with it")] Option<SocketFile>,
    ),
}

/// What has connected.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(tokio::net::TcpStream),
    #[cfg(unix)]
    Unix(tokio::net::UnixStream),
}

impl Listener {
    /// Whether others may listen on it after us.
    pub(super) fn is_inherited(&self) -> bool {
        self.is_inherited
    }

    /// Waits for the next to connect. Dropping the future loses nobody.
    ///
    /// # Errors
    ///
    /// When the system refuses, for example because no file descriptor is free.
    pub(super) async fn accept(&self) -> io::Result<(Stream, Remote)> {
        match &self.kind {
            ListenerKind::Tcp(listener) => {
                let (stream, address) = listener.accept().await?;
                // Answers are small; waiting to fill a packet would cost 40 ms each.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "TCP_NODELAY could not be set");
                }
                Ok((Stream::Tcp(stream), Remote::Address(address)))
            }
            #[cfg(unix)]
            ListenerKind::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Stream::Unix(stream), Remote::UnixSocket))
            }
        }
    }
}
