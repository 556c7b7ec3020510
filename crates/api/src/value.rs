//! JSON values as messages. Nothing is lost on the way: null, `""` and `[]` stay apart, and numbers keep their digits.

use serde_json::{Map, Number, Value as Json};

use crate::v1::value::Kind;
use crate::v1::{ListValue, MapEntry, MapValue, NullValue, Value};

/// The message of a JSON value.
pub fn to_message(json: Json) -> Value {
    let kind = match json {
        Json::Null => Kind::NullValue(NullValue {}),
        Json::Bool(value) => Kind::BoolValue(value),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Kind::IntValue(value),
            None => Kind::DecimalValue(number.to_string()),
        },
        Json::String(text) => Kind::StringValue(text),
        Json::Array(values) => {
            Kind::ListValue(ListValue { values: values.into_iter().map(to_message).collect() })
        }
        Json::Object(members) => Kind::MapValue(MapValue {
            entries: members
                .into_iter()
                .map(|(name, value)| MapEntry { name, value: Some(to_message(value)) })
                .collect(),
        }),
    };
    Value { kind: Some(kind) }
}

/// The JSON value of a message. A message without a kind is null; a decimal that is no JSON number is a string, so
/// that whoever judges the value can say so.
pub fn from_message(value: Value) -> Json {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Json::Null,
        Some(Kind::BoolValue(value)) => Json::Bool(value),
        Some(Kind::IntValue(value)) => Json::Number(value.into()),
        Some(Kind::DecimalValue(digits)) => match digits.parse::<Number>() {
            Ok(number) => Json::Number(number),
            Err(_) => Json::String(digits),
        },
        Some(Kind::StringValue(text)) => Json::String(text),
        Some(Kind::ListValue(list)) => Json::Array(list.values.into_iter().map(from_message).collect()),
        Some(Kind::MapValue(map)) => Json::Object(
            map.entries
                .into_iter()
                .map(|entry| (entry.name, entry.value.map_or(Json::Null, from_message)))
                .collect::<Map<_, _>>(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_json_value_survives_the_hop() {
        let values = [
            json!(null),
            json!(true),
            json!(9_007_199_254_740_993_i64),
            json!(""),
            json!([]),
            json!({}),
            json!({"a": [null, {"b": "c"}], "z": 1, "m": 2}),
            serde_json::from_str("1.10").unwrap(),
            serde_json::from_str("123456789012345678901234567890.000001").unwrap(),
        ];
        for value in values {
            assert_eq!(from_message(to_message(value.clone())), value);
        }
    }
}
