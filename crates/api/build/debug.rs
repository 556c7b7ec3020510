//! `Debug` for messages with fields that nobody is to see: those with the standard option `debug_redact`.

use std::fmt::{self, Write as _};

use prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor, OneofDescriptor, Value};

/// What stands where something was.
const REDACTED: &str = "format_args!(\"[redacted]\")";

/// The messages that have such a field.
pub(crate) fn redacted_messages(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    messages(pool).filter(|message| message.fields().any(|field| is_redacted(&field))).collect()
}

/// Rust that implements `Debug` for messages, to stand in the module of their package.
pub(crate) fn implementations(messages: &[MessageDescriptor]) -> Result<String, fmt::Error> {
    let mut code = String::new();
    for message in messages {
        write_message(&mut code, message)?;
        for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
            write_oneof(&mut code, &oneof)?;
        }
    }
    Ok(code)
}

/// A Rust array of `(full name, Debug of the message in these bytes)` for every message of ours.
pub(crate) fn table(pool: &DescriptorPool) -> Result<String, fmt::Error> {
    let mut table = String::from("[\n");
    for message in messages(pool) {
        writeln!(
            table,
            "    (\"{}\", shown::<crate::v1::{}> as fn(&[u8]) -> String),",
            message.full_name(),
            rust_path(&message)
        )?;
    }
    table.push(']');
    Ok(table)
}

fn messages(pool: &DescriptorPool) -> impl Iterator<Item = MessageDescriptor> + '_ {
    let ours = |message: &MessageDescriptor| message.full_name().starts_with("rollcall.v1.");
    pool.all_messages().filter(move |message| ours(message) && !message.is_map_entry())
}

fn is_redacted(field: &FieldDescriptor) -> bool {
    let options = field.options();
    options.get_field_by_name("debug_redact").is_some_and(|value| matches!(*value, Value::Bool(true)))
}

fn write_message(code: &mut String, message: &MessageDescriptor) -> fmt::Result {
    writeln!(code, "impl ::core::fmt::Debug for {} {{", rust_path(message))?;
    writeln!(code, "    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{")?;
    writeln!(code, "        f.debug_struct({:?})", message.name())?;
    let is_own = |field: &FieldDescriptor| field.containing_oneof().is_none_or(|oneof| oneof.is_synthetic());
    for field in message.fields().filter(is_own) {
        let name = field.name();
        if is_redacted(&field) {
            writeln!(code, "            .field({name:?}, &{REDACTED})")?;
        } else {
            writeln!(code, "            .field({name:?}, &self.r#{name})")?;
        }
    }
    for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        let name = oneof.name();
        writeln!(code, "            .field({name:?}, &self.r#{name})")?;
    }
    writeln!(code, "            .finish()\n    }}\n}}")
}

fn write_oneof(code: &mut String, oneof: &OneofDescriptor) -> fmt::Result {
    let path = format!("{}::{}", snake(&rust_path(oneof.parent_message())), camel(oneof.name()));
    writeln!(code, "impl ::core::fmt::Debug for {path} {{")?;
    writeln!(code, "    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{")?;
    writeln!(code, "        match self {{")?;
    for field in oneof.fields() {
        let variant = camel(field.name());
        if is_redacted(&field) {
            writeln!(
                code,
                "            Self::{variant}(_) => f.debug_tuple({variant:?}).field(&{REDACTED}).finish(),"
            )?;
        } else {
            writeln!(
                code,
                "            Self::{variant}(value) => f.debug_tuple({variant:?}).field(value).finish(),"
            )?;
        }
    }
    writeln!(code, "        }}\n    }}\n}}")
}

/// Where prost puts a message within the module of its package: one that stands in another is in a module of that one's name.
fn rust_path(message: &MessageDescriptor) -> String {
    match message.parent_message() {
        Some(parent) => format!("{}::{}", snake(&rust_path(&parent)), message.name()),
        None => message.name().to_owned(),
    }
}

/// A path whose last name is that of a module, and not of a type.
fn snake(path: &str) -> String {
    let (modules, name) = path.rsplit_once("::").map_or(("", path), |(modules, name)| (modules, name));
    let mut snake = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    if modules.is_empty() { snake } else { format!("{modules}::{snake}") }
}

fn camel(name: &str) -> String {
    let mut camel = String::new();
    for word in name.split('_') {
        let mut characters = word.chars();
        camel.extend(characters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(characters.as_str());
    }
    camel
}
