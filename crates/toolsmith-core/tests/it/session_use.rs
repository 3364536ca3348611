//! What goes on in a session: found by whoever looks for as long as it goes on, by many at
//! once, and gone with it or with its session.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::AbortHandle;
use toolsmith_core::ports::{
    EventLimits, MemoryEvents, MemorySessions, SessionAnswer, SessionChange, SessionId,
    SessionRecord, SessionStore,
};
use toolsmith_core::protocol::{RequestId, Revision};
use toolsmith_core::server::{Caller, Engine, Peer, Server, SessionRef, Sessions};

const HOUR: Duration = Duration::from_secs(3600);

/// A store whose sessions end as soon as they were found, when it is told so.
#[derive(Debug)]
struct Sudden {
    sessions: MemorySessions,
    ends: AtomicBool,
}

impl SessionStore for Sudden {
    fn create(&self, record: SessionRecord) -> SessionAnswer<'_, SessionId> {
        self.sessions.create(record)
    }
    fn find<'a>(
        &'a self,
        caller: &'a Caller,
        id: SessionId,
    ) -> SessionAnswer<'a, Option<Arc<SessionRecord>>> {
        let found = self.sessions.find(caller, id);
        if self.ends.load(Ordering::Relaxed) {
            drop(self.sessions.remove(caller.tenant(), id));
        }
        found
    }
    fn change<'a>(
        &'a self,
        tenant: &'a str,
        id: SessionId,
        change: SessionChange,
    ) -> SessionAnswer<'a, bool> {
        self.sessions.change(tenant, id, change)
    }
    fn remove<'a>(&'a self, tenant: &'a str, id: SessionId) -> SessionAnswer<'a, bool> {
        self.sessions.remove(tenant, id)
    }
    fn expire(&self) -> SessionAnswer<'_, Vec<(Arc<str>, SessionId)>> {
        self.sessions.expire()
    }
    fn len(&self) -> usize {
        self.sessions.len()
    }
}

struct World {
    engine: Engine,
    store: Arc<Sudden>,
    events: Arc<MemoryEvents>,
    sessions: Arc<Sessions>,
    peer: Peer,
}

impl World {
    async fn new() -> Self {
        let server = Server::new("sessions");
        let _registry = server.registry();
        let engine = server.build().unwrap();
        let store = Arc::new(Sudden {
            sessions: MemorySessions::new(4, HOUR),
            ends: AtomicBool::new(false),
        });
        let events = Arc::new(MemoryEvents::new(EventLimits::default()));
        let sessions = Sessions::new(engine.clone(), store.clone(), events.clone(), HOUR);
        let id = sessions.open(&Peer::new(Revision::LATEST_LEGACY)).await;
        let peer = sessions.find(id.unwrap(), &Caller::default()).await;
        Self {
            engine,
            store,
            events,
            sessions,
            peer: peer.unwrap(),
        }
    }

    fn session(&self) -> SessionRef {
        self.peer.session.clone().unwrap()
    }

    /// Nothing is left of what went on.
    fn is_quiet(&self) {
        let left = (
            self.sessions.live(),
            self.engine.subscriptions(),
            self.events.bytes(),
        );
        assert_eq!(
            left,
            (0, 0, 0),
            "sessions, subscriptions and bytes of events"
        );
    }
}

fn id(number: usize) -> RequestId {
    RequestId::from_json(number.to_string().into()).unwrap()
}

/// Guards against a call that was noted where nobody looked any more, because another one
/// had ended at the same time.
#[tokio::test]
async fn a_call_is_found_while_it_runs_however_many_begin_and_end_at_the_same_time() {
    const CALLS: usize = 50_000;
    let world = World::new().await;
    let session = &world.session();
    std::thread::scope(|threads| {
        for thread in 0..4 {
            threads.spawn(move || {
                for call in 0..CALLS {
                    let id = id(call * 4 + thread);
                    let _running = session.running(id.clone());
                    assert!(session.cancel(&id), "call {call} of {thread} was not found");
                }
            });
        }
    });
    assert_eq!(world.sessions.live(), 0);
}

#[tokio::test]
async fn a_call_that_was_cancelled_while_it_began_is_stopped_as_soon_as_it_says_how() {
    let world = World::new().await;
    let session = world.session();
    let call = session.running(id(1)).expect("nobody else has the id");
    assert!(session.cancel(&id(1)));
    let again = session.running(id(1)).expect("the id is free again");
    let (abort, _) = AbortHandle::new_pair();
    call.stopped_by(abort.clone());
    assert!(abort.is_aborted(), "it would go on");
    drop(call);
    assert!(session.is_running(&id(1)), "the other call is forgotten");
    drop(again);
    assert!(!session.is_running(&id(1)));
}

#[tokio::test]
async fn places_are_counted_for_as_long_as_they_are_held() {
    let world = World::new().await;
    let session = world.session();
    let place = session.detach(1).expect("there is room");
    // Something else begins and ends.
    drop(session.open_stream(|| None).await);
    assert!(session.detach(1).is_none(), "there is room for one only");
    drop(place);
    assert!(session.detach(1).is_some());
    assert_eq!(world.sessions.live(), 0);
}

#[tokio::test]
async fn a_stream_that_is_opened_in_a_session_that_has_ended_leaves_nothing() {
    let world = World::new().await;
    let session = world.session();
    session.remove().await.unwrap();
    let (writer, mut reader) = session.open_stream(|| None).await;
    writer.write("said".into()).await;
    writer.end().await;
    // Who reads is told what there was, and then that it is over.
    assert!(reader.next().now_or_never().flatten().is_some());
    assert_eq!(reader.next().now_or_never(), Some(None));
    drop(reader);
    world.is_quiet();
}

#[tokio::test]
async fn listening_in_a_session_that_ends_meanwhile_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    world.store.ends.store(true, Ordering::Relaxed);
    let session = world.session();
    let listening = session.listen(&world.peer, None, 4).await;
    let refused = listening.map(drop).unwrap_err().message;
    assert!(refused.contains("has ended"), "{refused}");
    world.is_quiet();
}
