//! The body of a PATCH (RFC 7644 §3.5.2): its shape. What an operation may do is the core's to judge.

use rollcall_scim::patch::{Kind, Operation};
use rollcall_scim::{Error, Result};
use serde_json::{Map, Value};

use crate::body::kind;
use crate::implied_schemas::are_missing;

/// The schema of a PATCH.
pub(crate) const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Reads the operations of a PATCH. Names are taken whatever their case, and those that are not ours are skipped: Entra
/// writes `Add`, others put a `name` beside `op`. No operations at all is a PATCH that changes nothing.
///
/// Errors: `invalidSyntax`, naming the operation by its position, from 0.
pub(crate) fn operations(mut body: Map<String, Value>) -> Result<Vec<Operation>> {
    require_schema(take(&mut body, "schemas").as_ref())?;
    list(take(&mut body, "Operations"))
}

/// Reads `Operations` themselves.
pub(crate) fn list(operations: Option<Value>) -> Result<Vec<Operation>> {
    match operations {
        Some(Value::Array(operations)) => {
            operations.into_iter().enumerate().map(|(index, value)| operation(index, value)).collect()
        }
        other => Err(no_operations(other.as_ref().map(kind))),
    }
}

/// Checks that `schemas` has the schema of a PATCH.
pub(crate) fn require_schema(schemas: Option<&Value>) -> Result<()> {
    require_urn(schemas, PATCH_OP, "a PATCH")
}

/// Checks that `schemas` has the schema of a message, which is called so. Where there are none it is implied, as far as the
/// gateway can tell.
pub(crate) fn require_urn(schemas: Option<&Value>, urn: &str, message: &str) -> Result<()> {
    let Some(schemas) = schemas.filter(|schemas| !are_missing(Some(schemas))) else { return Ok(()) };
    let Value::Array(urns) = schemas else {
        return Err(Error::syntax(format!("schemas: expected an array of URNs, got {}", kind(schemas))));
    };
    if urns.iter().filter_map(Value::as_str).any(|sent| sent.eq_ignore_ascii_case(urn)) {
        return Ok(());
    }
    Err(Error::syntax(format!("schemas: it lacks {urn}, the schema of {message}")))
}

/// The error for `Operations` that are missing, or that are this instead.
pub(crate) fn no_operations(kind: Option<&str>) -> Error {
    Error::syntax(match kind {
        Some(kind) => format!("Operations: expected an array of objects, got {kind}"),
        None => "Operations: it is missing; send an array of objects with op, path and value".to_owned(),
    })
}

/// The error for an operation that is this instead of an object.
pub(crate) fn no_operation(index: usize, kind: &str) -> Error {
    Error::syntax(format!("Operations[{index}]: expected an object, got {kind}"))
}

/// A member of an operation as it was sent: a value, or one that has not been taken apart.
pub(crate) trait Sent {
    /// What it is, as an error says it.
    fn kind(&self) -> &'static str;
    /// Whether it is null.
    fn is_null(&self) -> bool;
    /// The text that it is.
    fn text(self) -> Option<String>;
}

impl Sent for Value {
    fn kind(&self) -> &'static str {
        kind(self)
    }

    fn is_null(&self) -> bool {
        Value::is_null(self)
    }

    fn text(self) -> Option<String> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

/// The kind and the path of an operation out of its `op` and `path`.
///
/// Errors: `invalidSyntax`.
pub(crate) fn head<V: Sent>(index: usize, op: Option<V>, path: Option<V>) -> Result<(Kind, Option<String>)> {
    let expected = || format!("Operations[{index}].op: expected add, remove or replace, got ");
    let kind = match op {
        None => {
            let missing = format!("Operations[{index}].op: it is missing; send add, remove or replace");
            return Err(Error::syntax(missing));
        }
        Some(op) => {
            let kind = op.kind();
            let word = op.text().ok_or_else(|| Error::syntax(expected() + kind))?;
            operation_kind(&word).ok_or_else(|| Error::syntax(format!("{}{word:?}", expected())))?
        }
    };
    let path = match path.filter(|path| !path.is_null()) {
        None => None,
        Some(path) => {
            let kind = path.kind();
            Some(path.text().ok_or_else(|| {
                Error::syntax(format!("Operations[{index}].path: expected a string, got {kind}"))
            })?)
        }
    };
    Ok((kind, path))
}

