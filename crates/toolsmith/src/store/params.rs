//! What is put into a statement, and what comes out of it: any type that serde knows.

use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Row, Statement};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_rusqlite::PositionalSliceSerializer;

use super::StoreError;
use super::error::Kind;

/// How many rows may be asked for at once.
const ROWS: usize = 100_000;
/// How many bytes of text and blobs they may have.
const BYTES: usize = 32 << 20;

/// What is put into a statement.
#[derive(Clone, Debug)]
pub(super) enum Params {
    /// In order, for `?` and `?1`.
    Positional(Vec<Value>),
    /// By name, for `:name`.
    Named(Vec<(String, Value)>),
}

impl Params {
    /// A struct or a map is by name, everything else in order.
    pub(super) fn new(params: impl Serialize) -> Result<Self, StoreError> {
        let in_order = match params.serialize(PositionalSliceSerializer::default()) {
            Ok(all) => {
                let values = all.iter().map(|it| owned(it.as_ref()));
                return Ok(Self::Positional(values.collect::<Result<_, _>>()?));
            }
            Err(error) => error,
        };
        match serde_rusqlite::to_params_named(&params) {
            Ok(all) => {
                let named = all
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), owned(value.as_ref())?)));
                Ok(Self::Named(named.collect::<Result<_, StoreError>>()?))
            }
            Err(by_name) => Err(StoreError::new(
                Kind::Type,
                format!(
                    "the parameters fit a statement neither in order ({in_order}) nor by name ({by_name})"
                ),
            )),
        }
    }

    /// Puts them into a statement.
    pub(super) fn bind(&self, statement: &mut Statement<'_>) -> Result<(), StoreError> {
        let takes = statement.parameter_count();
        match self {
            // What `()` is written as.
            Self::Positional(values) if takes == 0 && matches!(&values[..], [Value::Null]) => {}
            Self::Positional(values) => {
                if values.len() != takes {
                    return Err(StoreError::new(
                        Kind::Sql,
                        format!(
                            "the statement takes {takes} parameters and was given {}",
                            values.len()
                        ),
                    ));
                }
                for (which, value) in values.iter().enumerate() {
                    statement.raw_bind_parameter(which + 1, value)?;
                }
            }
            Self::Named(values) => {
                let mut given = 0;
                for (name, value) in values {
                    // A struct may have more than the statement asks for.
                    if let Some(which) = statement.parameter_index(name)? {
                        statement.raw_bind_parameter(which, value)?;
                        given += 1;
                    }
                }
                if given != takes {
                    return Err(StoreError::new(
                        Kind::Sql,
                        format!(
                            "the statement takes {takes} parameters and {given} of them were given by name"
                        ),
                    ));
                }
            }
        }
        Ok(())
    }
}

fn owned(value: &dyn ToSql) -> Result<Value, StoreError> {
    match value.to_sql()? {
        ToSqlOutput::Owned(value) => Ok(value),
        ToSqlOutput::Borrowed(value) => {
            Value::try_from(value).map_err(|error| StoreError::new(Kind::Type, error.to_string()))
        }
        _ => Err(StoreError::new(
            Kind::Type,
            "a parameter is of a kind that is not kept",
        )),
    }
}

/// The rows that a statement gives.
pub(super) fn rows<T: DeserializeOwned>(
    statement: &mut Statement<'_>,
    params: &Params,
    most: Option<usize>,
) -> Result<Vec<T>, StoreError> {
    params.bind(statement)?;
    let columns = serde_rusqlite::columns_from_statement(statement);
    let mut given = statement.raw_query();
    let (mut all, mut bytes) = (Vec::new(), 0);
    while most.is_none_or(|most| all.len() < most)
        && let Some(row) = given.next()?
    {
        bytes += bytes_of(row, columns.len())?;
        if all.len() >= ROWS || bytes > BYTES {
            return Err(StoreError::new(
                Kind::TooLarge,
                format!(
                    "a query gives at most {ROWS} rows and {BYTES} bytes at once; ask for fewer with LIMIT"
                ),
            ));
        }
        all.push(serde_rusqlite::from_row_with_columns(row, &columns)?);
    }
    Ok(all)
}

fn bytes_of(row: &Row<'_>, columns: usize) -> Result<usize, StoreError> {
    let mut bytes = 0;
    for column in 0..columns {
        bytes += match row.get_ref(column)? {
            ValueRef::Text(text) => text.len(),
            ValueRef::Blob(blob) => blob.len(),
            _ => 0,
        };
    }
    Ok(bytes)
}
