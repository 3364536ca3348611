use toolsmith::prelude::*;

#[tool(meta(a = 1, "vendor.example/b" = {"x": []}, a = 2, c, d(3), e = ))]
fn meta() {}

fn main() {}
