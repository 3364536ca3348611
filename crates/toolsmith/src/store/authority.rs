//! What the statements of tools may do in their tenant's database, and what they may not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::migrations::is_ours;

/// The pragmas that tell something and change nothing.
const TELLING: [&str; 10] = [
    "compile_options",
    "foreign_key_check",
    "foreign_key_list",
    "function_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "table_info",
    "table_list",
    "table_xinfo",
];
/// Those that change something when they are given a value.
const TELLING_ALONE: [&str; 5] = [
    "freelist_count",
    "max_page_count",
    "page_count",
    "page_size",
    "foreign_keys",
];

/// Who is speaking: the library, which may do anything, or a tool.
#[derive(Clone, Debug, Default)]
pub(super) struct Authority(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    is_tool: AtomicBool,
    denied: Mutex<Option<String>>,
}

impl Authority {
    /// What SQLite asks of every statement that is prepared.
    pub(super) fn hook(&self) -> impl FnMut(AuthContext<'_>) -> Authorization + Send + 'static {
        let inner = Arc::clone(&self.0);
        move |context: AuthContext<'_>| {
            if !inner.is_tool.load(Ordering::Relaxed) {
                return Authorization::Allow;
            }
            match refusal(&context.action) {
                None => Authorization::Allow,
                Some(why) => {
                    *inner.denied.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                    Authorization::Deny
                }
            }
        }
    }

    /// A tool speaks, until the guard is dropped.
    pub(super) fn of_tool(&self) -> impl Drop + use<> {
        self.0.is_tool.store(true, Ordering::Relaxed);
        drop(self.denied());
        Speaking(Arc::clone(&self.0))
    }

    /// What was refused last, since a tool began to speak.
    pub(super) fn denied(&self) -> Option<String> {
        let mut denied = self.0.denied.lock().unwrap_or_else(PoisonError::into_inner);
        denied.take()
    }
}

struct Speaking(Arc<Inner>);

impl Drop for Speaking {
    fn drop(&mut self) {
        self.0.is_tool.store(false, Ordering::Relaxed);
    }
}

/// Why a tool may not do something, if it may not.
fn refusal(action: &AuthAction<'_>) -> Option<String> {
    match action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => Some(
            "a tool has the database of its tenant and no other: ATTACH, DETACH and VACUUM are refused"
                .to_owned(),
        ),
        AuthAction::Pragma {
            pragma_name,
            pragma_value,
        } if !tells(pragma_name, *pragma_value) => Some(format!(
            "PRAGMA {pragma_name} is refused: how the database is kept is not a tool's to change"
        )),
        AuthAction::Transaction { .. } | AuthAction::Savepoint { .. } => Some(
            "a statement may not begin or end a transaction; use `Db::transaction`".to_owned(),
        ),
        AuthAction::CreateTempIndex { .. }
        | AuthAction::CreateTempTable { .. }
        | AuthAction::CreateTempTrigger { .. }
        | AuthAction::CreateTempView { .. } => Some(
            "what is temporary would be gone at any time, with the connection; use a table".to_owned(),
        ),
        AuthAction::Function { function_name } if function_name.eq_ignore_ascii_case("load_extension") => {
            Some("extensions are not loaded".to_owned())
        }
        action => table(action).filter(|it| is_ours(it)).map(|name| {
            format!("`{name}` is a table of the library; name yours without `toolsmith_`")
        }),
    }
}

fn tells(name: &str, value: Option<&str>) -> bool {
    let is = |known: &&str| known.eq_ignore_ascii_case(name);
    TELLING.iter().any(is) || (value.is_none() && TELLING_ALONE.iter().any(is))
}

/// The table that an action is about.
fn table<'a>(action: &AuthAction<'a>) -> Option<&'a str> {
    match *action {
        AuthAction::CreateIndex { table_name, .. }
        | AuthAction::CreateTable { table_name }
        | AuthAction::CreateTrigger { table_name, .. }
        | AuthAction::Delete { table_name }
        | AuthAction::DropIndex { table_name, .. }
        | AuthAction::DropTable { table_name }
        | AuthAction::DropTrigger { table_name, .. }
        | AuthAction::Insert { table_name }
        | AuthAction::Read { table_name, .. }
        | AuthAction::Update { table_name, .. }
        | AuthAction::AlterTable { table_name, .. }
        | AuthAction::Analyze { table_name }
        | AuthAction::CreateVtable { table_name, .. }
        | AuthAction::DropVtable { table_name, .. } => Some(table_name),
        AuthAction::CreateView { view_name } | AuthAction::DropView { view_name } => {
            Some(view_name)
        }
        _ => None,
    }
}
