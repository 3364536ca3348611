//! Whose a request is: found before anything is done for it, and refused where there is no
//! such tenant, or it is another's.
//!
//! A tenant is named by credentials (a claim of a token, what an API key was made for), by an
//! address (a path or a host of its own), or by a trusted proxy. The first source in the
//! setting that names one decides. An address never decides against the credentials: who
//! comes with those of one tenant to the address of another finds nothing there. Where
//! credentials are asked for and name no tenant, they must have been made for the address.

mod place;
mod source;

use std::collections::HashSet;
use std::sync::Arc;

use http::HeaderMap;

use self::place::Found;
pub(in crate::http) use self::place::Place;
use self::source::{Source, is_name};
use crate::http::options::Options;
use crate::protocol::{ErrorKind, ProtocolError};
use crate::{Error, Result};

/// Whose requests are.
#[derive(Debug, Default)]
pub(super) struct Tenants {
    sources: Vec<Source>,
    places: Vec<Place>,
    /// Those that there are; none where whoever is named is one.
    known: Option<HashSet<String>>,
}

/// What a request says of whose it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    /// Without a port, in small letters.
    pub(super) host: &'a str,
    /// Without a slash at the end.
    pub(super) path: &'a str,
    pub(super) fields: &'a HeaderMap,
    /// Whether it came by a proxy that is believed.
    pub(super) is_by_proxy: bool,
}

/// What the credentials of a request say of whose it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Vouched<'a> {
    /// Nobody asks for any.
    Nobody,
    /// They name a tenant.
    For(&'a Arc<str>),
    /// They name none.
    ForNone,
}

impl Tenants {
    /// # Errors
    ///
    /// When the settings do not fit together.
    pub(super) fn new(options: &Options, authorizes: bool) -> Result<Self> {
        let sources = options.tenant.iter().map(|it| Source::parse(it));
        let sources: Vec<Source> = sources.collect::<Result<_>>()?;
        check(&sources, options, authorizes)?;
        let places = sources.iter().filter_map(|it| Place::of(it, &options.path));
        Ok(Self {
            places: places.collect(),
            known: known(&sources, options, authorizes)?,
            sources,
        })
    }

    /// Whether every request is the one tenant's.
    pub(super) fn is_one(&self) -> bool {
        self.sources.is_empty()
    }

    /// The claim of tokens that names the tenant.
    pub(super) fn claim(options: &Options) -> Option<&str> {
        let mut sources = options.tenant.iter();
        sources.find_map(|it| it.strip_prefix("claim:"))
    }

    /// How the names of hosts end that tenants have of their own.
    pub(super) fn suffixes(options: &Options) -> impl Iterator<Item = String> {
        let sources = options.tenant.iter().map(|it| Source::parse(it));
        sources.filter_map(|it| match it {
            Ok(Source::Host(suffix)) => Some(suffix),
            _ => None,
        })
    }

    /// Where tenants have an endpoint of their own.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Whether a path is that of a tenant's endpoint, well-formed or not.
    pub(super) fn has_path(&self, path: &str) -> bool {
        let by_path = self.places.iter().filter(|it| matches!(it, Place::Path(_)));
        let mut found = by_path.map(|it| it.find("", path));
        found.any(|it| it != Found::Nothing)
    }

    /// The place and the tenant that a request names by its address, if it does.
    pub(super) fn at<'a>(&self, said: &Said<'a>) -> Option<(&Place, &'a str)> {
        self.place_of(said.host, said.path)
    }

    /// The place and the tenant at a host and a path.
    pub(super) fn place_of<'a>(&self, host: &'a str, path: &'a str) -> Option<(&Place, &'a str)> {
        self.places
            .iter()
            .find_map(|place| match place.find(host, path) {
                Found::Tenant(tenant) => Some((place, tenant)),
                Found::Nothing | Found::Malformed => None,
            })
    }

    /// Whose a request is. `is_made_for` says whether credentials that name no tenant were
    /// made for the address of one.
    ///
    /// # Errors
    ///
    /// When there is no such tenant, or it is another's: both are answered alike.
    pub(super) fn whose(
        &self,
        said: &Said<'_>,
        vouched: Vouched<'_>,
        is_made_for: impl Fn(&Place, &str) -> bool,
    ) -> Result<Arc<str>, ProtocolError> {
        let mut decided: Option<Arc<str>> = None;
        for source in &self.sources {
            let named = match self.named(source, said, vouched)? {
                None => continue,
                Some(named) => named,
            };
            decided.get_or_insert(named);
        }
        let tenant = decided.filter(|it| is_name(it)).ok_or_else(unknown)?;
        // Whatever decided: neither the address nor the credentials may name another.
        let at = self.at(said);
        if at.is_some_and(|(_, it)| *it != *tenant) {
            return Err(unknown());
        }
        let is_vouched = match vouched {
            Vouched::Nobody => true,
            Vouched::For(it) => self.is_decided_by_proxy(said) || **it == *tenant,
            Vouched::ForNone => {
                self.is_decided_by_proxy(said)
                    || at.is_some_and(|(place, tenant)| is_made_for(place, tenant))
            }
        };
        let is_known = |known: &HashSet<String>| known.contains(&*tenant);
        match is_vouched && self.known.as_ref().is_none_or(is_known) {
            true => Ok(tenant),
            false => Err(unknown()),
        }
    }

    /// The tenant that one source names.
    fn named(
        &self,
        source: &Source,
        said: &Said<'_>,
        vouched: Vouched<'_>,
    ) -> Result<Option<Arc<str>>, ProtocolError> {
        Ok(match source {
            Source::Claim(_) | Source::Key => match vouched {
                Vouched::For(tenant) => Some(Arc::clone(tenant)),
                Vouched::Nobody | Vouched::ForNone => None,
            },
            Source::Path | Source::Host(_) => {
                let mut found = self.places.iter().filter(|it| it.is_of(source));
                match found.next().map(|it| it.find(said.host, said.path)) {
                    Some(Found::Tenant(tenant)) => Some(tenant.into()),
                    Some(Found::Malformed) => return Err(unknown()),
                    Some(Found::Nothing) | None => None,
                }
            }
            Source::Header(name) => said.by_proxy(name)?.map(Into::into),
        })
    }

    /// Whether a proxy names the tenant before anything else does: who stands behind it was
    /// let in there.
    fn is_decided_by_proxy(&self, said: &Said<'_>) -> bool {
        let first = self.sources.first();
        let named = first.map(|it| match it {
            Source::Header(name) => said.by_proxy(name).is_ok_and(|it| it.is_some()),
            _ => false,
        });
        named.unwrap_or(false)
    }
}

