//! What is kept of one session, and what of it goes first.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::{EventLimits, Replay, StreamNo};

/// What keeping an event costs beside its message, about.
pub(super) const EVENT_COST: usize = 64;
/// What keeping a stream costs beside its events, about.
pub(super) const STREAM_COST: usize = 256;
/// What keeping a session costs beside its streams, about.
pub(super) const SESSION_COST: usize = 512;

/// What is kept of a session.
pub(super) struct Session {
    born: u64,
    streams: BTreeMap<StreamNo, Stream>,
    /// The streams that have ended, in the order in which they did.
    ended: VecDeque<StreamNo>,
    /// The number of the stream that was opened last.
    opened: u32,
    events: usize,
    /// What streams and events cost.
    bytes: usize,
}

/// What is kept of a stream: its last events, without a hole.
#[derive(Default)]
struct Stream {
    events: VecDeque<Bytes>,
    /// The sequence number of the last event; 0 when there was none.
    last: u64,
    ended: bool,
}

/// What a session can give up. What costs its client least comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spare {
    EndedStreams,
    Events,
    Itself,
}

impl Session {
    /// A session whose streams have numbers above this one.
    pub(super) fn new(born: u64, opened: u32) -> Self {
        Self {
            born,
            streams: BTreeMap::new(),
            ended: VecDeque::new(),
            opened,
            events: 0,
            bytes: 0,
        }
    }

    pub(super) fn open(&mut self, limits: &EventLimits) -> StreamNo {
        let stream = StreamNo::after(self.opened);
        self.opened = stream.get();
        // The last number may be given out again, so nothing is ever kept under it.
        if stream != StreamNo::LAST {
            self.streams.insert(stream, Stream::default());
            self.bytes += STREAM_COST;
            self.shrink(limits, None);
        }
        stream
    }

    pub(super) fn append(
        &mut self,
        stream: StreamNo,
        message: Bytes,
        limits: &EventLimits,
    ) -> Option<u64> {
        let fits = self.fits(message.len(), limits);
        let number = stream;
        let stream = self.streams.get_mut(&number).filter(|one| !one.ended)?;
        stream.last += 1;
        let seq = stream.last;
        if fits {
            self.bytes += cost(&message);
            self.events += 1;
            stream.events.push_back(message);
            self.shrink(limits, Some(number));
        } else {
            // Without this one, those before it are no use to anybody.
            self.events -= stream.events.len();
            self.bytes -= stream.events.iter().map(cost).sum::<usize>();
            stream.events = VecDeque::new();
        }
        Some(seq)
    }

    pub(super) fn end(&mut self, stream: StreamNo, limits: &EventLimits) {
        if let Some(one) = self.streams.get_mut(&stream).filter(|one| !one.ended) {
            one.ended = true;
            one.events.shrink_to_fit();
            self.ended.push_back(stream);
            self.shrink(limits, None);
        }
    }

    pub(super) fn after(&self, stream: StreamNo, seq: u64) -> Replay {
        let Some(stream) = self.streams.get(&stream).filter(|one| seq <= one.last) else {
            return Replay::Unknown;
        };
        if seq < stream.dropped() {
            return Replay::Gap {
                dropped: stream.dropped(),
            };
        }
        let numbered = (stream.dropped() + 1..).zip(&stream.events);
        let missed = numbered.skip_while(|(number, _)| *number <= seq);
        Replay::Events {
            events: missed.map(|(seq, event)| (seq, event.clone())).collect(),
            ended: stream.ended,
        }
    }

    /// Gives up the least that it can. `false` when it would have to give up itself.
    pub(super) fn give_up(&mut self) -> bool {
        self.give_up_but(None)
    }

