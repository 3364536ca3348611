//! A program with a panic hook of its own: `run` leaves it as it is.

use std::io::Write as _;

use toolsmith::prelude::*;

/// Panic.
#[tool]
fn panic(
    /// What to say.
    message: String,
) {
    panic!("{message}")
}

fn main() -> toolsmith::Result<()> {
    std::panic::set_hook(Box::new(|info| {
        // Whoever closed standard error does not want to read it.
        let _ = writeln!(std::io::stderr(), "our own hook: {info}");
    }));
    Server::new("own-hook").tool::<panic>().run(Args::parse())
}
