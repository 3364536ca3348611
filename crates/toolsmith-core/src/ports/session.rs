//! Legacy sessions: what `Mcp-Session-Id` names.

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::fmt;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Answer;
use crate::Caller;
use crate::protocol::{ClientCapabilities, ClientInfo, LogLevel, Revision};

/// The name of a session: 128 random bits, written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SessionId([u8; 16]);

/// Something by session. Names are random, and those of a client's own making are looked
/// for and never put in, so that a part of the name is as good as a hash.
pub(crate) type BySession<T> = HashMap<SessionId, T, BuildHasherDefault<RandomPart>>;

/// Takes the hash of what is random already.
#[derive(Debug, Default)]
pub(crate) struct RandomPart(u64);

impl Hasher for RandomPart {
    fn write(&mut self, bytes: &[u8]) {
        for (mine, byte) in bytes.iter().enumerate() {
            self.0 ^= u64::from(*byte) << (8 * (mine % 8));
        }
    }

    fn write_u64(&mut self, part: u64) {
        self.0 = part;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Hash for SessionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

const NO_DIGIT: u8 = 0x10;

/// What each byte stands for as a hexadecimal digit of ours.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let ours = b"0123456789abcdef";
    let mut value = 0;
    while value < 16 {
        digits[ours[value as usize] as usize] = value;
        value += 1;
    }
    digits
};

impl SessionId {
    /// A name that nobody can guess.
    ///
    /// # Errors
    ///
    /// When the system gives no random bytes.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads a name as this server writes it; anything else names no session.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (pairs, rest) = text.as_chunks::<2>();
        if pairs.len() != 16 || !rest.is_empty() {
            return None;
        }
        let mut bytes = [0; 16];
        let mut all = 0;
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (DIGITS[usize::from(*high)], DIGITS[usize::from(*low)]);
            *byte = high << 4 | low & 0xf;
            all |= high | low;
        }
        if all & NO_DIGIT != 0 {
            return None;
        }
        Some(Self(bytes))
    }
}

impl SessionId {
    /// Which of so many parts of a table it belongs to.
    pub(crate) fn shard(self, of: usize) -> usize {
        usize::from(self.0[15]) % of
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// Shows the first digits only: who has the whole name has the session.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

/// Why a store of sessions did not do what it was to do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SessionStoreError {
    /// There is no room for another session.
    Full,
    /// It failed, which the log is told. The session may be there all the same.
    Failed(Arc<dyn Error + Send + Sync>),
}

impl SessionStoreError {
    /// The store failed, for this reason.
    pub fn failed(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        SessionStoreError::Failed(why.into().into())
    }
}

impl fmt::Display for SessionStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SessionStoreError::Full => f.write_str("there is no room for another session"),
            SessionStoreError::Failed(why) => write!(f, "the store of sessions failed: {why}"),
        }
    }
}

impl Error for SessionStoreError {}

/// What a store of sessions answers.
pub type SessionAnswer<'a, T> = Answer<'a, Result<T, SessionStoreError>>;

/// What is kept of a session.
#[derive(Clone, Debug)]
pub struct SessionRecord {
    /// The revision that was agreed on.
    pub revision: Revision,
    /// What the client can do.
    pub capabilities: ClientCapabilities,
    /// Who the client says it is.
    pub client: Option<Arc<ClientInfo>>,
    /// Who opened it. It is nobody else's.
    pub caller: Caller,
    /// The least severe log message that the client wants.
    pub log_level: Option<LogLevel>,
    /// The resources of whose changes the client wants to be told.
    pub resources: BTreeSet<Arc<str>>,
    /// How often the lists of the server had changed when the client saw them last.
    pub seen: u64,
}

/// A change of what is kept of a session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SessionChange {
    /// The client wants log messages from this level on.
    LogLevel(LogLevel),
    /// The client wants to be told of changes of a resource.
    Subscribe(Arc<str>),
    /// The client wants to be told of them no more.
    Unsubscribe(Arc<str>),
}

impl SessionRecord {
    /// Applies a change.
    pub fn apply(&mut self, change: SessionChange) {
        match change {
            SessionChange::LogLevel(level) => self.log_level = Some(level),
            SessionChange::Subscribe(uri) => {
                self.resources.insert(uri);
            }
            SessionChange::Unsubscribe(uri) => {
                self.resources.remove(&uri);
            }
        }
    }
}

/// Where sessions are kept. One is looked for among those of its caller: that of another, of
/// the same tenant or not, is there no more than one that never was, and it takes as long to
/// say so.
pub trait SessionStore: Send + Sync + fmt::Debug {
    /// Keeps a new session, of the tenant of its caller.
    fn create(&self, record: SessionRecord) -> SessionAnswer<'_, SessionId>;

