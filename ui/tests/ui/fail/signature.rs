#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

#[tool]
unsafe fn careful() {}

#[tool]
extern "C" fn foreign() {}

#[tool]
fn endless() -> ! {
    loop {}
}

#[tool]
fn str(value: String) -> String {
    value
}

#[tool]
fn configured(#[cfg(unix)] a: i64) {}

#[tool(read_only)]
#[tool]
fn twice() {}

fn main() {}
