//! Plain SQL for tools, on their caller's own tenant.

use std::borrow::Cow;
use std::fmt;

use rusqlite::Statement;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::connection::Connection;
use super::handle::Handle;
use super::kv::KvTransaction;
use super::params::{self, Params};
use super::{StoreError, StoreFuture};
use crate::server::Context;
use crate::server::handler::{FromContext, ToolError};

/// The SQL database of the caller's tenant, and of no other. A parameter of a tool that asks
/// for it, which does not show in the schema.
///
/// It is SQLite: a file of the tenant's own where the server has a data directory, and in
/// memory elsewhere. What a statement wrote is on the disk when it is answered; what many
/// calls write at the same time is written together. Tables whose names begin with
/// `toolsmith_` are the library's.
///
/// In an `async fn` each of these is awaited; in a plain one, [`StoreFuture::wait`] waits.
/// Work that is still going on when the call ends is stopped and undone.
///
/// ```
/// use toolsmith::prelude::*;
/// use toolsmith::store::Db;
///
/// /// Write something down.
/// #[tool]
/// async fn note(db: Db, text: String) -> Result<String, ToolError> {
///     db.execute("CREATE TABLE IF NOT EXISTS notes (text TEXT)", ()).await?;
///     db.execute("INSERT INTO notes VALUES (?1)", [text]).await?;
///     let count: Option<i64> = db.query_one("SELECT count(*) FROM notes", ()).await?;
///     Ok(format!("That makes {}.", count.unwrap_or(0)))
/// }
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let client = toolsmith::testing::TestClient::new(Server::new("notes").tool::<note>())?;
/// client.call("note", serde_json::json!({ "text": "Buy milk." })).await?;
/// let second = client.call("note", serde_json::json!({ "text": "Pay rent." })).await?;
/// assert_eq!(second.text(), "That makes 2.");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Db(Handle);

impl Db {
    pub(super) fn new(handle: Handle) -> Self {
        Self(handle)
    }

