//! What `cargo xtask instructions` counts the instructions of.
//!
//! `instructions` lists the workloads, each with how often it is to be repeated.
//! `instructions WORKLOAD PREPARED DONE` prepares inputs and works on some of them. Two runs
//! that prepare the same and do not do the same differ by nothing but the work, so that
//! neither the start nor the inputs count.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool"
)]

mod call;
mod http;
mod layers;
mod messages;
mod server;
mod stdio;

use std::any::Any;
use std::pin::Pin;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};

/// How much is to be done.
#[derive(Clone, Copy, Debug)]
struct Repeats {
    /// How many inputs are made.
    prepared: usize,
    /// How many of them are worked on.
    done: usize,
}

/// Work that was done.
struct Done {
    /// The last answer that came of it.
    answer: Vec<u8>,
    /// What was prepared and not used. To clean it up would count, so it is kept to the end.
    _rest: Box<dyn Any>,
}

impl Done {
    fn new(answer: Vec<u8>, rest: impl Any) -> Result<Self> {
        let _rest = Box::new(rest);
        Ok(Self { answer, _rest })
    }
}

type Work = Pin<Box<dyn Future<Output = Result<Done>>>>;

/// Something to count the instructions of.
struct Workload {
    name: &'static str,
    /// Enough for what is random, such as the seeds of hash maps, to even out.
    repeats: usize,
    run: fn(Repeats) -> Work,
    /// What the answer has in it, so that no refusal is counted by mistake.
    answer: &'static str,
}

const MANY: usize = 1000;
/// For what is large.
const FEW: usize = 100;

const WORKLOADS: &[Workload] = &[
    one("decode_modern", layers::decode_modern, "add"),
    one("decode_legacy", layers::decode_legacy, "add"),
    one("dispatch_modern", layers::dispatch_modern, SUM),
    one("dispatch_legacy", layers::dispatch_legacy, SUM),
    one("encode_modern", layers::encode_modern, SUM),
    one("encode_legacy", layers::encode_legacy, SUM),
    one("call_modern", call::modern, SUM),
    one("call_legacy", call::legacy, SUM),
    few("call_list_100", call::list_100, r#""name":"tool_99""#),
    one("http_modern", http::modern, SUM),
    one("http_legacy", http::legacy, SUM),
    few("http_list_100", http::list_100, r#""name":"tool_99""#),
    few("http_echo_64k", http::echo_64k, r#""text":"xxxx"#),
    few("http_progress", http::progress, r#""progress":10"#),
    one("http_session", http::session, "204"),
    one("stdio_modern", stdio::modern, SUM),
    one("stdio_legacy", stdio::legacy, SUM),
];

/// The answer to `add`.
const SUM: &str = r#""text":"5""#;

const fn one(name: &'static str, run: fn(Repeats) -> Work, answer: &'static str) -> Workload {
    Workload {
        name,
        repeats: MANY,
        run,
        answer,
    }
}

const fn few(name: &'static str, run: fn(Repeats) -> Work, answer: &'static str) -> Workload {
    Workload {
        repeats: FEW,
        ..one(name, run, answer)
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match &*args {
        [] => {
            for workload in WORKLOADS {
                println!("{} {}", workload.name, workload.repeats);
            }
            Ok(())
        }
        [name, prepared, done] => run(name, prepared, done),
        _ => Err(anyhow::anyhow!(
            "give nothing, or: WORKLOAD PREPARED DONE, such as: call_modern 20 10"
        )),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(name: &str, prepared: &str, done: &str) -> Result<()> {
    let workload = WORKLOADS.iter().find(|it| it.name == name);
    let workload = workload.with_context(|| format!("there is no workload `{name}`"))?;
    let repeats = Repeats {
        prepared: prepared.parse().context("how many to prepare?")?,
        done: done.parse().context("how many to do?")?,
    };
    ensure!(
        (1..=repeats.prepared).contains(&repeats.done),
        "of {} that are prepared, {} cannot be done",
        repeats.prepared,
        repeats.done
    );
    // As the servers do that people start: what is not logged costs a look at the level.
    tracing_subscriber::fmt()
        .with_writer(std::io::sink)
        .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
        .init();
    // One thread, so that the same is done in the same order each time.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .context("there is no runtime")?;
    let done = runtime.block_on((workload.run)(repeats))?;
    let answer = String::from_utf8_lossy(&done.answer);
    ensure!(
        answer.contains(workload.answer),
        "`{name}` was answered with {answer}"
    );
    // With nothing cleaned up.
    std::process::exit(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_is_answered_as_it_should_be() {
        for workload in WORKLOADS {
            let runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = { runtime }.enable_time().build().unwrap();
            let repeats = Repeats {
                prepared: 3,
                done: 2,
            };
            let done = runtime.block_on((workload.run)(repeats)).unwrap();
            let answer = String::from_utf8_lossy(&done.answer);
            assert!(
                answer.contains(workload.answer),
                "{}: {answer}",
                workload.name
            );
        }
    }
}