    /// Finds a session of a caller and notes that it was used.
    fn find<'a>(
        &'a self,
        caller: &'a Caller,
        id: SessionId,
    ) -> SessionAnswer<'a, Option<Arc<SessionRecord>>>;

    /// Changes what is kept of a session. `false` when there is none.
    fn change<'a>(
        &'a self,
        tenant: &'a str,
        id: SessionId,
        change: SessionChange,
    ) -> SessionAnswer<'a, bool>;

    /// Forgets a session. `false` when there was none.
    fn remove<'a>(&'a self, tenant: &'a str, id: SessionId) -> SessionAnswer<'a, bool>;

    /// Forgets the sessions that were not used for too long, and names them and their
    /// tenants.
    fn expire(&self) -> SessionAnswer<'_, Vec<(Arc<str>, SessionId)>>;

    /// How many sessions there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// So many that one of them is small: while it grows, all wait who share its core, and they
/// all grow at about the same time.
const SHARDS: usize = 64;
/// A table with less room is not made smaller.
const ROOM: usize = 8;

/// Sessions in memory: gone when the process ends.
#[derive(Debug)]
pub struct MemorySessions {
    shards: [Mutex<BySession<Entry>>; SHARDS],
    count: AtomicUsize,
    capacity: usize,
    idle: Duration,
    started: Instant,
}

#[derive(Debug)]
struct Entry {
    record: Arc<SessionRecord>,
    /// Milliseconds from the start of the store to the last use.
    used: u64,
}

impl Entry {
    fn is_of(&self, tenant: &str) -> bool {
        self.record.caller.tenant() == tenant
    }
}

impl MemorySessions {
    /// Room for so many sessions, each of which is forgotten when it was not used for so
    /// long.
    pub fn new(capacity: usize, idle: Duration) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            count: AtomicUsize::new(0),
            capacity,
            idle,
            started: Instant::now(),
        }
    }

    fn shard(&self, id: SessionId) -> MutexGuard<'_, BySession<Entry>> {
        // A panic while a shard was locked leaves a map that is whole: no step of ours is
        // between two states of it.
        self.shards[id.shard(SHARDS)]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn is_stale(&self, entry: &Entry, now: u64) -> bool {
        u128::from(now.saturating_sub(entry.used)) >= self.idle.as_millis()
    }

    fn insert(&self, record: SessionRecord) -> Result<SessionId, SessionStoreError> {
        let reserved = self
            .count
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                (count < self.capacity).then_some(count + 1)
            });
        if reserved.is_err() {
            return Err(SessionStoreError::Full);
        }
        let id = SessionId::random().map_err(|error| {
            self.count.fetch_sub(1, Ordering::Relaxed);
            SessionStoreError::failed(error.to_string())
        })?;
        let used = self.now();
        let record = Arc::new(record);
        self.shard(id).insert(id, Entry { record, used });
        Ok(id)
    }

    fn sweep(&self) -> Vec<(Arc<str>, SessionId)> {
        let now = self.now();
        let mut gone = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let stale = shard.iter().filter(|(_, entry)| self.is_stale(entry, now));
            let stale: Vec<SessionId> = stale.map(|(id, _)| *id).collect();
            for id in stale {
                let removed = shard.remove(&id).into_iter();
                gone.extend(removed.map(|it| (it.record.caller.tenant().into(), id)));
            }
            if shard.capacity() > ROOM && shard.len() < shard.capacity() / 4 {
                shard.shrink_to_fit();
            }
        }
        self.count.fetch_sub(gone.len(), Ordering::Relaxed);
        gone
    }
}

