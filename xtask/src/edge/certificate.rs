//! Certificates that sign themselves, for what has TLS without being tested.

use std::path::PathBuf;

use anyhow::Result;

use super::kit::Kit;
use crate::run::Task;
use crate::setup;

/// One that is good for a name, and its key.
pub(super) fn certificate(kit: &Kit<'_>, name: &str) -> Result<(PathBuf, PathBuf)> {
    setup::program("/usr/bin/openssl", "openssl")?;
    let kept = |end| kit.kept(&format!("{name}.{end}"));
    let (certificate, key) = (kept("crt"), kept("key"));
    Task::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args(["-nodes", "-days", "2", "-subj", &format!("/CN={name}")])
        .args(["-addext", &format!("subjectAltName=DNS:{name}")])
        // One that could sign others is none of a server to who is strict.
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args([
            "-keyout".as_ref(),
            key.as_os_str(),
            "-out".as_ref(),
            certificate.as_os_str(),
        ])
        .output()?
        .success()?;
    Ok((certificate, key))
}
