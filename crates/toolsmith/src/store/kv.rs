//! Keys and values for tools, on their caller's own tenant.

use std::fmt;
use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::connection::Connection;
use super::durable::{milliseconds, now};
use super::error::Kind;
use super::handle::Handle;
use super::{StoreError, StoreFuture};
use crate::server::Context;
use crate::server::handler::{FromContext, ToolError};

/// The longest key, in bytes.
const LONGEST_KEY: usize = 512;
/// The longest value, in bytes of JSON.
const LONGEST_VALUE: usize = 1 << 20;
/// How many entries a list gives at once, and how many bytes of values.
const LISTED: (usize, usize) = (10_000, 16 << 20);
/// How many entries whose time is over are forgotten at once.
const FORGOTTEN: i64 = 500;

/// Keys and values of the caller's tenant, and of no other. A parameter of a tool that asks
/// for it, which does not show in the schema.
///
/// Values are anything that serde writes as JSON, of at most 1 MiB; keys have 1 to 512 bytes
/// and are in the order of their bytes. What was put is on the disk when it is answered, where
/// the server has a data directory.
///
/// In an `async fn` each of these is awaited; in a plain one, [`StoreFuture::wait`] waits.
///
/// ```
/// use toolsmith::prelude::*;
/// use toolsmith::store::Kv;
///
/// /// Count how often somebody came.
/// #[tool]
/// async fn visit(kv: Kv, name: String) -> Result<u32, ToolError> {
///     let visits = kv
///         .transaction(move |kv| {
///             let visits = kv.get::<u32>(&name)?.unwrap_or(0) + 1;
///             kv.put(&name, &visits)?;
///             Ok(visits)
///         })
///         .await?;
///     Ok(visits)
/// }
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// # runtime.block_on(async {
/// let client = toolsmith::testing::TestClient::new(Server::new("door").tool::<visit>())?;
/// client.call("visit", serde_json::json!({ "name": "Ada" })).await?;
/// let second = client.call("visit", serde_json::json!({ "name": "Ada" })).await?;
/// assert_eq!(second.text(), "2");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Kv(Handle);

impl Kv {
    pub(super) fn new(handle: Handle) -> Self {
        Self(handle)
    }

