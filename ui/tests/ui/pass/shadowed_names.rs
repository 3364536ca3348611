//! What the author calls things does not matter to the output of the macro.
#![expect(dead_code, non_camel_case_types, reason = "only the names matter")]

struct Option;
struct Result;
struct Vec;
struct Tool;
struct ToolCall;
struct Send;
struct states {}
enum Some {}
mod core {}
mod std {}

const VALUE: i64 = 1;

mod tools {
    #[expect(unused_imports, reason = "it hides names")]
    use super::*;

    #[toolsmith::tool(title = "Call", description = "Calls.", read_only, timeout = "1s")]
    pub fn call(
        call: i64,
        states: i64,
        #[default(super::VALUE)] value_0: i64,
        definition: i64,
        tool_slots: i64,
    ) -> i64 {
        call + states + value_0 + definition + tool_slots
    }

    #[toolsmith::tool]
    pub async fn definition(r#type: bool, r#async: bool) -> bool {
        r#type && r#async
    }

    #[toolsmith::tool(inline)]
    pub fn missing_states() {}

    #[toolsmith::tool]
    pub fn r#match() {}
}

fn main() {
    assert_eq!(tools::call(1, 2, 3, 4, 5), 15);
    let server = toolsmith::Server::new("s").tool::<tools::call>().tool::<tools::definition>();
    let server = server.tool::<tools::missing_states>().tool::<tools::r#match>();
    assert!(server.build().is_ok());
}
