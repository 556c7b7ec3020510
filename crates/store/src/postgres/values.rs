//! Values as PostgreSQL takes them, and gives them back.

use serde::de::DeserializeOwned;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow, PgTypeInfo, PgValueRef};
use sqlx::{Arguments as _, Decode, Postgres, Row as _, Type, ValueRef as _};

use super::failure::failure;
use super::sql::Cells;
use crate::values::{Json, Value};
use crate::{Error, Result};

/// Values as they are sent. Errors: one is too large for the protocol.
pub(super) fn arguments(values: Vec<Value>) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for value in values {
        add(&mut arguments, value).map_err(Error::Driver)?;
    }
    Ok(arguments)
}

fn add(arguments: &mut PgArguments, value: Value) -> Result<(), BoxDynError> {
    match value {
        Value::Bool(value) => arguments.add(value),
        Value::Integer(value) => arguments.add(value),
        Value::Length(value) => arguments.add(value),
        Value::Real(value) => arguments.add(value),
        Value::Text(value) => arguments.add(value),
        Value::Path(names) => arguments.add(names),
        Value::Bytes(value) => arguments.add(value),
        Value::Id(value) => arguments.add(value),
        Value::Json(text) => {
            arguments.add(sqlx::types::Json(serde_json::value::RawValue::from_string(text)?))
        }
    }
}

/// A row of an answer.
#[derive(Debug)]
pub(super) struct Row(pub(super) PgRow);

impl Row {
    /// The value of a column.
    pub(super) fn get<'r, T: Cell<'r>>(&'r self, column: usize) -> Result<T> {
        self.0.try_get(column).map_err(failure)
    }

    /// The columns, from left to right.
    pub(super) fn cells(&self) -> Cells<'_> {
        Cells::of(self)
    }

    /// Whether a column is NULL.
    pub(super) fn is_null(&self, column: usize) -> Result<bool> {
        Ok(self.0.try_get_raw(column).map_err(failure)?.is_null())
    }
}

/// What a column can be read as.
pub(super) trait Cell<'r>: Decode<'r, Postgres> + Type<Postgres> {}

impl<'r, T: Decode<'r, Postgres> + Type<Postgres>> Cell<'r> for T {}

impl<T> Type<Postgres> for Json<T> {
    fn type_info() -> PgTypeInfo {
        <sqlx::types::Json<T> as Type<Postgres>>::type_info()
    }

    fn compatible(kind: &PgTypeInfo) -> bool {
        <sqlx::types::Json<T> as Type<Postgres>>::compatible(kind)
    }
}

impl<'r, T: DeserializeOwned + 'r> Decode<'r, Postgres> for Json<T> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        <sqlx::types::Json<T> as Decode<'r, Postgres>>::decode(value).map(|json| Self(json.0))
    }
}
