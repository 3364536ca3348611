//! What cannot be set together, and what is missing.

use std::net::IpAddr;

use http::Uri;

use crate::http::options::Options;
use crate::{Error, Result};

/// The longest name that there is, RFC 1035.
const MAX_NAME: usize = 253;

/// Checks the settings of TLS.
pub(in crate::http) fn check(options: &Options) -> Result<()> {
    let files = [options.tls_cert.is_some(), options.tls_key.is_some()];
    let ordered = !options.acme_domain.is_empty();
    let alone = |set: &str, missing: &str| {
        Err(
            Error::setting(format!("--{set} is set without --{missing}"))
                .with_hint(format!("add --{missing}, or leave --{set} out")),
        )
    };
    match files {
        [true, false] => return alone("tls-cert", "tls-key"),
        [false, true] => return alone("tls-key", "tls-cert"),
        [true, true] if ordered => {
            return Err(Error::setting("--acme-domain and --tls-cert are both set")
                .with_hint("a certificate comes from files or from an authority; leave one out"));
        }
        _ => {}
    }
    check_acme(options)?;
    if options.unix_socket.is_some() && (files[0] || ordered) {
        let set = if ordered { "acme-domain" } else { "tls-cert" };
        return Err(Error::setting(format!(
            "--{set} and --unix-socket are both set; TLS is for addresses"
        ))
        .with_hint("whoever reaches a Unix socket is on this machine; leave one of them out"));
    }
    Ok(())
}

fn check_acme(options: &Options) -> Result<()> {
    let of_others = [
        ("acme-email", !options.acme_email.is_empty()),
        ("acme-cache", options.acme_cache.is_some()),
        ("acme-ca", options.acme_ca.is_some()),
    ];
    if options.acme_domain.is_empty() {
        return match of_others.iter().find(|(_, is_set)| *is_set) {
            Some((flag, _)) => Err(Error::setting(format!(
                "--{flag} is set without --acme-domain"
            ))
            .with_hint("name the host that a certificate is to be ordered for")),
            None => Ok(()),
        };
    }
    options
        .acme_domain
        .iter()
        .try_for_each(|it| check_name(it))?;
    if options.acme_cache.is_none() {
        return Err(
            Error::setting("--acme-domain is set without --acme-cache").with_hint(
                "name a directory that outlives the process: authorities bound how many certificates they give",
            ),
        );
    }
    let email = &options.acme_email;
    let has_place = email.split_once('@').is_some_and(|(who, place)| {
        !who.is_empty() && !place.is_empty() && !email.contains(|c: char| c.is_whitespace())
    });
    if !email.is_empty() && !has_place {
        return Err(Error::setting(format!(
            "--acme-email '{email}' is no address such as ops@example.com"
        )));
    }
    let directory = &options.acme_directory;
    let uri: Option<Uri> = directory.parse().ok();
    let is_https = uri.is_some_and(|it| it.scheme_str() == Some("https") && it.host().is_some());
    if !is_https {
        return Err(Error::setting(format!(
            "--acme-directory '{directory}' is no URL that begins with https://"
        )));
    }
    Ok(())
}

fn check_name(text: &str) -> Result<()> {
    let is_label = |label: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_name = text.len() <= MAX_NAME && text.split('.').all(is_label);
    if is_name && text.parse::<IpAddr>().is_err() {
        return Ok(());
    }
    let hint = match text.starts_with("*.") {
        true => {
            "authorities give certificates for *.… only to who shows that the whole domain is his; name the hosts one by one, or set --tls-cert"
        }
        false => "write it as mcp.example.com, without https://, port or path",
    };
    Err(Error::setting(format!("--acme-domain '{text}' is no host name")).with_hint(hint))
}
