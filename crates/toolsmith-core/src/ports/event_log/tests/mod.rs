mod model;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt as _;

use super::kept::{EVENT_COST, SESSION_COST, STREAM_COST};
use super::*;

const TENANT: &str = "t";

/// What is there at once, as everything in memory is.
fn now<T: Unpin>(answer: Answer<'_, T>) -> T {
    answer.now_or_never().expect("an answer that is there")
}

fn session() -> SessionId {
    SessionId::random().unwrap()
}

fn plenty() -> EventLimits {
    EventLimits::default()
}

/// A log, and one session in it.
struct One {
    log: MemoryEvents,
    session: SessionId,
}

impl One {
    fn new(limits: EventLimits) -> Self {
        Self {
            log: MemoryEvents::new(limits),
            session: session(),
        }
    }

    fn open(&self) -> StreamNo {
        now(self.log.open(TENANT, self.session, StreamKind::Listening))
    }

    fn append(&self, stream: StreamNo, text: &'static str) -> Option<u64> {
        now(self.log.append(TENANT, self.session, stream, text.into()))
    }

    fn end(&self, stream: StreamNo) {
        now(self.log.end(TENANT, self.session, stream));
    }

    fn after(&self, stream: StreamNo, seq: u64) -> Replay {
        now(self.log.after(TENANT, self.session, stream, seq))
    }
}

