//! What can be set about serving HTTP.

use std::path::PathBuf;
use std::time::Duration;

use super::Http;
use super::service::{Origins, Proxies, PublicUrl, Rate};
use super::tls;
#[cfg(feature = "metrics")]
use crate::metrics::Metrics;
use crate::server::Server;
use crate::settings::declared::Part;
use crate::settings::declared::http::settings_of_http;
use crate::settings::kinds::{self, Kind};
use crate::settings::values::{Values, absent};
use crate::{Error, Result};

/// The least head of a request that can be bounded.
const LEAST_HEADER: usize = 8 * 1024;

/// The method that sets a setting, by its kind.
macro_rules! setter {
    (Text, $name:ident, $($doc:tt)*) => {
        $($doc)*
        #[must_use]
        pub fn $name(mut self, value: impl Into<String>) -> Self {
            self.options.$name = value.into();
            self
        }
    };
    (List, $name:ident, $($doc:tt)*) => {
        $($doc)*
        #[must_use]
        pub fn $name(mut self, value: impl Into<String>) -> Self {
            self.options.$name.push(value.into());
            self
        }
    };
    (File, $name:ident, $($doc:tt)*) => {
        $($doc)*
        #[must_use]
        pub fn $name(mut self, path: impl Into<PathBuf>) -> Self {
            self.options.$name = Some(path.into());
            self
        }
    };
    (Switch, $name:ident, $($doc:tt)*) => {
        $($doc)*
        #[must_use]
        pub fn $name(mut self, yes: bool) -> Self {
            self.options.$name = yes;
            self
        }
    };
    (Size, $name:ident, $($doc:tt)*) => {
        $($doc)*
        #[must_use]
        pub fn $name(mut self, bytes: usize) -> Self {
            self.options.$name = bytes;
            self
        }
    };
    (Count, $name:ident, $($doc:tt)*) => {
        $($doc)*
        #[must_use]
        pub fn $name(mut self, count: usize) -> Self {
            self.options.$name = count;
            self
        }
    };
    (Time, $name:ident, $($doc:tt)*) => {
        $($doc)*
        #[must_use]
        pub fn $name(mut self, time: Duration) -> Self {
            self.options.$name = time;
            self
        }
    };
    (Delay, $($rest:tt)*) => { setter!(Time, $($rest)*); };
}

