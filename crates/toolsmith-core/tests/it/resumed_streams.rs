//! Streams that clients resume, under any order of steps: what a client has read in the end
//! is what was written, once and in order, however often it came back in between.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use proptest::collection::vec;
use proptest::prelude::*;
use toolsmith_core::ports::{EventId, EventLimits, MemoryEvents, MemorySessions, StreamNo};
use toolsmith_core::protocol::Revision;
use toolsmith_core::server::{
    Caller, Peer, Server, SessionRef, Sessions, StreamEvent, StreamReader, StreamWriter,
};

const SESSIONS: usize = 2;
const STREAMS: usize = 3;
const HOUR: Duration = Duration::from_secs(3600);
/// Far longer than it takes: a wake-up that is lost shows as a failure.
const STUCK: Duration = Duration::from_secs(30);

/// One step. Streams are of a session and have a number in it.
#[derive(Clone, Copy, Debug)]
enum Step {
    Write,
    /// The client reads what is there next.
    Read,
    /// The connection breaks, and the client comes back with the last id that it has.
    Resume,
    /// The client lost so many of the events that it had read.
    ResumeEarlier(u64),
    /// The client says that it has more than was ever written.
    ResumeLater(u64),
    /// Who has read before somebody else came back reads on.
    ReadAsBefore,
    Pause,
    End,
    Drop,
}

fn step() -> impl Strategy<Value = (usize, usize, Step)> {
    let what = prop_oneof![
        8 => Just(Step::Write),
        8 => Just(Step::Read),
        3 => Just(Step::Resume),
        2 => (1..5u64).prop_map(Step::ResumeEarlier),
        1 => (1..5u64).prop_map(Step::ResumeLater),
        2 => Just(Step::ReadAsBefore),
        1 => Just(Step::Pause),
        1 => Just(Step::End),
        1 => Just(Step::Drop),
    ];
    (0..SESSIONS, 0..STREAMS, what)
}

/// A stream from both sides.
struct Stream {
    session: SessionRef,
    number: StreamNo,
    writer: Option<StreamWriter>,
    reader: StreamReader,
    /// Readers whose place somebody else has taken.
    before: Vec<StreamReader>,
    written: Vec<Bytes>,
    /// How much the client has.
    had: usize,
    /// Whether old events are dropped.
    forgets: bool,
}

fn now<F: Future>(work: F) -> F::Output {
    work.now_or_never().expect("it waits for nothing")
}

async fn sessions(limits: EventLimits) -> (Arc<Sessions>, Vec<SessionRef>) {
    let store = Arc::new(MemorySessions::new(SESSIONS, HOUR));
    let engine = Server::new("s").build().unwrap();
    let sessions = Sessions::new(engine, store, Arc::new(MemoryEvents::new(limits)), HOUR);
    let mut refs = Vec::new();
    for _ in 0..SESSIONS {
        let id = sessions.open(&Peer::new(Revision::LATEST_LEGACY)).await;
        let found = sessions.find(id.unwrap(), &Caller::default()).await;
        refs.push(found.unwrap().session.unwrap());
    }
    (sessions, refs)
}

impl Stream {
    async fn open(session: &SessionRef, forgets: bool) -> Self {
        let (writer, reader) = session.open_stream(|| None).await;
        Self {
            session: session.clone(),
            number: writer.number(),
            writer: Some(writer),
            reader,
            before: Vec::new(),
            written: Vec::new(),
            had: 0,
            forgets,
        }
    }

    fn take(&mut self, step: Step, said: usize) {
        match step {
            Step::Write => self.write(said),
            Step::Read => drop(self.read()),
            Step::Resume => self.resume(self.had),
            Step::ResumeEarlier(lost) => {
                let lost = usize::try_from(lost).unwrap();
                self.resume(self.had.saturating_sub(lost));
            }
            Step::ResumeLater(more) => {
                let seq = self.written.len() as u64 + more;
                let refused = now(self.session.resume(EventId {
                    seq,
                    ..self.last(0)
                }));
                assert!(refused.is_err(), "{refused:?} after what was never written");
            }
            Step::ReadAsBefore => {
                for reader in &mut self.before {
                    let event = reader.next().now_or_never().flatten();
                    assert_eq!(event, None, "an event was delivered twice");
                }
            }
            Step::Pause => self.writer.iter().for_each(|it| it.pause(HOUR)),
            Step::End => {
                if let Some(writer) = self.writer.take() {
                    now(writer.end());
                }
            }
            Step::Drop => drop(self.writer.take()),
        }
    }

    fn last(&self, had: usize) -> EventId {
        EventId {
            stream: self.number,
            seq: had as u64,
        }
    }

    fn write(&mut self, said: usize) {
        let Some(writer) = &self.writer else { return };
        let message = Bytes::from(format!("{said}"));
        let id = now(writer.write(message.clone()));
        self.written.push(message);
        let id = id.expect("the stream is there");
        assert_eq!(id, self.last(self.written.len()), "ids go up by one");
    }

