//! The server that the official conformance suite runs against.
//!
//! The suite names the tools, prompts and resources, and says what each must do. Nothing
//! here is an answer by hand: what a fixture does, it does as an author would write it.

mod ask;
mod changes;
mod content;
mod mirrored;
mod prompts;
mod report;
mod resources;
mod rounds;
mod schema;
mod skills;
mod tasks;

use toolsmith::prelude::*;

fn main() -> toolsmith::Result<()> {
    server().run(Args::parse())
}

fn server() -> Server {
    let server =
        Server::new("toolsmith-conformance").title("Toolsmith under the conformance suite");
    // The suite takes the first tool to be one that can be called without arguments.
    let server = content::add_to(server);
    let server = report::add_to(server);
    let server = ask::add_to(server);
    let server = rounds::add_to(server);
    let server = tasks::add_to(server);
    let server = prompts::add_to(server);
    let server = resources::add_to(server);
    changes::add_to(server)
        .tool::<mirrored::test_header_parameters>()
        .dynamic_tool(schema::json_schema_2020_12_tool())
        .skills(skills::skills())
}
