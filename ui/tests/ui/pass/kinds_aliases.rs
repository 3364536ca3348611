//! Prompts and resources know types by what they are, not by how they are spelled.
use toolsmith::prelude::{Context as Request, prompt as ask, resource as read, *};

struct Database;

type Db = State<Database>;
type Maybe<T> = Option<T>;
type Answer<T = String> = Result<T, ToolError>;

#[ask]
fn aliases(_db: Db, _request: Request, _limit: Maybe<u32>) -> Answer {
    Ok(String::new())
}

#[read("things://{id}{?limit}")]
fn qualified(
    id: u64,
    limit: Maybe<u32>,
    _db: self::Db,
    _context: toolsmith::server::Context,
) -> Answer<Maybe<std::string::String>> {
    Ok(limit.map(|limit| format!("{id} {limit}")))
}

fn main() {
    let server = Server::new("s").state(Database);
    assert!(server.prompt::<aliases>().resource::<qualified>().build().is_ok());
}