    /// The same, but for the newest event of a stream.
    fn give_up_but(&mut self, spared: Option<StreamNo>) -> bool {
        if let Some(stream) = self.ended.pop_front() {
            self.drop_stream(stream);
            return true;
        }
        // The newest event of a stream goes only when there are no others: it may be all
        // that its client waits for.
        let mut first = None;
        for (number, stream) in &self.streams {
            let events = stream.events.len();
            if events > 1 {
                first = Some(*number);
                break;
            }
            if events == 1 && first.is_none() && spared != Some(*number) {
                first = Some(*number);
            }
        }
        let stream = first.and_then(|number| self.streams.get_mut(&number));
        let Some(event) = stream.and_then(Stream::drop_event) else {
            return false;
        };
        self.events -= 1;
        self.bytes -= cost(&event);
        true
    }

    pub(super) fn spare(&self) -> Spare {
        if !self.ended.is_empty() {
            Spare::EndedStreams
        } else if self.events > 0 {
            Spare::Events
        } else {
            Spare::Itself
        }
    }

    pub(super) fn born(&self) -> u64 {
        self.born
    }

    pub(super) fn opened(&self) -> u32 {
        self.opened
    }

    /// What keeping it costs.
    pub(super) fn bytes(&self) -> usize {
        SESSION_COST + self.bytes
    }

    /// Gives up what it must to be within its limits, but for the newest event of a stream.
    /// A stream that has not ended is not dropped for them.
    fn shrink(&mut self, limits: &EventLimits, spared: Option<StreamNo>) {
        while self.ended.len() > limits.streams_per_session {
            if let Some(stream) = self.ended.pop_front() {
                self.drop_stream(stream);
            }
        }
        while self.is_over(limits) && self.give_up_but(spared) {}
    }

    /// The largest message is not counted, so that one of any size can be kept.
    fn is_over(&self, limits: &EventLimits) -> bool {
        self.events > limits.events_per_session
            || (self.bytes > limits.bytes_per_session
                && self.bytes - self.largest() > limits.bytes_per_session)
    }

    fn largest(&self) -> usize {
        let events = self.streams.values().flat_map(|one| &one.events);
        events.map(cost).max().unwrap_or(0)
    }

    /// Whether a message could be kept if no other event were.
    fn fits(&self, len: usize, limits: &EventLimits) -> bool {
        let live = self.streams.len() - self.ended.len();
        let bytes = SESSION_COST + live * STREAM_COST + EVENT_COST + len;
        limits.events_per_session > 0 && bytes <= limits.bytes_in_all
    }

    fn drop_stream(&mut self, stream: StreamNo) {
        if let Some(stream) = self.streams.remove(&stream) {
            self.events -= stream.events.len();
            self.bytes -= STREAM_COST + stream.events.iter().map(cost).sum::<usize>();
        }
    }

    /// What is kept, counted anew.
    #[cfg(test)]
    pub(super) fn count(&self) -> Count {
        let events = || self.streams.values().flat_map(|one| &one.events);
        Count {
            live: self.streams.values().filter(|one| !one.ended).count(),
            ended: self.streams.values().filter(|one| one.ended).count(),
            events: events().count(),
            messages: events().map(Bytes::len).sum(),
            largest: self.largest(),
        }
    }
}

/// How much is kept of a session.
#[cfg(test)]
pub(super) struct Count {
    pub(super) live: usize,
    pub(super) ended: usize,
    pub(super) events: usize,
    /// The sum of the messages' lengths.
    pub(super) messages: usize,
    /// What the largest of them costs.
    pub(super) largest: usize,
}

impl Stream {
    /// The sequence number of the last event that is kept no more.
    fn dropped(&self) -> u64 {
        self.last - self.events.len() as u64
    }

    fn drop_event(&mut self) -> Option<Bytes> {
        let event = self.events.pop_front();
        if self.events.capacity() > 32 && self.events.len() < self.events.capacity() / 4 {
            self.events.shrink_to(self.events.len() * 2);
        }
        event
    }
}

fn cost(message: &Bytes) -> usize {
    EVENT_COST + message.len()
}
