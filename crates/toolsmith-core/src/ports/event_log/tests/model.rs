//! The log beside a model that is plain lists, under any order of steps.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const SESSIONS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    Open(usize),
    /// To the stream that was opened so many streams ago.
    Append(usize, u32, usize),
    End(usize, u32),
    Forget(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let session = || 0..SESSIONS;
    let length = prop_oneof![8 => 0..40usize, 1 => 0..800usize];
    prop_oneof![
        4 => session().prop_map(Step::Open),
        12 => (session(), 0..4u32, length).prop_map(|(s, ago, len)| Step::Append(s, ago, len)),
        3 => (session(), 0..4u32).prop_map(|(s, ago)| Step::End(s, ago)),
        1 => session().prop_map(Step::Forget),
    ]
}

/// Limits that are met all the time, or some of the time, or never.
fn limits() -> impl Strategy<Value = EventLimits> {
    let or_plenty = |small: std::ops::Range<usize>| prop_oneof![2 => small, 1 => Just(1 << 20)];
    (
        or_plenty(0..8),
        or_plenty(0..2_000),
        or_plenty(0..5_000),
        or_plenty(0..4),
    )
        .prop_map(|(events, bytes, all, streams)| EventLimits {
            events_per_session: events,
            bytes_per_session: bytes,
            bytes_in_all: all,
            streams_per_session: streams,
        })
}

/// What the log should hold: sessions as they came, streams as they were opened.
struct Model {
    limits: EventLimits,
    sessions: Vec<(SessionId, Vec<Stream>)>,
    ends: usize,
}

#[derive(Default)]
struct Stream {
    number: u32,
    events: Vec<(u64, Bytes)>,
    last: u64,
    /// When it ended among those that did.
    ended: Option<usize>,
}

type Streams = Vec<Stream>;

fn events_of(streams: &Streams) -> usize {
    streams.iter().map(|stream| stream.events.len()).sum()
}

fn bytes_of(streams: &Streams) -> usize {
    let events = streams.iter().flat_map(|stream| &stream.events);
    let events: usize = events.map(|(_, event)| EVENT_COST + event.len()).sum();
    streams.len() * STREAM_COST + events
}

fn drop_ended(streams: &mut Streams) -> bool {
    let ended = |stream: &&Stream| stream.ended.is_some();
    let first = streams.iter().filter(ended).min_by_key(|one| one.ended);
    let Some(number) = first.map(|stream| stream.number) else {
        return false;
    };
    streams.retain(|stream| stream.number != number);
    true
}

fn drop_event(streams: &mut Streams) -> bool {
    drop_event_but(streams, None)
}

/// Drops an event, but not the last one of a stream.
fn drop_event_but(streams: &mut Streams, spared: Option<StreamNo>) -> bool {
    let spared = spared.map(StreamNo::get);
    let many = streams.iter().position(|stream| stream.events.len() > 1);
    let any = |stream: &Stream| !stream.events.is_empty() && Some(stream.number) != spared;
    let first = many.or_else(|| streams.iter().position(any));
    first.map(|at| streams[at].events.remove(0)).is_some()
}

fn largest(streams: &Streams) -> usize {
    let events = streams.iter().flat_map(|stream| &stream.events);
    let costs = events.map(|(_, event)| EVENT_COST + event.len());
    costs.max().unwrap_or(0)
}

impl Model {
    fn streams(&mut self, session: SessionId) -> Option<&mut Streams> {
        let found = self.sessions.iter_mut().find(|(id, _)| *id == session);
        found.map(|(_, streams)| streams)
    }

    fn stream(&mut self, session: SessionId, number: StreamNo) -> Option<&mut Stream> {
        let mut streams = self.streams(session)?.iter_mut();
        streams.find(|stream| stream.number == number.get())
    }

    fn open(&mut self, session: SessionId, number: StreamNo) {
        if self.streams(session).is_none() {
            self.sessions.push((session, Vec::new()));
        }
        self.streams(session).unwrap().push(Stream {
            number: number.get(),
            ..Stream::default()
        });
        self.shrink(session, None);
    }