impl SessionStore for MemorySessions {
    fn create(&self, record: SessionRecord) -> SessionAnswer<'_, SessionId> {
        Answer::now(self.insert(record))
    }

    fn find<'a>(
        &'a self,
        caller: &'a Caller,
        id: SessionId,
    ) -> SessionAnswer<'a, Option<Arc<SessionRecord>>> {
        let now = self.now();
        let mut shard = self.shard(id);
        let found = match shard.get_mut(&id) {
            Some(entry) if entry.record.caller == *caller && !self.is_stale(entry, now) => {
                entry.used = now;
                Some(Arc::clone(&entry.record))
            }
            _ => None,
        };
        Answer::now(Ok(found))
    }

    fn change<'a>(
        &'a self,
        tenant: &'a str,
        id: SessionId,
        change: SessionChange,
    ) -> SessionAnswer<'a, bool> {
        let mut shard = self.shard(id);
        let found = shard.get_mut(&id).filter(|it| it.is_of(tenant));
        let changed = found.map(|entry| Arc::make_mut(&mut entry.record).apply(change));
        Answer::now(Ok(changed.is_some()))
    }

    fn remove<'a>(&'a self, tenant: &'a str, id: SessionId) -> SessionAnswer<'a, bool> {
        let mut shard = self.shard(id);
        let is_theirs = shard.get(&id).is_some_and(|it| it.is_of(tenant));
        let removed = is_theirs.then(|| shard.remove(&id)).flatten();
        drop(shard);
        if removed.is_some() {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
        Answer::now(Ok(
            removed.is_some_and(|entry| !self.is_stale(&entry, self.now()))
        ))
    }

    fn expire(&self) -> SessionAnswer<'_, Vec<(Arc<str>, SessionId)>> {
        Answer::now(Ok(self.sweep()))
    }

    fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "default";

    fn record() -> SessionRecord {
        SessionRecord {
            revision: Revision::LATEST_LEGACY,
            capabilities: ClientCapabilities::default(),
            client: None,
            caller: Caller::default(),
            log_level: None,
            resources: BTreeSet::new(),
            seen: 0,
        }
    }

    #[test]
    fn a_name_is_read_back_as_it_was_written_and_nothing_else_is() {
        let id = SessionId::random().unwrap();
        let text = id.to_string();
        assert_eq!(SessionId::parse(text.as_bytes()), Some(id));
        for bad in [
            &text[1..],
            &text.to_uppercase().replace('0', "A"),
            "",
            &format!("{text}0"),
        ] {
            assert_eq!(SessionId::parse(bad.as_bytes()), None, "{bad}");
        }
        assert!(!format!("{id:?}").contains(&text));
    }

    #[tokio::test]
    async fn the_store_is_capped_and_forgets_the_unused() {
        let store = MemorySessions::new(2, Duration::from_secs(3600));
        let first = store.create(record()).await.unwrap();
        store.create(record()).await.unwrap();
        let full = store.create(record()).await;
        assert!(matches!(full, Err(SessionStoreError::Full)), "{full:?}");
        assert!(store.remove(TENANT, first).await.unwrap());
        assert!(!store.remove(TENANT, first).await.unwrap());
        assert!(store.create(record()).await.is_ok());

        let store = MemorySessions::new(2, Duration::ZERO);
        let id = store.create(record()).await.unwrap();
        let found = store.find(&Caller::default(), id).await.unwrap();
        assert!(found.is_none(), "expired at once");
        assert_eq!(store.expire().await.unwrap(), [(TENANT.into(), id)]);
        assert!(store.is_empty());
    }

    #[tokio::test]
    async fn a_change_is_seen_by_whoever_looks_next() {
        let store = MemorySessions::new(2, Duration::from_secs(3600));
        let id = store.create(record()).await.unwrap();
        let change = async |id, change| store.change(TENANT, id, change).await.unwrap();
        let found = async || store.find(&Caller::default(), id).await.unwrap().unwrap();
        assert!(change(id, SessionChange::LogLevel(LogLevel::Error)).await);
        assert!(change(id, SessionChange::Subscribe("a:b".into())).await);
        assert_eq!(found().await.log_level, Some(LogLevel::Error));
        assert!(found().await.resources.contains("a:b"));
        assert!(change(id, SessionChange::Unsubscribe("a:b".into())).await);
        assert!(found().await.resources.is_empty());
        let gone = SessionId::random().unwrap();
        assert!(!change(gone, SessionChange::LogLevel(LogLevel::Info)).await);
    }

    #[tokio::test]
    async fn a_session_is_there_for_its_tenant_alone() {
        let store = MemorySessions::new(2, Duration::from_secs(3600));
        let caller = Caller::new("acme");
        let id = store
            .create(SessionRecord { caller, ..record() })
            .await
            .unwrap();
        for other in [TENANT, "globex", ""] {
            let found = store.find(&Caller::new(other), id).await.unwrap();
            assert!(found.is_none(), "{other}");
            let level = SessionChange::LogLevel(LogLevel::Error);
            assert!(!store.change(other, id, level).await.unwrap(), "{other}");
            assert!(!store.remove(other, id).await.unwrap(), "{other}");
        }
        let alice = Caller::new("acme").with_principal("alice");
        assert!(store.find(&alice, id).await.unwrap().is_none());
        let found = store.find(&Caller::new("acme"), id).await.unwrap().unwrap();
        assert_eq!(found.log_level, None);
        assert_eq!(store.len(), 1);
        assert!(store.remove("acme", id).await.unwrap());
    }
}
