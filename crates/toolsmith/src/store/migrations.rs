//! Our own tables in a tenant's database, and how a file of an earlier version comes to have
//! them.

use rusqlite::Connection;

use super::StoreError;
use super::error::Kind;

/// What every table of ours begins with.
const PREFIX: &str = "toolsmith_";

/// Marks a file as one of ours: `TOOL` in ASCII.
const APPLICATION: i32 = 0x544f_4f4c;

/// What was changed, in order. A file has had as many of them as its `user_version` says. Add
/// to the end, and change none that was released.
const STEPS: [&str; 2] = [
    // What is to be known of the file itself, and the keys and values of tools.
    "CREATE TABLE toolsmith_about (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
     CREATE TABLE toolsmith_kv (
         key TEXT PRIMARY KEY,
         value BLOB NOT NULL,
         expires INTEGER
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX toolsmith_kv_expires ON toolsmith_kv (expires) WHERE expires IS NOT NULL;",
    // Sessions, what was sent on their streams, and tasks. `run` names the process that works
    // on something.
    "CREATE TABLE toolsmith_sessions (
         id TEXT PRIMARY KEY,
         principal TEXT,
         record BLOB NOT NULL,
         expires INTEGER NOT NULL,
         streams INTEGER NOT NULL DEFAULT 0
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX toolsmith_sessions_expires ON toolsmith_sessions (expires);
     CREATE TABLE toolsmith_streams (
         session TEXT NOT NULL,
         number INTEGER NOT NULL,
         kind INTEGER NOT NULL,
         run TEXT NOT NULL,
         words BLOB,
         last INTEGER NOT NULL DEFAULT 0,
         ended INTEGER NOT NULL DEFAULT 0,
         PRIMARY KEY (session, number)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX toolsmith_streams_open ON toolsmith_streams (run) WHERE ended = 0;
     CREATE TABLE toolsmith_events (
         session TEXT NOT NULL,
         stream INTEGER NOT NULL,
         seq INTEGER NOT NULL,
         message BLOB NOT NULL,
         PRIMARY KEY (session, stream, seq)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE toolsmith_tasks (
         id TEXT PRIMARY KEY,
         owner TEXT NOT NULL,
         created INTEGER NOT NULL,
         expires INTEGER,
         over INTEGER NOT NULL,
         bytes INTEGER NOT NULL,
         run TEXT NOT NULL,
         record BLOB NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX toolsmith_tasks_owner ON toolsmith_tasks (owner, created, id);
     CREATE INDEX toolsmith_tasks_expires ON toolsmith_tasks (expires) WHERE expires IS NOT NULL;
     CREATE INDEX toolsmith_tasks_open ON toolsmith_tasks (run) WHERE over = 0;",
];

/// Whether a table is one of ours.
pub(super) fn is_ours(table: &str) -> bool {
    let start = table.get(..PREFIX.len());
    start.is_some_and(|it| it.eq_ignore_ascii_case(PREFIX))
}

/// Whether a statement may name a table of ours.
pub(super) fn names_ours(sql: &str) -> bool {
    let mut windows = sql.as_bytes().windows(PREFIX.len());
    windows.any(|it| it.eq_ignore_ascii_case(PREFIX.as_bytes()))
}

/// Fails, before anything is changed, when a file is not one that this version can use.
pub(super) fn check(db: &Connection) -> Result<(), StoreError> {
    let number = |pragma: &str| db.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    if application == 0 && version == 0 && number("page_count")? == 0 {
        return Ok(());
    }
    if application != APPLICATION {
        return Err(StoreError::new(
            Kind::Damaged,
            "the file is not one of a tenant, so it was left as it is; move it away, or restore it from a backup",
        ));
    }
    let known = STEPS.len();
    if usize::try_from(version).is_ok_and(|it| it <= known) {
        return Ok(());
    }
    Err(StoreError::new(
        Kind::Newer,
        format!(
            "the file is of a later version of this library: it has changes up to {version}, and this version knows {known}; it was left as it is, so use the later version"
        ),
    ))
}

/// Makes the file what this version expects, and one of this tenant.
pub(super) fn run(db: &mut Connection, tenant: &str) -> Result<(), StoreError> {
    let version: i32 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let had = usize::try_from(version).unwrap_or(0);
    if had < STEPS.len() {
        let all = db.transaction()?;
        for step in STEPS.iter().skip(had) {
            all.execute_batch(step)?;
        }
        all.pragma_update(None, "application_id", APPLICATION)?;
        all.pragma_update(None, "user_version", STEPS.len() as i32)?;
        all.execute(
            "INSERT INTO toolsmith_about (name, value) VALUES ('tenant', ?1) ON CONFLICT DO NOTHING",
            [tenant],
        )?;
        all.commit()?;
    }
    let whose: String = db.query_row(
        "SELECT value FROM toolsmith_about WHERE name = 'tenant'",
        [],
        |row| row.get(0),
    )?;
    if whose == tenant {
        return Ok(());
    }
    Err(StoreError::new(
        Kind::Damaged,
        "the file is one of another tenant, so it was left as it is; restore the right one from a backup",
    ))
}
