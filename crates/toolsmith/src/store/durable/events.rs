//! What was sent on the streams of legacy sessions, in the stores of their tenants.

use std::fmt;

use bytes::Bytes;
use rusqlite::{OptionalExtension as _, params};

use super::super::connection::Connection;
use crate::ports::{Answer, EventLimits, EventLog, Replay, SessionId, StreamKind, StreamNo};
use crate::store::work::Lane;
use crate::store::{StoreError, StoreFuture, Stores};

/// Keeps what was sent on the streams of sessions in the stores of their tenants: there when
/// the process is started again. Nothing is sent with an id before it is kept.
///
/// Over a limit of a session, its streams that have ended go first, the one that ended first
/// before the others; then the oldest events of its oldest stream that has more than one;
/// then the last ones of its streams, but for the event that came just now.
pub(crate) struct StoredEvents {
    stores: Stores,
    limits: EventLimits,
}

impl StoredEvents {
    pub(crate) fn new(stores: Stores, limits: EventLimits) -> Self {
        Self { stores, limits }
    }

    fn ask<T, F>(&self, tenant: &str, function: F) -> StoreFuture<T>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.stores.ask(tenant, Lane::System, None, function)
    }
}

/// What a stream is for, in its row.
const LISTENING: i64 = 1;
const REQUEST: i64 = 0;

impl EventLog for StoredEvents {
    fn open<'a>(
        &'a self,
        tenant: &'a str,
        session: SessionId,
        kind: StreamKind,
    ) -> Answer<'a, StreamNo> {
        let (session, run) = (session.to_string(), self.stores.run());
        let (kind, words) = match kind {
            StreamKind::Listening => (LISTENING, None),
            StreamKind::Request { last_words } => (REQUEST, last_words),
        };
        let opened = self.ask(tenant, move |connection| {
            let mut next = connection.own(
                "UPDATE toolsmith_sessions SET streams = streams + 1 WHERE id = ?1 RETURNING streams",
            )?;
            let number = next.query_row([&session], |row| row.get::<_, u32>(0)).optional()?;
            let Some(number) = number.and_then(StreamNo::new) else {
                return Ok(None);
            };
            let mut insert = connection.own(
                "INSERT INTO toolsmith_streams (session, number, kind, run, words) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            insert.execute(params![session, number.get(), kind, run, words.as_deref()])?;
            Ok(Some(number))
        });
        Answer::later(async move {
            let opened = opened.await.unwrap_or_else(|error| {
                tracing::warn!(%error, "a stream is not kept, so its client cannot come back to it");
                None
            });
            // Under the last number nothing is kept.
            opened.unwrap_or(StreamNo::LAST)
        })
    }

    fn outlives(&self) -> bool {
        true
    }

    fn is_listening<'a>(
        &'a self,
        tenant: &'a str,
        session: SessionId,
        stream: StreamNo,
    ) -> Answer<'a, bool> {
        let (session, run) = (session.to_string(), self.stores.run());
        let found = self.ask(tenant, move |connection| {
            let mut update = connection.own(
                "UPDATE toolsmith_streams SET run = ?3
                 WHERE session = ?1 AND number = ?2 AND kind = ?4 AND ended = 0 AND run <> ?3",
            )?;
            Ok(update.execute(params![session, stream.get(), run, LISTENING])? > 0)
        });
        Answer::later(async move { found.await.unwrap_or(false) })
    }

    fn append<'a>(
        &'a self,
        tenant: &'a str,
        session: SessionId,
        stream: StreamNo,
        message: Bytes,
    ) -> Answer<'a, Option<u64>> {
        let (session, limits) = (session.to_string(), self.limits);
        let kept = self.ask(tenant, move |connection| {
            let seq = append(connection, &session, stream.get(), &message)?;
            if seq.is_some() {
                shrink(connection, &session, stream, &limits)?;
            }
            Ok(seq)
        });
        Answer::later(async move {
            kept.await.unwrap_or_else(|error| {
                tracing::warn!(%error, "an event is not kept, so its client cannot come back to it");
                None
            })
        })
    }

    fn end<'a>(&'a self, tenant: &'a str, session: SessionId, stream: StreamNo) -> Answer<'a, ()> {
        let (session, limits) = (session.to_string(), self.limits);
        let ended = self.ask(tenant, move |connection| {
            end(connection, &session, stream.get())?;
            shrink(connection, &session, stream, &limits)
        });
        Answer::later(async move {
            if let Err(error) = ended.await {
                tracing::warn!(%error, "the end of a stream is not kept");
            }
        })
    }

    fn after<'a>(
        &'a self,
        tenant: &'a str,
        session: SessionId,
        stream: StreamNo,
        seq: u64,
    ) -> Answer<'a, Replay> {
        let session = session.to_string();
        let found = self.ask(tenant, move |connection| {
            after(connection, &session, stream.get(), seq)
        });
        Answer::later(async move {
            found.await.unwrap_or_else(|error| {
                tracing::warn!(%error, "what was sent on a stream cannot be read");
                Replay::Unknown
            })
        })
    }

    fn forget<'a>(&'a self, tenant: &'a str, session: SessionId) -> Answer<'a, ()> {
        let session = session.to_string();
        let forgotten = self.ask(tenant, move |connection| {
            super::sessions::forget_streams(connection, &session)
        });
        Answer::later(async move {
            if let Err(error) = forgotten.await {
                tracing::warn!(%error, "what was sent in a session that ended is kept until it is over");
            }
        })
    }
}

