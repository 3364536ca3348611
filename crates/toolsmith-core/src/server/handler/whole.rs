//! Numbers such as `2.0`, which JSON Schema takes for integers.

/// The most digits that an integer type can hold.
const MAX_DIGITS: usize = 39;

/// The same JSON, in which every number without a fraction is written as an integer: `2.0`
/// and `1e3` become `2` and `1000`. `None` when there is none to write.
pub(super) fn integers(json: &str) -> Option<String> {
    let mut written = String::new();
    // What stands before here is written.
    let mut done = 0;
    let mut at = 0;
    while let Some(byte) = json.as_bytes().get(at) {
        match byte {
            b'"' => at = end_of_string(json, at),
            b'-' | b'0'..=b'9' => {
                let end = end_of_number(json, at);
                if let Some(integer) = json.get(at..end).and_then(integer) {
                    written.push_str(json.get(done..at)?);
                    written.push_str(&integer);
                    done = end;
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    if done == 0 {
        return None;
    }
    written.push_str(json.get(done..)?);
    Some(written)
}

fn end_of_string(json: &str, start: usize) -> usize {
    let mut escaped = false;
    let inside = json.bytes().enumerate().skip(start + 1);
    for (at, byte) in inside {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    json.len()
}

fn end_of_number(json: &str, start: usize) -> usize {
    let is_part = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let mut rest = json.bytes().enumerate().skip(start);
    rest.find(|(_, byte)| !is_part(*byte))
        .map_or(json.len(), |(at, _)| at)
}

/// A number of JSON that is not written as an integer and is one.
fn integer(number: &str) -> Option<String> {
    let (sign, unsigned) = match number.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", number),
    };
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_written_so = whole.len() == unsigned.len();
    if is_written_so && number != "-0" {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Some("0".to_owned());
    }
    // An integer ends in as many zeros as this. Fewer than none would be a fraction.
    let trailing = digits.len() - digits.trim_end_matches('0').len();
    let exponent: i64 = exponent.parse().ok()?;
    let moved = exponent.checked_add(i64::try_from(trailing).ok()?)?;
    let zeros = usize::try_from(moved.checked_sub(i64::try_from(fraction.len()).ok()?)?).ok()?;
    if significant.len().checked_add(zeros)? > MAX_DIGITS {
        return None;
    }
    Some(format!("{sign}{significant}{}", "0".repeat(zeros)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_without_a_fraction_is_an_integer() {
        for (number, written) in [
            ("2.0", "2"),
            ("-2.00", "-2"),
            ("1e3", "1000"),
            ("1.5E+1", "15"),
            ("1200e-2", "12"),
            ("10.0", "10"),
            ("0.0", "0"),
            ("-0.0", "0"),
            ("-0", "0"),
            ("0e99999999999999999999", "0"),
            ("9007199254740993.0", "9007199254740993"),
            ("18446744073709551615.0", "18446744073709551615"),
        ] {
            assert_eq!(integers(number).as_deref(), Some(written), "{number}");
        }
    }

    #[test]
    fn other_numbers_stay_as_they_are() {
        for number in [
            "2",
            "-17",
            "0",
            "100",
            "2.5",
            "25e-1",
            "1e-3",
            "1e40",
            "1e999999999999999999999",
            "1e-999999999999999999999",
            "2.00000000000000000000000000000000000000000000000001",
        ] {
            assert_eq!(integers(number), None, "{number}");
        }
    }

    #[test]
    fn only_numbers_are_written_anew() {
        let json = r#"{"1.0": ["2.0\"3.0", 4.0, {"é": -5e0}], "b": true, "c": 6.5}"#;
        let written = r#"{"1.0": ["2.0\"3.0", 4, {"é": -5}], "b": true, "c": 6.5}"#;
        assert_eq!(integers(json).as_deref(), Some(written));
        assert_eq!(integers(r#"{"a": "1.0", "b": [1, null]}"#), None);
    }
}
