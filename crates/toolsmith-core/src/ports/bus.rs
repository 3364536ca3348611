//! How a change reaches those who tell clients of it, on this machine and on others.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::Event;

/// Carries events to listeners.
///
/// It only says that something changed. One that cannot deliver an event, because another
/// machine is not reached, must deliver a change of that kind later, or clients stay with
/// what they have.
pub trait Bus: Send + Sync + fmt::Debug {
    /// Says that something changed. It does not wait for anybody who hears it.
    fn publish(&self, event: Event);

    /// Adds a listener, which hears what is published after this returned. The bus does not
    /// keep it alive: it hears until whoever made it drops it.
    fn subscribe(&self, listener: Arc<dyn Listener>);
}

/// Hears what is published on a bus.
pub trait Listener: Send + Sync + fmt::Debug {
    /// Hears of an event. It must not wait: the publisher waits for it.
    fn heard(&self, event: &Event);
}

/// A bus within this process.
///
/// A listener may publish and subscribe while it hears: no lock is held while it does.
#[derive(Debug, Default)]
pub struct MemoryBus {
    /// Replaced as a whole, so that publishing copies one pointer under the lock.
    listeners: Mutex<Arc<Vec<Weak<dyn Listener>>>>,
}

impl MemoryBus {
    /// A bus that nobody listens to yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn listeners(&self) -> Arc<Vec<Weak<dyn Listener>>> {
        let listeners = self.listeners.lock();
        Arc::clone(&listeners.unwrap_or_else(PoisonError::into_inner))
    }
}

impl Bus for MemoryBus {
    fn publish(&self, event: Event) {
        for listener in self.listeners().iter().filter_map(Weak::upgrade) {
            listener.heard(&event);
        }
    }

    fn subscribe(&self, listener: Arc<dyn Listener>) {
        let listeners = self.listeners.lock();
        let mut listeners = listeners.unwrap_or_else(PoisonError::into_inner);
        let alive = listeners.iter().filter(|one| one.strong_count() > 0);
        let with_new = alive.cloned().chain([Arc::downgrade(&listener)]);
        *listeners = Arc::new(with_new.collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{Audience, Change};

    fn event(change: Change) -> Event {
        Event {
            audience: Audience::Everyone,
            change,
        }
    }

    /// Answers the first event with another, and brings a friend.
    #[derive(Debug, Default)]
    struct Talker {
        bus: Weak<MemoryBus>,
        friend: Arc<Keeper>,
        heard: Mutex<Vec<Change>>,
    }

    #[derive(Debug, Default)]
    struct Keeper(Mutex<Vec<Change>>);

    impl Listener for Keeper {
        fn heard(&self, event: &Event) {
            self.0.lock().unwrap().push(event.change.clone());
        }
    }

    impl Listener for Talker {
        fn heard(&self, heard: &Event) {
            self.heard.lock().unwrap().push(heard.change.clone());
            if heard.change == Change::ToolsChanged {
                let bus = self.bus.upgrade().unwrap();
                bus.subscribe(self.friend.clone());
                bus.publish(event(Change::PromptsChanged));
            }
        }
    }

    #[test]
    fn a_listener_may_publish_and_subscribe_while_it_hears() {
        let bus = Arc::new(MemoryBus::new());
        let talker = Arc::new(Talker {
            bus: Arc::downgrade(&bus),
            ..Talker::default()
        });
        bus.subscribe(talker.clone());
        bus.publish(event(Change::ToolsChanged));
        let both = [Change::ToolsChanged, Change::PromptsChanged];
        assert_eq!(*talker.heard.lock().unwrap(), both);
        assert_eq!(*talker.friend.0.lock().unwrap(), both[1..]);
    }

    #[test]
    fn a_listener_that_is_gone_is_forgotten() {
        let bus = MemoryBus::new();
        let kept = Arc::new(Keeper::default());
        bus.subscribe(kept.clone());
        for _ in 0..100 {
            bus.subscribe(Arc::new(Keeper::default()));
        }
        assert!(bus.listeners().len() <= 2, "{bus:?}");
        bus.publish(event(Change::ToolsChanged));
        assert_eq!(*kept.0.lock().unwrap(), [Change::ToolsChanged]);
    }
}
