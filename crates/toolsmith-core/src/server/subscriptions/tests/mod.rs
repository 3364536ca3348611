mod model;
mod stress;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;

use super::*;
use crate::ports::{Bus as _, MemoryBus};

fn hub() -> Arc<Hub> {
    Arc::new(Hub::new(100))
}

fn uris(uris: &[&str]) -> Interest {
    Interest {
        uris: uris.iter().map(|uri| Arc::from(*uri)).collect(),
        ..Interest::default()
    }
}

fn everything(named: &[&str]) -> Interest {
    Interest {
        tools: true,
        prompts: true,
        resources: true,
        tasks: named.iter().map(|id| Arc::from(*id)).collect(),
        ..uris(named)
    }
}

fn updated(uri: &str) -> Change {
    Change::ResourceUpdated(uri.into())
}

fn task(id: &str) -> Change {
    Change::TaskChanged(id.into())
}

fn tell(hub: &Hub, tenant: &str, change: Change) {
    hub.post(&Event {
        audience: Audience::Tenant(tenant.into()),
        change,
    });
}

fn drain(subscription: &Subscription) -> Vec<Change> {
    std::iter::from_fn(|| subscription.try_next()).collect()
}

#[test]
fn lists_come_first_and_updates_in_the_order_of_their_first_news() {
    let hub = hub();
    let reader = hub.subscribe("t".into(), everything(&["a", "b"])).unwrap();
    for change in [
        updated("b"),
        Change::ResourcesChanged,
        task("a"),
        updated("a"),
        Change::ToolsChanged,
        updated("b"),
        Change::PromptsChanged,
        Change::ResourcesChanged,
        task("a"),
    ] {
        tell(&hub, "t", change);
    }
    let expected = [
        Change::ToolsChanged,
        Change::PromptsChanged,
        Change::ResourcesChanged,
        updated("b"),
        task("a"),
        updated("a"),
    ];
    assert_eq!(drain(&reader), expected);
    // What was read and changes again is news again, and waits behind the others.
    tell(&hub, "t", updated("a"));
    tell(&hub, "t", updated("b"));
    assert_eq!(drain(&reader), [updated("a"), updated("b")]);
}

#[test]
fn a_slow_reader_costs_no_more_than_it_asked_for() {
    let hub = hub();
    let reader = hub.subscribe("t".into(), everything(&["a", "b"])).unwrap();
    for round in 0..1_000 {
        for change in [Change::ToolsChanged, updated("a"), task("b"), task("a")] {
            tell(&hub, "t", change);
        }
        // Taking and posting again must not leave places behind.
        if round % 2 == 0 {
            reader.try_next();
        }
        let (asked, waiting) = reader.sizes();
        assert_eq!(asked, 7);
        assert!(waiting <= 4, "{waiting} entries wait");
    }
}

#[test]
fn a_tenant_hears_its_own_changes_and_those_for_everyone() {
    let hub = hub();
    let a = hub.subscribe("a".into(), everything(&["x"])).unwrap();
    let b = hub.subscribe("b".into(), everything(&["x"])).unwrap();
    let nameless = hub.subscribe("".into(), everything(&["x"])).unwrap();
    tell(&hub, "a", updated("x"));
    tell(&hub, "a", Change::ToolsChanged);
    assert_eq!(drain(&a), [Change::ToolsChanged, updated("x")]);
    assert_eq!(drain(&b), []);
    assert_eq!(drain(&nameless), []);
    hub.post(&Event {
        audience: Audience::Everyone,
        change: updated("x"),
    });
    for reader in [a, b, nameless] {
        assert_eq!(drain(&reader), [updated("x")]);
    }
}

#[test]
fn what_is_asked_for_no_more_is_not_read_any_more() {
    let hub = hub();
    let reader = hub.subscribe("t".into(), uris(&["a"])).unwrap();
    reader.add_uri("b".into()).unwrap();
    reader.add_uri("b".into()).unwrap();
    tell(&hub, "t", updated("a"));
    tell(&hub, "t", updated("b"));
    assert!(reader.remove_uri("a"));
    assert!(!reader.remove_uri("a"));
    tell(&hub, "t", updated("a"));
    assert_eq!(drain(&reader), [updated("b")]);
    assert_eq!(hub.entries(), 1);
    // Asked for again, it does not bring back what was missed.
    reader.add_uri("a".into()).unwrap();
    assert_eq!(drain(&reader), []);
    tell(&hub, "t", updated("a"));
    assert_eq!(drain(&reader), [updated("a")]);
}

