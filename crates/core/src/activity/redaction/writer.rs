//! A body as it is kept: put together anew, with what must not stay replaced.

use rollcall_api::secrets::hide_own_secrets;

use super::json::{self, Node};
use super::names::{is_secret_name, mentions_secret};
use super::{LONGEST_BODY, REDACTED, Redaction, personal};

/// Members that show a person what an object is called: they do not say what its `value` is.
const LABELS: [&str; 4] = ["display", "displayName", "description", "detail"];

/// Writes JSON, and collects the secrets that it comes by.
pub(super) struct Writer<'r> {
    redaction: &'r Redaction<'r>,
    text: String,
    found: Vec<String>,
    /// Whether something was left out because the text grew too long.
    full: bool,
}

impl<'r> Writer<'r> {
    pub(super) fn new(redaction: &'r Redaction<'r>) -> Self {
        Self { redaction, text: String::new(), found: Vec::new(), full: false }
    }

    /// The text, the secrets, and whether something was left out for want of room.
    pub(super) fn end(self) -> (String, Vec<String>, bool) {
        (self.text, self.found, self.full)
    }

    pub(super) fn write(&mut self, node: &Node) {
        self.node(None, node);
    }

    /// Writes the value of a member, or an element of it. Of what has no name nothing says that it is no secret.
    fn node(&mut self, name: Option<&str>, node: &Node) {
        match (node, name) {
            (Node::Plain(written), _) if matches!(written.as_str(), "true" | "false" | "null") => {
                self.text.push_str(written);
            }
            (Node::Text(_) | Node::Plain(_), None) => {
                self.learn(node);
                self.string(REDACTED);
            }
            (Node::Text(text), Some(name)) => {
                let text = self.embedded(text).unwrap_or_else(|| self.kept(name, text));
                self.string(&text);
            }
            (Node::Plain(_), Some(name)) if self.redaction.personal && !personal::is_harmless_name(name) => {
                self.string(REDACTED);
            }
            (Node::Plain(number), Some(_)) => self.text.push_str(number),
            (Node::Array(values), _) => {
                self.text.push('[');
                for (place, value) in values.iter().enumerate() {
                    if self.is_full() {
                        break;
                    }
                    if place > 0 {
                        self.text.push(',');
                    }
                    self.node(name, value);
                }
                self.text.push(']');
            }
            (Node::Object { members, ended }, _) => self.object(members, *ended),
        }
    }

    fn object(&mut self, members: &[(String, Node)], ended: bool) {
        let is_secret = is_value_secret(members);
        // What was cut off may have said that it is one.
        let may_be_secret = !ended && !members.iter().any(|(name, _)| name.eq_ignore_ascii_case("path"));
        self.text.push('{');
        for (place, (name, value)) in members.iter().enumerate() {
            if self.is_full() {
                break;
            }
            if place > 0 {
                self.text.push(',');
            }
            let shown = self.name(name);
            self.string(&shown);
            self.text.push(':');
            if is_secret_name(name) || (is_secret && is_value(name)) {
                self.learn(value);
                self.string(REDACTED);
            } else if may_be_secret && is_value(name) {
                self.string(REDACTED);
            } else {
                self.node(Some(name), value);
            }
        }
        self.text.push('}');
    }

    /// What is kept of a text that is an object with a secret in it, as a PATCH may have one for its value; `None`, it is none.
    /// What begins as an object and cannot be taken apart is left out.
    fn embedded(&mut self, text: &str) -> Option<String> {
        if !text.trim_start().starts_with('{') || !text.contains('"') {
            return None;
        }
        let read = json::read(text.as_bytes(), true);
        let Some(node) = read.node.filter(|_| !read.cut) else { return Some(REDACTED.to_owned()) };
        let mut writer = Writer::new(self.redaction);
        writer.write(&node);
        let (json, found, _) = writer.end();
        let has_secret = !found.is_empty();
        self.found.extend(found);
        has_secret.then_some(json)
    }

    /// What is kept of a text.
    fn kept(&self, name: &str, text: &str) -> String {
        let is_expression = ["filter", "path"].iter().any(|expression| name.eq_ignore_ascii_case(expression));
        if is_expression && mentions_secret(text) && text.contains(|c: char| c.is_whitespace() || c == '"') {
            return REDACTED.to_owned();
        }
        if self.redaction.is_secret(text) {
            return self.redaction.plain(text);
        }
        if self.redaction.personal { personal::value(name, text) } else { text.to_owned() }
    }

    /// What is kept of a name.
    fn name(&self, name: &str) -> String {
        if self.redaction.personal && !personal::is_token(name) {
            return REDACTED.to_owned();
        }
        hide_own_secrets(name).into_owned()
    }

    /// Takes note of every text in what is hidden.
    fn learn(&mut self, hidden: &Node) {
        match hidden {
            Node::Text(text) => self.found.push(text.clone()),
            Node::Plain(word) if matches!(word.as_str(), "true" | "false" | "null") => {}
            Node::Plain(number) => self.found.push(number.clone()),
            Node::Array(values) => values.iter().for_each(|value| self.learn(value)),
            Node::Object { members, .. } => members.iter().for_each(|(_, value)| self.learn(value)),
        }
    }

    fn string(&mut self, text: &str) {
        self.text.push_str(&serde_json::Value::from(text).to_string());
    }

    fn is_full(&mut self) -> bool {
        self.full |= self.text.len() >= LONGEST_BODY;
        self.full
    }
}

/// Whether the `value` of an object is a secret: something beside it says so, such as the path of an operation.
fn is_value_secret(members: &[(String, Node)]) -> bool {
    members.iter().any(|(name, node)| {
        !is_value(name)
            && !LABELS.iter().any(|label| name.eq_ignore_ascii_case(label))
            && matches!(node, Node::Text(text) if is_secret_name(text))
    })
}

/// `value`, however it is spelt.
fn is_value(name: &str) -> bool {
    name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("value"))
}