    /// The rows that a statement gives: each a struct by the names of its columns, a tuple by
    /// their order, or the value of its one column. At most 100,000 of them, and 32 MiB.
    ///
    /// Parameters are a tuple, an array or a single value for `?1`, and a struct or a map for
    /// `:name`; `()` where there are none.
    ///
    /// # Errors
    ///
    /// When the statement is wrong or does what a tool may not, a row does not fit the type,
    /// or there are more than that.
    pub fn query<T: DeserializeOwned + Send + 'static>(
        &self,
        sql: impl Into<Cow<'static, str>>,
        params: impl Serialize,
    ) -> StoreFuture<Vec<T>> {
        self.ask(sql.into(), params, |transaction, sql, params| {
            transaction.rows(sql, params, None)
        })
    }

    /// The first row that a statement gives, if it gives any.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub fn query_one<T: DeserializeOwned + Send + 'static>(
        &self,
        sql: impl Into<Cow<'static, str>>,
        params: impl Serialize,
    ) -> StoreFuture<Option<T>> {
        self.ask(sql.into(), params, |transaction, sql, params| {
            Ok(transaction.rows(sql, params, Some(1))?.pop())
        })
    }

    /// Does what a statement says, and gives the number of rows that it changed.
    ///
    /// # Errors
    ///
    /// When the statement is wrong or does what a tool may not, or there is no room.
    pub fn execute(
        &self,
        sql: impl Into<Cow<'static, str>>,
        params: impl Serialize,
    ) -> StoreFuture<u64> {
        self.ask(sql.into(), params, |transaction, sql, params| {
            transaction.changed(sql, params)
        })
    }

    /// Does several statements that take no parameters, all or none, such as those that make
    /// tables.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute).
    pub fn execute_batch(&self, sql: impl Into<Cow<'static, str>>) -> StoreFuture<()> {
        let sql = sql.into();
        self.0.ask(move |connection| connection.batch_of_tool(&sql))
    }

    /// Does all of this or, when the function gives an error, nothing of it. Nobody of the
    /// tenant sees anything in between.
    ///
    /// The function runs where the tenant's store does, so it does nothing slow. It may be run
    /// again, when what it did was undone because another's statement was stopped; so it
    /// changes nothing but the store.
    ///
    /// ```
    /// # use toolsmith::prelude::*;
    /// use toolsmith::store::{Db, StoreError};
    ///
    /// /// Move money.
    /// #[tool]
    /// async fn pay(db: Db, from: String, to: String, amount: i64) -> Result<(), ToolError> {
    ///     db.transaction(move |db| {
    ///         let took = db.execute(
    ///             "UPDATE accounts SET balance = balance - ?1 WHERE name = ?2 AND balance >= ?1",
    ///             (amount, &from),
    ///         )?;
    ///         if took == 0 {
    ///             return Err(StoreError::own("there is not enough in the account"));
    ///         }
    ///         db.execute("UPDATE accounts SET balance = balance + ?1 WHERE name = ?2", (amount, &to))
    ///     })
    ///     .await?;
    ///     Ok(())
    /// }
    /// # let _ = Server::new("bank").tool::<pay>().build();
    /// ```
    ///
    /// # Errors
    ///
    /// What the function gives, and when it panics or there is no room.
    pub fn transaction<T, F>(&self, mut function: F) -> StoreFuture<T>
    where
        T: Send + 'static,
        F: FnMut(&DbTransaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.0
            .ask(move |connection| function(&DbTransaction(connection)))
    }

    fn ask<T: Send + 'static>(
        &self,
        sql: Cow<'static, str>,
        params: impl Serialize,
        act: impl Fn(&DbTransaction<'_>, &str, &Params) -> Result<T, StoreError> + Send + 'static,
    ) -> StoreFuture<T> {
        match Params::new(params) {
            Ok(params) => self
                .0
                .ask(move |connection| act(&DbTransaction(connection), &sql, &params)),
            Err(error) => StoreFuture::failed(error),
        }
    }
}

impl FromContext for Db {
    fn from_context(context: &Context) -> Result<Self, ToolError> {
        Ok(Self(Handle::of(context)))
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Db")
    }
}

/// A transaction on the database of a tenant, see [`Db::transaction`].
pub struct DbTransaction<'a>(&'a Connection);

impl<'a> DbTransaction<'a> {
    /// The rows that a statement gives, as [`Db::query`].
    ///
    /// # Errors
    ///
    /// As [`Db::query`].
    pub fn query<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: impl Serialize,
    ) -> Result<Vec<T>, StoreError> {
        self.rows(sql, &Params::new(params)?, None)
    }

    /// The first row that a statement gives, as [`Db::query_one`].
    ///
    /// # Errors
    ///
    /// As [`Db::query`].
    pub fn query_one<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: impl Serialize,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.rows(sql, &Params::new(params)?, Some(1))?.pop())
    }

    /// Does what a statement says, as [`Db::execute`].
    ///
    /// # Errors
    ///
    /// As [`Db::execute`].
    pub fn execute(&self, sql: &str, params: impl Serialize) -> Result<u64, StoreError> {
        self.changed(sql, &Params::new(params)?)
    }

    /// The keys and values of the tenant, in the same transaction.
    pub fn kv(&self) -> KvTransaction<'a> {
        KvTransaction::new(self.0)
    }

    fn rows<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: &Params,
        most: Option<usize>,
    ) -> Result<Vec<T>, StoreError> {
        self.0
            .of_tool(sql, |statement| params::rows(statement, params, most))
    }

    fn changed(&self, sql: &str, params: &Params) -> Result<u64, StoreError> {
        self.0.of_tool(sql, |statement: &mut Statement<'_>| {
            params.bind(statement)?;
            Ok(u64::try_from(statement.raw_execute()?).unwrap_or(u64::MAX))
        })
    }
}

impl fmt::Debug for DbTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DbTransaction")
    }
}