    fn append(&mut self, session: SessionId, number: StreamNo, event: Bytes) -> Option<u64> {
        let limits = self.limits;
        let live = self.streams(session)?.iter().filter(|s| s.ended.is_none());
        let needed = live.count() * STREAM_COST + EVENT_COST + event.len();
        let stream = self.stream(session, number)?;
        if stream.ended.is_some() {
            return None;
        }
        stream.last += 1;
        let seq = stream.last;
        if limits.events_per_session == 0 || needed + SESSION_COST > limits.bytes_in_all {
            stream.events.clear();
            return Some(seq);
        }
        stream.events.push((seq, event));
        self.shrink(session, Some(number));
        Some(seq)
    }

    fn end(&mut self, session: SessionId, number: StreamNo) {
        self.ends += 1;
        let ends = self.ends;
        if let Some(stream) = self.stream(session, number) {
            stream.ended.get_or_insert(ends);
            self.shrink(session, None);
        }
    }

    fn shrink(&mut self, session: SessionId, spared: Option<StreamNo>) {
        let limits = self.limits;
        let streams = self.streams(session).unwrap();
        let ended = |streams: &Streams| streams.iter().filter(|s| s.ended.is_some()).count();
        while ended(streams) > limits.streams_per_session {
            drop_ended(streams);
        }
        while events_of(streams) > limits.events_per_session
            || bytes_of(streams) - largest(streams) > limits.bytes_per_session
        {
            if !drop_ended(streams) && !drop_event_but(streams, spared) {
                break;
            }
        }
        while self.cost() > limits.bytes_in_all {
            let mut any = |drop: fn(&mut Streams) -> bool| {
                let mut sessions = self.sessions.iter_mut();
                sessions.any(|(_, streams)| drop(streams))
            };
            if !any(drop_ended) && !any(drop_event) {
                self.sessions.remove(0);
            }
        }
    }

    fn cost(&self) -> usize {
        let sessions = self.sessions.iter();
        sessions.map(|(_, s)| SESSION_COST + bytes_of(s)).sum()
    }

    fn messages(&self) -> usize {
        let streams = self.sessions.iter().flat_map(|(_, streams)| streams);
        let events = streams.flat_map(|stream| &stream.events);
        events.map(|(_, event)| event.len()).sum()
    }

    fn after(&mut self, session: SessionId, number: StreamNo, seq: u64) -> Replay {
        let Some(stream) = self.stream(session, number) else {
            return Replay::Unknown;
        };
        let missed = stream.events.iter().filter(|(number, _)| *number > seq);
        let missed: Vec<_> = missed.cloned().collect();
        match stream.last.checked_sub(seq) {
            None => Replay::Unknown,
            Some(count) if count > missed.len() as u64 => Replay::Gap {
                dropped: stream.last - stream.events.len() as u64,
            },
            Some(_) => Replay::Events {
                events: missed,
                ended: stream.ended.is_some(),
            },
        }
    }
}

/// The log, the model, and everything that was ever said.
struct Both {
    real: MemoryEvents,
    model: Model,
    ids: [SessionId; SESSIONS],
    /// The last stream of each session.
    opened: [u32; SESSIONS],
    history: HashMap<(usize, u32), Vec<Bytes>>,
    held: Arc<AtomicUsize>,
    said: usize,
}

impl Both {
    fn new(limits: EventLimits) -> Self {
        Self {
            real: MemoryEvents::new(limits),
            model: Model {
                limits,
                sessions: Vec::new(),
                ends: 0,
            },
            ids: [(); SESSIONS].map(|()| session()),
            opened: [0; SESSIONS],
            history: HashMap::new(),
            held: Arc::default(),
            said: 0,
        }
    }

    /// A message unlike all others, which is long enough to say so.
    fn message(&mut self, len: usize) -> (Bytes, Bytes) {
        self.said += 1;
        let mut text = self.said.to_string().into_bytes();
        text.resize(text.len().max(len), b'.');
        (Held::message(text.clone(), &self.held), text.into())
    }

