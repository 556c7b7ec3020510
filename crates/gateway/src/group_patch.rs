//! The body of a PATCH of a group. An operation whose value is a list of members is cut into parts, each of which fits into
//! a message, and is never built as a tree; everything else is passed on as it came.

use rollcall_api::patch;
use rollcall_api::v1::patch_operation::Kind as MessageKind;
use rollcall_api::v1::value::Kind as ValueKind;
use rollcall_api::v1::{ErrorReason, ListValue, MapEntry, MapValue, PatchOperation, Value};
use rollcall_api::value::to_message;
use rollcall_scim::patch::{Kind, Operation};
use rollcall_scim::schema::GROUP;
use serde_json::value::RawValue;

use crate::allowance::Allowance;
use crate::error::Refusal;
use crate::member_ids::{IDS_IN_A_MESSAGE, Ids, Members, is_members, scan};
use crate::patch_body::{Sent, head, no_operation, no_operations, require_schema};
use crate::raw::{self, RawObject};

const MEMBERS: &str = "members";

/// More operations than any core takes.
const MOST_OPERATIONS: usize = 100_000;

/// The operations of a PATCH of a group, in order.
#[derive(Debug, Default)]
pub(crate) struct GroupPatch(Vec<Step>);

/// One operation as it was sent.
#[derive(Debug)]
struct Step {
    kind: Kind,
    path: Option<String>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Absent,
    Value(serde_json::Value),
    /// The value of a path that means the members.
    Members(Ids),
    /// A value without a path that has members among its attributes.
    Attributes(serde_json::Map<String, serde_json::Value>, Ids),
}

impl GroupPatch {
    /// Reads a PATCH, which stands so many levels deep in its body.
    ///
    /// Errors: `invalidSyntax`, naming the operation by its position, from 0; past what is allowed beside members, that.
    pub(crate) fn read(
        mut object: RawObject<'_>,
        levels: usize,
        allowance: &mut Allowance,
    ) -> Result<Self, Refusal> {
        let schemas = object.take("schemas").map(|schemas| raw::value(schemas, levels + 1)).transpose()?;
        require_schema(schemas.as_ref())?;
        let operations = object.take("Operations");
        let Some(operations) = operations.filter(|operations| raw::is_array(operations)) else {
            return Err(no_operations(operations.map(raw::kind)).into());
        };
        Self::of_operations(operations, levels + 1, allowance)
    }

    /// Reads `Operations` themselves.
    pub(crate) fn of_operations(
        operations: &RawValue,
        levels: usize,
        allowance: &mut Allowance,
    ) -> Result<Self, Refusal> {
        let operations =
            raw::array(operations, MOST_OPERATIONS).map_err(|refusal| within("Operations", &refusal))?;
        let steps =
            operations.into_iter().enumerate().map(|(index, raw)| step(index, raw, levels + 1, allowance));
        Ok(Self(steps.collect::<Result<_, _>>()?))
    }

    /// The operations as they go to the core.
    pub(crate) fn into_operations(self) -> impl Iterator<Item = PatchOperation> + Send + 'static {
        self.0.into_iter().flat_map(Step::into_operations)
    }

    /// The operations in lists that each fit into a message; at least one list.
    pub(crate) fn into_chunks(self) -> impl Iterator<Item = Vec<PatchOperation>> + Send + 'static {
        let mut operations = self.into_operations();
        let mut is_first = true;
        std::iter::from_fn(move || {
            let mut chunk = Vec::new();
            let mut ids = 0;
            while ids < IDS_IN_A_MESSAGE
                && let Some(operation) = operations.next()
            {
                ids += 1 + ids_in(&operation);
                chunk.push(operation);
            }
            let goes_on = is_first || !chunk.is_empty();
            is_first = false;
            goes_on.then_some(chunk)
        })
    }
}

impl Sent for &RawValue {
    fn kind(&self) -> &'static str {
        raw::kind(self)
    }

    fn is_null(&self) -> bool {
        raw::is_null(self)
    }

    fn text(self) -> Option<String> {
        raw::text(self)
    }
}

