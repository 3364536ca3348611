//! The hub beside a model that is plain lists, under any order of steps.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use proptest::collection::{hash_set, vec};
use proptest::prelude::*;

use crate::server::subscriptions::{
    Audience, Change, Event, Hub, Interest, Subscription, SubscriptionsFull,
};

const TENANTS: [&str; 3] = ["a", "b", "c"];
const NAMES: [&str; 4] = ["u", "v", "w", "x"];
const SLOTS: usize = 5;
const CAPACITY: usize = 4;
const PER_TENANT: usize = 3;

/// One step. Slots hold a subscription or nothing.
#[derive(Clone, Debug)]
enum Step {
    Subscribe(usize, &'static str, Interest),
    Drop(usize),
    Add(usize, &'static str),
    Remove(usize, &'static str),
    Publish(Event),
    TryNext(usize),
    /// Makes a reader that is polled later.
    Wait(usize),
    /// Polls one reader, if it was woken or never polled.
    Run(usize, usize),
    /// Drops one reader, whether it was woken or not.
    Cancel(usize, usize),
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&NAMES[..])
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::ToolsChanged),
        Just(Change::PromptsChanged),
        Just(Change::ResourcesChanged),
        name().prop_map(|uri| Change::ResourceUpdated(uri.into())),
        name().prop_map(|id| Change::TaskChanged(id.into())),
    ]
}

fn interest() -> impl Strategy<Value = Interest> {
    let named = || hash_set(name().prop_map(Arc::from), 0..3);
    (any::<[bool; 3]>(), named(), named()).prop_map(|([tools, prompts, resources], uris, tasks)| {
        Interest {
            tools,
            prompts,
            resources,
            uris,
            tasks,
        }
    })
}

fn event() -> impl Strategy<Value = Event> {
    let audience = prop_oneof![
        1 => Just(Audience::Everyone),
        3 => tenant().prop_map(|tenant| Audience::Tenant(tenant.into())),
    ];
    (audience, change()).prop_map(|(audience, change)| Event { audience, change })
}

fn tenant() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&TENANTS[..])
}

fn step() -> impl Strategy<Value = Step> {
    let slot = || 0..SLOTS;
    prop_oneof![
        3 => (slot(), tenant(), interest()).prop_map(|(s, t, i)| Step::Subscribe(s, t, i)),
        1 => slot().prop_map(Step::Drop),
        2 => (slot(), name()).prop_map(|(slot, uri)| Step::Add(slot, uri)),
        2 => (slot(), name()).prop_map(|(slot, uri)| Step::Remove(slot, uri)),
        12 => event().prop_map(Step::Publish),
        3 => slot().prop_map(Step::TryNext),
        4 => slot().prop_map(Step::Wait),
        6 => (slot(), 0..4usize).prop_map(|(slot, reader)| Step::Run(slot, reader)),
        2 => (slot(), 0..4usize).prop_map(|(slot, reader)| Step::Cancel(slot, reader)),
    ]
}

/// A subscription, its readers, and what the model thinks of it.
struct Slot {
    real: Arc<Subscription>,
    readers: Vec<Reader>,
    tenant: &'static str,
    asked: Vec<Change>,
    /// In the order in which it is to be read.
    waiting: Vec<Change>,
    /// For each change that was posted while it was asked for: when it was posted last and
    /// when it was read last.
    times: Vec<(Change, usize, Option<usize>)>,
}

/// A call of `next` under way, which is polled when it was woken.
struct Reader {
    future: Pin<Box<dyn Future<Output = Change>>>,
    woken: Arc<Flag>,
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Reader {
    fn new(subscription: &Arc<Subscription>) -> Self {
        let subscription = Arc::clone(subscription);
        Self {
            future: Box::pin(async move { subscription.next().await }),
            woken: Arc::new(Flag(AtomicBool::new(true))),
        }
    }

    fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed)
    }

    fn poll(&mut self) -> Poll<Change> {
        self.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.woken));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

fn is_list(change: &Change) -> bool {
    !matches!(change, Change::ResourceUpdated(_) | Change::TaskChanged(_))
}

impl Slot {
    fn new(real: Subscription, tenant: &'static str, interest: Interest) -> Self {
        let named = |names: &std::collections::HashSet<Arc<str>>, kind: fn(Arc<str>) -> Change| {
            names.iter().cloned().map(kind).collect::<Vec<_>>()
        };
        let lists = [
            (interest.tools, Change::ToolsChanged),
            (interest.prompts, Change::PromptsChanged),
            (interest.resources, Change::ResourcesChanged),
        ];
        let mut asked = named(&interest.uris, Change::ResourceUpdated);
        asked.extend(named(&interest.tasks, Change::TaskChanged));
        asked.extend(lists.into_iter().filter(|(on, _)| *on).map(|(_, c)| c));
        Self {
            real: Arc::new(real),
            readers: Vec::new(),
            tenant,
            asked,
            waiting: Vec::new(),
            times: Vec::new(),
        }
    }

    fn is_told_of(&self, event: &Event) -> bool {
        let is_for_us = match &event.audience {
            Audience::Everyone => true,
            Audience::Tenant(tenant) => **tenant == *self.tenant,
        };
        is_for_us && self.asked.contains(&event.change)
    }

    fn publish(&mut self, event: &Event, now: usize) {
        if !self.is_told_of(event) {
            return;
        }
        match self.times.iter_mut().find(|(c, ..)| *c == event.change) {
            Some((_, posted, _)) => *posted = now,
            None => self.times.push((event.change.clone(), now, None)),
        }
        if !self.waiting.contains(&event.change) {
            self.waiting.push(event.change.clone());
            // Lists before the rest, in the order of the enum; the rest as it came.
            self.waiting.sort_by_key(|change| match is_list(change) {
                true => (false, Some(change.clone())),
                false => (true, None),
            });
        }
    }

