//! Calls over HTTP, as fast as they are answered.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::{Bench, Row, Runner, Subject};
use crate::bench::checking::{self, Expected};
use crate::bench::client::{Answer, Client};
use crate::bench::load::{Load, Loaded};
use crate::bench::request::{Call, FIRST_ID, Request};
use crate::bench::subject::{self, Program, Served};
use crate::bench::{pin, process, session};

/// The first id of the calls in a session whose answers are looked at, above all those of
/// the load.
const LOOKED_AT: u64 = 5_000_001;
/// How far the mean size of all answers may be from that of the first, which was looked at.
/// Where an answer has ids of its own, their lengths differ.
const SIZES: f64 = 0.05;
/// How long a measurement takes where some microseconds are looked for, on one core: the
/// machine changes by more than those from one second to the next, for all alike.
const SLICE: Duration = Duration::from_millis(200);
/// How many of them there are for each round.
pub(super) const SLICES: usize = 20;

/// A subject that is called.
#[derive(Debug)]
pub(super) struct Http {
    served: Served,
    call: Call,
    add: &'static str,
    session: Option<String>,
    connections: usize,
    core: &'static str,
    time: Duration,
    home: PathBuf,
    /// The size of the first answer.
    size: f64,
}

impl Http {
    pub(super) fn start(
        bench: &Bench<'_>,
        subject: &Subject,
        workload: &'static str,
        load: (Call, usize, &'static str),
    ) -> Result<Self> {
        let (call, connections, core) = load;
        if subject.program == Program::Floor {
            same_as_ours(bench, subject, call)?;
        }
        let (served, session) = serve(bench, subject, workload, call)?;
        let mut http = Self {
            served,
            call,
            add: subject.add,
            session,
            connections,
            core,
            time: match core {
                pin::SERVER => SLICE,
                _ => Duration::from_secs(subject.seconds(workload, bench.options.seconds)),
            },
            home: bench.home.clone(),
            size: 0.0,
        };
        http.size = http.first()?.size as f64;
        process::quiet(http.served.server.id())?;
        Ok(http)
    }

    /// The answer to one call, which must be right before anything is counted.
    fn first(&self) -> Result<Answer> {
        let (request, expected) = self.next(0);
        let answer = Client::connect(&self.served.url)?.post(&request)?;
        expected.check(&answer).context("before the load")?;
        Ok(answer)
    }

    fn next(&self, number: u64) -> (Request, Expected) {
        let id = match self.call.in_session() {
            true => LOOKED_AT + number,
            false => FIRST_ID,
        };
        let request = self.call.request(self.add, id, self.session.as_deref());
        (request, self.call.expected(id))
    }

    fn load(&self) -> Result<Loaded> {
        let session = self.session.as_deref();
        let request = self.call.request(self.add, FIRST_ID, session);
        let load = Load {
            url: &self.served.url,
            request: &request,
            own_ids: self.call.in_session().then_some(FIRST_ID),
            connections: self.connections,
            time: self.time,
            core: self.core,
            server: self.served.server.id(),
        };
        load.run(&self.home, |number| self.next(number))
    }

    /// All answers together must be as long as so many right ones are.
    fn sizes_hold(&self, loaded: &Loaded) -> Result<()> {
        ensure!(
            loaded.wrk.requests > 0.0,
            "there was no answer within {:?}, the time of a measurement",
            self.time
        );
        let mean = loaded.wrk.bytes / loaded.wrk.requests;
        // Those that were on their way at the end are in the bytes alone.
        let more = self.connections as f64 / loaded.wrk.requests;
        let (least, most) = (1.0 - SIZES, 1.0 + SIZES + more);
        ensure!(
            (least * self.size..=most * self.size).contains(&mean),
            "the answers had {mean:.0} bytes in the mean, where a right one has {:.0}",
            self.size
        );
        Ok(())
    }
}

impl Runner for Http {
    fn round(&mut self, _: usize, row: &mut Row) -> Result<()> {
        let loaded = self.load()?;
        process::quiet(self.served.server.id())?;
        self.sizes_hold(&loaded)?;
        let Loaded { wrk, seen, busy } = loaded;
        row.failed += wrk.statuses + wrk.sockets + seen.wrong;
        row.checked += seen.checked;
        if wrk.statuses + wrk.sockets > 0 {
            let text = format!("{} not 2xx, {} socket errors", wrk.statuses, wrk.sockets);
            row.problem.get_or_insert(text);
        }
        if let Some(wrong) = seen.first_wrong {
            row.problem.get_or_insert(wrong);
        }
        if self.call.in_session() && self.session.is_none() {
            row.note = Some("it opens no session".to_owned());
        }
        row.push("rate", wrk.requests / wrk.seconds);
        row.push("p50", wrk.p50);
        row.push("p99", wrk.p99);
        row.push("cost", busy * 1e6 / (wrk.requests + seen.checked as f64));
        row.push("busy", 100.0 * busy / wrk.seconds);
        Ok(())
    }
}

fn serve(
    bench: &Bench<'_>,
    subject: &Subject,
    workload: &str,
    call: Call,
) -> Result<(Served, Option<String>)> {
    let served = subject.serve(bench, workload, call)?;
    let session = match (call.in_session(), subject.program) {
        (false, _) => None,
        (true, Program::Floor) => Some(session::none()),
        (true, _) => session::open(&served.url)?,
    };
    Ok((served, session))
}

/// Whoever is the measure must send the same bytes. Where it sends them from memory, it is
/// given those of ours first.
fn same_as_ours(bench: &Bench<'_>, floor: &Subject, call: Call) -> Result<()> {
    let answer = |subject: &Subject| {
        let (served, session) = serve(bench, subject, "", call)?;
        let request = call.request("add", FIRST_ID, session.as_deref());
        let answer = Client::connect(&served.url)?.post(&request)?;
        call.expected(FIRST_ID).check(&answer)?;
        anyhow::Ok(answer)
    };
    let ours = subject::ALL.iter().find(|it| it.id == "ours");
    let ours = answer(ours.context("we are not measured")?).context("ours")?;
    if call == Call::List {
        std::fs::write(bench.list(), &ours.body).context("keeping the list")?;
    }
    checking::same(&ours, &answer(floor).context("the floor")?)
}
