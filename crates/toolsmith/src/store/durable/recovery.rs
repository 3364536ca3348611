//! What an earlier process left behind that died at its work: streams whose request is
//! worked on no more, and tasks; and what is over.

use std::sync::Arc;
use std::time::SystemTime;

use rusqlite::params;

use super::{events, now, tasks};
use crate::protocol::{ErrorKind, ProtocolError, TaskOutcome, TaskStatus};
use crate::store::StoreError;
use crate::store::connection::Connection;

const INTERRUPTED: &str =
    "The server was started again while it worked on this; whether it was done is not known.";

/// Ends what an earlier process worked on, so that nobody waits for it.
pub(in crate::store) fn recover(connection: &Connection, tenant: &str) -> Result<(), StoreError> {
    let run = connection.run();
    end_streams(connection, &run)?;
    end_tasks(connection, tenant, &run)
}

/// Gives streams their last words.
fn end_streams(connection: &Connection, run: &str) -> Result<(), StoreError> {
    let mut select = connection.own(
        "SELECT session, number, words FROM toolsmith_streams
         WHERE ended = 0 AND kind = 0 AND run <> ?1",
    )?;
    let rows = select.query_map([run], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, u32>(1)?,
            row.get::<_, Option<Vec<u8>>>(2)?,
        ))
    })?;
    let left: Vec<_> = rows.collect::<Result<_, _>>()?;
    for (session, number, words) in left {
        if let Some(words) = words {
            events::append(connection, &session, number, &words)?;
        }
        events::end(connection, &session, number)?;
    }
    Ok(())
}

fn end_tasks(connection: &Connection, tenant: &str, run: &str) -> Result<(), StoreError> {
    let mut select =
        connection.own("SELECT owner, record FROM toolsmith_tasks WHERE over = 0 AND run <> ?1")?;
    let rows = select.query_map([run], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
    })?;
    let left: Vec<_> = rows.collect::<Result<_, _>>()?;
    for (owner, bytes) in left {
        let mut record = tasks::decode(tenant, &owner, &bytes)?;
        let view = &mut record.view;
        view.status = TaskStatus::Failed;
        view.message = Some(INTERRUPTED.to_owned());
        view.updated = SystemTime::now().max(view.updated);
        view.questions.clear();
        let error = ProtocolError::new(ErrorKind::Interrupted, INTERRUPTED);
        view.result = Some(Arc::new(TaskOutcome::Error(error)));
        tasks::write(connection, &record)?;
    }
    Ok(())
}

/// Forgets what is over: sessions that nobody used, with what was sent in them, and tasks.
pub(in crate::store) fn tidy(connection: &Connection) -> Result<(), StoreError> {
    let mut delete =
        connection.own("DELETE FROM toolsmith_sessions WHERE expires <= ?1 RETURNING id")?;
    let rows = delete.query_map([now()], |row| row.get::<_, String>(0))?;
    let gone: Vec<_> = rows.collect::<Result<_, _>>()?;
    for session in gone {
        super::sessions::forget_streams(connection, &session)?;
        let owner = format!("s{session}");
        connection
            .own("DELETE FROM toolsmith_tasks WHERE owner = ?1")?
            .execute(params![owner])?;
    }
    tasks::forget_expired(connection)
}
