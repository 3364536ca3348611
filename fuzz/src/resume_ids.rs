//! Ids of events that clients send back.
//!
//! The input is lines, each a step in one of two sessions, `a` or `b`: `a+` opens a stream,
//! `a.2` writes to its second one, `a!2` ends that, `a-2` drops its writer, and `a<2-1` has
//! `Last-Event-ID: 2-1`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use toolsmith_core::ports::{EventId, EventLimits, MemoryEvents, MemorySessions, SessionId};
use toolsmith_core::protocol::Revision;
use toolsmith_core::server::{
    Caller, Peer, SessionRef, Sessions, StreamEvent, StreamReader, StreamWriter,
};

use crate::serve::{at_once, engine};

/// The most steps that are taken of one input.
const MAX_STEPS: usize = 64;

/// A session, and what was written to each of its streams.
struct Session {
    own: SessionRef,
    streams: Vec<Stream>,
}

struct Stream {
    number: u32,
    writer: Option<StreamWriter>,
    /// Reads from the beginning, and is there until somebody else goes on with it.
    first: Option<StreamReader>,
    written: Vec<Bytes>,
}

/// An id is read only as it is written, and whoever sends one is given exactly what was
/// written after it on that stream of that session.
pub fn resume_ids(data: &[u8]) {
    thread_local! {
        static SESSIONS: Arc<Sessions> = {
            let store = MemorySessions::new(16, Duration::from_secs(3600));
            let events = MemoryEvents::new(EventLimits::default());
            Sessions::new(engine(), Arc::new(store), Arc::new(events), Duration::from_secs(3600))
        };
    }
    let sessions = SESSIONS.with(Arc::clone);
    let mut open = [(); 2].map(|()| Session::open(&sessions));
    let mut said = 0;
    for line in data.split(|byte| *byte == b'\n').take(MAX_STEPS) {
        SessionId::parse(line).inspect(|id| assert_eq!(id.to_string().as_bytes(), line));
        let [whose, what, rest @ ..] = line else {
            continue;
        };
        let session = &mut open[usize::from(*whose == b'b')];
        said += 1;
        match what {
            b'+' => session.add(),
            b'<' => session.resume(rest),
            _ => session.step(*what, rest, said),
        }
    }
    for session in open {
        for stream in session.streams {
            stream.read_all(&session.own);
        }
        let removed = at_once(session.own.remove()).expect("nothing is waited for");
        assert!(removed.is_ok(), "{removed:?}");
    }
    assert!(sessions.is_empty() && sessions.live() == 0, "{sessions:?}");
}

impl Session {
    fn open(sessions: &Arc<Sessions>) -> Self {
        let found = at_once(async {
            let id = sessions.open(&Peer::new(Revision::LATEST_LEGACY)).await?;
            sessions.find(id, &Caller::default()).await
        });
        let found = found.expect("nothing is waited for");
        Self {
            own: found.ok().and_then(|it| it.session).expect("it is there"),
            streams: Vec::new(),
        }
    }

    fn add(&mut self) {
        let (writer, reader) =
            at_once(self.own.open_stream(|| None)).expect("nothing is waited for");
        let number = writer.number().get();
        let last = self.streams.last().map_or(0, |stream| stream.number);
        assert!(number > last, "{number} after {last}");
        self.streams.push(Stream {
            number,
            writer: Some(writer),
            first: Some(reader),
            written: Vec::new(),
        });
    }

    fn step(&mut self, what: u8, which: &[u8], said: usize) {
        let which = which.first().map_or(0, |digit| digit.wrapping_sub(b'1'));
        let Some(stream) = self.streams.get_mut(usize::from(which)) else {
            return;
        };
        match (what, stream.writer.take()) {
            (b'.', Some(writer)) => {
                let message = Bytes::from(format!("message {said}"));
                let id = at_once(writer.write(message.clone())).expect("nothing is waited for");
                stream.written.push(message);
                let id = id.expect("there is room");
                assert_eq!(id.stream.get(), stream.number);
                assert_eq!(id.seq, stream.written.len() as u64, "one after the other");
                stream.writer = Some(writer);
            }
            (b'!', Some(writer)) => at_once(writer.end()).expect("nothing is waited for"),
            (b'-', writer) => drop(writer),
            (_, writer) => stream.writer = writer,
        }
    }

    fn resume(&mut self, text: &[u8]) {
        let Some(id) = EventId::parse(text) else {
            assert!(!is_plain(text), "{:?}", String::from_utf8_lossy(text));
            return;
        };
        assert_eq!(
            id.to_string().as_bytes(),
            text,
            "it is not as it is written"
        );
        let resumed = at_once(self.own.resume(id)).expect("nothing is waited for");
        let mut streams = self.streams.iter_mut();
        let stream = streams.find(|it| it.number == id.stream.get());
        let missed = stream.and_then(|stream| {
            let seq = usize::try_from(id.seq).ok()?;
            let missed = stream.written.get(seq..)?;
            Some((missed, &mut stream.first, stream.writer.is_some()))
        });
        match (resumed, missed) {
            (Ok(mut reader), Some((missed, first, is_open))) => {
                same(&mut reader, id.seq, missed, is_open);
                // Two never read one stream while it is written.
                if let Some(mut first) = first.take_if(|_| is_open) {
                    let next = at_once(first.next()).expect("nothing is waited for");
                    assert_eq!(next, None, "somebody else reads the stream");
                }
            }
            (Err(error), None) => assert!(!error.message.is_empty()),
            (resumed, missed) => panic!("{id} gives {resumed:?}, with {missed:?} to give"),
        }
    }
}

impl Stream {
    /// Whoever reads a stream from the beginning has all of it.
    fn read_all(self, session: &SessionRef) {
        let Self {
            number,
            writer,
            first,
            written,
        } = self;
        if let Some(mut first) = first {
            same(&mut first, 0, &written, writer.is_some());
        }
        let id = EventId::parse(format!("{number}-0").as_bytes()).expect("it is an id");
        let resumed = at_once(session.resume(id)).expect("nothing is waited for");
        let mut reader = resumed.expect("the stream is there");
        same(&mut reader, 0, &written, writer.is_some());
    }
}

/// Reads what there is to read, and checks that it is this.
fn same(reader: &mut StreamReader, after: u64, missed: &[Bytes], is_open: bool) {
    let stream = reader.position().stream;
    for (seq, message) in (after + 1..).zip(missed) {
        let event = at_once(reader.next()).expect("it is there");
        let expected = StreamEvent::Message(EventId { stream, seq }, message.clone());
        assert_eq!(event, Some(expected));
    }
    let end = at_once(reader.next());
    match is_open {
        true => assert_eq!(end, None, "there is nothing to read yet"),
        false => assert_eq!(end, Some(None), "the stream has ended"),
    }
}

/// Whether a text is a stream and a number as they are written, found in another way.
fn is_plain(text: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(text) else {
        return false;
    };
    let mut parts = text.split('-');
    let (Some(stream), Some(seq), None) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let stream = stream
        .parse::<u32>()
        .map(|it| (it, it.to_string() == stream));
    let seq = seq.parse::<u64>().map(|it| it.to_string() == seq);
    matches!((stream, seq), (Ok((1.., true)), Ok(true)))
}