/// Keeps a message, and gives its number.
pub(super) fn append(
    connection: &Connection,
    session: &str,
    stream: u32,
    message: &[u8],
) -> Result<Option<u64>, StoreError> {
    let mut next = connection.own(
        "UPDATE toolsmith_streams SET last = last + 1
         WHERE session = ?1 AND number = ?2 AND ended = 0 RETURNING last",
    )?;
    let seq = next.query_row(params![session, stream], |row| row.get::<_, i64>(0));
    let Some(seq) = seq.optional()? else {
        return Ok(None);
    };
    let mut insert = connection.own(
        "INSERT INTO toolsmith_events (session, stream, seq, message) VALUES (?1, ?2, ?3, ?4)",
    )?;
    insert.execute(params![session, stream, seq, message])?;
    Ok(u64::try_from(seq).ok())
}

/// Notes that no more will come on a stream.
pub(super) fn end(connection: &Connection, session: &str, stream: u32) -> Result<(), StoreError> {
    let mut update = connection.own(
        "UPDATE toolsmith_streams SET words = NULL, ended =
             (SELECT coalesce(max(ended), 0) + 1 FROM toolsmith_streams WHERE session = ?1)
         WHERE session = ?1 AND number = ?2 AND ended = 0",
    )?;
    update.execute(params![session, stream])?;
    Ok(())
}

fn after(
    connection: &Connection,
    session: &str,
    stream: u32,
    seq: u64,
) -> Result<Replay, StoreError> {
    let mut select = connection.own(
        "SELECT last, ended, (SELECT min(seq) FROM toolsmith_events WHERE session = ?1 AND stream = ?2)
         FROM toolsmith_streams WHERE session = ?1 AND number = ?2",
    )?;
    let found = select.query_row(params![session, stream], |row| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, Option<i64>>(2)?,
        ))
    });
    let Some((last, ended, first)) = found.optional()? else {
        return Ok(Replay::Unknown);
    };
    let number = |it: i64| u64::try_from(it).unwrap_or(0);
    if seq > number(last) {
        return Ok(Replay::Unknown);
    }
    let dropped = first.map_or(last, |first| first - 1);
    if seq < number(dropped) {
        let dropped = number(dropped);
        return Ok(Replay::Gap { dropped });
    }
    let mut select = connection.own(
        "SELECT seq, message FROM toolsmith_events
         WHERE session = ?1 AND stream = ?2 AND seq > ?3 ORDER BY seq",
    )?;
    let from = i64::try_from(seq).unwrap_or(i64::MAX);
    let rows = select.query_map(params![session, stream, from], |row| {
        Ok((number(row.get(0)?), Bytes::from(row.get::<_, Vec<u8>>(1)?)))
    })?;
    Ok(Replay::Events {
        events: rows.collect::<Result<_, _>>()?,
        ended: ended > 0,
    })
}

/// Drops what a session keeps over its limits, but for the newest event of a stream.
fn shrink(
    connection: &Connection,
    session: &str,
    spared: StreamNo,
    limits: &EventLimits,
) -> Result<(), StoreError> {
    let most = |it: usize| i64::try_from(it).unwrap_or(i64::MAX);
    loop {
        let mut ended = connection
            .own("SELECT count(*) FROM toolsmith_streams WHERE session = ?1 AND ended > 0")?;
        let ended: i64 = ended.query_row([session], |row| row.get(0))?;
        let mut held = connection.own(
            "SELECT count(*), coalesce(sum(length(message)), 0), coalesce(max(length(message)), 0)
             FROM toolsmith_events WHERE session = ?1",
        )?;
        let (events, bytes, largest) = held.query_row([session], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(2)?,
            ))
        })?;
        let is_over = ended > most(limits.streams_per_session)
            || events > most(limits.events_per_session)
            || bytes - largest > most(limits.bytes_per_session);
        if !is_over || !give_up(connection, session, spared.get(), ended > 0)? {
            return Ok(());
        }
    }
}

/// Drops the least that costs its client something. `false` when nothing is left to drop.
fn give_up(
    connection: &Connection,
    session: &str,
    spared: u32,
    has_ended: bool,
) -> Result<bool, StoreError> {
    if has_ended {
        let mut first = connection.own(
            "DELETE FROM toolsmith_streams WHERE session = ?1 AND number =
                 (SELECT number FROM toolsmith_streams WHERE session = ?1 AND ended > 0 ORDER BY ended LIMIT 1)
             RETURNING number",
        )?;
        let number: u32 = first.query_row([session], |row| row.get(0))?;
        let mut delete =
            connection.own("DELETE FROM toolsmith_events WHERE session = ?1 AND stream = ?2")?;
        delete.execute(params![session, number])?;
        return Ok(true);
    }
    // The oldest stream that has more than one, or else one whose only event is not the newest
    // of all.
    let mut oldest = connection.own(
        "SELECT stream, min(seq) FROM toolsmith_events WHERE session = ?1 GROUP BY stream
         HAVING count(*) > 1 OR stream <> ?2
         ORDER BY count(*) > 1 DESC, stream LIMIT 1",
    )?;
    let found = oldest.query_row(params![session, spared], |row| {
        Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?))
    });
    let Some((stream, seq)) = found.optional()? else {
        return Ok(false);
    };
    let mut delete = connection
        .own("DELETE FROM toolsmith_events WHERE session = ?1 AND stream = ?2 AND seq = ?3")?;
    delete.execute(params![session, stream, seq])?;
    Ok(true)
}

impl fmt::Debug for StoredEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredEvents")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
