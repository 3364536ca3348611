//! What is left out of what is written down.

use serde_json::Value;

/// What stands in the place of what is left out.
const REDACTED: &str = "[redacted]";
/// Words in the names of members whose values are left out, without `_` and `-`.
const SECRETS: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "authorization",
    "credential",
    "cookie",
];

/// The words by which members are known whose values are left out.
#[derive(Clone, Debug)]
pub(crate) struct Redaction(Vec<String>);

impl Default for Redaction {
    fn default() -> Self {
        Self(SECRETS.map(str::to_owned).to_vec())
    }
}

impl Redaction {
    /// Knows one word more.
    pub(crate) fn add(&mut self, word: &str) {
        let word = plain(word);
        if !word.is_empty() {
            self.0.push(word);
        }
    }

    fn hides(&self, name: &str) -> bool {
        let name = plain(name);
        self.0.iter().any(|word| name.contains(word.as_str()))
    }

    /// Leaves out of JSON what is to be left out, however deep it is.
    pub(crate) fn value(&self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match self.hides(name) {
                        true => *value = REDACTED.into(),
                        false => self.value(value),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|it| self.value(it)),
            _ => {}
        }
    }

    /// A URI without passwords in its authority and secrets in its query.
    pub(crate) fn uri(&self, uri: &str) -> String {
        let (rest, fragment) = cut(uri, '#');
        let (place, query) = cut(rest, '?');
        let mut shown = without_password(place);
        if let Some(query) = query {
            let parts = query.split('&').map(|part| match part.split_once('=') {
                Some((name, _)) if self.hides(name) => format!("{name}={REDACTED}"),
                _ => part.to_owned(),
            });
            let parts: Vec<String> = parts.collect();
            shown = format!("{shown}?{}", parts.join("&"));
        }
        match fragment {
            // What stands there is the client's business.
            Some(_) => format!("{shown}#{REDACTED}"),
            None => shown,
        }
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// `scheme://user:password@host/…` without the password.
fn without_password(place: &str) -> String {
    let Some((scheme, rest)) = place.split_once("://") else {
        return place.to_owned();
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:{REDACTED}@{host}{path}")
        }
        None => place.to_owned(),
    }
}

/// A name in small letters, without what joins its words.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '_' | '-' | '.' | ' '));
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_left_out_however_deep_and_however_they_are_spelled() {
        let mut redaction = Redaction::default();
        redaction.add("I-BAN");
        let mut value = json!({
            "user": "ada",
            "Password": "a",
            "db": [{"api_key": "b", "host": "h"}, {"API-Key": {"inner": "c"}}],
            "accessToken": 7,
            "iban": ["d"],
            "note": "not a name",
        });
        redaction.value(&mut value);
        let expected = json!({
            "user": "ada",
            "Password": REDACTED,
            "db": [{"api_key": REDACTED, "host": "h"}, {"API-Key": REDACTED}],
            "accessToken": REDACTED,
            "iban": REDACTED,
            "note": "not a name",
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn uris_lose_passwords_queries_lose_secrets() {
        let redaction = Redaction::default();
        for (uri, shown) in [
            ("add", "add"),
            ("note://1?page=2", "note://1?page=2"),
            (
                "db://ada:pw@host/x?token=t&a=b",
                "db://ada:[redacted]@host/x?token=[redacted]&a=b",
            ),
            ("https://h/x#access_token=t", "https://h/x#[redacted]"),
            ("mailto:a@b.example", "mailto:a@b.example"),
        ] {
            assert_eq!(redaction.uri(uri), shown, "{uri}");
        }
    }
}
