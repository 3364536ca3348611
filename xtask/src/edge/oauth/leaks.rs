//! What was given out in the run is nowhere in what the servers said.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use super::authority::Secret;

/// What must have been given out, or the search would find nothing for that reason.
const KINDS: [&str; 7] = [
    "access_token",
    "client_secret",
    "code",
    "id_token",
    "minted",
    "refresh_token",
    "registration_access_token",
];
/// Shorter parts of a token may be in a log for other reasons.
const SHORTEST: usize = 16;

/// Looks for each secret in each log, and says how many there were.
pub(super) fn search(secrets: &[Secret], logs: &[String]) -> Result<String> {
    let mut kinds = BTreeMap::<_, usize>::new();
    for secret in secrets {
        *kinds.entry(secret.kind.as_str()).or_default() += 1;
        for log in logs {
            if let Some(line) = line_with(&secret.value, log) {
                let Secret { kind, value } = secret;
                anyhow::bail!("the log has the {kind} `{value}`: {line}");
            }
        }
    }
    for kind in KINDS {
        ensure!(kinds.contains_key(kind), "no {kind} was ever given out");
    }
    let size: usize = logs.iter().map(String::len).sum();
    let kinds: Vec<_> = kinds
        .iter()
        .map(|(kind, n)| format!("{n} {kind}"))
        .collect();
    Ok(format!(
        "{} secrets ({}) are in none of the {} KiB that {} servers logged",
        secrets.len(),
        kinds.join(", "),
        size / 1024,
        logs.len(),
    ))
}

/// The line that has a secret: all of it, or what a signed token says or is signed with.
pub(super) fn line_with<'a>(secret: &str, text: &'a str) -> Option<&'a str> {
    let parts = secret.split('.').skip(1).filter(|it| it.len() >= SHORTEST);
    let needles: Vec<_> = parts.chain([secret]).collect();
    let mut lines = text.lines();
    lines.find(|line| needles.iter().any(|it| line.contains(it)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_whole_and_in_parts() {
        let token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGFhZGEifQ.c2lnbmF0dXJlLXNpZ24";
        let has = |text| line_with(token, text).is_some();
        assert!(has(
            "a\nBearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhZGFhZGEifQ.c2lnbmF0dXJlLXNpZ24"
        ));
        assert!(has("claims: eyJzdWIiOiJhZGFhZGEifQ"));
        assert!(has("{\"signature\":\"c2lnbmF0dXJlLXNpZ24\"}"));
        assert!(!has("a token was refused\neyJhbGciOiJFUzI1NiJ9"));
        assert_eq!(line_with("code", "a\nthe code\n"), Some("the code"));
    }

    #[test]
    fn a_search_for_too_little_fails() {
        let secret = |kind: &str| Secret {
            kind: kind.to_owned(),
            value: format!("the {kind}"),
        };
        let all: Vec<_> = KINDS.map(secret).into();
        let quiet = ["nothing".to_owned()];
        assert!(search(&all, &quiet).unwrap().starts_with("7 secrets"));
        assert!(search(&all[1..], &quiet).is_err());
        assert!(search(&all, &["it is the code".to_owned()]).is_err());
    }
}
