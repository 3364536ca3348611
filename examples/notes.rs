//! Notes of each tenant, and nobody else's: on disk with `--data DIR`, in memory without.
//!
//! Start it with `cargo run --features full --bin notes -- --transport http --data /tmp/notes`.

use serde::{Deserialize, Serialize};
use toolsmith::prelude::*;

/// A note.
#[derive(Debug, Deserialize, Serialize, schemars::JsonSchema)]
struct Note {
    id: i64,
    text: String,
}

/// Write something down.
#[tool]
async fn write(
    db: Db,
    /// What to remember.
    text: String,
) -> Result<Json<Note>, ToolError> {
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",
    )
    .await?;
    let sql = "INSERT INTO notes (text) VALUES (?1) RETURNING id, text";
    let note = db.query_one::<Note>(sql, [text]).await?;
    note.map(Json)
        .ok_or_else(|| ToolError::internal("the insert gave no row"))
}

/// What was written down.
#[tool(read_only)]
async fn list(db: Db) -> Result<Json<Vec<Note>>, ToolError> {
    let known = "SELECT count(*) FROM sqlite_master WHERE name = 'notes'";
    if db.query_one::<i64>(known, ()).await? != Some(1) {
        return Ok(Json(Vec::new()));
    }
    let notes = db.query::<Note>("SELECT id, text FROM notes ORDER BY id", ());
    Ok(Json(notes.await?))
}

/// Count how often somebody came. A plain function waits where an async one awaits.
#[tool]
fn visit(kv: Kv, name: String) -> Result<u32, ToolError> {
    let visits = kv.transaction(move |kv| {
        let visits = kv.get::<u32>(&name)?.unwrap_or(0) + 1;
        kv.put(&name, &visits)?;
        Ok(visits)
    });
    Ok(visits.wait()?)
}

/// Say who asks.
#[tool(read_only)]
fn whoami(tenant: Tenant) -> String {
    let principal = tenant.principal().unwrap_or("somebody");
    format!("{principal} of {}", tenant.id())
}

/// The server, with its tools.
fn server() -> Server {
    Server::new("notes")
        .tool::<write>()
        .tool::<list>()
        .tool::<visit>()
        .tool::<whoami>()
}

fn main() -> toolsmith::Result<()> {
    server().run(Args::parse())
}
