//! Decode, dispatch and encode, each alone.

use std::hint::black_box;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use toolsmith::Caller;
use toolsmith::protocol::{
    Decoded, Message, Outcome, Request, RequestHeaders, RequestId, Revision, decode,
};
use toolsmith::server::{Engine, Peer};

use crate::call::Session;
use crate::messages::{self, LEGACY, bodies};
use crate::{Done, Repeats, Work, server};

pub(crate) fn decode_modern(repeats: Repeats) -> Work {
    let text = messages::modern("tools/call", messages::add());
    Box::pin(async move { decoded(repeats, &text, &messages::modern_fields()) })
}

pub(crate) fn decode_legacy(repeats: Repeats) -> Work {
    let text = messages::legacy("tools/call", &messages::add());
    Box::pin(async move { decoded(repeats, &text, &messages::legacy_fields()) })
}

/// Gives the name of what was called last.
fn decoded(repeats: Repeats, text: &str, headers: &RequestHeaders<'_>) -> Result<Done> {
    let mut name = Vec::new();
    let mut bodies = bodies(text, repeats.prepared).into_iter();
    for body in bodies.by_ref().take(repeats.done) {
        let decoded = black_box(decode(black_box(&body), Some(headers)));
        name.clear();
        if let Ok(Decoded::Modern(request, _) | Decoded::Legacy(Message::Request(request))) =
            &decoded
        {
            name.extend(request.params.name.iter().flat_map(|it| it.bytes()));
        }
    }
    Done::new(name, bodies)
}

/// Requests that are decoded, each with its client.
async fn operations(
    engine: &Engine,
    modern: bool,
    prepared: usize,
) -> Result<Vec<(Request, Peer)>> {
    let legacy = match modern {
        true => None,
        false => Some(Session::open(engine).await?.find().await?),
    };
    let read = |body: Bytes| {
        let headers = match modern {
            true => messages::modern_fields(),
            false => messages::legacy_fields(),
        };
        Ok(match (decode(&body, Some(&headers)), &legacy) {
            (Ok(Decoded::Modern(request, meta)), _) => {
                (request, Peer::modern(meta, Caller::default()))
            }
            (Ok(Decoded::Legacy(Message::Request(request))), Some(peer)) => (request, peer.clone()),
            (other, _) => bail!("a call came to {other:?}"),
        })
    };
    let text = match modern {
        true => messages::modern("tools/call", messages::add()),
        false => messages::legacy("tools/call", &messages::add()),
    };
    bodies(&text, prepared).into_iter().map(read).collect()
}

pub(crate) fn dispatch_modern(repeats: Repeats) -> Work {
    Box::pin(dispatched(repeats, true))
}

pub(crate) fn dispatch_legacy(repeats: Repeats) -> Work {
    Box::pin(dispatched(repeats, false))
}

async fn dispatched(repeats: Repeats, modern: bool) -> Result<Done> {
    let engine = server::small().build()?;
    let mut operations = operations(&engine, modern, repeats.prepared)
        .await?
        .into_iter();
    let mut last = None;
    for (request, peer) in operations.by_ref().take(repeats.done) {
        let outcome = engine.clone().dispatch(request, peer, None).await;
        last = Some(black_box(outcome));
    }
    let revision = if modern { Revision::LATEST } else { LEGACY };
    let last = last.context("nothing was dispatched")?;
    let answer = engine.encode(&last, &id()?, revision);
    Done::new(answer, operations)
}

pub(crate) fn encode_modern(repeats: Repeats) -> Work {
    Box::pin(encoded(repeats, true))
}

pub(crate) fn encode_legacy(repeats: Repeats) -> Work {
    Box::pin(encoded(repeats, false))
}

async fn encoded(repeats: Repeats, modern: bool) -> Result<Done> {
    let engine = server::small().build()?;
    let revision = if modern { Revision::LATEST } else { LEGACY };
    let mut outcomes: Vec<(RequestId, Outcome)> = Vec::new();
    for (request, peer) in operations(&engine, modern, repeats.prepared).await? {
        let id = request.id.clone();
        outcomes.push((id, engine.clone().dispatch(request, peer, None).await));
    }
    let mut answer = Vec::new();
    // An outcome's end is counted with its making, in dispatch.
    for (id, outcome) in outcomes.iter().take(repeats.done) {
        answer = black_box(engine.encode(black_box(outcome), id, revision));
    }
    Done::new(answer, outcomes)
}

fn id() -> Result<RequestId> {
    RequestId::from_json(Bytes::from_static(b"1")).context("a number is an id")
}
