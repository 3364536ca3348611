//! What a certificate says of itself.

use std::time::{Duration, SystemTime};

use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

/// For whom it is, and how long it holds.
#[derive(Debug)]
pub(super) struct About {
    pub(super) names: Vec<String>,
    not_after: SystemTime,
    /// When a third of its time is left.
    pub(super) renew_at: SystemTime,
}

impl About {
    /// Reads a certificate, as DER.
    pub(super) fn read(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) =
            parse_x509_certificate(der).map_err(|error| format!("it cannot be read: {error}"))?;
        let validity = certificate.validity();
        let [from, to] = [&validity.not_before, &validity.not_after].map(|it| {
            let seconds = u64::try_from(it.timestamp()).unwrap_or_default();
            SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
        });
        let lasts = to.duration_since(from).unwrap_or_default();
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.into_iter().flat_map(|it| &it.value.general_names);
        Ok(Self {
            names: names
                .filter_map(|name| match name {
                    GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
                    _ => None,
                })
                .collect(),
            not_after: to,
            renew_at: to - lasts / 3,
        })
    }

    /// Whether it is for all of these.
    pub(super) fn is_for(&self, domains: &[String]) -> bool {
        domains.iter().all(|it| self.names.contains(it))
    }

    /// Until when it holds, for people.
    pub(super) fn until(&self) -> impl std::fmt::Display {
        humantime::format_rfc3339_seconds(self.not_after)
    }

    /// When it is renewed, for people.
    pub(super) fn renewed(&self) -> impl std::fmt::Display {
        humantime::format_rfc3339_seconds(self.renew_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_when_a_third_of_its_time_is_left() {
        let names = ["a.example".to_owned(), "B.example".to_owned()];
        let mut params = rcgen::CertificateParams::new(names).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 4, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        let about = About::read(made.der()).unwrap();
        assert_eq!(about.until().to_string(), "2026-04-01T00:00:00Z");
        assert_eq!(about.renewed().to_string(), "2026-03-02T00:00:00Z");
        let domains = |names: &[&str]| names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert!(about.is_for(&domains(&["b.example", "a.example"])));
        assert!(!about.is_for(&domains(&["a.example", "c.example"])));
        assert!(About::read(b"none").is_err());
    }
}
