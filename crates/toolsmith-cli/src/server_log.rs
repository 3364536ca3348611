//! The end of what a started server wrote to stderr, kept for the case that it fails.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::ChildStderr;
use tokio::sync::watch;

const MAX_BYTES: usize = 16 * 1024;
const MAX_LINES: usize = 20;

/// How long to wait for the rest, once the server is known to have failed.
const REST_WITHIN: Duration = Duration::from_millis(500);

/// Reads stderr to its end in the background, so that the server never waits for us.
#[derive(Debug)]
pub(crate) struct ServerLog {
    tail: watch::Receiver<VecDeque<u8>>,
}

impl ServerLog {
    /// For a server whose stderr is not ours to read.
    pub(crate) fn none() -> Self {
        Self {
            tail: watch::channel(VecDeque::new()).1,
        }
    }

    pub(crate) fn read(stderr: Option<ChildStderr>) -> Self {
        let Some(mut stderr) = stderr else {
            return Self::none();
        };
        let (sender, tail) = watch::channel(VecDeque::new());
        tokio::spawn(async move {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = stderr.read(&mut chunk).await {
                sender.send_modify(|tail| push(tail, &chunk[..count]));
            }
        });
        Self { tail }
    }

    /// The last lines, after the server has closed its stderr or half a second has passed.
    pub(crate) async fn last_lines(&self) -> String {
        let mut tail = self.tail.clone();
        let closed = async { while tail.changed().await.is_ok() {} };
        let _ = tokio::time::timeout(REST_WITHIN, closed).await;
        let bytes: Vec<u8> = self.tail.borrow().iter().copied().collect();
        last_lines(&String::from_utf8_lossy(&bytes))
    }
}

fn push(tail: &mut VecDeque<u8>, bytes: &[u8]) {
    tail.extend(bytes);
    let excess = tail.len().saturating_sub(MAX_BYTES);
    tail.drain(..excess);
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(MAX_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_bounded_and_keeps_the_end() {
        let mut tail = VecDeque::new();
        for _ in 0..10 {
            push(&mut tail, &[b'x'; 4096]);
        }
        push(&mut tail, b"end");
        assert_eq!(tail.len(), MAX_BYTES);
        assert_eq!(
            tail.iter().rev().take(3).copied().collect::<Vec<_>>(),
            b"dne"
        );
    }

    #[test]
    fn the_last_lines_are_kept() {
        let text: String = (0..30).map(|line| format!("{line}\n\n")).collect();
        let kept = last_lines(&text);
        assert_eq!(kept.lines().count(), MAX_LINES);
        assert!(kept.starts_with("10\n") && kept.ends_with("\n29"), "{kept}");
    }
}