    fn remove(&mut self, uri: &str) -> bool {
        let change = Change::ResourceUpdated(uri.into());
        let was_asked = self.asked.contains(&change);
        self.asked.retain(|one| *one != change);
        self.waiting.retain(|one| *one != change);
        self.times.retain(|(one, ..)| *one != change);
        was_asked
    }

    /// Compares what was read with what the model would have given.
    fn read(&mut self, change: Option<Change>, now: usize) {
        let expected = (!self.waiting.is_empty()).then(|| self.waiting.remove(0));
        assert_eq!(change, expected, "then wait: {:?}", self.waiting);
        let read = self
            .times
            .iter_mut()
            .find(|(c, ..)| Some(c) == change.as_ref());
        if let Some((_, _, read)) = read {
            *read = Some(now);
        }
    }

    fn run(&mut self, reader: usize, now: usize) {
        let Some(polled) = self.readers.get_mut(reader).filter(|one| one.is_woken()) else {
            return;
        };
        match polled.poll() {
            Poll::Ready(change) => {
                self.readers.remove(reader);
                self.read(Some(change), now);
            }
            Poll::Pending => assert_eq!(self.waiting, [], "a reader waits beside these"),
        }
    }

    /// Polls every reader that was woken until none is.
    fn settle(&mut self, now: usize) {
        while let Some(reader) = self.readers.iter().position(Reader::is_woken) {
            self.run(reader, now);
        }
        if !self.readers.is_empty() {
            assert_eq!(self.waiting, [], "nobody was woken for these");
        }
    }

    fn check(&self) {
        let (asked, waiting) = self.real.sizes();
        assert_eq!(asked, self.asked.len());
        assert_eq!(waiting, self.waiting.len());
        assert!(waiting <= asked);
    }

    /// Reads everything; what was posted while it was asked for must have been read since.
    fn drain(&mut self, now: usize) {
        self.settle(now);
        self.readers.clear();
        while !self.waiting.is_empty() {
            self.read(self.real.try_next(), now);
        }
        self.read(self.real.try_next(), now);
        for (change, posted, read) in &self.times {
            assert!(*read >= Some(*posted), "{change:?}: {posted} > {read:?}");
        }
    }
}

fn take(slots: &mut [Option<Slot>; SLOTS], step: Step, hub: &Arc<Hub>, now: usize) {
    match step {
        Step::Subscribe(slot, tenant, interest) => {
            slots[slot] = None;
            let of_tenant = slots.iter().flatten().filter(|one| one.tenant == tenant);
            let refusal = if slots.iter().flatten().count() >= CAPACITY {
                Some(SubscriptionsFull::Hub)
            } else {
                (of_tenant.count() >= PER_TENANT).then_some(SubscriptionsFull::Tenant)
            };
            let answer = hub.subscribe(tenant.into(), interest.clone());
            assert_eq!(answer.as_ref().err(), refusal.as_ref());
            slots[slot] = answer.ok().map(|real| Slot::new(real, tenant, interest));
        }
        Step::Drop(slot) => slots[slot] = None,
        Step::Publish(event) => {
            let told = slots
                .iter()
                .flatten()
                .filter(|slot| slot.is_told_of(&event));
            assert_eq!(
                hub.readers(&event).len(),
                told.count(),
                "no other is looked at"
            );
            hub.post(&event);
            let slots = slots.iter_mut().flatten();
            slots.for_each(|slot| slot.publish(&event, now));
        }
        Step::Add(slot, uri) => {
            let Some(slot) = &mut slots[slot] else { return };
            slot.real.add_uri(uri.into()).unwrap();
            let change = Change::ResourceUpdated(uri.into());
            if !slot.asked.contains(&change) {
                slot.asked.push(change);
            }
        }
        Step::Remove(slot, uri) => {
            let Some(slot) = &mut slots[slot] else { return };
            assert_eq!(slot.real.remove_uri(uri), slot.remove(uri));
        }
        Step::TryNext(slot) => {
            let Some(slot) = &mut slots[slot] else { return };
            let change = slot.real.try_next();
            slot.read(change, now);
        }
        Step::Wait(slot) => {
            let Some(slot) = &mut slots[slot] else { return };
            slot.readers.push(Reader::new(&slot.real));
        }
        Step::Run(slot, reader) => {
            let Some(slot) = &mut slots[slot] else { return };
            slot.run(reader, now);
        }
        Step::Cancel(slot, reader) => {
            let Some(slot) = &mut slots[slot] else { return };
            if reader < slot.readers.len() {
                slot.readers.remove(reader);
            }
        }
    }
}

proptest! {
    #[test]
    fn the_hub_does_what_plain_lists_would(steps in vec(step(), 0..120)) {
        let hub = Arc::new(Hub::with_capacity(CAPACITY, PER_TENANT));
        let mut slots: [Option<Slot>; SLOTS] = Default::default();
        let mut now = 0;
        for step in steps {
            now += 1;
            take(&mut slots, step, &hub, now);
            slots.iter().flatten().for_each(Slot::check);
            let asked: usize = slots.iter().flatten().map(|slot| slot.asked.len()).sum();
            prop_assert_eq!(hub.entries(), asked);
            prop_assert_eq!(hub.len(), slots.iter().flatten().count());
        }
        slots.iter_mut().flatten().for_each(|slot| slot.drain(now + 1));
        drop(slots);
        prop_assert_eq!((hub.len(), hub.entries()), (0, 0));
    }
}