    /// The value of a key, if it has one.
    ///
    /// # Errors
    ///
    /// When the value is not of this type.
    pub fn get<T>(&self, key: impl Into<String>) -> StoreFuture<Option<T>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let key = key.into();
        self.transaction(move |kv| kv.get(&key))
    }

    /// Gives a key a value, whatever it had.
    ///
    /// # Errors
    ///
    /// When key or value are too long, or there is no room.
    pub fn put(
        &self,
        key: impl Into<String>,
        value: &(impl Serialize + ?Sized),
    ) -> StoreFuture<()> {
        self.write(key.into(), value, None)
    }

    /// Gives a key a value for a while. After that it is as if it had none.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn put_for(
        &self,
        key: impl Into<String>,
        value: &(impl Serialize + ?Sized),
        time: Duration,
    ) -> StoreFuture<()> {
        self.write(key.into(), value, Some(time))
    }

    /// Takes the value of a key away. `false` when it had none.
    ///
    /// # Errors
    ///
    /// When the disk fails.
    pub fn delete(&self, key: impl Into<String>) -> StoreFuture<bool> {
        let key = key.into();
        self.transaction(move |kv| kv.delete(&key))
    }

    /// The keys that begin so, with their values, in order; the first 10,000 of them, and at
    /// most 16 MiB. For more, go on with [`list_after`](Self::list_after).
    ///
    /// # Errors
    ///
    /// When a value is not of this type.
    pub fn list<T>(&self, prefix: impl Into<String>) -> StoreFuture<Vec<(String, T)>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let prefix = prefix.into();
        self.transaction(move |kv| kv.list_after(&prefix, "", LISTED.0))
    }

    /// The keys that begin so and come after another, with their values, in order, and at
    /// most so many.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    pub fn list_after<T>(
        &self,
        prefix: impl Into<String>,
        after: impl Into<String>,
        most: usize,
    ) -> StoreFuture<Vec<(String, T)>>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let (prefix, after) = (prefix.into(), after.into());
        self.transaction(move |kv| kv.list_after(&prefix, &after, most))
    }

    /// Gives a key a value if it has the one that was expected, where `None` is no value:
    /// `Some` and `None` in the two places make, change and take away. `false`, and nothing
    /// is changed, when it has another.
    ///
    /// ```
    /// # use toolsmith::prelude::*;
    /// # use toolsmith::store::Kv;
    /// /// Take a seat, if it is free.
    /// #[tool]
    /// async fn sit(kv: Kv, seat: String, name: String) -> Result<bool, ToolError> {
    ///     Ok(kv.compare_and_set(seat, None, Some(&name)).await?)
    /// }
    /// # let _ = Server::new("theatre").tool::<sit>().build();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn compare_and_set<T: Serialize>(
        &self,
        key: impl Into<String>,
        expected: Option<&T>,
        value: Option<&T>,
    ) -> StoreFuture<bool> {
        let key = key.into();
        let both = json(expected).and_then(|one| Ok((one, json(value)?)));
        match both {
            Ok((expected, value)) => self.transaction(move |kv| {
                if kv.get::<Value>(&key)? != expected {
                    return Ok(false);
                }
                match &value {
                    Some(value) => kv.put(&key, value)?,
                    None => drop(kv.delete(&key)?),
                }
                Ok(true)
            }),
            Err(error) => StoreFuture::failed(error),
        }
    }

    /// Does all of this or, when the function gives an error, nothing of it; see
    /// [`Db::transaction`](super::Db::transaction), which has the database, too.
    ///
    /// # Errors
    ///
    /// What the function gives, and when it panics or there is no room.
    pub fn transaction<T, F>(&self, mut function: F) -> StoreFuture<T>
    where
        T: Send + 'static,
        F: FnMut(&KvTransaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.0
            .ask(move |connection| function(&KvTransaction::new(connection)))
    }

    fn write(
        &self,
        key: String,
        value: &(impl Serialize + ?Sized),
        time: Option<Duration>,
    ) -> StoreFuture<()> {
        match written(value) {
            Ok(value) => self.transaction(move |kv| kv.write(&key, &value, time)),
            Err(error) => StoreFuture::failed(error),
        }
    }
}

impl FromContext for Kv {
    fn from_context(context: &Context) -> Result<Self, ToolError> {
        Ok(Self(Handle::of(context)))
    }
}

impl fmt::Debug for Kv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kv")
    }
}

/// A transaction on the keys and values of a tenant, see [`Kv::transaction`].
pub struct KvTransaction<'a> {
    connection: &'a Connection,
    now: i64,
}

