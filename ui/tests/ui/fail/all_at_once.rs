#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

#[tool(nmae = "x", timeout = "never", inline)]
async unsafe fn everything<T>(
    #[default = 1] a: &str,
    (b, c): (i64, i64),
    d: impl Send,
) -> impl Send {
}

fn main() {
    // The type is there all the same, so that nothing is said of it.
    let _ = Server::new("s").tool::<everything>();
}