fn step(index: usize, raw: &RawValue, levels: usize, allowance: &mut Allowance) -> Result<Step, Refusal> {
    if !raw::is_object(raw) {
        return Err(no_operation(index, raw::kind(raw)).into());
    }
    let place = |part: &str| format!("Operations[{index}]{part}");
    let mut object = RawObject::of(raw).map_err(|refusal| within(&place(""), &refusal))?;
    let (kind, path) = head(index, object.take("op"), object.take("path"))?;
    let content = match object.take("value") {
        None => Content::Absent,
        Some(value) => content(kind, path.as_deref(), value, levels + 1, allowance)
            .map_err(|refusal| within(&place(".value"), &refusal))?,
    };
    Ok(Step { kind, path, content })
}

fn content(
    kind: Kind,
    path: Option<&str>,
    value: &RawValue,
    levels: usize,
    allowance: &mut Allowance,
) -> Result<Content, Refusal> {
    let path = path.map(str::trim).filter(|path| !path.is_empty() && !path.eq_ignore_ascii_case(GROUP));
    match path {
        Some(path) if is_members(path) && raw::is_array(value) => {
            // What is no member is the core's to refuse.
            if let Members::Ids(ids) = scan(value)? {
                return Ok(Content::Members(ids));
            }
        }
        None if kind != Kind::Remove && raw::is_object(value) => {
            if let Some(attributes) = attributes(value, levels, allowance)? {
                return Ok(attributes);
            }
        }
        _ => {}
    }
    allowance.take(value.get().as_bytes())?;
    Ok(Content::Value(raw::value(value, levels)?))
}

/// A value without a path, if it has a list of members.
fn attributes(
    value: &RawValue,
    levels: usize,
    allowance: &mut Allowance,
) -> Result<Option<Content>, Refusal> {
    let object = RawObject::of(value)?;
    let mut attributes = serde_json::Map::new();
    let mut members = None;
    for (name, value) in object {
        if is_members(&name) && raw::is_array(value) && members.is_none() {
            let Members::Ids(ids) = scan(value)? else { return Ok(None) };
            members = Some(ids);
        } else if is_members(&name) && members.is_some() {
            return Ok(None);
        } else {
            allowance.take(value.get().as_bytes())?;
            attributes.insert(name, raw::value(value, levels + 1)?);
        }
    }
    Ok(members.map(|ids| Content::Attributes(attributes, ids)))
}

/// A refusal with the place where its text goes on from.
fn within(place: &str, refusal: &Refusal) -> Refusal {
    match refusal.reason {
        ErrorReason::PayloadTooLarge => Refusal::new(refusal.reason, refusal.detail.clone()),
        reason => Refusal::new(reason, format!("{place}: {}", refusal.detail)),
    }
}

impl Step {
    /// The operation as it goes to the core, in parts where its list is long.
    fn into_operations(self) -> Box<dyn Iterator<Item = PatchOperation> + Send> {
        let Self { kind, path, content } = self;
        match content {
            Content::Absent => Box::new(one(Operation { kind, path, value: None })),
            Content::Value(value) => Box::new(one(Operation { kind, path, value: Some(value) })),
            Content::Members(ids) => {
                Box::new(ids.into_chunks().enumerate().map(move |(index, ids)| PatchOperation {
                    kind: message_kind(kind).into(),
                    path: path.clone(),
                    value: Some(list(ids)),
                    continues: index > 0,
                }))
            }
            Content::Attributes(attributes, ids) => {
                let mut chunks = ids.into_chunks();
                let mut entries: Vec<MapEntry> = attributes
                    .into_iter()
                    .map(|(name, value)| MapEntry { name, value: Some(to_message(value)) })
                    .collect();
                entries.extend(
                    chunks.next().map(|ids| MapEntry { name: MEMBERS.to_owned(), value: Some(list(ids)) }),
                );
                let first = PatchOperation {
                    kind: message_kind(kind).into(),
                    path,
                    value: Some(Value { kind: Some(ValueKind::MapValue(MapValue { entries })) }),
                    continues: false,
                };
                Box::new(std::iter::once(first).chain(chunks.map(move |ids| PatchOperation {
                    kind: message_kind(kind).into(),
                    path: Some(MEMBERS.to_owned()),
                    value: Some(list(ids)),
                    continues: true,
                })))
            }
        }
    }
}