impl<'a> KvTransaction<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            now: now(),
        }
    }

    /// The value of a key, as [`Kv::get`].
    ///
    /// # Errors
    ///
    /// As [`Kv::get`].
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        let mut select = self.connection.own(
            "SELECT value FROM toolsmith_kv WHERE key = ?1 AND (expires IS NULL OR expires > ?2)",
        )?;
        let found: Option<Vec<u8>> = select
            .query_row(params![key, self.now], |row| row.get(0))
            .optional()?;
        found.map(|bytes| read(key, &bytes)).transpose()
    }

    /// Gives a key a value, as [`Kv::put`].
    ///
    /// # Errors
    ///
    /// As [`Kv::put`].
    pub fn put(&self, key: &str, value: &(impl Serialize + ?Sized)) -> Result<(), StoreError> {
        self.write(key, &written(value)?, None)
    }

    /// Gives a key a value for a while, as [`Kv::put_for`].
    ///
    /// # Errors
    ///
    /// As [`Kv::put`].
    pub fn put_for(
        &self,
        key: &str,
        value: &(impl Serialize + ?Sized),
        time: Duration,
    ) -> Result<(), StoreError> {
        self.write(key, &written(value)?, Some(time))
    }

    /// Takes the value of a key away, as [`Kv::delete`].
    ///
    /// # Errors
    ///
    /// As [`Kv::delete`].
    pub fn delete(&self, key: &str) -> Result<bool, StoreError> {
        let mut delete = self.connection.own(
            "DELETE FROM toolsmith_kv WHERE key = ?1 RETURNING expires IS NULL OR expires > ?2",
        )?;
        let had: Option<bool> = delete
            .query_row(params![key, self.now], |row| row.get(0))
            .optional()?;
        Ok(had.unwrap_or(false))
    }

    /// The keys that begin so and come after another, as [`Kv::list_after`].
    ///
    /// # Errors
    ///
    /// As [`Kv::list`].
    pub fn list_after<T: DeserializeOwned>(
        &self,
        prefix: &str,
        after: &str,
        most: usize,
    ) -> Result<Vec<(String, T)>, StoreError> {
        let mut select = self.connection.own(
            "SELECT key, value FROM toolsmith_kv WHERE key >= ?1 AND key > ?2 AND (expires IS NULL OR expires > ?3) ORDER BY key",
        )?;
        let mut rows = select.query(params![prefix, after, self.now])?;
        let (mut all, mut bytes) = (Vec::new(), 0);
        while all.len() < most.min(LISTED.0)
            && let Some(row) = rows.next()?
        {
            let key: String = row.get(0)?;
            let value = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            bytes += value.len();
            // The first one is given however large it is.
            if !key.starts_with(prefix) || (bytes > LISTED.1 && !all.is_empty()) {
                break;
            }
            let value = read(&key, value)?;
            all.push((key, value));
        }
        Ok(all)
    }

    fn write(&self, key: &str, value: &[u8], time: Option<Duration>) -> Result<(), StoreError> {
        if key.is_empty() || key.len() > LONGEST_KEY {
            return Err(StoreError::new(
                Kind::TooLarge,
                format!(
                    "a key has 1 to {LONGEST_KEY} bytes, and this one has {}",
                    key.len()
                ),
            ));
        }
        let expires = time.map(|time| self.now.saturating_add(milliseconds(time)));
        if expires.is_some() {
            self.forget_expired()?;
        }
        let mut insert = self.connection.own(
            "INSERT INTO toolsmith_kv (key, value, expires) VALUES (?1, ?2, ?3)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires",
        )?;
        insert.execute(params![key, value, expires])?;
        Ok(())
    }

    /// Forgets entries whose time is over. Whoever adds one with a time pays for that, so that
    /// they never pile up.
    fn forget_expired(&self) -> Result<(), StoreError> {
        let mut delete = self.connection.own(
            "DELETE FROM toolsmith_kv WHERE key IN
             (SELECT key FROM toolsmith_kv WHERE expires <= ?1 LIMIT ?2)",
        )?;
        delete.execute(params![self.now, FORGOTTEN])?;
        Ok(())
    }
}

impl fmt::Debug for KvTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KvTransaction")
    }
}

fn json<T: Serialize>(value: Option<&T>) -> Result<Option<Value>, StoreError> {
    let value = value.map(serde_json::to_value).transpose();
    value.map_err(|error| StoreError::new(Kind::Type, error.to_string()))
}

fn written(value: &(impl Serialize + ?Sized)) -> Result<Vec<u8>, StoreError> {
    let bytes = serde_json::to_vec(value)
        .map_err(|error| StoreError::new(Kind::Type, error.to_string()))?;
    if bytes.len() > LONGEST_VALUE {
        return Err(StoreError::new(
            Kind::TooLarge,
            format!(
                "a value has at most {LONGEST_VALUE} bytes of JSON, and this one has {}",
                bytes.len()
            ),
        ));
    }
    Ok(bytes)
}

fn read<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| {
        StoreError::new(
            Kind::Type,
            format!("the value of the key `{key}` is of another type: {error}"),
        )
    })
}
