//! The settings of every server, whatever its transport.

use super::{Part, Setting, Shape, row};

const SECTION: &str = "Calls, state and the log";
const KEPT: &str = "What is kept";

fn of_server(
    name: &'static str,
    value: &'static str,
    default: Option<&'static str>,
    help: &'static str,
) -> Setting {
    row(SECTION, Part::Server, name, value, default, help)
}

/// What is said of the data directory.
fn of_store(
    name: &'static str,
    value: &'static str,
    default: Option<&'static str>,
    help: &'static str,
) -> Setting {
    row(KEPT, Part::Store, name, value, default, help)
}

/// What is kept, and where.
pub(super) fn kept() -> Vec<Setting> {
    vec![
        of_store(
            "data",
            "DIR",
            None,
            "The directory in which the server keeps what outlives it, a SQLite file for each tenant; made if it is not there, for the user of the server alone. Without it, what tools keep is in memory and gone when the server ends",
        ),
        of_store(
            "data_memory",
            "SIZE",
            Some("512MiB"),
            "How much memory the open files of tenants may take, about; the least recently used are closed over it",
        ),
        of_store(
            "data_idle",
            "TIME",
            Some("1m"),
            "How long the file of a tenant stays open that nobody uses",
        ),
        of_store(
            "tenant_storage",
            "SIZE",
            Some("256MiB"),
            "How much one tenant may keep, such as 1GiB; what is over it is refused with an error that says so",
        ),
    ]
}

/// What a person looks for first.
pub(super) fn first() -> Vec<Setting> {
    let first = vec![
        of_server(
            "transport",
            "NAME",
            Some("stdio"),
            "How to meet clients: stdio, http, or streamable-http, which means the same",
        ),
        of_server(
            "config",
            "FILE",
            None,
            "A settings file, in TOML; each line is a flag of this list without its dashes. What a flag or a variable says goes before it. No file is read unless it is named here",
        ),
    ];
    let section = "How it meets clients";
    let named = first.into_iter().map(|it| Setting { section, ..it });
    named.collect()
}

/// The rest.
pub(super) fn rest() -> Vec<Setting> {
    vec![
        of_server(
            "call_timeout",
            "TIME",
            Some("5m"),
            "How long a call may take where the tool does not say, such as 30s; 0s for no bound",
        ),
        of_server(
            "max_calls",
            "N",
            Some("4096"),
            "How many calls may be worked on at once",
        ),
        of_server(
            "max_queue",
            "N",
            Some("4096"),
            "How many calls may wait until there is room for them",
        ),
        of_server(
            "queue_timeout",
            "TIME",
            Some("10s"),
            "How long a call may wait until there is room for it",
        ),
        of_server(
            "max_response",
            "SIZE",
            Some("32MiB"),
            "The largest message that is sent to a client, such as 1MiB; a result that is larger is replaced by an error that says so",
        ),
        of_server(
            "max_subscriptions",
            "N",
            Some("100000"),
            "How many modern clients may listen for changes",
        ),
        of_server(
            "blocking_threads",
            "N",
            Some("64"),
            "How many plain functions may run at once",
        ),
        of_server(
            "blocking_queue",
            "N",
            Some("1024"),
            "How many calls may wait for a plain function to end",
        ),
        Setting {
            secret: true,
            shape: Shape::Many,
            ..of_server(
                "state_key",
                "KEY",
                None,
                "A key that several processes share, 32 random bytes as 64 hex digits or Base64; better in a file or the environment, because others see the words of a command; may be repeated, the first seals and all open; a random one for each process unless set",
            )
        },
        of_server(
            "state_key_file",
            "FILE",
            None,
            "A file with such keys, one to a line",
        ),
        of_server(
            "audit_log",
            "FILE",
            None,
            "A file to which every call is written when it has ended, before it is answered, as a line of JSON; while it cannot be written to, calls are refused",
        ),
        Setting {
            shape: Shape::Switch,
            ..of_server(
                "audit_arguments",
                "BOOL",
                Some("false"),
                "Writes the arguments of calls to that file, too, without the values of members whose names sound like secrets, such as password or api_key",
            )
        },
        Setting {
            shape: Shape::Many,
            ..of_server(
                "audit_redact",
                "WORD",
                None,
                "A word in the names of further members whose values are left out of that file; may be repeated",
            )
        },
        row(
            SECTION,
            Part::Otel,
            "otlp_endpoint",
            "URL",
            None,
            "The address of a collector of OpenTelemetry that spans are sent to, by OTLP over HTTP, such as http://127.0.0.1:4318; the variables of OpenTelemetry, such as OTEL_SERVICE_NAME, hold",
        ),
        Setting {
            shape: Shape::Switch,
            ..of_server(
                "log_calls",
                "BOOL",
                Some("false"),
                "Logs each request when it has ended: what it was, who asked, how it ended and how long it took, without arguments and results",
            )
        },
        of_server(
            "log",
            "FORMAT",
            Some("text"),
            "How to log on standard error: text, json or off",
        ),
        of_server(
            "log_level",
            "LEVEL",
            Some("info"),
            "What to log: error, warn, info, debug, trace, or target=level pairs",
        ),
    ]
}