fn events(events: &[(u64, &'static str)], ended: bool) -> Replay {
    let events = events.iter().map(|(seq, text)| (*seq, (*text).into()));
    Replay::Events {
        events: events.collect(),
        ended,
    }
}

#[test]
fn what_was_missed_comes_again_and_nothing_else() {
    let log = One::new(plenty());
    let (a, b) = (log.open(), log.open());
    assert_eq!((a.get(), b.get()), (1, 2));
    assert_eq!(log.append(a, "a1"), Some(1));
    assert_eq!(log.append(b, "b1"), Some(1));
    assert_eq!(log.append(a, "a2"), Some(2));
    assert_eq!(log.after(a, 0), events(&[(1, "a1"), (2, "a2")], false));
    assert_eq!(log.after(a, 1), events(&[(2, "a2")], false));
    assert_eq!(log.after(b, 1), events(&[], false));
    log.end(b);
    assert_eq!(log.after(b, 0), events(&[(1, "b1")], true));
    assert_eq!(log.append(b, "too late"), None);
}

#[test]
fn what_was_never_given_out_is_unknown() {
    let log = One::new(plenty());
    let stream = log.open();
    log.append(stream, "1");
    assert_eq!(log.after(stream, 2), Replay::Unknown);
    assert_eq!(log.after(stream, u64::MAX), Replay::Unknown);
    let other = StreamNo::new(2).unwrap();
    assert_eq!(log.after(other, 0), Replay::Unknown);
    assert_eq!(log.append(other, "x"), None);
    let stranger = session();
    assert_eq!(
        now(log.log.after(TENANT, stranger, stream, 0)),
        Replay::Unknown
    );
    assert_eq!(
        now(log.log.append(TENANT, stranger, stream, "x".into())),
        None
    );
    now(log.log.end(TENANT, stranger, stream));
    now(log.log.forget(TENANT, stranger));
    assert_eq!(log.after(stream, 0), events(&[(1, "1")], false));
    now(log.log.forget(TENANT, log.session));
    assert_eq!(log.after(stream, 0), Replay::Unknown);
    assert_eq!(log.log.bytes(), 0);
}

#[test]
fn streams_that_ended_first_go_first_then_the_oldest_events() {
    let log = One::new(EventLimits {
        events_per_session: 4,
        ..plenty()
    });
    let [a, b, c, d] = [(); 4].map(|()| log.open());
    for stream in [a, b, c, d] {
        log.append(stream, "1");
    }
    log.end(c);
    log.end(b);
    log.append(d, "2");
    assert_eq!(log.after(c, 0), Replay::Unknown, "c ended first");
    assert_eq!(log.after(b, 0), events(&[(1, "1")], true));
    log.append(d, "3");
    assert_eq!(log.after(b, 0), Replay::Unknown);
    log.append(d, "4");
    assert_eq!(log.after(d, 0), Replay::Gap { dropped: 1 });
    assert_eq!(log.after(d, 2), events(&[(3, "3"), (4, "4")], false));
    let kept = events(&[(1, "1")], false);
    assert_eq!(log.after(a, 0), kept, "the newest of a stream is kept");
}

#[test]
fn the_newest_event_of_a_stream_goes_when_there_are_no_others() {
    let log = One::new(EventLimits {
        events_per_session: 2,
        ..plenty()
    });
    let [a, b, c] = [(); 3].map(|()| log.open());
    log.append(b, "1");
    log.append(c, "1");
    log.append(a, "1");
    assert_eq!(log.after(b, 0), Replay::Gap { dropped: 1 });
    assert_eq!(log.after(b, 1), events(&[], false), "nothing was missed");
    for stream in [a, c] {
        assert_eq!(log.after(stream, 0), events(&[(1, "1")], false), "{stream}");
    }
    assert_eq!(log.append(b, "2"), Some(2), "a stream outlives its events");
}

#[test]
fn only_streams_that_have_ended_go_over_their_number() {
    let log = One::new(EventLimits {
        streams_per_session: 2,
        ..plenty()
    });
    let streams: Vec<StreamNo> = (0..100).map(|_| log.open()).collect();
    for stream in &streams {
        assert_eq!(log.append(*stream, "1"), Some(1), "{stream}");
    }
    let [a, b, c] = [streams[0], streams[1], streams[2]];
    for stream in [b, c, a] {
        log.end(stream);
    }
    assert_eq!(log.after(b, 0), Replay::Unknown, "b ended first");
    for stream in [c, a] {
        assert_eq!(log.after(stream, 0), events(&[(1, "1")], true), "{stream}");
    }
    assert_eq!(log.append(streams[3], "2"), Some(2));
}

#[test]
fn a_message_over_the_bytes_of_a_session_is_kept_beside_the_others() {
    let log = One::new(EventLimits {
        bytes_per_session: 2 * STREAM_COST + 2 * EVENT_COST + 10,
        ..plenty()
    });
    let (a, b) = (log.open(), log.open());
    log.append(a, "1");
    let large = Bytes::from(vec![b'x'; 10_000]);
    let append = |stream| now(log.log.append(TENANT, log.session, stream, large.clone()));
    let only = |seq| Replay::Events {
        events: vec![(seq, large.clone())],
        ended: false,
    };
    assert_eq!(append(b), Some(1));
    assert_eq!(log.append(a, "2"), Some(2));
    assert_eq!(log.after(a, 0), events(&[(1, "1"), (2, "2")], false));
    assert_eq!(log.after(b, 0), only(1));
    assert_eq!(append(b), Some(2), "of two, the newer");
    assert_eq!(log.after(b, 0), Replay::Gap { dropped: 1 });
    assert_eq!(log.after(b, 1), only(2));
    assert_eq!(append(a), Some(3));
    assert_eq!(log.after(a, 2), only(3));
    assert_eq!(log.after(b, 1), Replay::Gap { dropped: 2 });
    assert_eq!(log.log.counted().cost, log.log.bytes());
}

#[test]
fn a_message_over_the_bytes_in_all_has_a_number_and_spares_the_other_streams() {
    let log = One::new(EventLimits {
        bytes_in_all: SESSION_COST + 2 * STREAM_COST + 2 * EVENT_COST + 10,
        ..plenty()
    });
    let (a, b) = (log.open(), log.open());
    log.append(a, "1");
    log.append(b, "1");
    let large = Bytes::from(vec![b'x'; EVENT_COST + 11]);
    assert_eq!(now(log.log.append(TENANT, log.session, b, large)), Some(2));
    assert_eq!(log.after(a, 0), events(&[(1, "1")], false));
    assert_eq!(log.after(b, 1), Replay::Gap { dropped: 2 });
    assert_eq!(log.after(b, 2), events(&[], false));
    assert_eq!(log.append(b, "3"), Some(3));
    assert_eq!(log.after(b, 2), events(&[(3, "3")], false));
}

#[test]
fn limits_of_nothing_keep_nothing() {
    let nothing = EventLimits {
        events_per_session: 0,
        bytes_per_session: 0,
        bytes_in_all: 0,
        streams_per_session: 0,
    };
    let log = One::new(nothing);
    assert_eq!(log.open().get(), 1);
    let second = log.open();
    assert_eq!(second.get(), 2, "a number is never given out twice");
    assert_eq!(log.append(second, "1"), None);
    assert_eq!(log.log.bytes(), 0);

    let log = One::new(EventLimits {
        events_per_session: 0,
        ..plenty()
    });
    let stream = log.open();
    assert_eq!(log.append(stream, "1"), Some(1));
    assert_eq!(log.after(stream, 0), Replay::Gap { dropped: 1 });
}

/// Guards against replaying a new stream to a client that asks for an old one of the same
/// number, after its session had to be dropped and came back.
#[test]
fn a_session_that_was_dropped_whole_goes_on_counting() {
    let limits = EventLimits {
        bytes_in_all: 3 * (SESSION_COST + STREAM_COST),
        ..plenty()
    };
    let log = MemoryEvents::new(limits);
    let first = session();
    let old = now(log.open(TENANT, first, StreamKind::Listening));
    for _ in 0..50 {
        now(log.open(TENANT, session(), StreamKind::Listening));
    }
    assert_eq!(now(log.append(TENANT, first, old, "1".into())), None);
    let new = now(log.open(TENANT, first, StreamKind::Listening));
    assert!(new > old, "{new} after {old}");
    assert_eq!(now(log.after(TENANT, first, old, 0)), Replay::Unknown);
}

#[test]
fn under_the_last_number_nothing_is_kept() {
    let mut session = kept::Session::new(0, u32::MAX - 2);
    let stream = session.open(&plenty());
    assert_eq!(stream.get(), u32::MAX - 1);
    assert_eq!(session.append(stream, "1".into(), &plenty()), Some(1));
    for _ in 0..2 {
        assert_eq!(session.open(&plenty()), StreamNo::LAST);
        let refused = session.append(StreamNo::LAST, "1".into(), &plenty());
        assert_eq!(refused, None);
    }
}

#[test]
fn over_the_limit_in_all_the_oldest_sessions_give_first_what_has_ended() {
    let session_with = |events: usize| SESSION_COST + STREAM_COST + events * (EVENT_COST + 1);
    let log = MemoryEvents::new(EventLimits {
        bytes_in_all: 3 * session_with(2),
        ..plenty()
    });
    let sessions = [(); 3].map(|()| session());
    let stream = StreamNo::FIRST;
    let append = |n: usize| now(log.append(TENANT, sessions[n], stream, "x".into()));
    let after = |n: usize| now(log.after(TENANT, sessions[n], stream, 0));
    for (n, session) in sessions.iter().enumerate() {
        now(log.open(TENANT, *session, StreamKind::Listening));
        append(n);
        append(n);
    }
    let whole = events(&[(1, "x"), (2, "x")], false);
    assert_eq!([0, 1, 2].map(after), [(); 3].map(|()| whole.clone()));
    now(log.end(TENANT, sessions[1], stream));
    append(2);
    assert_eq!(after(1), Replay::Unknown, "what has ended goes first");
    assert_eq!(after(0), whole);
    // What the stream of the second had is room for so many more.
    for _ in 0..(STREAM_COST + 2 * (EVENT_COST + 1)) / (EVENT_COST + 1) - 1 {
        append(2);
    }
    assert_eq!(after(0), whole);
    append(2);
    let gap = Replay::Gap { dropped: 1 };
    assert_eq!(after(0), gap, "then events of the oldest session");
    assert!(matches!(after(2), Replay::Events { .. }));
}

/// A message that counts itself for as long as it is held in memory.
struct Held(Vec<u8>, Arc<AtomicUsize>);

impl Held {
    fn message(text: Vec<u8>, bytes: &Arc<AtomicUsize>) -> Bytes {
        bytes.fetch_add(text.len(), Ordering::Relaxed);
        Bytes::from_owner(Self(text, Arc::clone(bytes)))
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.1.fetch_sub(self.0.len(), Ordering::Relaxed);
    }
}

#[test]
fn threads_that_append_at_once_keep_within_the_limits() {
    const THREADS: u64 = 4;
    const ROUNDS: u64 = 500;
    let limits = EventLimits {
        events_per_session: 20,
        bytes_in_all: 20_000,
        ..plenty()
    };
    let log = MemoryEvents::new(limits);
    let held = Arc::new(AtomicUsize::new(0));
    let shared = session();
    let stream = now(log.open(TENANT, shared, StreamKind::Listening));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (log, held) = (&log, &held);
            scope.spawn(move || {
                let own = session();
                let mut last = 0;
                for round in 0..ROUNDS {
                    let message = || Held::message(vec![b'x'; 100], held);
                    let (session, no) = match round % 3 {
                        0 => (own, now(log.open(TENANT, own, StreamKind::Listening))),
                        _ => (session(), StreamNo::FIRST),
                    };
                    now(log.append(TENANT, session, no, message()));
                    now(log.end(TENANT, session, no));
                    // The shared session may have been dropped whole; then it is unknown.
                    if let Some(seq) = now(log.append(TENANT, shared, stream, message())) {
                        assert!(seq > last, "{thread}: {seq} after {last}");
                        last = seq;
                    }
                }
            });
        }
    });
    let counted = log.counted();
    assert_eq!(counted.cost, log.bytes());
    assert_eq!(counted.messages, held.load(Ordering::Relaxed));
    assert!(log.bytes() <= limits.bytes_in_all, "{}", log.bytes());
}

#[test]
fn debug_shows_no_message() {
    let log = One::new(plenty());
    let stream = log.open();
    log.append(stream, "secret");
    let shown = format!("{:?} {:?}", log.log, log.after(stream, 0));
    assert!(!shown.contains("secret"), "{shown}");
}
