//! Frames of HTTP/2, RFC 9113, as they are on the wire.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::client::Tls;
use crate::wire::soon;

pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
const ACK: u8 = 1;

/// The client's end of a connection.
#[derive(Debug)]
pub(super) struct Frames(Tls);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) payload: Vec<u8>,
}

impl Frames {
    /// Opens the connection as a client that asks for nothing special.
    pub(super) async fn open(mut stream: Tls) -> Self {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        stream.write_all(preface).await.unwrap();
        let mut frames = Self(stream);
        frames.send(SETTINGS, 0, &[]).await;
        frames
    }

    pub(super) async fn send(&mut self, kind: u8, flags: u8, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [length[1], length[2], length[3], kind, flags, 0, 0, 0, 0];
        self.0.write_all(&[&head, payload].concat()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// The next frame; nothing when the connection has ended.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        soon("a frame", self.0.read_exact(&mut head)).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.0.read_exact(&mut payload).await.ok()?;
        Some(Frame {
            kind: head[3],
            flags: head[4],
            payload,
        })
    }

    /// The next frame that is not about the connection alone, which is answered.
    pub(super) async fn next_of(&mut self, kind: u8) -> Frame {
        let mut seen = Vec::new();
        while let Some(frame) = self.next().await {
            if frame.kind == kind {
                return frame;
            }
            if [SETTINGS, PING].contains(&frame.kind) && frame.flags & ACK == 0 {
                let payload = match frame.kind {
                    PING => frame.payload.clone(),
                    _ => Vec::new(),
                };
                self.send(frame.kind, ACK, &payload).await;
            }
            seen.push(frame);
        }
        panic!("no frame of kind {kind} came before the end, only {seen:?}");
    }
}
