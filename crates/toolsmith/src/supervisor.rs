//! What is said to whoever started the process, where that wants to hear it: systemd, and
//! what does as it does.

/// Clients may come.
pub(crate) fn ready() {
    say(&[sd_notify::NotifyState::Ready]);
}

/// The process is told to stop, and finishes what was begun.
pub(crate) fn stopping() {
    say(&[sd_notify::NotifyState::Stopping]);
}

/// Where nobody listens, nothing is said.
fn say(state: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the supervisor could not be told how far the server is");
    }
}
