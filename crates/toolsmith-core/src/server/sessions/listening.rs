//! What a legacy client reads on a stream that it opens by itself: what it missed of an
//! earlier stream, and what it is told unasked.

use std::sync::Arc;

use super::stream::Tail;
use super::{Notices, SessionRef, StreamEvent, StreamReader, StreamWriter, lock};
use crate::ports::{EventId, StreamKind, StreamNo};
use crate::protocol::ProtocolError;
use crate::server::Peer;

/// How many streams of a session are remembered to have been opened by its client.
const MAX_REMEMBERED: usize = 64;

/// A stream that a legacy client opened by itself.
pub struct Listening {
    /// What is still to be read of an earlier stream.
    missed: Option<StreamReader>,
    /// What comes after it; nothing on the stream of a request.
    told: Option<Told>,
}

/// What a client is told unasked, and where it is kept in case the connection breaks.
struct Told {
    notices: Notices,
    writer: StreamWriter,
}

impl std::fmt::Debug for Listening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listening")
            .field("missed", &self.missed)
            .field("told", &self.told.is_some())
            .finish()
    }
}

impl SessionRef {
    /// Opens a stream for a client that asks for one: a new one, or one that goes on after
    /// an event. Whoever served that one before serves it no more, and of several streams
    /// the one that was opened last is told what there is to tell.
    ///
    /// # Errors
    ///
    /// When the session has as many streams open as it may, or there is no such stream.
    pub async fn listen(
        &self,
        peer: &Peer,
        last: Option<EventId>,
        most: usize,
    ) -> Result<Listening, ProtocolError> {
        let Some(last) = last else {
            let notices = self.notices(peer, most).await?;
            let writer = self.open_standalone().await;
            notices.serve(writer.number());
            return Ok(Listening {
                missed: None,
                told: Some(Told { notices, writer }),
            });
        };
        // Whoever serves the stream still is ended before what was missed is read.
        let notices = match self.is_standalone(last.stream).await {
            false => None,
            true => Some(self.notices_on(peer, Some(last.stream), most).await?),
        };
        let missed = self.resume(last).await?;
        let told = notices.map(|notices| Told {
            notices,
            writer: self.reopen_stream(last.stream, missed.last_known()),
        });
        Ok(Listening {
            missed: Some(missed),
            told,
        })
    }

    async fn open_standalone(&self) -> StreamWriter {
        let (writer, _) = self.open_stream_of(StreamKind::Listening).await;
        self.remember_standalone(writer.number()).await;
        writer
    }

    async fn remember_standalone(&self, number: StreamNo) {
        let live = self.live();
        let oldest = {
            let mut standalone = lock(&live.standalone);
            standalone.push_back(number);
            match standalone.len() > MAX_REMEMBERED {
                true => standalone.pop_front(),
                false => None,
            }
        };
        // Nobody can go on with it, so the log need not keep room for more.
        if let Some(oldest) = oldest {
            let events = &self.sessions.events;
            events.end(self.tenant(), self.id, oldest).await;
        }
    }

    /// Whether the client opened a stream by itself, in this process or in an earlier one.
    async fn is_standalone(&self, number: StreamNo) -> bool {
        let live = self.sessions.living(self.id);
        if live.is_some_and(|live| lock(&live.standalone).contains(&number)) {
            return true;
        }
        let events = &self.sessions.events;
        let is_listening = events.is_listening(self.tenant(), self.id, number).await;
        if is_listening {
            self.remember_standalone(number).await;
        }
        is_listening
    }
}

impl Listening {
    /// The id that stands before whatever comes next.
    pub fn position(&self) -> Option<EventId> {
        match (&self.missed, &self.told) {
            (Some(missed), _) => Some(missed.position()),
            (None, Some(told)) => Some(EventId {
                stream: told.writer.number(),
                seq: 0,
            }),
            (None, None) => None,
        }
    }

    /// What comes next; `None` at the end.
    ///
    /// Dropping the future loses nothing that was not given out.
    pub async fn next(&mut self) -> Option<StreamEvent> {
        let told = self.told.as_ref();
        if told.is_some_and(|told| told.notices.is_ended()) {
            return None;
        }
        if let Some(missed) = &mut self.missed {
            let event = match self.told {
                // A stream that goes on has no end to wait for.
                Some(_) => missed.try_next(),
                None => missed.next().await,
            };
            if event.is_some() {
                return event;
            }
            self.missed = None;
        }
        let told = self.told.as_mut()?;
        loop {
            let message = told.notices.peek().await?;
            let (id, _) = told.writer.put(message.clone()).await;
            // Who came while it was written does not find it in what it missed.
            if told.notices.is_told() {
                told.notices.given();
                return Some(StreamEvent::Message(id, message));
            }
        }
    }

