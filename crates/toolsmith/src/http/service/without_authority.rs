//! In place of the resource server, where this program was built without it: everybody is
//! let in, and settings that say otherwise were refused.

use std::convert::Infallible;

use http::request::Parts;

use super::public_url::PublicUrl;
use super::remote::Client;
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

impl Authority {
    /// Never gives one.
    pub(super) fn new(_: &Options, _: &Own, _: &PublicUrl, _: &Scopes) -> Result<Option<Self>> {
        Ok(None)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }

    pub(super) fn document(&self, _: &Parts) -> Option<HttpResponse> {
        match *self {}
    }

    pub(super) async fn who(&self, _: &Parts, _: &Client) -> Result<Caller, Infallible> {
        match *self {}
    }

    pub(super) async fn refuse<B>(&self, _: &Infallible, _: B) -> HttpResponse {
        match *self {}
    }

    pub(super) fn with_challenge(&self, _: HttpResponse) -> HttpResponse {
        match *self {}
    }
}
