//! The formats of texts in a form, and of the address of a page.

use std::net::IpAddr;

/// Something at some host. Who it reaches is not to be known from here.
pub(super) fn is_email(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    let is_part = |part: &str| !part.is_empty() && !part.contains(is_space);
    parts.is_some_and(|(user, host)| is_part(user) && is_part(host))
}

/// An absolute URI of RFC 3986.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let mut of_scheme = scheme.chars();
    let begins = of_scheme.next().is_some_and(|c| c.is_ascii_alphabetic());
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    begins && of_scheme.all(in_scheme) && !rest.is_empty() && is_of_uri(rest)
}

/// Whether a page can be at an address: an absolute URI, which on the web names a host.
pub(super) fn is_page(text: &str) -> bool {
    is_uri(text) && (!is_web(text) || host(text).is_some())
}

/// Whether nobody on the way can read or change what a page is told. What stays on the
/// machine is not on any way.
pub(super) fn is_private(text: &str) -> bool {
    let scheme = text.split(':').next().unwrap_or_default();
    let is_local = || {
        let host = host(text).unwrap_or_default().to_ascii_lowercase();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        let address: Option<IpAddr> = address.parse().ok();
        host == "localhost"
            || host.ends_with(".localhost")
            || address.is_some_and(|it| it.is_loopback())
    };
    scheme.eq_ignore_ascii_case("https") || (is_web(text) && is_local())
}

fn is_web(text: &str) -> bool {
    let scheme = text.split(':').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// The host of a URI, if it names one and a port that there is.
fn host(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let place = authority.rsplit('@').next()?;
    let (host, port) = match place.rfind(']') {
        Some(end) => place.split_at(end + 1),
        None => place.split_at(place.find(':').unwrap_or(place.len())),
    };
    let port = port.strip_prefix(':').unwrap_or(port);
    let is_port = port.is_empty() || (is_number(port) && port.parse::<u16>().is_ok());
    (is_port && !host.is_empty()).then_some(host)
}

/// Whether a text has only characters that stand in a URI, and percents that mean a byte.
pub(super) fn is_of_uri(text: &str) -> bool {
    const OTHERS: &str = "-._~:/?#[]@!$&'()*+,;=%";
    let fits = |c: char| c.is_ascii_alphanumeric() || OTHERS.contains(c);
    let is_byte = |after: &str| {
        let mut digits = after.chars();
        let mut is_digit = || digits.next().is_some_and(|c| c.is_ascii_hexdigit());
        is_digit() && is_digit()
    };
    text.chars().all(fits) && text.split('%').skip(1).all(is_byte)
}

/// A day of RFC 3339 that there is.
pub(super) fn is_date(text: &str) -> bool {
    let Some([year, month, day]) = numbers(text, '-', [4, 2, 2]) else {
        return false;
    };
    let leaps = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leaps => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}

/// A moment of RFC 3339, with its offset.
pub(super) fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't', ' ']) else {
        return false;
    };
    let (time, has_offset) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, true),
        None => match time.rsplit_once(['+', '-']) {
            Some((time, offset)) => {
                let offset = numbers(offset, ':', [2, 2]);
                (time, offset.is_some_and(|[h, m]| h < 24 && m < 60))
            }
            None => (time, false),
        },
    };
    let (time, is_fraction) = match time.split_once('.') {
        Some((time, fraction)) => (time, is_number(fraction)),
        None => (time, true),
    };
    // A minute may have a leap second.
    let time = numbers(time, ':', [2, 2, 2]);
    let is_time = time.is_some_and(|[h, m, s]| h < 24 && m < 60 && s <= 60);
    is_date(date) && is_time && is_fraction && has_offset
}

/// So many numbers of so many digits each.
fn numbers<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[u32; N]> {
    let mut parts = text.split(between);
    let mut numbers = [0; N];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts
            .next()
            .filter(|it| it.len() == digits && is_number(it))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(fits: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(fits(text), "{text} was refused");
        }
        for text in bad {
            assert!(!fits(text), "{text} was taken");
        }
    }

    #[test]
    fn a_page_is_somewhere_and_is_private_or_not() {
        holds(
            is_page,
            &[
                "https://a.example",
                "http://[::1]:80/x",
                "HTTPS://u@a:1?x",
                "app://x",
                "app:x",
            ],
            &[
                "",
                "not a url",
                "/path",
                "a.example/x",
                "https://",
                "https:a.example",
                "https:///x",
                "https://a:x/",
                "https://a:99999",
                "https://ä.example",
            ],
        );
        holds(
            is_private,
            &[
                "https://a.example",
                "http://localhost:8080/",
                "http://127.0.0.2/x",
                "http://[::1]/",
            ],
            &[
                "http://a.example",
                "http://localhost.example",
                "http://localhost@a.example",
                "ftp://localhost",
                "app:x",
            ],
        );
    }

    #[test]
    fn formats_are_what_they_are() {
        holds(
            is_email,
            &["a@b", "ä.b+c@münchen.example"],
            &["", "a", "a@", "@b", "a b@c", "a@b c"],
        );
        holds(
            is_uri,
            &["https://a.example/x?y#z", "urn:x", "mailto:a@b", "a:%2F"],
            &[
                "", "/x", "a", "a:", "1a:x", "a:b c", "a:ä", "a:%2", "a:%zz", ":x",
            ],
        );
        holds(
            is_date,
            &["2026-07-28", "2024-02-29", "2000-02-29"],
            &[
                "2023-02-29",
                "1900-02-29",
                "2026-13-01",
                "2026-00-01",
                "2026-04-31",
                "2026-7-28",
                "26-07-28",
                "+026-07-28",
                "2026-07-28-",
            ],
        );
        holds(
            is_date_time,
            &[
                "2026-07-28T12:00:00Z",
                "2026-07-28t23:59:60.123z",
                "2026-07-28T00:00:00-05:30",
            ],
            &[
                "2026-07-28",
                "2026-07-28T12:00:00",
                "2026-07-28T12:00Z",
                "2026-07-28T24:00:00Z",
                "2026-07-28T12:00:00.Z",
                "2026-07-28T12:00:00+5:00",
                "2026-02-30T12:00:00Z",
            ],
        );
    }
}
