//! A network of our own, for commands that name a port which somebody else holds here.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result, bail};

use crate::run::Task;
use crate::workspace::Workspace;

/// Set for ourselves inside of the namespace.
const INSIDE: &str = "XTASK_IN_NAMESPACE";

/// Brings the loopback interface up (SIOCSIFFLAGS with IFF_UP and IFF_RUNNING), then
/// becomes the command that follows. Python, because `ip` is not on every machine.
const UP: &str = "import fcntl, os, socket, struct, sys; \
    fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 0x41)); \
    os.execv(sys.argv[1], sys.argv[1:])";

/// Whether the port can be used as it is.
pub(crate) fn port_is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// Whether we were started by [`run_inside`].
pub(crate) fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Runs a part of this command again, in a network namespace in which every port is free.
pub(crate) fn run_inside(workspace: &Workspace, part: &str) -> Result<()> {
    if is_inside() {
        bail!("a port is taken inside of the network namespace, too");
    }
    let folder = workspace.target.join("namespace");
    std::fs::create_dir_all(&folder)?;
    // A build may have replaced the file that we were started from; what runs is kept.
    let program = folder.join("xtask");
    let own = if cfg!(target_os = "linux") {
        "/proc/self/exe".into()
    } else {
        std::env::current_exe()?
    };
    std::fs::copy(own, &program).context("this program could not be copied")?;
    Task::new("unshare")
        .args(["-rn", "python3", "-c", UP])
        .args([program.as_os_str(), part.as_ref()])
        .dir(&workspace.root)
        .env(INSIDE, "1")
        // Nothing can be fetched from in there.
        .env("CARGO_NET_OFFLINE", "true")
        .run()
        .with_context(|| {
            format!("`{part}` in a network namespace; without one, free the port that it names")
        })
}