fn one(operation: Operation) -> impl Iterator<Item = PatchOperation> + Send {
    patch::to_messages(vec![operation]).into_iter()
}

fn message_kind(kind: Kind) -> MessageKind {
    match kind {
        Kind::Add => MessageKind::Add,
        Kind::Remove => MessageKind::Remove,
        Kind::Replace => MessageKind::Replace,
    }
}

/// A list of ids, as bare strings.
fn list(ids: Vec<String>) -> Value {
    let values = ids.into_iter().map(|id| Value { kind: Some(ValueKind::StringValue(id)) }).collect();
    Value { kind: Some(ValueKind::ListValue(ListValue { values })) }
}

/// How many ids an operation carries.
fn ids_in(operation: &PatchOperation) -> usize {
    let of = |value: &Value| match &value.kind {
        Some(ValueKind::ListValue(list)) => list.values.len(),
        _ => 0,
    };
    match operation.value.as_ref().and_then(|value| value.kind.as_ref()) {
        Some(ValueKind::ListValue(list)) => list.values.len(),
        Some(ValueKind::MapValue(map)) => {
            map.entries.iter().filter_map(|entry| entry.value.as_ref()).map(of).sum()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use rollcall_api::patch::from_messages;
    use serde_json::json;

    use super::*;

    const LIMIT: usize = 2000;

    fn read(operations: &serde_json::Value) -> Result<GroupPatch, Refusal> {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];
        let body = json!({"schemas": schemas, "Operations": operations}).to_string();
        GroupPatch::read(RawObject::of_body(body.as_bytes()).unwrap(), 0, &mut Allowance::of_one(LIMIT))
    }

    fn sent(operations: &serde_json::Value) -> Vec<Operation> {
        from_messages(read(operations).unwrap().into_operations().collect()).unwrap()
    }

    fn operation(kind: Kind, path: Option<&str>, value: serde_json::Value) -> Operation {
        Operation { kind, path: path.map(str::to_owned), value: Some(value) }
    }

    fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
        range.map(|number| number.to_string()).collect()
    }

    #[test]
    fn members_travel_as_bare_ids_and_all_else_as_it_came() {
        let path = "urn:ietf:params:scim:schemas:core:2.0:Group:Members";
        assert_eq!(
            sent(&json!([
                {"op": "Add", "path": path, "value": [{"$ref": null, "value": "u1"}, "u2"], "name": "x"},
                {"op": "Replace", "path": "members", "value": []},
                {"op": "remove", "path": "members[value eq \"u1\"]"},
                {"op": "remove", "path": "members", "value": null},
                {"op": "remove", "path": "members", "value": {"members": ["u1"]}},
                {"op": "add", "path": "members", "value": [{"display": "x"}]},
                {"op": "replace", "path": "displayName", "value": "Ops"},
            ])),
            [
                operation(Kind::Add, Some(path), json!(["u1", "u2"])),
                operation(Kind::Replace, Some("members"), json!([])),
                Operation {
                    kind: Kind::Remove,
                    path: Some("members[value eq \"u1\"]".to_owned()),
                    value: None
                },
                operation(Kind::Remove, Some("members"), json!(null)),
                operation(Kind::Remove, Some("members"), json!({"members": ["u1"]})),
                operation(Kind::Add, Some("members"), json!([{"display": "x"}])),
                operation(Kind::Replace, Some("displayName"), json!("Ops")),
            ]
        );
    }

    #[test]
    fn a_long_list_is_cut_and_stays_one_operation() {
        for (op, kind) in [("add", Kind::Add), ("replace", Kind::Replace), ("remove", Kind::Remove)] {
            let operations = json!([{"op": op, "path": "members", "value": numbers(0..2001)}]);
            let parts: Vec<_> = read(&operations).unwrap().into_operations().collect();
            let sizes: Vec<_> = parts.iter().map(|part| (ids_in(part), part.continues)).collect();
            assert_eq!(sizes, [(1000, false), (1000, true), (1, true)], "{op}");
            assert_eq!(
                from_messages(parts).unwrap(),
                [operation(kind, Some("members"), json!(numbers(0..2001)))]
            );
        }
    }

    #[test]
    fn members_among_attributes_are_cut_too() {
        let value = json!({"id": "g1", "MEMBERS": numbers(0..1001), "displayName": "Ops"});
        let operations = json!([{"op": "replace", "value": value}]);
        let parts: Vec<_> = read(&operations).unwrap().into_operations().collect();
        assert_eq!(parts.iter().map(|part| part.continues).collect::<Vec<_>>(), [false, true]);
        let whole = json!({"id": "g1", "displayName": "Ops", "members": numbers(0..1001)});
        assert_eq!(from_messages(parts).unwrap(), [operation(Kind::Replace, None, whole)]);
        for value in [
            json!({"members": null}),
            json!({"members": ["u1", 7]}),
            json!({"members": ["u1"], "Members": ["u2"]}),
            json!("{\"members\": []}"),
        ] {
            assert_eq!(sent(&json!([{"op": "add", "value": value}])), [operation(Kind::Add, None, value)]);
        }
        let value = json!({"members": ["u1"]});
        assert_eq!(sent(&json!([{"op": "remove", "value": value}])), [operation(Kind::Remove, None, value)]);
    }

    #[test]
    fn operations_are_sent_in_messages_of_a_bounded_size() {
        let mut operations = vec![json!({"op": "add", "path": "members", "value": numbers(0..1500)})];
        operations.extend(vec![json!({"op": "remove", "path": "members[value eq \"u1\"]"}); 1200]);
        let chunks: Vec<usize> =
            read(&json!(operations)).unwrap().into_chunks().map(|chunk| chunk.len()).collect();
        assert_eq!(chunks, [1, 500, 701]);
        assert_eq!(read(&json!([])).unwrap().into_chunks().count(), 1);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (operations, part) in [
            (json!({"op": "add"}), "Operations: expected an array of objects, got an object"),
            (json!([3]), "Operations[0]: expected an object, got a number"),
            (json!([{"op": "add"}, {}]), "Operations[1].op: it is missing"),
            (json!([{"op": 1}]), "Operations[0].op: expected add, remove or replace, got a number"),
            (json!([{"op": "add", "path": []}]), "Operations[0].path: expected a string, got an array"),
        ] {
            let refusal = read(&operations).unwrap_err();
            assert_eq!(refusal.reason, ErrorReason::InvalidSyntax);
            assert!(refusal.detail.contains(part), "{}", refusal.detail);
        }
        let broken = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations":[{"op":"add"},{"op":"add","path":"members","value":["\ud800"]}]}"#;
        let refusal = GroupPatch::read(
            RawObject::of_body(broken.as_bytes()).unwrap(),
            0,
            &mut Allowance::of_one(LIMIT),
        )
        .unwrap_err();
        assert!(refusal.detail.starts_with("Operations[1].value: members: no JSON"), "{}", refusal.detail);
    }

    #[test]
    fn only_members_may_be_many() {
        assert!(read(&json!([{"op": "add", "path": "members", "value": numbers(0..5000)}])).is_ok());
        for operation in [
            json!({"op": "add", "path": "urn:x:y", "value": numbers(0..5000)}),
            json!({"op": "add", "value": {"members": ["u1"], "urn:x": numbers(0..5000)}}),
            json!({"op": "add", "path": "members", "value": vec![7; 5000]}),
        ] {
            assert_eq!(read(&json!([operation])).unwrap_err().reason, ErrorReason::PayloadTooLarge);
        }
    }
}
