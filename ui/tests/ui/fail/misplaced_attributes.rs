#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

#[prompt]
fn header_of_a_prompt(#[header("Region")] region: String) -> String {
    region
}

#[resource("regions://{region}")]
fn header_of_a_resource(#[header("Region")] region: String) -> String {
    region
}

#[tool]
fn completed_tool(#[complete(regions)] region: String) {}

#[tool]
#[header("Region")]
fn header_of_a_function(region: String) {}

#[prompt]
#[complete(regions)]
#[default("eu")]
fn completed_function(region: String) -> String {
    region
}

#[tool]
fn tool_of_a_parameter(#[prompt] region: String) {}

fn main() {}
