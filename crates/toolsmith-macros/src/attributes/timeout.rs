//! `timeout = "30s"`.

use std::time::Duration;

use super::entry::Entry;

const FORM: &str = "write a whole number and a unit, such as \"500ms\", \"30s\", \"2m\" or \"1h\"";

/// Reads the time that a call may take.
pub(super) fn timeout(entry: &Entry) -> syn::Result<Duration> {
    let text = entry.string()?;
    match parse(&text.value()) {
        Ok(limit) => Ok(limit),
        Err(message) => Err(syn::Error::new_spanned(text, message)),
    }
}

fn parse(text: &str) -> Result<Duration, String> {
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
    match milliseconds {
        Some(0) => Err(format!("a call needs some time: {FORM}")),
        Some(milliseconds) => Ok(Duration::from_millis(milliseconds)),
        None => Err("this is longer than can be counted; leave `timeout` out instead".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_counts_and_nothing_else_does() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse("2 m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse("1h"), Ok(Duration::from_secs(3600)));
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
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
