//! Values that statements are run with, and those of rows.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::sql::Cells;
use crate::{Error, Result};

/// A value. Sixteen bytes are an id.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Id(Uuid),
    Bytes(Vec<u8>),
}

impl From<ValueRef<'_>> for Value {
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

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(value) => ValueRef::Integer(*value),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Id(id) => ValueRef::Blob(id.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// The values of a statement, in the order of their places.
#[derive(Default)]
pub(super) struct Arguments(pub(super) Vec<Value>);

impl Arguments {
    pub(super) fn add(&mut self, value: impl Bind) {
        self.0.push(value.into_value());
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// What a statement can be run with.
pub(super) trait Bind {
    fn into_value(self) -> Value;
}

macro_rules! bind {
    ($($from:ty => |$value:ident| $to:expr),+ $(,)?) => {
        $(impl Bind for $from {
            fn into_value(self) -> Value {
                let $value = self;
                $to
            }
        })+
    };
}

bind! {
    bool => |value| Value::Integer(value.into()),
    i64 => |value| Value::Integer(value),
    f64 => |value| Value::Real(value),
    String => |value| Value::Text(value),
    &str => |value| Value::Text(value.to_owned()),
    &String => |value| Value::Text(value.clone()),
    &[u8] => |value| Value::Bytes(value.to_vec()),
    Vec<u8> => |value| Value::Bytes(value),
    Uuid => |value| Value::Id(value),
    &Uuid => |value| Value::Id(*value),
    &i64 => |value| Value::Integer(*value),
}

impl<T: Bind> Bind for Option<T> {
    fn into_value(self) -> Value {
        self.map_or(Value::Null, Bind::into_value)
    }
}

impl<'a, T> Bind for &'a Option<T>
where
    &'a T: Bind,
{
    fn into_value(self) -> Value {
        self.as_ref().into_value()
    }
}

/// A column of JSON.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> Bind for Json<T> {
    fn into_value(self) -> Value {
        // What is bound are objects of JSON with names that are texts: there is nothing in them that cannot be written. NULL is
        // refused by every such column.
        serde_json::to_string(&self.0).map_or(Value::Null, Value::Text)
    }
}

/// A row of an answer.
#[derive(Debug)]
pub(super) struct Row(pub(super) Vec<Value>);

impl Row {
    /// The value of a column. Errors: [`Error::Damaged`].
    pub(super) fn get<'r, T: Cell<'r>>(&'r self, column: usize) -> Result<T> {
        let value = self.0.get(column);
        value
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
        Ok(matches!(self.0.get(column), None | Some(Value::Null)))
    }
}

/// What a column can be read as.
pub(super) trait Cell<'r>: Sized {
    fn of(value: &'r Value) -> Option<Self>;
}

macro_rules! cell {
    ($($to:ty: $($pattern:pat => $value:expr),+;)+) => {
        $(impl<'r> Cell<'r> for $to {
            fn of(value: &'r Value) -> Option<Self> {
                match value {
                    $($pattern => $value,)+
                    _ => None,
                }
            }
        })+
    };
}

cell! {
    i64: Value::Integer(value) => Some(*value);
    bool: Value::Integer(value) => Some(*value != 0);
    f64: Value::Real(value) => Some(*value), Value::Integer(value) => Some(nearest(*value));
    &'r str: Value::Text(value) => Some(value);
    String: Value::Text(value) => Some(value.clone());
    &'r [u8]: Value::Bytes(value) => Some(value), Value::Id(id) => Some(id.as_bytes());
    Vec<u8>: Value::Bytes(value) => Some(value.clone()), Value::Id(id) => Some(id.as_bytes().to_vec());
    Uuid: Value::Id(id) => Some(*id);
}

/// A number of JSON that has no fraction is an integer in SQLite.
#[expect(clippy::cast_precision_loss, reason = "it was read as a double in the other database too")]
fn nearest(value: i64) -> f64 {
    value as f64
}

impl<'r, T: Cell<'r>> Cell<'r> for Option<T> {
    fn of(value: &'r Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::of(value).map(Some),
        }
    }
}

impl<T: DeserializeOwned> Cell<'_> for Json<T> {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => serde_json::from_str(text).ok().map(Self),
            _ => None,
        }
    }
}
