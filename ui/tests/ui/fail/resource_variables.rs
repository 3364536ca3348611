#![expect(unused_variables, reason = "only the errors matter")]

use toolsmith::prelude::*;

#[resource("users://{id}/notes/{note}{?limit}")]
fn none_of_them(context: Context) -> String {
    String::new()
}

#[resource("users://{id}")]
fn another_name(_id: u64) -> String {
    String::new()
}

#[resource("users://{Id}")]
fn other_capitals(id: u64) -> String {
    String::new()
}

fn main() {
    // The types are there all the same, so that nothing is said of them.
    let server = Server::new("s").resource::<none_of_them>().resource::<another_name>();
    let _ = server.resource::<other_capitals>();
}
