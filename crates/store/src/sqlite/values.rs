//! Values as SQLite takes them, and gives them back.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::sql::Cells;
use crate::values::{Json, Value};
use crate::{Error, Result};

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Bool(value) => value.map(|value| ValueRef::Integer(value.into())),
            Self::Integer(value) => value.map(ValueRef::Integer),
            Self::Length(value) => Some(ValueRef::Integer((*value).into())),
            Self::Real(value) => Some(ValueRef::Real(*value)),
            Self::Text(text) => text.as_ref().map(|text| ValueRef::Text(text.as_bytes())),
            Self::Json(text) => Some(ValueRef::Text(text.as_bytes())),
            Self::Path(names) => return Ok(ToSqlOutput::Owned(path(names).into())),
            Self::Bytes(bytes) => Some(ValueRef::Blob(bytes)),
            Self::Id(id) => id.as_ref().map(|id| ValueRef::Blob(id.as_bytes())),
        };
        Ok(ToSqlOutput::Borrowed(value.unwrap_or(ValueRef::Null)))
    }
}

/// A path as SQLite's functions for JSON have it.
fn path(names: &[String]) -> String {
    names.iter().fold("$".to_owned(), |path, name| format!("{path}.\"{name}\""))
}

/// A value that was found. Sixteen bytes are an id.
#[derive(Debug)]
pub(super) enum Found {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Id(Uuid),
    Bytes(Vec<u8>),
}

impl From<ValueRef<'_>> for Found {
    fn from(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(value) => Self::Integer(value),
            ValueRef::Real(value) => Self::Real(value),
            // SQLite holds only what was bound as a text, or made of such.
            ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => {
                Uuid::from_slice(bytes).map_or_else(|_| Self::Bytes(bytes.to_vec()), Self::Id)
            }
        }
    }
}

/// A row of an answer.
#[derive(Debug)]
pub(super) struct Row(pub(super) Vec<Found>);

impl Row {
    /// The value of a column. Errors: [`Error::Damaged`].
    pub(super) fn get<'r, T: Cell<'r>>(&'r self, column: usize) -> Result<T> {
        self.0
            .get(column)
            .and_then(T::of)
            .ok_or_else(|| Error::Damaged(format!("column {column} of a row has an unexpected type")))
    }

    /// The columns, from left to right.
    pub(super) fn cells(&self) -> Cells<'_> {
        Cells::of(self)
    }

    /// Whether a column is NULL.
    #[expect(clippy::unnecessary_wraps, reason = "it is asked as a row of the other database is")]
    pub(super) fn is_null(&self, column: usize) -> Result<bool> {
        Ok(matches!(self.0.get(column), None | Some(Found::Null)))
    }
}

/// What a column can be read as.
pub(super) trait Cell<'r>: Sized {
    fn of(value: &'r Found) -> Option<Self>;
}

macro_rules! cell {
    ($($to:ty: $($pattern:pat => $value:expr),+;)+) => {
        $(impl<'r> Cell<'r> for $to {
            fn of(value: &'r Found) -> Option<Self> {
                match value {
                    $($pattern => $value,)+
                    _ => None,
                }
            }
        })+
    };
}

cell! {
    i64: Found::Integer(value) => Some(*value);
    bool: Found::Integer(value) => Some(*value != 0);
    f64: Found::Real(value) => Some(*value), Found::Integer(value) => Some(nearest(*value));
    &'r str: Found::Text(value) => Some(value);
    String: Found::Text(value) => Some(value.clone());
    &'r [u8]: Found::Bytes(value) => Some(value), Found::Id(id) => Some(id.as_bytes());
    Vec<u8>: Found::Bytes(value) => Some(value.clone()), Found::Id(id) => Some(id.as_bytes().to_vec());
    Uuid: Found::Id(id) => Some(*id);
}

/// A number of JSON that has no fraction is an integer in SQLite.
#[expect(clippy::cast_precision_loss, reason = "it was read as a double in the other database too")]
fn nearest(value: i64) -> f64 {
    value as f64
}

impl<'r, T: Cell<'r>> Cell<'r> for Option<T> {
    fn of(value: &'r Found) -> Option<Self> {
        match value {
            Found::Null => Some(None),
            value => T::of(value).map(Some),
        }
    }
}

impl<T: DeserializeOwned> Cell<'_> for Json<T> {
    fn of(value: &Found) -> Option<Self> {
        match value {
            Found::Text(text) => serde_json::from_str(text).ok().map(Self),
            _ => None,
        }
    }
}
