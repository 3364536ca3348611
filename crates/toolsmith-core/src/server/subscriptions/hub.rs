//! From a change to those who asked for it.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::mailbox::Mailbox;
use super::{Audience, Change, Event, Interest, Subscription};
use crate::ports::Listener;

/// There is no room for what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubscriptionsFull {
    /// The hub has as many subscriptions as it takes.
    Hub,
    /// The tenant has as many subscriptions as one may have.
    Tenant,
    /// The subscription names more than [`Interest::MAX`] resources or tasks.
    Interest,
}

impl fmt::Display for SubscriptionsFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hub => f.write_str("the server has too many subscriptions; try again later"),
            Self::Tenant => f.write_str("too many subscriptions are open; close one first"),
            Self::Interest => write!(
                f,
                "a subscription names at most {} resources and as many tasks; name fewer",
                Interest::MAX
            ),
        }
    }
}

impl std::error::Error for SubscriptionsFull {}

/// Those who asked to be told of changes, of all tenants.
pub struct Hub {
    shards: [Mutex<Index>; SHARDS],
    hasher: RandomState,
    seats: Mutex<Seats>,
    next_number: AtomicU64,
    capacity: usize,
    per_tenant: usize,
}

const SHARDS: usize = 16;

/// Sorted by what is asked for, then by tenant, then by the number of the subscription:
/// who asked for a change is one range, be it of one tenant or of all.
type Index = BTreeMap<(Change, Arc<str>, u64), Arc<Mailbox>>;

/// How many subscriptions there are.
#[derive(Default)]
struct Seats {
    taken: usize,
    by_tenant: HashMap<Arc<str>, usize>,
}

impl Hub {
    /// How many subscriptions a hub takes unless it is told otherwise.
    pub const CAPACITY: usize = 10_000;

    /// Room for [`Hub::CAPACITY`] subscriptions, and for so many of one tenant.
    pub fn new(per_tenant: usize) -> Self {
        Self::with_capacity(Self::CAPACITY, per_tenant)
    }

    /// Room for so many subscriptions, and for so many of one tenant.
    pub fn with_capacity(capacity: usize, per_tenant: usize) -> Self {
        Self {
            shards: Default::default(),
            hasher: RandomState::new(),
            seats: Mutex::default(),
            next_number: AtomicU64::new(0),
            capacity,
            per_tenant,
        }
    }

    /// How many subscriptions there are.
    pub fn len(&self) -> usize {
        self.seats().taken
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A subscription of a tenant. It is told of what is posted after this returned, and
    /// may be told of what is posted meanwhile.
    ///
    /// # Errors
    ///
    /// When there is no room for it.
    pub fn subscribe(
        self: &Arc<Self>,
        tenant: Arc<str>,
        interest: Interest,
    ) -> Result<Subscription, SubscriptionsFull> {
        if !interest.is_within_bounds() {
            return Err(SubscriptionsFull::Interest);
        }
        self.take_seat(&tenant)?;
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let asked: Vec<Change> = interest.into_changes().collect();
        let mailbox = Arc::new(Mailbox::new(asked.iter().cloned()));
        let subscription = Subscription::new(
            Arc::clone(self),
            Arc::clone(&tenant),
            number,
            Arc::clone(&mailbox),
        );
        for change in asked {
            let key = (change, Arc::clone(&tenant), number);
            self.shard(&key.0).insert(key, Arc::clone(&mailbox));
        }
        Ok(subscription)
    }

    /// Tells those whom an event is for and who asked for its change.
    pub(super) fn post(&self, event: &Event) {
        // A mailbox knows what it asks for, so it does no harm that somebody may stop
        // asking between these two steps.
        for mailbox in self.readers(event) {
            mailbox.post(&event.change);
        }
    }

    /// Those who asked for the change and nobody else, found without a look at the others.
    pub(super) fn readers(&self, event: &Event) -> Vec<Arc<Mailbox>> {
        let key = |tenant: &Arc<str>, number| (event.change.clone(), Arc::clone(tenant), number);
        match &event.audience {
            Audience::Tenant(tenant) => self
                .shard(&event.change)
                .range(key(tenant, 0)..=key(tenant, u64::MAX))
                .map(|(_, mailbox)| Arc::clone(mailbox))
                .collect(),
            Audience::Everyone => self
                .shard(&event.change)
                .range(key(&"".into(), 0)..)
                .take_while(|((change, ..), _)| *change == event.change)
                .map(|(_, mailbox)| Arc::clone(mailbox))
                .collect(),
        }
    }

    /// The index and the mailbox change under one lock, so that they agree whoever else
    /// asks for the same at the same time.
    pub(super) fn ask(
        &self,
        tenant: &Arc<str>,
        number: u64,
        mailbox: &Arc<Mailbox>,
        change: Change,
    ) -> Result<(), SubscriptionsFull> {
        let mut shard = self.shard(&change);
        let is_new = mailbox
            .ask(change.clone())
            .map_err(|_| SubscriptionsFull::Interest)?;
        if is_new {
            let key = (change, Arc::clone(tenant), number);
            shard.insert(key, Arc::clone(mailbox));
        }
        Ok(())
    }

    /// Undoes [`Hub::ask`]. `false` when there was nothing to undo.
    pub(super) fn unask(
        &self,
        tenant: &Arc<str>,
        number: u64,
        mailbox: &Mailbox,
        change: Change,
    ) -> bool {
        let mut shard = self.shard(&change);
        let was_asked = mailbox.unask(&change);
        if was_asked {
            shard.remove(&(change, Arc::clone(tenant), number));
        }
        was_asked
    }

    /// Ends a subscription that asked for this.
    pub(super) fn leave(&self, tenant: &Arc<str>, number: u64, asked: Vec<Change>) {
        for change in asked {
            let key = (change, Arc::clone(tenant), number);
            self.shard(&key.0).remove(&key);
        }
        self.seats().free(tenant);
    }

    fn take_seat(&self, tenant: &Arc<str>) -> Result<(), SubscriptionsFull> {
        let mut seats = self.seats();
        if seats.taken >= self.capacity {
            return Err(SubscriptionsFull::Hub);
        }
        let of_tenant = seats.by_tenant.get(tenant).copied().unwrap_or(0);
        if of_tenant >= self.per_tenant {
            return Err(SubscriptionsFull::Tenant);
        }
        seats.by_tenant.insert(Arc::clone(tenant), of_tenant + 1);
        seats.taken += 1;
        Ok(())
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shard(&self, change: &Change) -> MutexGuard<'_, Index> {
        // The remainder is below the number of shards, so the cast loses nothing.
        let shard = self.hasher.hash_one(change) % SHARDS as u64;
        self.shards[shard as usize]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// How many entries the index has.
    #[cfg(test)]
    pub(super) fn entries(&self) -> usize {
        let shards = self.shards.iter();
        shards.map(|shard| shard.lock().unwrap().len()).sum()
    }
}

impl Listener for Hub {
    fn heard(&self, event: &Event) {
        self.post(event);
    }
}

impl Seats {
    fn free(&mut self, tenant: &Arc<str>) {
        self.taken -= 1;
        if let Some(of_tenant) = self.by_tenant.get_mut(tenant) {
            *of_tenant -= 1;
            if *of_tenant == 0 {
                self.by_tenant.remove(tenant);
            }
        }
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("subscriptions", &self.len())
            .field("capacity", &self.capacity)
            .field("per_tenant", &self.per_tenant)
            .finish_non_exhaustive()
    }
}