    /// Reads one event. `None` where there is none.
    fn read(&mut self) -> Option<()> {
        loop {
            match self.reader.next().now_or_never()?? {
                StreamEvent::Pause(retry) => assert_eq!(retry, HOUR),
                StreamEvent::Message(id, message) => {
                    // Of what is dropped, the reader goes on with what is left.
                    let next = match self.forgets {
                        true => self.had.max(usize::try_from(id.seq).unwrap() - 1) + 1,
                        false => self.had + 1,
                    };
                    assert_eq!(id, self.last(next), "ids go up by one");
                    self.had = usize::try_from(id.seq).unwrap();
                    let written = self.written.get(self.had - 1);
                    assert_eq!(Some(&message), written, "of this stream, in order");
                    return Some(());
                }
            }
        }
    }

    fn resume(&mut self, had: usize) {
        match now(self.session.resume(self.last(had))) {
            Ok(reader) => {
                let is_open = self.writer.is_some();
                let before = std::mem::replace(&mut self.reader, reader);
                // A stream that has ended may be read twice at the same time: nobody can
                // tell that apart from once after the other.
                if is_open {
                    self.before.push(before);
                }
                self.had = had;
            }
            Err(error) => assert!(self.forgets, "{error:?}"),
        }
    }

    /// The client comes back one last time and reads all that there is.
    fn finish(mut self) {
        self.resume(self.had);
        while self.read().is_some() {}
        assert_eq!(self.had, self.written.len(), "the last of it was lost");
    }
}

proptest! {
    #[test]
    fn a_client_reads_what_was_written_however_often_it_comes_back(
        steps in vec(step(), 0..120),
        few in any::<bool>(),
    ) {
        let limits = match few {
            true => EventLimits { events_per_session: 6, ..EventLimits::default() },
            false => EventLimits::default(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (sessions, refs) = sessions(limits).await;
            let mut streams = Vec::new();
            for session in &refs {
                let mut own = Vec::new();
                for _ in 0..STREAMS {
                    own.push(Stream::open(session, few).await);
                }
                streams.push(own);
            }
            for (said, (session, stream, step)) in steps.into_iter().enumerate() {
                streams[session][stream].take(step, said);
            }
            streams.into_iter().flatten().for_each(Stream::finish);
            assert_eq!(sessions.live(), 0, "something is left of streams that are over");
        });
    }
}

/// The same with a writer and a reader that run at the same time, so that a wake-up which
/// comes between two steps counts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_comes_back_while_it_is_written_to_misses_nothing() {
    const MESSAGES: usize = 200;
    for round in 0..40_usize {
        let (_sessions, refs) = sessions(EventLimits::default()).await;
        let session = refs[0].clone();
        let (writer, mut reader) = session.open_stream(|| None).await;
        let number = writer.number();
        let (has, mut had) = tokio::sync::watch::channel(0);
        let writing = tokio::spawn(async move {
            for said in 0..MESSAGES {
                writer.write(said.to_string().into()).await.unwrap();
                // Now and then nothing comes after it that could wake the reader instead.
                if said % (round + 1) == 0 {
                    had.wait_for(|had| *had > said).await.unwrap();
                }
            }
            writer.end().await;
        });
        let reading = async {
            let mut had = 0;
            while let Some(event) = reader.next().await {
                let StreamEvent::Message(id, message) = event else {
                    panic!("nobody asked for a pause");
                };
                assert_eq!(
                    (id.seq, &*message),
                    (had as u64 + 1, had.to_string().as_bytes())
                );
                had += 1;
                has.send_replace(had);
                if had % (round % 7 + 2) == 0 {
                    let seq = had as u64;
                    let last = EventId {
                        stream: number,
                        seq,
                    };
                    reader = session.resume(last).await.unwrap();
                }
            }
            had
        };
        let had = tokio::time::timeout(STUCK, reading).await;
        assert_eq!(
            had.expect("the reader was not woken"),
            MESSAGES,
            "round {round}"
        );
        writing.await.unwrap();
    }
}

/// Reads all that comes until the end of a stream.
async fn all(reader: &mut StreamReader) -> Vec<Bytes> {
    let reading = async {
        let mut read = Vec::new();
        while let Some(event) = reader.next().await {
            if let StreamEvent::Message(_, message) = event {
                read.push(message);
            }
        }
        read
    };
    let read = tokio::time::timeout(STUCK, reading).await;
    read.expect("the stream does not end")
}

