//! PATCH operations as messages.

use rollcall_scim::patch::{Kind, Operation};

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
        })
        .collect()
}

/// The operations of a message. Errors: `invalidSyntax` for one without a kind.
pub fn from_messages(messages: Vec<PatchOperation>) -> rollcall_scim::Result<Vec<Operation>> {
    messages
        .into_iter()
        .enumerate()
        .map(|(index, message)| {
            let kind = match message.kind() {
                MessageKind::Add => Kind::Add,
                MessageKind::Remove => Kind::Remove,
                MessageKind::Replace => Kind::Replace,
                MessageKind::Unspecified => {
                    return Err(rollcall_scim::Error::syntax(format!(
                        "operations[{index}] has no kind; give add, remove or replace"
                    )));
                }
            };
            Ok(Operation { kind, path: message.path, value: message.value.map(value::from_message) })
        })
        .collect()
}
