//! The values that statements are run with.

use serde::Serialize;
use uuid::Uuid;

/// A value. One that is not there still has a type, which PostgreSQL wants to know.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Bool(Option<bool>),
    Integer(Option<i64>),
    /// The length of a text, which PostgreSQL has as a type of its own.
    Length(i32),
    Real(f64),
    Text(Option<String>),
    /// The names on a path.
    Path(Vec<String>),
    Bytes(Vec<u8>),
    Id(Option<Uuid>),
    /// A text of JSON.
    Json(String),
}

/// What a statement can be run with.
pub(crate) trait Bind {
    fn into_value(self) -> Value;
}

/// How a type is bound, where it is there and where it is not.
macro_rules! bind {
    ($($from:ty => $kind:ident |$value:ident| $to:expr),+ $(,)?) => {
        $(
            impl Bind for $from {
                fn into_value(self) -> Value {
                    let $value = self;
                    Value::$kind(Some($to))
                }
            }

            impl Bind for Option<$from> {
                fn into_value(self) -> Value {
                    Value::$kind(self.map(|$value| $to))
                }
            }
        )+
    };
}

bind! {
    bool => Bool |value| value,
    i64 => Integer |value| value,
    &i64 => Integer |value| *value,
    String => Text |value| value,
    &str => Text |value| value.to_owned(),
    &String => Text |value| value.clone(),
    Uuid => Id |value| value,
    &Uuid => Id |value| *value,
}

impl Bind for f64 {
    fn into_value(self) -> Value {
        Value::Real(self)
    }
}

impl Bind for &[u8] {
    fn into_value(self) -> Value {
        Value::Bytes(self.to_vec())
    }
}

impl Bind for Vec<u8> {
    fn into_value(self) -> Value {
        Value::Bytes(self)
    }
}

impl Bind for &Option<String> {
    fn into_value(self) -> Value {
        Value::Text(self.clone())
    }
}

impl Bind for Value {
    fn into_value(self) -> Value {
        self
    }
}

/// How many characters a text has, as SQL counts them.
pub(crate) fn length_of(text: &str) -> Value {
    Value::Length(text.chars().count().try_into().unwrap_or(i32::MAX))
}

/// A path within a column of JSON.
pub(crate) fn path_of(names: &[&str]) -> Value {
    Value::Path(names.iter().map(|name| (*name).to_owned()).collect())
}

/// A column of JSON.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> Bind for Json<T> {
    fn into_value(self) -> Value {
        // What is bound are objects whose names are texts: there is nothing in them that cannot be written. No column of
        // JSON takes the empty text.
        Value::Json(serde_json::to_string(&self.0).unwrap_or_default())
    }
}
