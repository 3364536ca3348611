//! In place of the resource server, where this program was built without it: everybody is
//! let in, and settings that say otherwise were refused.

use std::convert::Infallible;
use std::sync::Arc;

use http::request::Parts;

use super::public_url::PublicUrl;
use super::remote::Client;
use super::tenants::{Place, Tenants, Vouched};
use crate::http::options::Options;
use crate::http::respond::HttpResponse;
use crate::server::Caller;
use crate::{Result, Scopes};

/// Nothing can be said in code.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Own(());

/// What nobody has.
#[derive(Debug)]
pub(super) enum Authority {}

/// Whom nobody knows.
#[derive(Debug)]
pub(super) enum Known {}

impl Known {
    pub(super) fn vouched(&self) -> Vouched<'_> {
        match *self {}
    }

    pub(super) fn caller(&self, _: Option<Arc<str>>) -> Caller {
        match *self {}
    }
}

/// Whether anybody is asked who it is.
pub(super) fn is_set(_: &Options, _: &Own) -> bool {
    false
}

impl Authority {
    /// Never gives one.
    pub(super) fn new(
        _: &Options,
        _: &Own,
        _: &PublicUrl,
        _: (&Scopes, &[Place]),
    ) -> Result<Option<Self>> {
        Ok(None)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }

    pub(super) fn document(
        &self,
        _: &Parts,
        _: &Tenants,
        _: impl FnOnce() -> String,
    ) -> Option<HttpResponse> {
        match *self {}
    }

    pub(super) async fn who(&self, _: &Parts, _: &Client) -> Result<Known, Infallible> {
        match *self {}
    }

    pub(super) fn is_made_for(&self, _: &Known, _: &Place, _: &str) -> bool {
        match *self {}
    }

    pub(super) async fn refuse<B>(
        &self,
        _: Infallible,
        _: Option<(&Place, &str)>,
        _: B,
    ) -> HttpResponse {
        match *self {}
    }

    pub(super) fn with_challenge(
        &self,
        _: HttpResponse,
        _: Option<(&Place, &str)>,
    ) -> HttpResponse {
        match *self {}
    }
}
