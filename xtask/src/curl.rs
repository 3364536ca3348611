//! Plain HTTP requests, sent with curl.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::run::Task;

const LIMIT: Duration = Duration::from_secs(30);

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// How many answers came before this one: redirects.
    pub(crate) hops: usize,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    /// The one JSON-RPC message of the answer, exactly as it was sent: the body, or the
    /// data of its only SSE event.
    pub(crate) fn message(&self) -> Result<String> {
        if !self
            .header("content-type")
            .is_some_and(|t| t.starts_with("text/event-stream"))
        {
            return Ok(self.body.clone());
        }
        let data: Vec<&str> = self
            .body
            .lines()
            .filter_map(|line| line.strip_prefix("data:"))
            .map(|data| data.strip_prefix(' ').unwrap_or(data))
            .filter(|data| !data.is_empty())
            .collect();
        anyhow::ensure!(
            data.len() == 1,
            "expected one event with data, got:\n{}",
            self.body
        );
        Ok(data.concat())
    }
}

/// Sends one POST.
pub(crate) fn post(scratch: &Path, url: &str, headers: &[String], body: &str) -> Result<Answer> {
    let mut task = Task::new("curl").args(["-s", "-X", "POST", url, "-d", body]);
    for header in headers {
        task = task.args(["-H", header]);
    }
    run(task, scratch)
}

/// Runs a curl command, with what it says about the answer's head kept beside it, so that
/// the command itself can stay as it was written.
pub(crate) fn run(task: Task, scratch: &Path) -> Result<Answer> {
    std::fs::create_dir_all(scratch)?;
    let head = scratch.join("head");
    let _ = std::fs::remove_file(&head);
    let config = format!("dump-header = \"{}\"\n", head.display());
    std::fs::write(scratch.join(".curlrc"), config)?;
    let output = task
        .env("CURL_HOME", scratch)
        .limit(LIMIT)
        .output()?
        .success()?;
    let head = std::fs::read_to_string(&head).context("curl got no answer")?;
    parse(&head, output.stdout)
}

fn parse(head: &str, body: String) -> Result<Answer> {
    let heads: Vec<&str> = head
        .split("\r\n\r\n")
        .filter(|part| !part.is_empty())
        .collect();
    let last = heads.last().context("curl got no answer")?;
    let mut lines = last.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|code| code.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Ok(Answer {
        status: status.context("no status line")?,
        headers,
        body,
        hops: heads.len() - 1,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_last_head_counts_and_redirects_are_counted() {
        let head = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /mcp/\r\n\r\nHTTP/1.1 200 OK\r\nMcp-Session-Id: a:b\r\n\r\n";
        let answer = parse(head, String::new()).unwrap();
        assert_eq!((answer.status, answer.hops), (200, 1));
        assert_eq!(answer.header("mcp-session-id"), Some("a:b"));
    }

    #[test]
    fn a_message_is_the_data_of_the_one_event() {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        let answer = parse(head, "event: message\ndata: {\"id\": 1}\n\n".to_owned()).unwrap();
        assert_eq!(answer.message().unwrap(), "{\"id\": 1}");
        let two = parse(head, "data: 1\n\ndata: 2\n\n".to_owned()).unwrap();
        assert!(two.message().is_err());
    }
}
