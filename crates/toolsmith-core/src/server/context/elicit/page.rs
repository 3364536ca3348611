//! Pages that the user is sent to.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use super::{Action, Answer, Elicited, format, object};
use crate::protocol::{ClientCapability, ProtocolError, Question, QuestionKind, Revision};
use crate::server::context::ask::Terms;
use crate::server::handler::ToolError;
use crate::server::{Context, SessionRef};

/// A page for the user, not opened yet. Await it.
#[derive(Clone, Debug)]
#[must_use = "a question is asked when it is awaited"]
pub struct ElicitUrl {
    context: Context,
    message: String,
    url: String,
    terms: Terms,
    id: Option<String>,
}

impl Context {
    /// Sends the user to a page, for what the client must not read: a password, a payment,
    /// an authorization by somebody else.
    ///
    /// That the user accepted means that the page was opened, not that anything was done
    /// there: look for that where the page leaves it. The address must hold no secrets, and
    /// the page must find out by itself who opens it.
    ///
    /// # Errors
    ///
    /// When the client cannot open pages or refuses to, or the address is no absolute URL. One
    /// without https is warned of in the log, unless it is on this machine.
    pub fn elicit_url(&self, message: impl Into<String>, url: impl Into<String>) -> ElicitUrl {
        ElicitUrl {
            context: self.clone(),
            message: message.into(),
            url: url.into(),
            terms: Terms::default(),
            id: None,
        }
    }

    /// Ends the call until the user has been at these pages, as far as the client's revision
    /// has a way to say so. Call it only when what is to be done there is not done yet.
    ///
    /// A client of revision 2025-11-25 is answered with code -32042 and the pages, and sends
    /// the request again when it was told that all is done: see
    /// [`elicitations`](Self::elicitations). A modern one is asked to open the pages, and
    /// this returns once they were opened, which does not say that anything was done there:
    /// look for it then, and fail in words when it is not.
    ///
    /// # Errors
    ///
    /// With what the client is to be answered, see above. When the client cannot open pages
    /// or refuses to. Pass it on with `?`.
    pub async fn require_urls(
        &self,
        pages: impl IntoIterator<Item = ElicitUrl>,
    ) -> Result<(), ToolError> {
        let pages: Vec<ElicitUrl> = pages.into_iter().collect();
        if pages.is_empty() || !self.revision().has_elicitation_ids() {
            let opened = pages.into_iter().map(IntoFuture::into_future);
            for page in join_all(opened).await {
                page?.accepted()?;
            }
            return Ok(());
        }
        self.require(ClientCapability::ElicitationUrl)?;
        let mut elicitations = Vec::with_capacity(pages.len());
        for page in pages {
            elicitations.push(Value::Object(page.named().await?));
        }
        let required = ProtocolError::url_elicitation_required(elicitations);
        Err(ToolError::protocol(required))
    }

    /// By which to say that what the user was sent to a page for is done, after the call, too.
    pub fn elicitations(&self) -> Elicitations {
        let peer = &self.scope().peer;
        let knows = peer.revision.has_elicitation_ids()
            && peer.capabilities.has(ClientCapability::ElicitationUrl);
        Elicitations(peer.session.clone().filter(|_| knows))
    }

    /// Tells the client that what a user was sent to a page for is done, as
    /// [`Elicitations::complete`] does, on the stream of the call while that goes on.
    pub fn elicitation_complete(&self, id: &str) -> bool {
        let scope = self.scope();
        let Elicitations(Some(session)) = self.elicitations() else {
            return false;
        };
        let goes_on = !self.is_cancelled() && !self.is_task();
        let sink = scope.sink.as_ref().filter(|_| goes_on);
        session.page_is_done(id, scope.peer.revision, sink)
    }
}