fn operation(index: usize, value: Value) -> Result<Operation> {
    let Value::Object(mut members) = value else { return Err(no_operation(index, kind(&value))) };
    let (kind, path) = head(index, take(&mut members, "op"), take(&mut members, "path"))?;
    Ok(Operation { kind, path, value: take(&mut members, "value") })
}

fn operation_kind(word: &str) -> Option<Kind> {
    [("add", Kind::Add), ("remove", Kind::Remove), ("replace", Kind::Replace)]
        .into_iter()
        .find_map(|(name, kind)| name.eq_ignore_ascii_case(word).then_some(kind))
}

/// Takes a member by its name, spelt as it should be or, failing that, in another case.
pub(crate) fn take(members: &mut Map<String, Value>, name: &str) -> Option<Value> {
    if let Some(value) = members.get_mut(name) {
        return Some(value.take());
    }
    let mut others = members.iter_mut();
    others.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.take())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Result<Vec<Operation>> {
        match body {
            Value::Object(members) => operations(members),
            other => panic!("{other}"),
        }
    }

    fn patch(operations: &Value) -> Value {
        json!({"schemas": [PATCH_OP], "Operations": operations})
    }

    #[test]
    fn operations_are_read_in_order_and_whatever_the_case_of_names() {
        let read = read(json!({
            "Schemas": [PATCH_OP.to_uppercase()],
            "operations": [
                {"op": "Add", "path": "title", "value": "x", "name": "addTitle"},
                {"OP": "REMOVE", "Path": "title"},
                {"op": "replace", "path": null, "value": {"active": false}},
            ],
        }))
        .unwrap();
        let expected = [
            (Kind::Add, Some("title"), Some(json!("x"))),
            (Kind::Remove, Some("title"), None),
            (Kind::Replace, None, Some(json!({"active": false}))),
        ];
        assert_eq!(read.len(), expected.len());
        for (operation, (kind, path, value)) in read.into_iter().zip(expected) {
            assert_eq!(operation, Operation { kind, path: path.map(str::to_owned), value });
        }
    }

    #[test]
    fn absent_null_and_empty_values_stay_apart() {
        let read = read(patch(&json!([
            {"op": "replace", "path": "a"},
            {"op": "replace", "path": "a", "value": null},
            {"op": "replace", "path": "a", "value": ""},
            {"op": "replace", "path": "", "value": []},
        ])))
        .unwrap();
        let values: Vec<_> = read.iter().map(|operation| operation.value.clone()).collect();
        assert_eq!(values, [None, Some(json!(null)), Some(json!("")), Some(json!([]))]);
        assert_eq!(read[3].path.as_deref(), Some(""));
    }

    #[test]
    fn no_operations_change_nothing() {
        assert_eq!(read(patch(&json!([]))).unwrap(), []);
    }

    #[test]
    fn a_body_of_another_shape_is_refused_with_the_place() {
        for (body, part) in [
            (json!({"schemas": {}, "Operations": []}), "schemas: expected an array of URNs, got an object"),
            (
                json!({"schemas": PATCH_OP, "Operations": []}),
                "schemas: expected an array of URNs, got a string",
            ),
            (json!({"schemas": [null], "Operations": []}), "schemas: it lacks"),
            (json!({"schemas": [1, "urn:x"], "Operations": []}), "schemas: it lacks"),
            (json!({"schemas": [PATCH_OP]}), "Operations: it is missing"),
            (patch(&json!({"op": "add"})), "Operations: expected an array of objects, got an object"),
            (patch(&json!([{"op": "add"}, 3])), "Operations[1]: expected an object, got a number"),
            (patch(&json!([{"path": "a"}])), "Operations[0].op: it is missing"),
            (patch(&json!([{"op": null}])), "Operations[0].op: expected add, remove or replace, got null"),
            (
                patch(&json!([{"op": "merge"}])),
                "Operations[0].op: expected add, remove or replace, got \"merge\"",
            ),
            (
                patch(&json!([{"op": "add", "path": 1}])),
                "Operations[0].path: expected a string, got a number",
            ),
        ] {
            let error = read(body.clone()).unwrap_err();
            assert_eq!(error.scim_type, rollcall_scim::ScimType::InvalidSyntax, "{body}");
            assert!(error.detail.contains(part), "{body}: {}", error.detail);
        }
    }
}