macro_rules! options {
    ($($section:literal {
        $($(#[doc = $help:literal])+ $part:ident $name:ident: $kind:ident $(= $default:literal)?, $value:literal;)*
    })*) => {
        /// The settings, each as declared.
        #[derive(Clone, Debug)]
        pub(crate) struct Options {
            $($($(#[doc = $help])+ pub(crate) $name: <kinds::$kind as Kind>::Value,)*)*
        }

        impl Options {
            /// Reads what was typed, set or written.
            pub(crate) fn read(values: &Values) -> Result<Self> {
                Ok(Self { $($($name: values.read::<kinds::$kind>(stringify!($name))?,)*)* })
            }

            /// What holds when nobody says anything.
            fn defaults() -> Result<Self> {
                let words = |default: Option<&str>| -> Vec<String> {
                    default.map(str::to_owned).into_iter().collect()
                };
                Ok(Self { $($(
                    $name: kinds::$kind::read(
                        stringify!($name),
                        &words(None $(.or(Some($default)))?),
                    )?,
                )*)* })
            }

            /// Refuses what was set of a feature that this program was built without.
            fn check_features(&self) -> Result<()> {
                let defaults = Self::default();
                $($(
                    if let Some((feature, false)) = Part::$part.feature()
                        && self.$name != defaults.$name
                    {
                        let flag = stringify!($name).replace('_', "-");
                        return Err(absent(&format!("--{flag}"), feature));
                    }
                )*)*
                Ok(())
            }
        }

        impl Http {
            $($(setter! {
                $kind, $name,
                $(#[doc = $help])+
                $(#[doc = ""] #[doc = concat!("`", $default, "` unless told otherwise.")])?
            })*)*
        }
    };
}

settings_of_http!(options);

impl Default for Options {
    fn default() -> Self {
        Self::defaults().unwrap_or_else(|error| unreachable!("a default is wrong: {error}"))
    }
}

impl Options {
    /// Checks what was set, and brings the path into its one form.
    pub(crate) fn checked(mut self) -> Result<Self> {
        self.check_features()?;
        tls::check(&self)?;
        self.path = checked_path(&self.path)?.to_owned();
        self.allow_host.iter().try_for_each(|h| check_host(h))?;
        let origins = Origins::parse(&self.allow_origin)?;
        if self.allow_credentials && origins.is_any() {
            return Err(Error::setting(
                "--allow-credentials and --allow-origin '*' are both set, which would let every page act with what its visitor's browser keeps",
            )
            .with_hint("name the origins one by one, or leave --allow-credentials out"));
        }
        Proxies::parse(&self.trusted_proxy)?;
        PublicUrl::parse(&self.public_url)?;
        Rate::parse(&self.rate_limit)?;
        for (flag, limit) in [
            ("max-body", self.max_body),
            ("max-sessions", self.max_sessions),
            ("max-streams", self.max_streams),
            ("max-connections", self.max_connections),
            (
                "max-connections-per-address",
                self.max_connections_per_address,
            ),
        ] {
            if limit == 0 {
                return Err(Error::setting(format!(
                    "--{flag} must be more than nothing"
                )));
            }
        }
        if self.max_header < LEAST_HEADER {
            return Err(Error::setting(format!(
                "--max-header must be at least {LEAST_HEADER} bytes"
            )));
        }
        let sockets = [self.unix_socket.is_some(), self.inherit_socket];
        if sockets == [true, true] {
            return Err(
                Error::setting("--unix-socket and --inherit-socket are both set")
                    .with_hint("leave one of them out"),
            );
        }
        Ok(self)
    }
}

impl Options {
    /// A server with those who look on, as was set.
    pub(crate) fn observed(&self, server: Server) -> Server {
        #[cfg(feature = "metrics")]
        if !self.admin.is_empty() && !server.has_observer::<Metrics>() {
            return server.observer(Metrics::new());
        }
        server
    }

    /// Whether anything is set that decides who is let in.
    pub(super) fn sets_authorization(&self) -> bool {
        !self.auth_issuer.is_empty()
            || !self.auth_introspection.is_empty()
            || self.api_keys.is_some()
            || !self.auth_scope.is_empty()
            || !self.auth_audience.is_empty()
    }
}

fn checked_path(text: &str) -> Result<&str> {
    let path = text.trim_end_matches('/');
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '?' | '#' | '{' | '}' | '*');
    let is_ours = ["/health", "/ready"].contains(&path) || path.starts_with("/.well-known");
    if is_ours {
        return Err(
            Error::setting(format!("--path '{text}' is taken by something else"))
                .with_hint("choose another, such as /mcp"),
        );
    }
    if text.starts_with('/') && path.chars().all(plain) {
        return Ok(path);
    }
    Err(Error::setting(format!(
        "--path '{text}' cannot be served; it starts with '/' and has no spaces, '?' or '#', such as /mcp"
    )))
}

/// Refuses what never stands in a `Host` field, such as a URL: it would never match.
fn check_host(text: &str) -> Result<()> {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    if text == "*" || (!text.is_empty() && text.chars().all(plain)) {
        return Ok(());
    }
    Err(
        Error::setting(format!("--allow-host '{text}' is no host name")).with_hint(
            "write it as mcp.example.com or mcp.example.com:8443, without https:// or a path; * allows any",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_never_match_or_never_serve_is_refused_in_code_as_on_the_command_line() {
        let wrong: [fn(Http) -> Http; 16] = [
            |it| it.path("mcp"),
            |it| it.path("/health"),
            |it| it.path("/.well-known/mcp"),
            |it| it.max_body(0),
            |it| it.max_sessions(0),
            |it| it.max_streams(0),
            |it| it.max_connections(0),
            |it| it.max_connections_per_address(0),
            |it| it.max_header(1000),
            |it| it.allow_host("https://a.example.com/"),
            |it| it.allow_origin("a.example.com"),
            |it| it.allow_origin("*").allow_credentials(true),
            |it| it.trusted_proxy("proxy"),
            |it| it.public_url("mcp.example.com"),
            |it| it.rate_limit("fast"),
            |it| it.inherit_socket(true).unix_socket("/tmp/s"),
        ];
        for (number, change) in wrong.into_iter().enumerate() {
            let error = change(Http::new()).options.checked().unwrap_err();
            assert!(error.is_setting(), "{number}: {error}");
        }
        assert!(Options::default().checked().is_ok());
    }

    #[test]
    fn what_needs_a_feature_that_is_not_there_is_refused_with_its_name() {
        let settings: [(Part, Http); 3] = [
            (Part::Tls, Http::new().tls_cert("cert.pem")),
            (Part::Acme, Http::new().acme_domain("mcp.example.com")),
            (
                Part::Auth,
                Http::new().auth_issuer("https://login.example.com"),
            ),
        ];
        for (part, http) in settings {
            let Some((feature, false)) = part.feature() else {
                continue;
            };
            let error = format!("{:?}", http.options.checked().unwrap_err());
            assert!(error.contains(&format!("--features {feature}")), "{error}");
        }
    }
}
