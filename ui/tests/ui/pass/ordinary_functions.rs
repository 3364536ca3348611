//! What a tool may be besides a plain function, and attributes that stay on it.
use toolsmith::prelude::*;

#[tool]
const fn constant(a: i64) -> i64 {
    a
}

const AT_COMPILE_TIME: i64 = constant(7);

#[tool]
#[inline]
#[track_caller]
fn tracked(#[allow(unused_variables)] a: i64, mut b: Vec<i64>) -> i64 {
    b.push(1);
    b.iter().sum()
}

#[tool]
fn sixteen(
    _a: i8, _b: i8, _c: i8, _d: i8, _e: i8, _f: i8, _g: i8, _h: i8,
    _i: i8, _j: i8, _k: i8, _l: i8, _m: i8, _n: i8, _o: i8, _p: i8,
) {
}

#[tool()]
fn empty() -> &'static str {
    "nothing"
}

#[doc = concat!("Made ", "of pieces.")]
#[doc(alias = "parts")]
#[tool(description = concat!("Also ", "made of pieces."))]
fn pieces() {}

fn main() {
    assert_eq!(AT_COMPILE_TIME, 7);
    let server = Server::new("s").tool::<constant>().tool::<tracked>().tool::<sixteen>();
    assert!(server.tool::<empty>().tool::<pieces>().build().is_ok());
}
