#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

#[tool]
fn forms(
    #[header] a: String,
    #[header = "Region"] b: String,
    #[header(Region)] c: String,
    #[header("Region", "Zone")] d: String,
    #[header("Region")]
    #[header("Zone")]
    e: String,
) {
}

#[tool]
fn names(
    #[header("")] a: String,
    #[header("The Region")] b: String,
    #[header("Region:")] c: String,
    #[header("Größe")] d: String,
) {
}

#[tool]
fn shared(
    #[header("Region")] a: String,
    #[header("Zone")] b: String,
    #[header("REGION")] c: String,
) {
}

fn main() {}