    /// The session that it is a stream of.
    pub fn session(&self) -> Option<&SessionRef> {
        let missed = self.missed.as_ref().map(StreamReader::session);
        missed.or_else(|| self.told.as_ref().map(|told| told.notices.session()))
    }
}

impl SessionRef {
    /// Writes on with a stream whose reader has come back.
    fn reopen_stream(&self, number: StreamNo, last: u64) -> StreamWriter {
        StreamWriter {
            live: self.live(),
            number,
            tail: Arc::new(Tail::after(last)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::FutureExt as _;

    use super::*;
    use crate::ports::{
        Answer, EventLimits, EventLog, MemoryEvents, MemorySessions, Replay, SessionId,
    };
    use crate::protocol::{ErrorKind, Revision};
    use crate::server::tool::DynamicTool;
    use crate::server::{Caller, Context, Engine, Server, Sessions};

    const HOUR: Duration = Duration::from_secs(3600);
    const MOST: usize = 4;

    /// A log that keeps nothing while it is shut, and lets those who write wait.
    #[derive(Debug)]
    struct Door {
        log: MemoryEvents,
        shut: AtomicBool,
    }

    impl EventLog for Door {
        fn open<'a>(
            &'a self,
            tenant: &'a str,
            session: SessionId,
            kind: StreamKind,
        ) -> Answer<'a, StreamNo> {
            self.log.open(tenant, session, kind)
        }
        fn append<'a>(
            &'a self,
            tenant: &'a str,
            session: SessionId,
            stream: StreamNo,
            message: Bytes,
        ) -> Answer<'a, Option<u64>> {
            match self.shut.load(Ordering::Relaxed) {
                true => Answer::Later(Box::pin(std::future::pending())),
                false => self.log.append(tenant, session, stream, message),
            }
        }
        fn end<'a>(
            &'a self,
            tenant: &'a str,
            session: SessionId,
            stream: StreamNo,
        ) -> Answer<'a, ()> {
            self.log.end(tenant, session, stream)
        }
        fn after<'a>(
            &'a self,
            tenant: &'a str,
            session: SessionId,
            stream: StreamNo,
            seq: u64,
        ) -> Answer<'a, Replay> {
            self.log.after(tenant, session, stream, seq)
        }
        fn forget<'a>(&'a self, tenant: &'a str, session: SessionId) -> Answer<'a, ()> {
            self.log.forget(tenant, session)
        }
    }

    struct World {
        engine: Engine,
        door: Arc<Door>,
        peer: Peer,
        session: SessionRef,
    }

    fn now<F: Future>(work: F) -> F::Output {
        work.now_or_never().expect("it waits for nothing")
    }

    fn tool(name: &str) -> DynamicTool {
        let schema = serde_json::json!({"type": "object"});
        DynamicTool::new(name, schema, |_, _: Context| async { "" })
    }

    impl World {
        async fn new() -> Self {
            let engine = Server::new("s").dynamic_tool(tool("one")).build().unwrap();
            let door = Arc::new(Door {
                log: MemoryEvents::new(EventLimits::default()),
                shut: AtomicBool::new(false),
            });
            let store = Arc::new(MemorySessions::new(4, HOUR));
            let sessions = Sessions::new(engine.clone(), store, door.clone(), HOUR);
            let id = sessions.open(&Peer::new(Revision::LATEST_LEGACY)).await;
            let found = sessions.find(id.unwrap(), &Caller::default()).await;
            let peer = found.unwrap();
            Self {
                engine,
                door,
                session: peer.session.clone().unwrap(),
                peer,
            }
        }

        fn listen(&self, last: Option<EventId>) -> Result<Listening, ProtocolError> {
            now(self.session.listen(&self.peer, last, MOST))
        }

        fn change(&self, name: &str) {
            self.engine.registry().add_tool(tool(name)).unwrap();
        }

        fn shut(&self, shut: bool) {
            self.door.shut.store(shut, Ordering::Relaxed);
        }
    }

    /// What comes at once: an event, the end, or nothing yet.
    fn heard(listening: &mut Listening) -> Option<Option<EventId>> {
        let event = listening.next().now_or_never()?;
        Some(event.map(|event| match event {
            StreamEvent::Message(id, message) => {
                let told = String::from_utf8_lossy(&message);
                assert!(told.contains("tools/list_changed"), "{told}");
                id
            }
            StreamEvent::Pause(after) => panic!("a pause of {after:?}"),
        }))
    }

    #[tokio::test]
    async fn the_newest_is_told_and_when_it_is_gone_the_next_newest() {
        let world = World::new().await;
        let mut first = world.listen(None).unwrap();
        assert_eq!(heard(&mut first), None, "it waits before the others do");
        let mut second = world.listen(None).unwrap();
        let mut third = world.listen(None).unwrap();
        world.change("two");
        assert_eq!(heard(&mut first), None);
        assert_eq!(heard(&mut second), None);
        assert!(matches!(heard(&mut third), Some(Some(_))));
        world.change("three");
        drop(third);
        assert_eq!(heard(&mut first), None);
        assert!(matches!(heard(&mut second), Some(Some(_))));
        drop(second);
        world.change("four");
        assert!(matches!(heard(&mut first), Some(Some(_))));
        assert_eq!(heard(&mut first), None, "nothing is told twice");
    }

    /// Guards against one that was woken for a change before the newer one came.
    #[tokio::test]
    async fn one_that_waits_is_woken_when_it_becomes_the_newest() {
        let world = World::new().await;
        let mut first = world.listen(None).unwrap();
        let second = world.listen(None).unwrap();
        let waits = tokio::spawn(async move { heard_of(first.next().await) });
        tokio::task::yield_now().await;
        world.change("two");
        tokio::task::yield_now().await;
        assert!(!waits.is_finished(), "the second one is there to be told");
        drop(second);
        assert!(waits.await.unwrap());
    }

    fn heard_of(event: Option<StreamEvent>) -> bool {
        matches!(event, Some(StreamEvent::Message(..)))
    }

    #[tokio::test]
    async fn who_goes_on_with_a_stream_takes_the_place_of_who_served_it() {
        let world = World::new().await;
        let mut dead = world.listen(None).unwrap();
        world.change("two");
        let last = heard(&mut dead).flatten().unwrap();
        let others: Vec<_> = (1..MOST).map(|_| world.listen(None).unwrap()).collect();
        let refused = world.listen(None).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::TooManyStreams);
        for (at, name) in ["three", "four"].iter().enumerate() {
            // Again, from the same event on: it is the second one's place now.
            let mut back = world.listen(Some(last)).unwrap();
            assert_eq!(heard(&mut dead), Some(None), "the one before has ended");
            world.change(name);
            for missed in 0..at {
                assert!(heard(&mut back).is_some(), "event {missed} was missed");
            }
            let told = heard(&mut back).flatten().unwrap();
            assert_eq!(
                (told.stream, told.seq),
                (last.stream, last.seq + 1 + at as u64)
            );
            dead = back;
        }
        assert_eq!(others.len(), MOST - 1);
        assert!(world.listen(None).is_err(), "no place is counted twice");
        drop(others);
        assert!(world.listen(None).is_ok());
    }

    #[tokio::test]
    async fn what_was_taken_is_told_when_the_log_is_slow_and_the_future_dropped() {
        let world = World::new().await;
        let mut listening = world.listen(None).unwrap();
        world.shut(true);
        world.change("two");
        assert_eq!(heard(&mut listening), None, "it waits for the log");
        world.shut(false);
        assert!(matches!(heard(&mut listening), Some(Some(_))));
        assert_eq!(heard(&mut listening), None, "nothing is told twice");
        // Neither is it lost with the whole stream, or when a newer one comes.
        world.shut(true);
        world.change("three");
        assert_eq!(heard(&mut listening), None, "it waits for the log");
        drop(listening);
        let mut listening = world.listen(None).unwrap();
        assert_eq!(heard(&mut listening), None, "it waits for the log");
        let mut newer = world.listen(None).unwrap();
        world.shut(false);
        assert_eq!(heard(&mut listening), None, "it is not the newest any more");
        assert!(matches!(heard(&mut newer), Some(Some(_))));
    }

    #[tokio::test]
    async fn streams_that_were_ended_tell_nothing_more() {
        let world = World::new().await;
        let mut listening = world.listen(None).unwrap();
        world.session.sessions.end_streams();
        world.change("two");
        assert_eq!(heard(&mut listening), Some(None));
        let mut again = world.listen(None).unwrap();
        assert!(matches!(heard(&mut again), Some(Some(_))));
    }
}
