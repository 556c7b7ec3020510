//! PATCH operations as messages.

use rollcall_scim::Error;
use rollcall_scim::patch::{Kind, Operation};
use serde_json::Value;

use crate::v1::PatchOperation;
use crate::v1::patch_operation::Kind as MessageKind;
use crate::value;

/// The messages of the operations of a request.
pub fn to_messages(operations: Vec<Operation>) -> Vec<PatchOperation> {
    operations
        .into_iter()
        .map(|operation| PatchOperation {
            kind: match operation.kind {
                Kind::Add => MessageKind::Add,
                Kind::Remove => MessageKind::Remove,
                Kind::Replace => MessageKind::Replace,
            }
            .into(),
            path: operation.path,
            value: operation.value.map(value::to_message),
            continues: false,
        })
        .collect()
}

/// The operations of a message. Errors: those of [`gather`].
pub fn from_messages(messages: Vec<PatchOperation>) -> rollcall_scim::Result<Vec<Operation>> {
    let mut operations = Vec::with_capacity(messages.len());
    gather(&mut operations, messages)?;
    Ok(operations)
}

/// Adds the operations of a further message. A part of one that was begun is put behind it. Returns how many elements such
/// parts had.
///
/// Errors: `invalidSyntax` for an operation without a kind, and for a part that goes on with nothing.
pub fn gather(
    operations: &mut Vec<Operation>,
    messages: Vec<PatchOperation>,
) -> rollcall_scim::Result<usize> {
    let mut elements = 0;
    for message in messages {
        if message.continues {
            elements += go_on(operations, message)?;
            continue;
        }
        let kind = match message.kind() {
            MessageKind::Add => Kind::Add,
            MessageKind::Remove => Kind::Remove,
            MessageKind::Replace => Kind::Replace,
            MessageKind::Unspecified => {
                let index = operations.len();
                return Err(Error::syntax(format!(
                    "Operations[{index}]: it has no kind; give add, remove or replace"
                )));
            }
        };
        operations.push(Operation {
            kind,
            path: message.path,
            value: message.value.map(value::from_message),
        });
    }
    Ok(elements)
}

fn go_on(operations: &mut [Operation], part: PatchOperation) -> rollcall_scim::Result<usize> {
    let index = operations.len().saturating_sub(1);
    let begun = match operations.last_mut().and_then(|operation| operation.value.as_mut()) {
        Some(Value::Array(elements)) => Some(elements),
        Some(Value::Object(attributes)) => attributes.get_mut("members").and_then(Value::as_array_mut),
        _ => None,
    };
    match (begun, part.value.map(value::from_message)) {
        (Some(begun), Some(Value::Array(elements))) => {
            let count = elements.len();
            begun.extend(elements);
            Ok(count)
        }
        _ => Err(Error::syntax(format!(
            "Operations[{index}]: its `value` is no list that another one's could go on with"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn part(value: Value, continues: bool) -> PatchOperation {
        let value = Some(value::to_message(value));
        PatchOperation { kind: MessageKind::Add.into(), path: Some("members".to_owned()), value, continues }
    }

    #[test]
    fn the_parts_of_a_list_are_one_operation() {
        let mut operations = Vec::new();
        let messages = vec![part(json!(["a"]), false), part(json!(["b", "c"]), true)];
        assert_eq!(gather(&mut operations, messages).unwrap(), 2);
        let messages = vec![part(json!([]), true), part(json!({"members": ["d"], "x": []}), false)];
        assert_eq!(gather(&mut operations, messages).unwrap(), 0);
        assert_eq!(gather(&mut operations, vec![part(json!(["e"]), true)]).unwrap(), 1);
        let values: Vec<_> = operations.into_iter().filter_map(|operation| operation.value).collect();
        assert_eq!(values, [json!(["a", "b", "c"]), json!({"members": ["d", "e"], "x": []})]);
    }

    #[test]
    fn a_part_of_nothing_is_refused() {
        for messages in [
            vec![part(json!(["a"]), true)],
            vec![part(json!("a"), false), part(json!(["b"]), true)],
            vec![part(json!({"x": []}), false), part(json!(["b"]), true)],
            vec![part(json!(["a"]), false), part(json!("b"), true)],
        ] {
            let error = from_messages(messages).unwrap_err();
            assert!(error.detail.starts_with("Operations[0]: its `value`"), "{error}");
        }
    }
}
