//! Legacy sessions: how fast they are opened, and what each costs while nobody uses it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::{Bench, Better, Figure, Row, Runner, Subject};
use crate::bench::checking::{self, Expected, Seen};
use crate::bench::oha::{self, Opened};
use crate::bench::request::{Call, initialize};
use crate::bench::subject::Served;
use crate::bench::{process, session};

/// How long memory must not change before it is read.
const UNCHANGED: Duration = Duration::from_secs(1);

pub(super) const FIGURES: &[Figure] = &[
    Figure::new("rate", "sessions/s", Better::More, 0),
    Figure::new("bytes", "resident bytes/session", Better::Less, 0),
    Figure::new("first", "p99 µs of the first 1,000", Better::Less, 0),
    Figure::new("p99", "p99 µs of all", Better::Less, 0),
    Figure::new("worst", "p99 µs of the worst 1,000", Better::Less, 0),
    Figure::new("sessions", "sessions", Better::Neither, 0),
    super::BUSY,
];

/// A subject that opens sessions, in a process of its own each time.
#[derive(Debug)]
pub(super) struct Sessions<'a> {
    bench: &'a Bench<'a>,
    subject: &'a Subject,
    oha: PathBuf,
}

impl<'a> Sessions<'a> {
    pub(super) fn new(bench: &'a Bench<'a>, subject: &'a Subject) -> Result<Self> {
        let oha = oha::install(bench.workspace)?;
        Ok(Self {
            bench,
            subject,
            oha,
        })
    }

    /// Opens them all, and looks at some more that are opened beside them.
    fn open(&self, served: &Served) -> Result<(Opened, Seen)> {
        let over = AtomicBool::new(false);
        let next = |_| (initialize(), Expected::session());
        std::thread::scope(|scope| {
            let watcher = scope.spawn(|| checking::watch(&served.url, &over, next));
            let count = self.subject.sessions;
            let opened = oha::run(&self.oha, &served.url, &initialize(), count);
            over.store(true, Ordering::Relaxed);
            let seen = watcher.join().ok();
            let seen = seen.context("whoever looks at the answers broke")?;
            Ok((opened?, seen))
        })
    }
}

impl Runner for Sessions<'_> {
    fn round(&mut self, _: usize, row: &mut Row) -> Result<()> {
        let served = self.subject.serve(self.bench, "h", Call::LegacyAdd)?;
        let id = served.server.id();
        session::open_checked(&served.url)?;
        let before = process::settled(id, UNCHANGED)?;
        let (ran, began) = (process::cpu(id)?, Instant::now());
        let (opened, seen) = self.open(&served)?;
        let busy = (process::cpu(id)? - ran) / began.elapsed().as_secs_f64();
        let after = process::settled(id, UNCHANGED)?;
        let sessions = self.subject.sessions as f64 + seen.checked as f64;
        row.failed += opened.failed + seen.wrong;
        row.checked += seen.checked;
        if let Some(wrong) = seen.first_wrong {
            row.problem.get_or_insert(wrong);
        }
        row.push("rate", opened.rate);
        row.push("bytes", (after - before) / sessions);
        row.push("first", opened.first_p99);
        row.push("p99", opened.p99);
        row.push("worst", opened.worst_p99);
        row.push("sessions", sessions);
        row.push("busy", 100.0 * busy);
        Ok(())
    }
}
