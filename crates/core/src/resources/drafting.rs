//! Resources on their way into the store.

use rollcall_api::v1::ErrorReason;
use rollcall_scim::patch::{self, Operation};
use rollcall_scim::{Definition, Resource, Rules, resource};
use serde_json::Value;
use uuid::Uuid;

use crate::error::{Error, Result};

/// How often a change is tried that loses against others: many who write to the same groups lose several times in a row.
const TRIES: u32 = 8;
/// The longest value, in bytes, of an attribute that has an index. An entry of a PostgreSQL index holds about 2,700 bytes;
/// folding can make a text three times as long.
const LONGEST_INDEXED: usize = 800;

/// What filters are answered from: the attributes and the `schemas` that follow from them.
pub(crate) fn search_form(attributes: &Resource, definition: &Definition) -> Resource {
    let schemas: Vec<Value> =
        resource::schemas_of(attributes, definition).into_iter().map(Value::from).collect();
    let mut form = rollcall_scim::search_form::of(attributes, definition);
    form.insert("schemas".to_owned(), Value::Array(schemas));
    form
}

/// The attributes after the operations of a PATCH. Errors: those of the operations, and of values that no index could
/// hold; each names its operation.
pub(crate) fn patched(
    current: &Resource,
    id: Uuid,
    operations: &[Operation],
    definition: &Definition,
    rules: Rules,
) -> Result<Resource> {
    let id = id.to_string();
    let patched = patch::apply(current, &id, operations, definition, rules)?;
    require_indexable(&patched).map_err(|error| {
        // The operation after which it stayed so.
        let mut state = current.clone();
        let mut culprit = None;
        for (index, operation) in operations.iter().enumerate() {
            match patch::apply(&state, &id, std::slice::from_ref(operation), definition, rules) {
                Ok(next) => state = next,
                Err(_) => return error,
            }
            match require_indexable(&state) {
                Ok(()) => culprit = None,
                Err(_) => culprit = culprit.or(Some(index)),
            }
        }
        error.of_operation(culprit)
    })?;
    Ok(patched)
}

/// Refuses what no index could hold.
pub(crate) fn require_indexable(attributes: &Resource) -> Result<()> {
    let names = ["userName", "displayName", "externalId"].map(|name| (name, attributes.get(name)));
    let emails = attributes.get("emails").and_then(Value::as_array).into_iter().flatten();
    let addresses = emails.map(|email| ("emails.value", email.get("value")));
    for (name, value) in names.into_iter().chain(addresses) {
        if let Some(text) = value.and_then(Value::as_str) {
            require_short(name, text)?;
        }
    }
    Ok(())
}

/// Refuses a value of an attribute that no index could hold.
pub(crate) fn require_short(name: &str, text: &str) -> Result<()> {
    if text.len() <= LONGEST_INDEXED {
        return Ok(());
    }
    Err(Error::value(format!("{name}: it is longer than {LONGEST_INDEXED} bytes")))
}

/// How often a change has lost against others, and was made again.
#[derive(Debug, Default)]
pub(crate) struct Retries(u32);

impl Retries {
    /// Whether nothing has been lost yet.
    pub(crate) fn are_none(&self) -> bool {
        self.0 == 0
    }

    /// Allows the change to be tried again. Errors: every other error, and the loss itself when it was one too many.
    pub(crate) fn again(&mut self, error: Error) -> Result<()> {
        self.0 += 1;
        if error.reason() == ErrorReason::Conflict && self.0 < TRIES { Ok(()) } else { Err(error) }
    }
}
