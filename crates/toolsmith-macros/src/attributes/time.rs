//! `timeout = "30s"` and `ttl = "60s"`.

use std::time::Duration;

use super::entry::Entry;

const FORM: &str = "write a whole number and a unit, such as \"500ms\", \"30s\", \"2m\" or \"1h\"";

/// Reads the time that a call may take.
pub(super) fn timeout(entry: &Entry) -> syn::Result<Duration> {
    read(entry, |time| match time {
        Some(time) if time.is_zero() => Err(format!("a call needs some time: {FORM}")),
        Some(time) => Ok(time),
        None => Err("this is longer than can be counted; leave `timeout` out instead".to_owned()),
    })
}

/// Reads the time that something stays fresh, which may be none.
pub(super) fn ttl(entry: &Entry) -> syn::Result<Duration> {
    let too_long = || "this is longer than can be counted; give a shorter time".to_owned();
    read(entry, |time| time.ok_or_else(too_long))
}

fn read(
    entry: &Entry,
    check: impl FnOnce(Option<Duration>) -> Result<Duration, String>,
) -> syn::Result<Duration> {
    let text = entry.string()?;
    parse(&text.value())
        .and_then(check)
        .map_err(|message| syn::Error::new_spanned(text, message))
}

/// Reads a time; `Ok(None)` is one that is too long to count.
fn parse(text: &str) -> Result<Option<Duration>, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim_start() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(format!("this is no time: {FORM}")),
    };
    if number.is_empty() {
        return Err(format!("this is no time: {FORM}"));
    }
    let milliseconds = number.parse().ok().and_then(|n: u64| n.checked_mul(factor));
    Ok(milliseconds.map(Duration::from_millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> Entry {
        syn::parse_str(&format!("time = \"{text}\"")).unwrap()
    }

    #[test]
    fn every_unit_counts_and_nothing_else_does() {
        let read = |text| timeout(&entry(text)).ok();
        assert_eq!(read("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(read("30s"), Some(Duration::from_secs(30)));
        assert_eq!(read("2 m"), Some(Duration::from_secs(120)));
        assert_eq!(read("1h"), Some(Duration::from_secs(3600)));
        for wrong in [
            "",
            "30",
            "s",
            "-1s",
            "1.5s",
            "0s",
            "1d",
            "99999999999999999999h",
            "s30",
        ] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn what_is_never_fresh_has_a_time_too() {
        assert_eq!(ttl(&entry("0s")).ok(), Some(Duration::ZERO));
        assert_eq!(ttl(&entry("60s")).ok(), Some(Duration::from_secs(60)));
        let error = ttl(&entry("99999999999999999999h")).unwrap_err();
        assert!(error.to_string().contains("shorter"), "{error}");
    }
}
