//! What `Debug` shows of messages: nothing that is marked as secret, whatever message it stands in.

use std::borrow::Cow;
use std::fmt::Debug;

use prost::Message;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};

use crate::FILE_DESCRIPTOR_SET;

/// What `Debug` shows of the message in these bytes.
type Shown = fn(&[u8]) -> String;

/// `Debug` of every message, from its bytes.
const SHOWN: &[(&str, Shown)] = &include!(concat!(env!("OUT_DIR"), "/shown.rs"));

/// What stands in every field that is marked.
const SECRET: &str = "hunter2-hunter2";
/// The same as a number.
const SECRET_NUMBER: i64 = 4_711_471_147;
/// What stands in every other field that is a text.
const PLAIN: &str = "in-plain-sight";
/// How deep messages are filled that have others in them: there are some that have themselves.
const DEPTH: usize = 5;

/// Whatever has one of these in its name would be taken for a secret.
const TELLING: [&str; 6] = ["secret", "token", "password", "key", "credential", "authorization"];
/// What has, and is none.
const NO_SECRETS: [(&str, &str); 12] = [
    ("page_token", "grants nothing, and is sealed"),
    ("next_page_token", "grants nothing, and is sealed"),
    ("token_id", "an id"),
    ("credential_id", "an id"),
    ("token_prefix", "its first characters, by which people know it"),
    ("key_prefix", "its first characters, by which people know it"),
    ("key_name", "what people call it"),
    ("all_keys", "whether those of all keys are meant"),
    ("any_key", "whether that of any key is meant"),
    ("password_handling", "a setting"),
    ("change_password_supported", "a capability"),
    ("rollcall.v1.HeldChange.token", "the id of the credential"),
];

fn shown<M: Message + Default + Debug>(bytes: &[u8]) -> String {
    format!("{:?}", M::decode(bytes).unwrap())
}

fn pool() -> DescriptorPool {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap()
}

fn is_marked(field: &FieldDescriptor) -> bool {
    let options = field.options();
    options.get_field_by_name("debug_redact").is_some_and(|value| *value == Value::Bool(true))
}

/// A message in which everything is filled that can be; of what excludes one another, the `choice`th.
fn filled(message: &MessageDescriptor, depth: usize, choice: usize) -> DynamicMessage {
    let mut filled = DynamicMessage::new(message.clone());
    for field in message.fields() {
        let is_chosen = field.containing_oneof().is_none_or(|oneof| {
            let place = oneof.fields().position(|other| other == field);
            place == Some(choice % oneof.fields().len())
        });
        let Some(value) = value(&field, depth, choice).filter(|_| is_chosen) else { continue };
        let value = match value {
            Value::Message(entry) if field.is_map() => {
                let of_key = entry.get_field_by_name("value").map(Cow::into_owned);
                Value::Map(
                    of_key.map(|value| (MapKey::String(PLAIN.to_owned()), value)).into_iter().collect(),
                )
            }
            value if field.is_list() => Value::List(vec![value]),
            value => value,
        };
        filled.set_field(&field, value);
    }
    filled
}

fn value(field: &FieldDescriptor, depth: usize, choice: usize) -> Option<Value> {
    let text = if is_marked(field) { SECRET } else { PLAIN };
    match field.kind() {
        Kind::String => Some(Value::String(text.to_owned())),
        Kind::Bytes => Some(Value::Bytes(text.as_bytes().to_vec().into())),
        Kind::Int64 if is_marked(field) => Some(Value::I64(SECRET_NUMBER)),
        Kind::Message(inner) if depth > 0 && inner.full_name().starts_with("rollcall.v1.") => {
            Some(Value::Message(filled(&inner, depth - 1, choice)))
        }
        _ => None,
    }
}

#[test]
fn what_is_marked_as_secret_is_shown_of_no_message() {
    let pool = pool();
    let as_bytes = format!("{:?}", SECRET.as_bytes());
    let mut redacted = 0;
    for (name, shown) in SHOWN {
        let message = pool.get_message_by_name(name).unwrap();
        for choice in 0..10 {
            let text = shown(&filled(&message, DEPTH, choice).encode_to_vec());
            for secret in [SECRET, &SECRET_NUMBER.to_string(), as_bytes.trim_matches(['[', ']'])] {
                assert!(!text.contains(secret), "{name}: {text}");
            }
            redacted += usize::from(text.contains("[redacted]"));
            // What is not marked is shown: a message that showed nothing would pass above.
            let is_told = message.fields().any(|field| {
                let is_plain = field.kind() == Kind::String && !is_marked(&field);
                is_plain && field.containing_oneof().is_none() && !field.is_map()
            });
            assert!(!is_told || text.contains(PLAIN), "{name}: {text}");
        }
    }
    assert!(redacted > 0);
}

#[test]
fn every_message_is_looked_at() {
    let ours = |message: &MessageDescriptor| message.full_name().starts_with("rollcall.v1.");
    let pool = pool();
    let all: Vec<String> = pool
        .all_messages()
        .filter(|message| ours(message) && !message.is_map_entry())
        .map(|message| message.full_name().to_owned())
        .collect();
    assert!(all.iter().eq(SHOWN.iter().map(|(name, _)| name)), "{all:?}");
}

#[test]
fn what_is_called_a_secret_is_marked_as_one() {
    let pool = pool();
    let messages = pool.all_messages().filter(|message| !message.is_map_entry());
    let fields = messages.flat_map(|message| message.fields().collect::<Vec<_>>());
    let ours = fields.filter(|field| field.full_name().starts_with("rollcall.v1."));
    let mut excused: Vec<&str> = Vec::new();
    for field in ours.filter(|field| TELLING.iter().any(|word| field.name().contains(word))) {
        // What is a message is looked at by its own fields.
        if is_marked(&field) || matches!(field.kind(), Kind::Message(_)) {
            continue;
        }
        let reason = NO_SECRETS
            .iter()
            .find(|(name, _)| [field.name(), field.full_name()].contains(name))
            .map(|(name, _)| *name);
        excused.extend(reason);
        assert!(
            reason.is_some(),
            "{}: mark it with debug_redact, or say why it is no secret",
            field.full_name()
        );
    }
    for (name, _) in NO_SECRETS {
        assert!(excused.contains(&name), "{name} is excused and there is no such field");
    }
}
