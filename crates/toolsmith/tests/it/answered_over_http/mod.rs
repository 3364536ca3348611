//! Requests over HTTP under any order of steps: each is answered exactly once, to whoever
//! sent it, whatever becomes of connections in between. One that is cancelled is not
//! answered, and neither is a modern one whose connection was closed.

mod check;
mod client;
mod play;
mod tool;

use proptest::collection::vec;
use proptest::prelude::*;

use play::play;

/// What a client does next. Which of several things it does it to is a number that is taken
/// modulo how many there are.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Calls the tool, as one of several clients.
    Call {
        client: usize,
        reads_streams: bool,
    },
    /// Calls it so often in a batch, where the revision has batches.
    Batch {
        client: usize,
        calls: usize,
        reads_streams: bool,
    },
    /// Has a call say how far it is.
    Report(usize),
    /// Has a call ask its client something.
    Ask(usize),
    /// Has a call end.
    Finish(usize),
    /// Has a call end, and cancels it at the same time.
    FinishAndCancel(usize),
    Cancel(usize),
    /// Closes the connections on which a call, or a batch, may be answered.
    Close(usize),
    /// Reads on after the event that was read so many events ago.
    Resume {
        call: usize,
        ago: usize,
    },
    /// Ends the session of a client, which then has none.
    End(usize),
    /// Lets what is on its way arrive.
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let which = || 0..1000usize;
    let reads = || prop_oneof![5 => Just(true), 1 => Just(false)];
    prop_oneof![
        8 => (which(), reads()).prop_map(|(client, reads_streams)| Step::Call { client, reads_streams }),
        4 => (which(), 1..4usize, reads()).prop_map(|(client, calls, reads_streams)| Step::Batch {
            client, calls, reads_streams,
        }),
        12 => which().prop_map(Step::Report),
        3 => which().prop_map(Step::Ask),
        6 => which().prop_map(Step::Finish),
        2 => which().prop_map(Step::FinishAndCancel),
        4 => which().prop_map(Step::Cancel),
        5 => which().prop_map(Step::Close),
        8 => (which(), 0..4usize).prop_map(|(call, ago)| Step::Resume { call, ago }),
        1 => which().prop_map(Step::End),
        5 => Just(Step::Wait),
    ]
}

/// How many orders are tried: each has a server and connections of its own.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(64)
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 300, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn each_request_is_answered_once(
        threads in any::<bool>(),
        steps in vec(step(), 1..60),
    ) {
        let mut runtime = match threads {
            true => tokio::runtime::Builder::new_multi_thread(),
            false => tokio::runtime::Builder::new_current_thread(),
        };
        let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(play(steps));
    }
}
