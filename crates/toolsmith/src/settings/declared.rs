//! The table of settings.

/// What a setting belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Every server.
    Server,
    /// The feature `stdio`.
    Stdio,
    /// The feature `http`.
    Http,
}

impl Part {
    /// The feature that has it, and whether this program was built with it.
    pub(super) const fn feature(self) -> Option<(&'static str, bool)> {
        match self {
            Part::Server => None,
            Part::Stdio => Some(("stdio", cfg!(feature = "stdio"))),
            Part::Http => Some(("http", cfg!(feature = "http"))),
        }
    }
}

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// The flag, without the dashes.
    pub(super) flag: &'static str,
    /// The environment variable.
    pub(super) env: &'static str,
    /// What stands for its value in the help.
    pub(super) value: &'static str,
    /// What holds when nobody says anything.
    pub(super) default: Option<&'static str>,
    /// Whether it may be given several times.
    pub(super) many: bool,
    /// Whether its value is not to be shown.
    pub(super) secret: bool,
    pub(super) part: Part,
    pub(super) help: &'static str,
}

const fn setting(
    part: Part,
    flag: &'static str,
    env: &'static str,
    value: &'static str,
    default: Option<&'static str>,
    help: &'static str,
) -> Setting {
    Setting {
        flag,
        env,
        value,
        default,
        many: false,
        secret: false,
        part,
        help,
    }
}

const fn many(mut setting: Setting) -> Setting {
    setting.many = true;
    setting
}

const fn secret(mut setting: Setting) -> Setting {
    setting.secret = true;
    setting
}

/// Every setting, in the order of the help.
#[rustfmt::skip]
pub(super) const SETTINGS: &[Setting] = &[
    setting(Part::Server, "transport", "TOOLSMITH_TRANSPORT", "NAME", Some("stdio"),
        "How to meet clients: stdio, http, or streamable-http, which means the same"),
    setting(Part::Http, "host", "TOOLSMITH_HOST", "HOST", Some("127.0.0.1"),
        "The address to listen on; 0.0.0.0 lets other machines in"),
    setting(Part::Http, "port", "TOOLSMITH_PORT", "PORT", Some("8000"),
        "The port to listen on; 0 for any that is free"),
    setting(Part::Http, "path", "TOOLSMITH_PATH", "PATH", Some("/mcp"),
        "Where the MCP endpoint is"),
    many(setting(Part::Http, "allow-host", "TOOLSMITH_ALLOW_HOST", "HOST", None,
        "A host name that is ours beside those of the address; * for any; may be repeated")),
    many(setting(Part::Http, "allow-origin", "TOOLSMITH_ALLOW_ORIGIN", "ORIGIN", None,
        "An origin whose pages may call, such as https://app.example.com; * for any; may be repeated")),
    setting(Part::Http, "max-body", "TOOLSMITH_MAX_BODY", "SIZE", Some("4MiB"),
        "The largest body that is taken, such as 64KiB; without a unit, bytes"),
    setting(Part::Http, "max-sessions", "TOOLSMITH_MAX_SESSIONS", "N", Some("100000"),
        "How many legacy sessions there may be"),
    setting(Part::Http, "session-idle", "TOOLSMITH_SESSION_IDLE", "TIME", Some("30m"),
        "How long a legacy session is kept that nobody uses, such as 90s or 1h"),
    setting(Part::Stdio, "max-line", "TOOLSMITH_MAX_LINE", "SIZE", Some("4MiB"),
        "The longest line that is taken, such as 64KiB; without a unit, bytes"),
    setting(Part::Server, "call-timeout", "TOOLSMITH_CALL_TIMEOUT", "TIME", None,
        "How long a call may take where the tool does not say, such as 30s; no bound unless set"),
    secret(many(setting(Part::Server, "state-key", "TOOLSMITH_STATE_KEY", "KEY", None,
        "A key that several processes share, 32 random bytes as 64 hex digits or Base64; better in a file or the environment, because others see the words of a command; may be repeated, the first seals and all open; a random one for each process unless set"))),
    setting(Part::Server, "state-key-file", "TOOLSMITH_STATE_KEY_FILE", "FILE", None,
        "A file with such keys, one to a line"),
    setting(Part::Server, "log", "TOOLSMITH_LOG", "FORMAT", Some("text"),
        "How to log on standard error: text, json or off"),
    setting(Part::Server, "log-level", "TOOLSMITH_LOG_LEVEL", "LEVEL", Some("info"),
        "What to log: error, warn, info, debug, trace, or target=level pairs"),
];
