//! The `toolsmith` command: lists, calls and inspects the tools of MCP servers, and starts a
//! project for a server of one's own.
//!
//! What was typed (`args`) becomes what it means (`target`, `values`), and one match does it.

mod args;
mod call;
mod connect;
mod error;
mod inspect;
mod key;
mod list;
mod new;
mod output;
mod refusal;
mod schema;
mod server_log;
mod target;
mod values;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use args::{Cli, CommonArgs, Verb};
use connect::Client;
use error::{Exit, Failure, Result};
use output::Output;
use target::Target;
use values::Arguments;

fn main() -> ExitCode {
    let mut out = Output::new();
    match run(Cli::parse().verb, &mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => match failure.exit {
            None => ExitCode::SUCCESS,
            Some(exit) => {
                output::report(&failure);
                ExitCode::from(exit as u8)
            }
        },
    }
}

fn run(verb: Verb, out: &mut Output) -> Result<()> {
    match verb {
        Verb::New(args) => {
            new::run(&args, out)?;
            out.flush()
        }
        Verb::Key(args) => key::run(args, out),
        Verb::List(args) => {
            let (target, options) = target::server(args)?;
            talk(&target, &options, Job::List, out)
        }
        Verb::Inspect(args) => {
            let (target, options) = target::server(args)?;
            talk(&target, &options, Job::Inspect, out)
        }
        Verb::Call(args) => {
            let (request, options) = target::call(args)?;
            let job = Job::Call(request.tool, values::parse(&request.arguments)?);
            talk(&request.target, &options, job, out)
        }
    }
}

/// What to do once there is a connection.
enum Job {
    List,
    Inspect,
    Call(String, Arguments),
}

/// Connects, does the job and closes, all within the time that was given.
fn talk(target: &Target, options: &CommonArgs, job: Job, out: &mut Output) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Files, format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let started = Instant::now();
        let client = Client::connect(target, options).await?;
        let rest = options.timeout.saturating_sub(started.elapsed());
        let result = tokio::time::timeout(rest, perform(&client, job, options.json, out))
            .await
            .unwrap_or_else(|_| Err(refusal::of_time(options, "no answer")));
        // What there is to read is out before a slow server takes its time to end.
        let flushed = out.flush();
        client.close().await;
        result.and(flushed)
    })
}

async fn perform(client: &Client, job: Job, json: bool, out: &mut Output) -> Result<()> {
    match job {
        Job::List => list::run(client, json, out).await,
        Job::Inspect => inspect::run(client, json, out).await,
        Job::Call(tool, arguments) => call::run(client, tool, arguments, json, out).await,
    }
}
