//! `last_modified = "2025-01-12T15:00:58Z"`.

use syn::LitStr;

use super::entry::Entry;

/// Reads a moment, as RFC 3339 writes it.
pub(super) fn moment(entry: &Entry) -> syn::Result<LitStr> {
    let text = entry.string()?;
    match parse(&text.value()) {
        Some(()) => Ok(text),
        None => Err(syn::Error::new_spanned(
            text,
            "this is no moment: write a date, a time and a zone, such as \
             \"2025-01-12T15:00:58Z\" or \"2025-01-12T16:00:58+01:00\"",
        )),
    }
}

fn parse(text: &str) -> Option<()> {
    let (date, time) = text.split_once('T')?;
    parse_date(date)?;
    let (clock, zone) = time.split_at(time.find(['Z', '+', '-'])?);
    let clock = match clock.split_once('.') {
        Some((clock, fraction)) if is_number(fraction) => clock,
        Some(_) => return None,
        None => clock,
    };
    let (time, seconds) = clock.rsplit_once(':')?;
    // A minute may have a leap second.
    parse_time(time).and(within(digits(seconds, 2)?, 0, 60))?;
    match zone {
        "Z" => Some(()),
        offset => parse_time(offset.get(1..)?),
    }
}

fn parse_date(date: &str) -> Option<()> {
    let mut parts = date.splitn(3, '-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    within(month, 1, 12).and(within(day, 1, days))
}

/// Hours and minutes.
fn parse_time(time: &str) -> Option<()> {
    let (hours, minutes) = time.split_once(':')?;
    within(digits(hours, 2)?, 0, 23).and(within(digits(minutes, 2)?, 0, 59))
}

/// A number of so many digits.
fn digits(text: &str, length: usize) -> Option<u32> {
    let fits = text.len() == length && is_number(text);
    fits.then(|| text.parse().ok()).flatten()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn within(number: u32, least: u32, most: u32) -> Option<()> {
    (least..=most).contains(&number).then_some(())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_moment_has_a_date_a_time_and_a_zone() {
        for right in [
            "2025-01-12T15:00:58Z",
            "2024-02-29T23:59:60.123456789012345678901234567890Z",
            "2000-02-29T00:00:00+00:00",
            "1999-12-31T16:00:58-09:30",
        ] {
            assert!(parse(right).is_some(), "{right}");
        }
        for wrong in [
            "",
            "T",
            "yesterday",
            "2025-01-12",
            "2025-01-12T15:00:58",
            "2025-01-12T15:00Z",
            "2025-1-12T15:00:58Z",
            "2025-13-12T15:00:58Z",
            "2025-02-29T15:00:58Z",
            "1900-02-29T15:00:58Z",
            "2025-04-31T15:00:58Z",
            "2025-00-01T15:00:58Z",
            "2025-01-12T24:00:58Z",
            "2025-01-12T15:60:58Z",
            "2025-01-12T15:00:61Z",
            "2025-01-12T15:00:58.Z",
            "2025-01-12T15:00:58+1:00",
            "2025-01-12T15:00:58+",
            "2025-01-12T15:00:58Z ",
            "2025-01-12 15:00:58Z",
            "+025-01-12T15:00:58Z",
            "2025-01-12T15:00:58+é:00",
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
