//! In place of connections by TLS, which this program was built without.

use std::future::Ready;

use tokio::net::TcpStream;

use super::activity::Activity;
use super::limits::ConnectionLimits;
use super::served::Answers;
use crate::http::service::Remote;
use crate::http::tls::Handshakes;

/// Serves nobody.
pub(super) fn serve(
    _: TcpStream,
    handshakes: Handshakes,
    _: Remote,
    _: Answers,
    _: &ConnectionLimits,
    _: Activity,
) -> Ready<()> {
    match handshakes {}
}
