//! Standard input and output of this process.
//!
//! Where they are pipes, as they are wherever a client has started the server, they are
//! read and written like sockets. Anything else, a terminal or a file, is read and written
//! by a thread, which costs each message a change of threads in both directions.

use tokio::io::{AsyncRead, AsyncWrite};

type Input = Box<dyn AsyncRead + Send + Unpin>;
type Output = Box<dyn AsyncWrite + Send + Unpin>;

/// Standard input. Call it inside a runtime.
pub(super) fn input() -> Input {
    match pipe::input() {
        Some(pipe) => pipe,
        None => Box::new(tokio::io::stdin()),
    }
}

/// Standard output. Call it inside a runtime.
pub(super) fn output() -> Output {
    match pipe::output() {
        Some(pipe) => pipe,
        None => Box::new(tokio::io::stdout()),
    }
}

/// The pipes are opened anew: that they do not block is then so for this use of them alone,
/// and not for whoever else has them, such as a `println!` of the program.
#[cfg(target_os = "linux")]
mod pipe {
    use tokio::net::unix::pipe::OpenOptions;

    use super::{Input, Output};

    pub(super) fn input() -> Option<Input> {
        let pipe = OpenOptions::new().open_receiver("/proc/self/fd/0").ok()?;
        Some(Box::new(pipe))
    }

    pub(super) fn output() -> Option<Output> {
        let pipe = OpenOptions::new().open_sender("/proc/self/fd/1").ok()?;
        Some(Box::new(pipe))
    }
}

#[cfg(not(target_os = "linux"))]
mod pipe {
    use super::{Input, Output};

    pub(super) fn input() -> Option<Input> {
        None
    }

    pub(super) fn output() -> Option<Output> {
        None
    }
}
