//! What the clients must have read.

use std::collections::HashSet;

use serde_json::Value;

use super::client::{Call, Cancelled, Piece, Post};

/// Checks everything that was read in answer to a post.
pub(super) fn check(post: &Post) {
    let pieces: Vec<_> = post.pieces.iter().map(|it| it.lock().unwrap()).collect();
    let first = &pieces[0];
    if let Some(reply) = &first.reply {
        assert_eq!(pieces.len(), 1, "{post:?}");
        return whole_answer(post, reply.messages());
    }
    let mut whole: Vec<_> = first.events.clone();
    for piece in &pieces[1..] {
        if let Some(reply) = &piece.reply {
            // The session has ended before the client came back.
            let gone = post.session_ended && reply.status == 404;
            assert!(gone, "not gone on with: {piece:?}");
            continue;
        }
        continued(&mut whole, piece);
    }
    // The one that came back when nobody else was reading any more.
    if let Some(piece) = pieces[1..].last() {
        let place = whole.iter().position(|(id, _)| *id == piece.after);
        let missed = place.map(|place| whole.len() - place - 1);
        assert!(
            missed == Some(events(piece).count()) || post.session_ended,
            "not all that was missed: {piece:?} of {whole:?}"
        );
    }
    increasing(&whole);
    let last_ended = pieces.last().is_some_and(|piece| piece.ended);
    let complete = last_ended && !post.session_ended;
    let messages: Vec<_> = whole
        .into_iter()
        .filter_map(|(_, message)| message)
        .collect();
    said(post, &messages, complete);
}

/// Puts what was read on a later connection behind what was read before. As far as both
/// have it, it must be the same.
fn continued(whole: &mut Vec<(Option<String>, Option<Value>)>, piece: &Piece) {
    let after = piece.after.as_ref();
    let place = whole.iter().position(|(id, _)| id.as_ref() == after);
    let place = place.unwrap_or_else(|| panic!("{after:?} is not in {whole:?}")) + 1;
    for (at, event) in events(piece).enumerate() {
        match whole.get(place + at) {
            Some(before) => assert_eq!(before, event, "after {after:?}: {piece:?}"),
            None => whole.push(event.clone()),
        }
    }
}

/// What was read, without signs of life, which are no part of the stream.
fn events(piece: &Piece) -> impl Iterator<Item = &(Option<String>, Option<Value>)> {
    let events = piece.events.iter();
    events.filter(|(id, message)| id.is_some() || message.is_some())
}

/// Event ids are of one stream, and grow by one.
fn increasing(whole: &[(Option<String>, Option<Value>)]) {
    let ids = whole.iter().filter_map(|(id, _)| id.as_deref());
    let ids: Vec<(&str, u64)> = ids
        .map(|id| {
            let (stream, number) = id.split_once('-').unwrap();
            (stream, number.parse().unwrap())
        })
        .collect();
    for pair in ids.windows(2) {
        assert_eq!(pair[0].0, pair[1].0, "one stream: {ids:?}");
        assert_eq!(pair[0].1 + 1, pair[1].1, "none is missing: {ids:?}");
    }
}

/// Checks an answer that is no stream.
fn whole_answer(post: &Post, messages: Vec<Value>) {
    // A modern answer is a stream only if something is said before it.
    let silent = post.is_modern() && post.calls[0].reports == 0;
    assert!(!post.reads_streams || silent, "{post:?}");
    assert_eq!(messages.len(), 1, "{messages:?}");
    let answers = match &messages[0] {
        Value::Array(answers) if post.is_batch => answers.clone(),
        one => vec![one.clone()],
    };
    if post.session_ended {
        return;
    }
    let refused = answers.iter().all(|it| it["error"]["code"] == -31016);
    if refused {
        // Who reads no streams is told when there is no answer at all.
        assert_eq!(answers.len(), post.calls.len(), "{answers:?}");
        let mut calls = post.calls.iter();
        assert!(calls.all(|it| it.cancelled != Cancelled::No), "{post:?}");
        return;
    }
    each_once(post, &answers);
}

/// Checks what was said in a stream: all of it, or what came before it broke.
fn said(post: &Post, messages: &[Value], complete: bool) {
    let mut reported = vec![0; post.calls.len()];
    let mut asked = HashSet::new();
    let mut answers = None;
    for message in messages {
        assert!(answers.is_none(), "{message} after the answer: {post:?}");
        match message["method"].as_str() {
            Some("notifications/progress") => {
                let token = &message["params"]["progressToken"];
                let call = post.calls.iter().position(|it| *token == it.name);
                let call = call.unwrap_or_else(|| panic!("of another post: {message}"));
                reported[call] += 1;
                let progress = message["params"]["progress"].as_f64();
                assert_eq!(progress, Some(f64::from(reported[call])), "{message}");
            }
            Some("roots/list") => {
                assert!(asked.insert(message["id"].to_string()), "asked twice");
            }
            // A question that was taken back.
            Some("notifications/cancelled") => {
                let id = message["params"]["requestId"].to_string();
                assert!(asked.contains(&id), "nobody asked: {message}");
            }
            Some(other) => panic!("a client is sent {other}"),
            None => answers = Some(message),
        }
    }
    for (call, reported) in post.calls.iter().zip(&reported) {
        let all = usize::try_from(*reported).unwrap();
        match complete && call.cancelled == Cancelled::No {
            true => assert_eq!(all, call.reports, "of {}: {messages:?}", call.name),
            false => assert!(all <= call.reports, "of {}: {messages:?}", call.name),
        }
    }
    let asks: usize = post.calls.iter().map(|it| it.asks).sum();
    let kept = |it: &Call| it.cancelled == Cancelled::No;
    match complete && post.calls.iter().all(kept) {
        true => assert_eq!(asked.len(), asks, "{messages:?}"),
        false => assert!(asked.len() <= asks, "{messages:?}"),
    }
    match answers {
        None if complete => assert!(
            !post.calls.iter().any(kept),
            "no answer in {messages:?}: {post:?}"
        ),
        None => {}
        Some(Value::Array(answers)) if post.is_batch => each_once(post, answers),
        Some(answer) => each_once(post, std::slice::from_ref(answer)),
    }
}

/// Each call has its own answer once; those that were cancelled have none.
fn each_once(post: &Post, answers: &[Value]) {
    for call in &post.calls {
        let own = answers.iter().filter(|it| it["id"] == call.id);
        let own: Vec<_> = own.collect();
        let may_be = match call.cancelled {
            Cancelled::No => 1..=1,
            Cancelled::Perhaps => 0..=1,
            Cancelled::Yes => 0..=0,
        };
        assert!(
            may_be.contains(&own.len()),
            "{} has {} answers in {answers:?}: {post:?}",
            call.name,
            own.len()
        );
        for answer in own {
            let text = &answer["result"]["content"][0]["text"];
            assert_eq!(text, &Value::from(call.name.as_str()), "that of another");
        }
    }
    let mine = |it: &&Value| post.calls.iter().any(|call| it["id"] == call.id);
    let mine = answers.iter().filter(mine).count();
    assert_eq!(mine, answers.len(), "answers of others: {answers:?}");
}