#[test]
fn subscriptions_are_capped_and_leave_nothing_behind() {
    let hub = Arc::new(Hub::with_capacity(3, 2));
    let ask = |tenant: &str| hub.subscribe(tenant.into(), everything(&["x"]));
    let first = ask("a").unwrap();
    let _second = ask("a").unwrap();
    assert_eq!(ask("a").unwrap_err(), SubscriptionsFull::Tenant);
    let _third = ask("b").unwrap();
    assert_eq!(ask("b").unwrap_err(), SubscriptionsFull::Hub);
    assert_eq!((hub.len(), hub.entries()), (3, 15));
    drop(first);
    let last = ask("b").unwrap();
    assert_eq!(ask("a").unwrap_err(), SubscriptionsFull::Hub);
    drop((_second, _third, last));
    assert_eq!((hub.len(), hub.entries()), (0, 0));
    assert!(hub.is_empty());
}

#[test]
fn one_subscription_names_so_many_resources_and_no_more() {
    let hub = hub();
    let names = |count: usize| (0..count).map(|n| Arc::from(n.to_string())).collect();
    for too_many in [
        Interest {
            uris: names(Interest::MAX + 1),
            ..Interest::default()
        },
        Interest {
            tasks: names(Interest::MAX + 1),
            ..Interest::default()
        },
    ] {
        let refused = hub.subscribe("t".into(), too_many);
        assert_eq!(refused.unwrap_err(), SubscriptionsFull::Interest);
    }
    assert!(hub.is_empty(), "a refusal takes no room");

    let reader = hub.subscribe("t".into(), everything(&[])).unwrap();
    for n in 0..Interest::MAX {
        reader.add_uri(n.to_string().into()).unwrap();
    }
    let refused = reader.add_uri("one more".into());
    assert_eq!(refused, Err(SubscriptionsFull::Interest));
    reader.add_uri("0".into()).unwrap();
    assert!(reader.remove_uri("0"));
    reader.add_uri("one more".into()).unwrap();
    assert_eq!(hub.entries(), 3 + Interest::MAX);
}

#[tokio::test]
async fn a_reader_that_waits_is_woken() {
    let hub = hub();
    let reader = hub.subscribe("t".into(), everything(&[])).unwrap();
    let waiting = tokio::spawn(async move { reader.next().await });
    tokio::task::yield_now().await;
    tell(&hub, "t", Change::ToolsChanged);
    let woken = tokio::time::timeout(Duration::from_secs(30), waiting).await;
    let change = woken.expect("nobody woke the reader").unwrap();
    assert_eq!(change, Change::ToolsChanged);
}

#[test]
fn each_change_goes_to_one_of_those_who_wait() {
    let hub = hub();
    let reader = hub.subscribe("t".into(), uris(&["a", "b"])).unwrap();
    let mut first = Box::pin(reader.next());
    let mut second = Box::pin(reader.next());
    assert_eq!((&mut first).now_or_never(), None);
    assert_eq!((&mut second).now_or_never(), None);
    tell(&hub, "t", updated("a"));
    assert_eq!((&mut second).now_or_never(), None, "the first was woken");
    assert_eq!((&mut first).now_or_never(), Some(updated("a")));
    tell(&hub, "t", updated("b"));
    assert_eq!((&mut second).now_or_never(), Some(updated("b")));
}

/// Guards against a change that is lost with the reader that was woken for it.
#[test]
fn a_reader_that_is_dropped_after_it_was_woken_wakes_another() {
    let hub = hub();
    let reader = hub.subscribe("t".into(), uris(&["a"])).unwrap();
    let mut first = Box::pin(reader.next());
    let mut second = Box::pin(reader.next());
    assert_eq!((&mut first).now_or_never(), None);
    assert_eq!((&mut second).now_or_never(), None);
    tell(&hub, "t", updated("a"));
    drop(first);
    assert_eq!((&mut second).now_or_never(), Some(updated("a")));
}

#[test]
fn debug_shows_no_uri() {
    let hub = hub();
    let reader = hub.subscribe("t".into(), uris(&["secret:x"])).unwrap();
    tell(&hub, "t", updated("secret:x"));
    let shown = format!("{hub:?} {reader:?}");
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn every_hub_on_the_bus_tells_its_own_subscribers() {
    let bus = MemoryBus::new();
    let hubs = [(); 2].map(|()| Arc::new(Hub::new(10)));
    let interest = Interest {
        tools: true,
        ..Interest::default()
    };
    let readers = hubs.each_ref().map(|hub| {
        bus.subscribe(hub.clone());
        hub.subscribe("a".into(), interest.clone()).unwrap()
    });
    bus.publish(Event {
        audience: Audience::Tenant("a".into()),
        change: Change::ToolsChanged,
    });
    for reader in readers {
        assert_eq!(reader.try_next(), Some(Change::ToolsChanged));
        assert_eq!(reader.try_next(), None);
    }
}