impl<'a> Said<'a> {
    /// What a header field says that a trusted proxy has set.
    fn by_proxy(&self, name: &http::HeaderName) -> Result<Option<&'a str>, ProtocolError> {
        if !self.is_by_proxy {
            return Ok(None);
        }
        let mut values = self.fields.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(one), None) => one.to_str().map(Some).map_err(|_| unknown()),
            // Whose it is must not depend on who reads it.
            (Some(_), Some(_)) => Err(unknown()),
        }
    }
}

/// The answer to whoever names a tenant that is not there, or not theirs, or none.
fn unknown() -> ProtocolError {
    ProtocolError::new(
        ErrorKind::TenantUnknown,
        "there is no such tenant, or it is not yours",
    )
}

fn check(sources: &[Source], options: &Options, authorizes: bool) -> Result<()> {
    let count = |is: fn(&Source) -> bool| sources.iter().filter(|it| is(it)).count();
    if count(|it| matches!(it, Source::Claim(_))) > 1 {
        return Err(
            Error::setting("--tenant names two claims, and a token has one tenant")
                .with_hint("leave one of them out"),
        );
    }
    if count(|it| matches!(it, Source::Header(_))) > 0 && options.trusted_proxy.is_empty() {
        return Err(Error::setting(
            "--tenant names a header field, and no proxy is trusted to set it",
        )
        .with_hint("name the proxy with --trusted-proxy"));
    }
    let by_credentials = count(|it| matches!(it, Source::Claim(_) | Source::Key)) > 0;
    if by_credentials && !authorizes {
        return Err(
            Error::setting("--tenant names what credentials say, and none are asked for")
                .with_hint("set --auth-issuer or --api-keys"),
        );
    }
    Ok(())
}

/// The tenants that there are, where not everybody who is named is one.
fn known(
    sources: &[Source],
    options: &Options,
    authorizes: bool,
) -> Result<Option<HashSet<String>>> {
    let listed: HashSet<String> = options.tenant_allow.iter().cloned().collect();
    if let Some(bad) = listed.iter().find(|it| !is_name(it)) {
        return Err(
            Error::setting(format!("--tenant-allow '{bad}' is no tenant"))
                .with_hint("a tenant has 1 to 128 visible characters of ASCII"),
        );
    }
    let anybody_types = sources
        .iter()
        .any(|it| matches!(it, Source::Path | Source::Host(_)));
    let provisioned = match options.tenant_signup.as_str() {
        "open" if listed.is_empty() => false,
        "open" => {
            return Err(Error::setting(
                "--tenant-allow lists tenants, and --tenant-signup is open",
            )
            .with_hint("leave one of them out"));
        }
        "provisioned" => true,
        // Where nobody vouches for who types an address, there are those that are listed.
        "" => !listed.is_empty() || (anybody_types && !authorizes),
        other => {
            return Err(
                Error::setting(format!("--tenant-signup '{other}' is not known"))
                    .with_hint("use open or provisioned"),
            );
        }
    };
    if provisioned && listed.is_empty() {
        return Err(
            Error::setting("tenants are provisioned, and there are none").with_hint(
                "list them with --tenant-allow, or let everybody in who is named, with --tenant-signup open",
            ),
        );
    }
    Ok(provisioned.then_some(listed))
}
