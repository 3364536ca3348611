//! The tool that is called: it does what it is told, when it is told.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, watch};
use toolsmith::prelude::*;
use toolsmith::server::tool::DynamicTool;

use crate::wire::soon;

/// What a call is told to do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Command {
    Report,
    Ask,
    Finish,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Unknown,
    Running,
    Finished,
    /// It was dropped before its end.
    Dropped,
}

/// A call, from outside.
pub(super) struct Control {
    commands: mpsc::UnboundedSender<Command>,
    state: watch::Receiver<State>,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.state())
    }
}

impl Control {
    /// Tells the call what to do. One that is over is not there to be told.
    pub(super) fn tell(&self, command: Command) {
        let _ = self.commands.send(command);
    }

    pub(super) fn state(&self) -> State {
        *self.state.borrow()
    }

    pub(super) async fn runs(&self) {
        self.wait("a call", |state| state != State::Unknown).await;
    }

    /// Waits until it has ended in one way or the other.
    pub(super) async fn is_over(&self) -> State {
        let over = |state| matches!(state, State::Finished | State::Dropped);
        self.wait("the end of a call", over).await
    }

    async fn wait(&self, what: &str, is: impl Fn(State) -> bool) -> State {
        let mut state = self.state.clone();
        let state = soon(what, state.wait_for(|state| is(*state))).await;
        *state.unwrap()
    }
}

/// A call, from inside.
struct Job {
    commands: mpsc::UnboundedReceiver<Command>,
    state: watch::Sender<State>,
}

impl Drop for Job {
    fn drop(&mut self) {
        self.state.send_if_modified(|state| {
            let dropped = *state == State::Running;
            if dropped {
                *state = State::Dropped;
            }
            dropped
        });
    }
}

/// The calls that are awaited, by their names.
#[derive(Clone, Default)]
pub(super) struct Calls(Arc<Mutex<HashMap<String, Job>>>);

impl Calls {
    /// Gets ready for a call of this name.
    pub(super) fn expect(&self, name: &str) -> Control {
        let (commands, from) = mpsc::unbounded_channel();
        let (state, at) = watch::channel(State::Unknown);
        let job = Job {
            commands: from,
            state,
        };
        self.0.lock().unwrap().insert(name.to_owned(), job);
        Control {
            commands,
            state: at,
        }
    }

    fn take(&self, name: &str) -> Job {
        let job = self.0.lock().unwrap().remove(name);
        job.unwrap_or_else(|| panic!("{name} was called twice"))
    }

    /// The server that offers the tool.
    pub(super) fn server(&self) -> Server {
        let calls = self.clone();
        let work = move |arguments: Map<String, Value>, context: Context| {
            let calls = calls.clone();
            async move {
                let name = arguments["name"].as_str().unwrap().to_owned();
                let mut job = calls.take(&name);
                job.state.send_replace(State::Running);
                let mut reported = 0.0;
                while let Some(command) = job.commands.recv().await {
                    match command {
                        Command::Report => {
                            reported += 1.0;
                            context.progress(Progress::new(reported));
                        }
                        // Not every client can be asked.
                        Command::Ask => drop(context.list_roots().await),
                        Command::Finish => break,
                    }
                }
                job.state.send_replace(State::Finished);
                name
            }
        };
        let schema = json!({"type": "object"});
        Server::new("s").dynamic_tool(DynamicTool::new("work", schema, work))
    }
}
