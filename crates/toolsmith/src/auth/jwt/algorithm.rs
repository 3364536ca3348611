//! The signatures that are accepted.

use std::fmt;
use std::str::FromStr;

/// An algorithm of RFC 7518 or RFC 8037 by which tokens are signed.
///
/// All are asymmetric: a server that only verifies holds nothing to sign with. `none` and
/// the `HS` family are not here, so that no setting lets them in (RFC 8725, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 using SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 using SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 using SHA-512.
    Rs512,
    /// RSASSA-PSS using SHA-256.
    Ps256,
    /// RSASSA-PSS using SHA-384.
    Ps384,
    /// RSASSA-PSS using SHA-512.
    Ps512,
    /// ECDSA on P-256 using SHA-256.
    Es256,
    /// ECDSA on P-384 using SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// Its name in tokens and keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The one of a token's header, if it is one of ours.
    pub(super) fn of_header(algorithm: jsonwebtoken::Algorithm) -> Option<Self> {
        use jsonwebtoken::Algorithm as Theirs;
        Some(match algorithm {
            Theirs::RS256 => Self::Rs256,
            Theirs::RS384 => Self::Rs384,
            Theirs::RS512 => Self::Rs512,
            Theirs::PS256 => Self::Ps256,
            Theirs::PS384 => Self::Ps384,
            Theirs::PS512 => Self::Ps512,
            Theirs::ES256 => Self::Es256,
            Theirs::ES384 => Self::Es384,
            Theirs::EdDSA => Self::EdDsa,
            _ => return None,
        })
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads a name as tokens have it.
impl FromStr for Algorithm {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|it| it.name() == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("'{name}' is not one of the algorithms that are accepted: {names}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_symmetric_has_a_name_here() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.name().parse(), Ok(algorithm));
            let theirs = algorithm.name().parse().unwrap();
            assert_eq!(Algorithm::of_header(theirs), Some(algorithm));
        }
        for bad in ["none", "HS256", "HS384", "HS512", "rs256", ""] {
            assert!(bad.parse::<Algorithm>().is_err(), "{bad}");
        }
        for theirs in ["HS256", "HS384", "HS512"] {
            assert_eq!(Algorithm::of_header(theirs.parse().unwrap()), None);
        }
    }
}
