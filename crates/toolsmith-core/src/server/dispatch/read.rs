//! Reading resources.

use std::sync::Arc;
use std::time::Duration;

use super::failure::Failed;
use super::questions::Resumed;
use super::work::{Work, Worked};
use crate::protocol::{
    Caching, Captures, ErrorKind, Outcome, ProtocolError, ReadOutcome, ResourceOutput,
};
use crate::server::Context;
use crate::server::engine::Engine;
use crate::server::handler::{Arguments, Call, Scope};
use crate::server::middleware::{Next, Operation};
use crate::server::registry::{Home, ResourceEntry};
use crate::server::resource::ResourceProvider;

/// What reads a URI.
enum Reader {
    Resource(Arc<ResourceEntry>, Captures),
    Provider(Arc<dyn ResourceProvider>),
}

impl Engine {
    pub(super) async fn read_resource(self, operation: Operation) -> Outcome {
        let Some(uri) = operation.request.params.uri.as_deref() else {
            return Outcome::failed(ErrorKind::InvalidParams, "`uri` is missing");
        };
        let era = operation.peer.revision.era();
        let view = self.registry().view(operation.peer.caller.tenant());
        let found = match view.resource(uri) {
            Some((entry, resource, captures)) => {
                Some((entry, Reader::Resource(Arc::clone(resource), captures)))
            }
            None => view
                .provider(uri)
                .map(|(entry, provider)| (entry, Reader::Provider(Arc::clone(provider)))),
        };
        let Some((entry, reader)) = found else {
            return Outcome::Error(ProtocolError::resource_not_found(uri, era));
        };
        if let Err(error) = entry.permit(operation.caller()) {
            return Outcome::Error(error);
        }
        let home = Arc::clone(&entry.home);
        match self.layers_within(&home) {
            None => self.read_found(operation, reader, home).await,
            Some(layers) => {
                let end = move |operation| Box::pin(self.read_found(operation, reader, home)) as _;
                Next::new(&layers, Box::new(end)).run(operation).await
            }
        }
    }

    async fn read_found(self, operation: Operation, reader: Reader, home: Arc<Home>) -> Outcome {
        let resumed = match self.resumed(&operation) {
            Ok(resumed) => resumed,
            Err(error) => return Outcome::Error(error),
        };
        let uri: Arc<str> = operation.request.params.uri.as_deref().unwrap_or("").into();
        let revision = operation.peer.revision;
        let engine = self.clone();
        let (mut scope, _) = self.scope(&home, Arc::clone(&uri), operation);
        scope.asking = resumed.as_ref().map(|it| Arc::clone(&it.asking));
        let (mime_type, caching, timeout) = said_of(&reader);
        let work = work(reader, &uri, scope, timeout.or(engine.call_timeout()));
        let failed = Failed {
            what: "resource",
            name: &uri,
            revision,
        };
        let asking = resumed.as_ref().map(|it| &*it.asking);
        match work.go_on(asking, None, failed).await {
            Worked::Output(output) => Outcome::Read(ReadOutcome {
                uri: (&*uri).into(),
                mime_type,
                caching,
                output: uncached_if_asked(output, resumed.as_ref()),
            }),
            Worked::Failed(outcome) => outcome,
            Worked::Waits(waits) => match &resumed {
                Some(resumed) => engine.asks(waits, resumed),
                None => Outcome::failed(ErrorKind::Internal, "nobody can be asked"),
            },
            Worked::Becomes(_) => Outcome::failed(ErrorKind::Internal, "only calls become tasks"),
        }
    }
}

/// What was read with answers in hand is good for this request only.
fn uncached_if_asked(mut output: ResourceOutput, resumed: Option<&Resumed>) -> ResourceOutput {
    if resumed.is_some_and(|it| it.asking.has_answers()) {
        output.caching = Some(Caching::default());
    }
    output
}

/// What a resource says of its content.
fn said_of(reader: &Reader) -> (Option<Box<str>>, Caching, Option<Duration>) {
    match reader {
        Reader::Provider(_) => (None, Caching::default(), None),
        Reader::Resource(resource, _) => {
            resource.definition().map_or_else(Default::default, |it| {
                (
                    it.mime_type.as_deref().map(Into::into),
                    it.caching,
                    it.timeout,
                )
            })
        }
    }
}

fn work(
    reader: Reader,
    uri: &Arc<str>,
    mut scope: Box<Scope>,
    limit: Option<Duration>,
) -> Work<ResourceOutput> {
    let limit = scope.limit(limit);
    let trace = scope.trace.clone();
    let trace = trace.map(|trace| ("resources/read", Arc::clone(uri), trace));
    match reader {
        Reader::Resource(resource, captures) => {
            let handler = Arc::clone(&resource.handler);
            let call = Call::new(Arguments::Uri(captures), scope);
            Work::new(move || handler.read(call), limit, trace)
        }
        Reader::Provider(provider) => {
            let uri = Arc::clone(uri);
            let context = Context::new(*scope);
            let read = move || async move { provider.read(&uri, &context).await };
            Work::new(read, limit, trace)
        }
    }
}