#[tokio::test]
async fn an_answer_of_more_than_a_session_may_keep_is_read_and_can_be_read_again() {
    let (_sessions, refs) = sessions(EventLimits::default()).await;
    let (writer, mut reader) = refs[0].open_stream(|| None).await;
    let start = reader.position();
    let answer = Bytes::from(vec![b'x'; 1_100_000]);
    writer.write("progress".into()).await.unwrap();
    let id = writer.write(answer.clone()).await;
    assert_eq!(id.map(|id| id.seq), Some(2));
    writer.end().await;
    // Another call of the session is no reason to lose it.
    let (other, _) = refs[0].open_stream(|| None).await;
    other.write("another".into()).await.unwrap();
    let lengths = |read: Vec<Bytes>| read.iter().map(Bytes::len).collect::<Vec<_>>();
    assert_eq!(lengths(all(&mut reader).await), [8, answer.len()]);
    let mut again = refs[0].resume(start).await.unwrap();
    assert_eq!(lengths(all(&mut again).await), [8, answer.len()]);
}

#[tokio::test]
async fn a_client_that_read_nothing_of_what_was_dropped_reads_the_answer_last() {
    let (_sessions, refs) = sessions(EventLimits::default()).await;
    let (writer, mut reader) = refs[0].open_stream(|| None).await;
    for said in 0..300 {
        writer.write(said.to_string().into()).await.unwrap();
    }
    writer.write("answer".into()).await.unwrap();
    writer.end().await;
    let read = all(&mut reader).await;
    assert_eq!(read.len(), 256, "what is kept is read");
    assert_eq!(read.last().unwrap(), "answer");
}

/// The log has room for nothing, or drops the stream as soon as it has ended.
#[tokio::test]
async fn a_client_that_is_there_reads_the_answer_when_nothing_is_kept_of_the_stream() {
    let nothing = [
        EventLimits {
            bytes_in_all: 0,
            ..EventLimits::default()
        },
        EventLimits {
            events_per_session: 0,
            ..EventLimits::default()
        },
        EventLimits {
            streams_per_session: 0,
            ..EventLimits::default()
        },
    ];
    for limits in nothing {
        let (_sessions, refs) = sessions(limits).await;
        let (writer, mut reader) = refs[0].open_stream(|| None).await;
        let reading = tokio::spawn(async move { all(&mut reader).await });
        tokio::task::yield_now().await;
        writer.write("answer".into()).await;
        writer.end().await;
        assert_eq!(reading.await.unwrap(), ["answer"], "{limits:?}");
    }
}

#[tokio::test]
async fn all_of_many_calls_at_once_are_answered() {
    let (_sessions, refs) = sessions(EventLimits::default()).await;
    let mut calls = Vec::new();
    for _ in 0..256 {
        calls.push(refs[0].open_stream(|| None).await);
    }
    let mut readers = Vec::new();
    for (call, (writer, reader)) in calls.into_iter().enumerate() {
        let id = writer.write(format!("answer {call}").into()).await;
        assert!(id.is_some(), "call {call} was forgotten");
        writer.end().await;
        readers.push(reader);
    }
    for (call, reader) in readers.iter_mut().enumerate() {
        assert_eq!(all(reader).await, [format!("answer {call}")]);
    }
}

#[tokio::test]
async fn a_client_that_listens_is_told_although_the_log_has_forgotten_its_stream() {
    let limits = EventLimits {
        bytes_in_all: 0,
        ..EventLimits::default()
    };
    let store = Arc::new(MemorySessions::new(SESSIONS, HOUR));
    let server = Server::new("s");
    let registry = server.registry();
    let engine = server.build().unwrap();
    let sessions = Sessions::new(engine, store, Arc::new(MemoryEvents::new(limits)), HOUR);
    let id = sessions.open(&Peer::new(Revision::LATEST_LEGACY)).await;
    let peer = sessions
        .find(id.unwrap(), &Caller::default())
        .await
        .unwrap();
    let session = peer.session.clone().unwrap();
    let mut listening = session.listen(&peer, None, 4).await.unwrap();
    for _ in 0..2 {
        registry.resources_changed();
        let told = tokio::time::timeout(STUCK, listening.next()).await;
        match told.expect("nothing was told") {
            Some(StreamEvent::Message(_, message)) => {
                let message = String::from_utf8_lossy(&message);
                assert!(message.contains("list_changed"), "{message}");
            }
            other => panic!("{other:?} and not a message"),
        }
    }
}

#[tokio::test]
async fn streams_that_a_client_opens_again_and_again_do_not_add_up() {
    let store = Arc::new(MemorySessions::new(SESSIONS, HOUR));
    let events = Arc::new(MemoryEvents::new(EventLimits::default()));
    let engine = Server::new("s").build().unwrap();
    let sessions = Sessions::new(engine, store, events.clone(), HOUR);
    let id = sessions.open(&Peer::new(Revision::LATEST_LEGACY)).await;
    let found = sessions.find(id.unwrap(), &Caller::default()).await;
    let peer = found.unwrap();
    let session = peer.session.clone().unwrap();
    let mut bytes = Vec::new();
    for _ in 0..2 {
        for _ in 0..200 {
            drop(session.listen(&peer, None, 4).await.unwrap());
        }
        bytes.push(events.bytes());
    }
    assert_eq!(bytes[0], bytes[1], "what is kept grows");
}