/// Says that what a user was sent to a page for is done, to the client whose call it was that
/// named the page. Cheap to clone, and may be kept for as long as the user takes.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use toolsmith_core::server::{Context, Elicitations, State};
/// use toolsmith_core::server::handler::ToolError;
///
/// /// Who waits for a page, by its id.
/// type Waiting = Mutex<HashMap<String, Elicitations>>;
///
/// async fn connect(ctx: Context, waiting: State<Waiting>) -> Result<(), ToolError> {
///     // Of your own: a random one, bound to whoever asks.
///     let id = "6f1c…".to_owned();
///     let url = format!("https://example.com/connect/{id}");
///     let page = ctx.elicit_url("Please connect your account.", url).id(&*id);
///     if let Ok(mut waiting) = waiting.lock() {
///         waiting.insert(id, ctx.elicitations());
///     }
///     ctx.require_urls([page]).await
/// }
///
/// /// The page, when all is done there.
/// fn connected(waiting: &Waiting, id: &str) {
///     let known = waiting.lock().ok().and_then(|mut it| it.remove(id));
///     known.is_some_and(|elicitations| elicitations.complete(id));
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Elicitations(Option<SessionRef>);

impl Elicitations {
    /// Tells the client that all is done at the page with this id, see [`ElicitUrl::id`]:
    /// where it listens to what it is told unasked, or when it does. Over HTTP that is the
    /// stream that it opens with GET.
    ///
    /// `false` when it is not told: only revision 2025-11-25 has it, of a client that opens
    /// pages, for an id that was given out in the same session, and once.
    pub fn complete(&self, id: &str) -> bool {
        let session = self.0.as_ref();
        session.is_some_and(|it| it.page_is_done(id, Revision::V2025_11_25, None))
    }
}

impl ElicitUrl {
    /// Under a key of the author's own, see [`Elicit::key`](super::Elicit::key).
    pub fn key(mut self, key: impl Into<Box<str>>) -> Self {
        self.terms.key = Some(key.into());
        self
    }

    /// For so long at most, see [`Elicit::timeout`](super::Elicit::timeout).
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.terms.timeout = Some(timeout);
        self
    }

    /// With an id by which to say later that it is done, see [`Elicitations::complete`].
    /// Nobody must be able to guess it. Without one, a random id is sent to the clients
    /// whose revision wants one.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// What the client is told of it.
    async fn named(&self) -> Result<Map<String, Value>, ToolError> {
        if !format::is_page(&self.url) {
            return Err(ToolError::internal(format!(
                "`{}` is no page that a user can be sent to; write an absolute URL such as https://example.com/connect, percent-encoded",
                self.url
            )));
        }
        if !format::is_private(&self.url) {
            let name = self.context.name();
            tracing::warn!(name, "a user is sent to a page without https");
        }
        let mut params = object(json!({
            "mode": "url",
            "message": self.message,
            "url": self.url,
        }));
        // A modern question has no id, and is known by its content when it is asked again.
        if !self.context.revision().is_modern() {
            let peer = &self.context.scope().peer;
            let session = peer.session.as_ref();
            let session = session.filter(|_| peer.revision.has_elicitation_ids());
            if let (Some(id), Some(session)) = (&self.id, session) {
                session.names_page(id).await;
            }
            let id = self.id.clone().unwrap_or_else(random_id);
            params.insert("elicitationId".to_owned(), id.into());
        }
        Ok(params)
    }
}

impl IntoFuture for ElicitUrl {
    type Output = Result<Elicited<()>, ToolError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let question = Question {
                kind: QuestionKind::Url,
                params: self.named().await?,
            };
            let answer = self.context.ask(self.terms, question).await?;
            let answer: Answer = self.context.read(&answer, "answer to a page")?;
            Ok(match answer.action {
                Action::Accept => Elicited::Accepted(()),
                Action::Decline => Elicited::Declined,
                Action::Cancel => Elicited::Cancelled,
            })
        })
    }
}

fn random_id() -> String {
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => bytes.iter().map(|b| format!("{b:02x}")).collect(),
        Err(_) => "elicitation".to_owned(),
    }
}
