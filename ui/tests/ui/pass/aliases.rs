//! Types are known by what they are, not by how they are spelled.
use toolsmith::prelude::{Context as Request, *};

struct Database;

type Db = State<Database>;
type Maybe<T> = Option<T>;
type Answer<T = String> = Result<Json<T>, ToolError>;

#[tool]
fn aliases(_db: Db, _request: Request, _limit: Maybe<u32>) -> Answer {
    Ok(Json(String::new()))
}

#[tool]
fn qualified(_db: self::Db, _context: toolsmith::server::Context) -> std::string::String {
    String::new()
}

fn main() {
    let server = Server::new("s").state(Database);
    assert!(server.tool::<aliases>().tool::<qualified>().build().is_ok());
}
