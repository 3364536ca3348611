//! Panics go where everything else goes: into the log, a line each.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::LogFormat;

/// The target of the lines about panics, so that a filter can speak of them.
pub(super) const TARGET: &str = "toolsmith::panic";
/// How much of what a panic says is repeated, in characters: it may hold what a client
/// sent.
const MAX_SHOWN: usize = 2000;

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send>;

/// How many servers run.
static SERVING: AtomicUsize = AtomicUsize::new(0);

/// While it lives, the log being off means that a panic says nothing at all.
#[derive(Debug)]
pub(crate) struct Serving(());

impl Serving {
    pub(crate) fn begin() -> Self {
        SERVING.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        SERVING.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Has panics logged, unless the program has a hook of its own, which knows better.
///
/// Rust's own hook writes lines that are no JSON, also where nothing was to be written, and
/// writes what the panic says as it came, line breaks and all.
pub(super) fn log_them(format: LogFormat) {
    let Some(default) = take_default_hook() else {
        return;
    };
    std::panic::set_hook(Box::new(move |info| match format {
        LogFormat::Text | LogFormat::Json => log(info),
        LogFormat::Off if SERVING.load(Ordering::Relaxed) > 0 => {}
        // Nobody is served: the program ends, and owes somebody a word.
        LogFormat::Off => default(info),
    }));
}

fn log(info: &PanicHookInfo<'_>) {
    let said = info.payload_as_str().unwrap_or("something that is no text");
    let said: String = said.chars().take(MAX_SHOWN).collect();
    let location = info.location().map(ToString::to_string);
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("without a name");
    // Captured only where RUST_BACKTRACE asks for it.
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    // Fields of plain text are written with their line breaks escaped.
    tracing::error!(
        target: TARGET,
        panic = said.as_str(),
        location = location.as_deref(),
        thread,
        backtrace = backtrace.as_deref(),
        "a panic"
    );
}

/// Takes Rust's own hook out, or leaves what else is there.
fn take_default_hook() -> Option<Hook> {
    let current = std::panic::take_hook();
    // Now there is none, and what is taken then is certainly Rust's own.
    let default = std::panic::take_hook();
    if same(&*current, &*default) {
        return Some(default);
    }
    std::panic::set_hook(current);
    None
}

/// Whether two hooks are the same function. Where in doubt they are not, and the program's
/// own is kept.
fn same(one: &dyn Fn(&PanicHookInfo<'_>), other: &dyn Fn(&PanicHookInfo<'_>)) -> bool {
    std::ptr::eq(one, other)
}
