//! JSON values, of the shapes that SCIM has and of others.

use arbitrary::Arbitrary;
use serde_json::{Map, Value, json};

use crate::text::Text;

/// A value.
#[derive(Debug, Clone, Arbitrary)]
pub enum Json<'a> {
    Null,
    Truth(bool),
    Whole(i64),
    Decimal(f64),
    Text(Text<'a>),
    List(Vec<Json<'a>>),
    Object(Vec<(Text<'a>, Json<'a>)>),
}

impl Json<'_> {
    /// The value; `ids` are the ids of what was made before.
    pub fn value(&self, ids: &[String]) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Truth(truth) => (*truth).into(),
            Self::Whole(number) => (*number).into(),
            Self::Decimal(number) => json!(number),
            Self::Text(text) => text.text(ids).into(),
            Self::List(values) => values.iter().map(|value| value.value(ids)).collect(),
            Self::Object(members) => object(members, ids).into(),
        }
    }
}

/// An object with these members.
pub fn object(members: &[(Text<'_>, Json<'_>)], ids: &[String]) -> Map<String, Value> {
    members.iter().map(|(name, value)| (name.text(ids).into_owned(), value.value(ids))).collect()
}
