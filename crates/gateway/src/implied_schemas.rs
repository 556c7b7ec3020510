//! Bodies without `schemas`, which are read as what their endpoint is for. Whether the directory has it so is the core's to
//! say, and it is told.

use serde_json::{Map, Value, json};

use crate::raw::{self, RawObject};

const SCHEMAS: &str = "schemas";

/// Whether a value of `schemas` says nothing: it is absent, null or an empty list.
pub(crate) fn are_missing(schemas: Option<&Value>) -> bool {
    match schemas {
        None | Some(Value::Null) => true,
        Some(Value::Array(urns)) => urns.is_empty(),
        Some(_) => false,
    }
}

/// Gives a body the schema that its endpoint implies, where it has none. Returns whether it had none.
pub(crate) fn complete(body: &mut Map<String, Value>, urn: &str) -> bool {
    let mut sent = body.iter().filter(|(name, _)| name.eq_ignore_ascii_case(SCHEMAS));
    if !are_missing(sent.next_back().map(|(_, value)| value)) {
        return false;
    }
    body.retain(|name, _| !name.eq_ignore_ascii_case(SCHEMAS));
    body.insert(SCHEMAS.to_owned(), json!([urn]));
    true
}

/// Whether an object that has not been taken apart lacks `schemas`.
pub(crate) fn are_missing_in(object: &RawObject<'_>) -> bool {
    match object.get(SCHEMAS) {
        None => true,
        Some(schemas) => {
            raw::is_null(schemas) || raw::value(schemas, 0).is_ok_and(|value| are_missing(Some(&value)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(body: Value) -> (bool, Value) {
        let is_missing = are_missing_in(&RawObject::of_body(body.to_string().as_bytes()).unwrap());
        let Value::Object(mut body) = body else { panic!("{body}") };
        let is_completed = complete(&mut body, "urn:x");
        assert_eq!(is_completed, is_missing, "{body:?}");
        (is_completed, body.into())
    }

    #[test]
    fn absent_null_and_an_empty_list_are_the_same() {
        for body in [json!({"a": 1}), json!({"a": 1, "schemas": null}), json!({"SCHEMAS": [], "a": 1})] {
            assert_eq!(completed(body), (true, json!({"a": 1, "schemas": ["urn:x"]})));
        }
    }

    #[test]
    fn what_is_there_stays_also_when_it_is_wrong() {
        for schemas in [json!(["urn:y"]), json!("urn:x"), json!(""), json!({}), json!([null]), json!(7)] {
            let body = json!({"schemas": schemas});
            assert_eq!(completed(body.clone()), (false, body));
        }
    }
}