    fn stream(&self, session: usize, ago: u32) -> StreamNo {
        let number = self.opened[session].saturating_sub(ago);
        StreamNo::new(number).unwrap_or(StreamNo::FIRST)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Open(session) => {
                let number = now(self
                    .real
                    .open(TENANT, self.ids[session], StreamKind::Listening));
                let last = self.opened[session];
                assert!(number.get() > last, "{number} after {last}");
                self.opened[session] = number.get();
                self.model.open(self.ids[session], number);
            }
            Step::Append(session, ago, len) => {
                let (id, stream) = (self.ids[session], self.stream(session, ago));
                let (held, plain) = self.message(len);
                let seq = now(self.real.append(TENANT, id, stream, held));
                assert_eq!(seq, self.model.append(id, stream, plain.clone()));
                if let Some(seq) = seq {
                    let history = self.history.entry((session, stream.get())).or_default();
                    history.push(plain);
                    assert_eq!(seq, history.len() as u64);
                }
            }
            Step::End(session, ago) => {
                let (id, stream) = (self.ids[session], self.stream(session, ago));
                now(self.real.end(TENANT, id, stream));
                self.model.end(id, stream);
            }
            Step::Forget(session) => {
                let id = self.ids[session];
                now(self.real.forget(TENANT, id));
                self.model.sessions.retain(|(one, _)| *one != id);
                // A session that has ended does not come back, so a new one takes its turn.
                self.ids[session] = super::session();
                self.opened[session] = 0;
                self.history.retain(|(one, _), _| *one != session);
                assert_eq!(
                    now(self.real.after(TENANT, id, StreamNo::FIRST, 0)),
                    Replay::Unknown
                );
            }
        }
    }

    fn check(&mut self) {
        let counted = self.real.counted();
        assert_eq!(counted.cost, self.model.cost());
        assert_eq!(self.real.bytes(), counted.cost);
        assert!(counted.cost <= self.model.limits.bytes_in_all);
        let held = self.held.load(Ordering::Relaxed);
        assert_eq!(held, self.model.messages(), "bytes of messages in memory");
        for session in 0..SESSIONS {
            for stream in 1..=self.opened[session] + 1 {
                self.check_stream(session, StreamNo::new(stream).unwrap());
            }
        }
    }

    /// Asks for every suffix of a stream, and for what is past its end.
    fn check_stream(&mut self, session: usize, stream: StreamNo) {
        let history = self.history.get(&(session, stream.get()));
        let said = history.map_or(&[][..], Vec::as_slice);
        for seq in (0..=said.len() as u64 + 1).rev() {
            let real = now(self.real.after(TENANT, self.ids[session], stream, seq));
            let model = self.model.after(self.ids[session], stream, seq);
            assert!(real == model, "{stream}-{seq}: {real:?} and not {model:?}");
            if let Replay::Events { events, .. } = real {
                let missed = &said[usize::try_from(seq).unwrap()..];
                let numbered = (seq + 1..).zip(missed.iter().cloned());
                assert!(
                    events.iter().cloned().eq(numbered),
                    "{stream}-{seq}: {events:?} and not {missed:?}"
                );
            }
        }
    }
}

/// Once found at random.
#[test]
fn a_message_that_is_not_kept_takes_nothing_from_other_streams() {
    let mut both = Both::new(EventLimits {
        events_per_session: 1,
        bytes_per_session: 0,
        bytes_in_all: 1095,
        streams_per_session: 0,
    });
    let steps = [
        Step::Open(0),
        Step::Open(0),
        Step::Append(0, 0, 0),
        Step::Append(0, 1, 8),
    ];
    for step in steps {
        both.take(step);
        both.check();
    }
    assert_eq!(both.model.messages(), 1, "the one that fits");
}

proptest! {
    #[test]
    fn the_log_does_what_plain_lists_would(
        limits in limits(),
        steps in vec(step(), 0..80),
    ) {
        let mut both = Both::new(limits);
        for step in steps {
            both.take(step);
            both.check();
        }
        for id in both.ids {
            now(both.real.forget(TENANT, id));
        }
        prop_assert_eq!(both.real.bytes(), 0);
        prop_assert_eq!(both.held.load(Ordering::Relaxed), 0);
    }
}
