//! The settings of the HTTP transport.
//!
//! They are handed to a macro, because they are needed in two places: here as rows of the
//! table, which every program has, and in `http/options.rs` as fields and methods, which
//! only programs have that serve HTTP.

use super::super::kinds::{self, Kind};
use super::{Part, Setting, row};

/// Hands the settings to a macro, section by section. Of each: what it is, whose it is, its
/// name, its kind, its default where it has one, and what stands for its value in the help.
macro_rules! settings_of_http {
    ($then:ident) => {
        $then! {
            "Where it listens" {
                /// Where the MCP endpoint is.
                Http path: Text = "/mcp", "PATH";
                /// A Unix socket to listen on in place of an address; who may connect is decided by
                /// the permissions of its folder.
                Http unix_socket: File, "FILE";
                /// Listens on the socket that systemd, or whoever else started the program, hands
                /// over by `LISTEN_FDS`, in place of an address.
                Http inherit_socket: Switch = "false", "BOOL";
                /// Lets other processes listen on the same port, between whom the system shares the
                /// connections out (`SO_REUSEPORT`).
                Http reuse_port: Switch = "false", "BOOL";
                /// The address that clients know the endpoint by, such as
                /// `https://mcp.example.com/mcp`; used in every address that is printed or
                /// published, and its host is allowed.
                Http public_url: Text, "URL";
            }
            "TLS" {
                /// The certificate of the server, in a PEM file with the chain below it; with it,
                /// the server speaks HTTPS, by HTTP/1.1 and HTTP/2. It is read again when it
                /// changes, and on SIGHUP.
                Tls tls_cert: File, "FILE";
                /// The private key of the certificate, in a PEM file.
                Tls tls_key: File, "FILE";
                /// A name that a certificate is ordered for from an authority such as Let's Encrypt,
                /// and renewed while the server runs (ACME, by the challenge `tls-alpn-01`, for
                /// which the authority calls port 443 of that name); may be repeated.
                Acme acme_domain: List, "HOST";
                /// Where the authority writes to about the certificate.
                Acme acme_email: Text, "ADDRESS";
                /// The directory that keeps the account with the authority and the certificate; made
                /// if it is not there, for the user of the server alone.
                Acme acme_cache: File, "DIRECTORY";
                /// The directory of the authority.
                Acme acme_directory: Text = "https://acme-v02.api.letsencrypt.org/directory", "URL";
                /// A PEM file with a root that the authority's own address is trusted by, beside those
                /// of the system.
                Acme acme_ca: File, "FILE";
            }
            "Who may call" {
                /// A host name that is ours beside those of the address; `*` for any, which is safe
                /// only where something else checks the name; may be repeated.
                Http allow_host: List, "HOST";
                /// An origin whose pages may call: `https://app.example.com`,
                /// `https://*.example.com` for every name below one, or `*` for any; may be
                /// repeated.
                Http allow_origin: List, "ORIGIN";
                /// Lets pages of the allowed origins send cookies and the like, for what stands
                /// before the server; not together with an origin of `*`.
                Http allow_credentials: Switch = "false", "BOOL";
                /// How long a browser may remember what a page may send.
                Http cors_max_age: Delay = "2h", "TIME";
                /// A proxy that is believed what it says of its clients in `Forwarded` and
                /// `X-Forwarded-For`, `-Proto` and `-Host`: an address, a network such as
                /// `10.0.0.0/8`, or `unix` for whoever comes by a Unix socket; may be repeated.
                Http trusted_proxy: List, "ADDRESS";
            }
            "Authorization" {
            /// An authorization server whose signed tokens let in: its identifier, such as
            /// `https://login.example.com`; may be repeated.
            Auth auth_issuer: List, "URL";
            /// What tokens may name as their audience beside the public address of the
            /// endpoint; may be repeated.
            Auth auth_audience: List, "URI";
            /// A scope that every request needs; may be repeated.
            Auth auth_scope: List, "SCOPE";
            /// A scope that clients are told of in the metadata; those that every request needs
            /// unless set; may be repeated.
            Auth auth_scopes_supported: List, "SCOPE";
            /// Where tokens that cannot be read are asked about (RFC 7662).
            Auth auth_introspection: Text, "URL";
            /// The authorization server of those tokens; the one of `--auth-issuer` where there
            /// is just one.
            Auth auth_introspection_issuer: Text, "URL";
            /// What this server is called where it asks about tokens.
            Auth auth_client_id: Text, "NAME";
            /// A file with the secret by which it proves that.
            Auth auth_client_secret_file: File, "FILE";
            /// A file with certificates of authorities that are trusted beside those of the
            /// system, when authorization servers are asked.
            Auth auth_ca_file: File, "FILE";
            /// A file of API keys, which `toolsmith key` makes.
            Auth api_keys: File, "FILE";
        }
            "Tenants" {
                /// What says whose a request is: `claim:NAME`, a claim of its token; `key`, what its
                /// API key was made for; `path`, as in `/t/{tenant}/mcp`;
                /// `host:{tenant}.example.com`; or `header:NAME`, a field that a trusted proxy sets.
                /// May be repeated: the first that names a tenant decides, and a request that none
                /// of them names a tenant of is refused. Without any, there is one tenant.
                Http tenant: List, "SOURCE";
                /// Whether whoever is named is a tenant (`open`), or those alone that are listed
                /// (`provisioned`). Open unless set, where credentials or a proxy vouch for the
                /// name; provisioned where anybody can type it.
                Http tenant_signup: Text, "HOW";
                /// A tenant that there is, where they are provisioned; may be repeated.
                Http tenant_allow: List, "TENANT";
            }
        "Limits of HTTP" {
                /// The largest body that is taken, such as 64KiB; without a unit, bytes.
                Http max_body: Size = "4MiB", "SIZE";
                /// How long a body may take from its first byte to its last.
                Http body_timeout: Time = "30s", "TIME";
                /// How long the head of a request may take from its first byte to its last.
                Http header_timeout: Time = "15s", "TIME";
                /// How long a connection is kept on which nothing is asked.
                Http idle_timeout: Time = "75s", "TIME";
                /// How long a client may take nothing of what is written to it.
                Http write_timeout: Time = "30s", "TIME";
                /// The largest head of a request that is taken; no less than 8KiB.
                Http max_header: Size = "64KiB", "SIZE";
                /// How many connections there may be.
                Http max_connections: Count = "10000", "N";
                /// How many connections one address may have, those of trusted proxies left out; of
                /// IPv6, one network of 64 bits.
                Http max_connections_per_address: Count = "1000", "N";
                /// How many requests to the endpoint one caller may send in a time, such as `20/s`
                /// or `600/m`, by the principal where one is known and by the address otherwise; no
                /// bound unless set.
                RateLimit rate_limit: Text, "RATE";
                /// How many legacy sessions there may be.
                Http max_sessions: Count = "100000", "N";
                /// How long a legacy session is kept that nobody uses, such as 90s or 1h.
                Http session_idle: Time = "30m", "TIME";
                /// How many streams one legacy session may have on which the server speaks unasked.
                Http max_streams: Count = "4", "N";
            }
            "What it shows of itself" {
                /// An address of its own for those who operate the server: `/metrics` for
                /// Prometheus, and `/ready` with the names of what is waited for. Whoever reaches
                /// it may look, so keep it from everybody else.
                Metrics admin: Text, "ADDRESS";
            }
            "How it ends" {
                /// How long calls may go on after the server was told to stop, before they are cut
                /// off.
                Http drain_timeout: Time = "25s", "TIME";
                /// How long new connections are still taken after the server was told to stop, while
                /// `/ready` says no already, so that whoever looks there can send clients elsewhere.
                Http drain_delay: Delay = "0s", "TIME";
            }
        }
    };
}
#[cfg(feature = "http")]
pub(crate) use settings_of_http;

macro_rules! table {
    ($($section:literal {
        $($(#[doc = $help:literal])+ $part:ident $name:ident: $kind:ident $(= $default:literal)?, $value:literal;)*
    })*) => {
        vec![$($(
            Setting {
                shape: <kinds::$kind as Kind>::SHAPE,
                ..row($section, Part::$part, stringify!($name), $value, None $(.or(Some($default)))?, concat!($($help),+))
            },
        )*)*]
    };
}

/// The rows of the table.
pub(super) fn rows() -> Vec<Setting> {
    let address = [
        row(
            "Where it listens",
            Part::Http,
            "host",
            "HOST",
            Some("127.0.0.1"),
            "The address to listen on; 0.0.0.0 lets other machines in",
        ),
        row(
            "Where it listens",
            Part::Http,
            "port",
            "PORT",
            Some("8000"),
            "The port to listen on; 0 for any that is free",
        ),
    ];
    let rest: Vec<Setting> = settings_of_http!(table);
    address.into_iter().chain(rest).collect()
}
