//! Answers, whole or as they come.

use std::collections::VecDeque;

use serde_json::Value;

use super::connection::{Connection, Head};
use super::exchange::Exchange;

/// A whole answer, whose messages were checked.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: Head,
    pub(crate) text: String,
}

impl Reply {
    pub(super) fn new(head: Head, body: Vec<u8>, exchange: &Exchange) -> Self {
        let text = String::from_utf8(body).unwrap();
        let reply = Self {
            status: head.status,
            head,
            text,
        };
        for message in reply.messages() {
            exchange.answered(&message);
        }
        reply
    }

    /// The value of a header field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.field(name)
    }

    /// Whether the answer is a stream of events.
    pub(crate) fn is_stream(&self) -> bool {
        self.field("content-type") == Some("text/event-stream")
    }

    /// The messages of the answer.
    pub(crate) fn messages(&self) -> Vec<Value> {
        if self.text.is_empty() {
            return Vec::new();
        }
        if self.is_stream() {
            let events = events(&self.text).into_iter();
            return events.filter_map(|event| event.message).collect();
        }
        assert_eq!(
            self.field("content-type"),
            Some("application/json"),
            "{self:?}"
        );
        vec![serde_json::from_str(&self.text).unwrap()]
    }

    /// The one message of the answer.
    pub(crate) fn message(&self) -> Value {
        let mut messages = self.messages();
        assert_eq!(messages.len(), 1, "{self:?}");
        messages.remove(0)
    }

    /// The text of the result of a call.
    pub(crate) fn said(&self) -> String {
        let message = self.message();
        let text = message.pointer("/result/content/0/text");
        let text = text.and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text in {self:?}"))
            .to_owned()
    }
}

/// One event.
#[derive(Clone, Debug, Default)]
struct Event {
    id: Option<String>,
    retry: Option<u64>,
    message: Option<Value>,
}

/// Reads events strictly as this server is meant to write them.
fn events(text: &str) -> Vec<Event> {
    let text = text.strip_suffix("\n\n");
    let text = text.unwrap_or_else(|| panic!("the last event has no end: {text:?}"));
    text.split("\n\n").map(event).collect()
}

/// Reads one event: a comment, a time to wait, a place in a stream, or a message.
fn event(text: &str) -> Event {
    let mut event = Event::default();
    if text == ":" {
        return event;
    }
    if let Some(retry) = text.strip_prefix("retry: ") {
        event.retry = Some(retry.parse().unwrap());
        return event;
    }
    let mut lines = text.lines().peekable();
    if let Some(id) = lines.next_if(|line| line.starts_with("id: ")) {
        event.id = id.strip_prefix("id: ").map(str::to_owned);
    }
    if lines.next_if_eq(&"data:").is_some() {
        assert!(event.id.is_some(), "{text:?}");
    } else {
        assert_eq!(lines.next(), Some("event: message"), "{text:?}");
        let data = lines.next().and_then(|line| line.strip_prefix("data: "));
        event.message = Some(serde_json::from_str(data.unwrap()).unwrap());
    }
    assert_eq!(lines.next(), None, "{text:?}");
    event
}

/// A stream of events, read as they come.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) head: Head,
    connection: Connection,
    exchange: Exchange,
    text: String,
    waiting: VecDeque<Event>,
    /// The ids of the events that were read.
    pub(crate) ids: Vec<String>,
    /// How long to wait before coming back, when the server said so.
    pub(crate) retry: Option<u64>,
}

impl Stream {
    pub(super) async fn new(head: Head, mut connection: Connection, exchange: Exchange) -> Self {
        let mut waiting = VecDeque::new();
        if head.field("content-length").is_some() {
            let body = connection.body(&head).await;
            waiting.extend(events(std::str::from_utf8(&body).unwrap()));
        }
        Self {
            head,
            connection,
            exchange,
            text: String::new(),
            waiting,
            ids: Vec::new(),
            retry: None,
        }
    }

    /// The next event: a message, or `None` for one that says nothing. Nothing at the end.
    pub(crate) async fn next(&mut self) -> Option<Option<Value>> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                if let Some(message) = &event.message {
                    self.exchange.answered(message);
                }
                self.ids.extend(event.id);
                self.retry = event.retry.or(self.retry);
                return Some(event.message);
            }
            // A whole body has no more to come.
            if self.head.field("content-length").is_some() {
                return None;
            }
            let Some(chunk) = self.connection.chunk().await else {
                assert_eq!(self.text, "", "the stream ended in an event");
                return None;
            };
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
            if let Some(end) = self.text.rfind("\n\n") {
                let rest = self.text.split_off(end + 2);
                let whole = std::mem::replace(&mut self.text, rest);
                self.waiting.extend(events(&whole));
            }
        }
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> Value {
        loop {
            match self.next().await {
                Some(Some(message)) => return message,
                Some(None) => {}
                None => panic!("the stream ended before a message"),
            }
        }
    }

    /// Everything up to the end.
    pub(crate) async fn rest(&mut self) -> Vec<Value> {
        let mut rest = Vec::new();
        while let Some(event) = self.next().await {
            rest.extend(event);
        }
        rest
    }

    /// The id of the last event that was read.
    pub(crate) fn last_id(&self) -> &str {
        self.ids
            .last()
            .unwrap_or_else(|| panic!("no event had an id: {self:?}"))
    }
}
