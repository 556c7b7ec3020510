//! What must not stay of a request: secrets never, and in directories that want it so what says who a person is.
//!
//! It fails closed. A body is taken apart as JSON and put together again: what cannot be taken apart, or was cut off before
//! it could be judged, is left out, and so is what has no name. Secrets are known by their names, by the form of our own ones,
//! and, once they have been found in a request, wherever else they turn up in it.

mod json;
mod names;
mod personal;
mod query;
mod writer;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use rollcall_api::secrets::hide_own_secrets;
use rollcall_store::Body;
use secrecy::{ExposeSecret as _, SecretString};

use self::writer::Writer;
use crate::error::LONGEST_ECHO;

/// What stands where something was.
pub(super) const REDACTED: &str = "[redacted]";
/// Shorter secrets than this are not looked for elsewhere: they would be found in every other word.
const SHORTEST_SECRET: usize = 4;
/// The longest body that is kept, in bytes.
pub(super) const LONGEST_BODY: usize = 16 * 1024;

/// A secret in every spelling in which it may be repeated; none, it is too short to be looked for.
pub(super) fn spellings(secret: &str) -> Vec<SecretString> {
    if secret.len() < SHORTEST_SECRET {
        return Vec::new();
    }
    let quoted = [format!("{secret:?}"), serde_json::Value::from(secret).to_string()];
    let quoted = quoted.iter().map(|quoted| quoted.trim_matches('"')).filter(|spelling| *spelling != secret);
    quoted.chain([secret]).map(SecretString::from).collect()
}

/// What is known of the secrets of one request.
#[derive(Debug)]
pub(super) struct Redaction<'a> {
    /// Whether personal data is replaced too.
    personal: bool,
    /// The credential that it came with, as [`spellings`] has it.
    presented: &'a [SecretString],
    /// The secrets that have been found in it, likewise.
    found: Vec<SecretString>,
}

impl<'a> Redaction<'a> {
    /// For a request that came with this credential. Bodies come before everything else: what they hide is then hidden in
    /// the texts too.
    pub(super) fn new(presented: &'a [SecretString], personal: bool) -> Self {
        Self { personal, presented, found: Vec::new() }
    }

    /// The same, which knows further secrets in it.
    pub(super) fn knowing(mut self, secrets: &[SecretString]) -> Self {
        self.found.extend(secrets.iter().flat_map(|secret| spellings(secret.expose_secret())));
        self
    }

    /// The same, which knows what stands in a path and a query that were sent with an encoding too many: a detail repeats it
    /// without the one that was right, whole or its beginning.
    pub(super) fn knowing_encoded(mut self, path: &str, query: &str) -> Self {
        for part in path.split('/').chain(query.split(['&', '='])) {
            let once = percent_decode_str(part).decode_utf8_lossy();
            if once.contains('%') && self.is_secret_in_url(&once) {
                let beginning = once.char_indices().nth(LONGEST_ECHO).and_then(|(end, _)| once.get(..end));
                self.found.extend(std::iter::once(&*once).chain(beginning).map(SecretString::from));
            }
        }
        self
    }

    fn secrets(&self) -> impl Iterator<Item = &str> {
        self.presented.iter().chain(&self.found).map(SecretString::expose_secret)
    }

    /// The beginning of a body of so many bytes; `None`, there was none.
    pub(super) fn body(&mut self, beginning: &[u8], bytes: i64) -> Option<Body> {
        if bytes == 0 {
            return None;
        }
        let read = json::read(beginning, usize::try_from(bytes).is_ok_and(|bytes| beginning.len() >= bytes));
        let mut writer = Writer::new(self);
        if let Some(node) = &read.node {
            writer.write(node);
        }
        let (json, found, full) = writer.end();
        self.found.extend(found.iter().flat_map(|secret| spellings(secret)));
        Some(Body { json: self.without_secrets_in_json(json), cut: read.cut || full, bytes })
    }

    /// A text for people, such as the detail of an error, which may repeat what was sent.
    pub(super) fn text(&self, text: &str) -> String {
        let text = self.plain(text);
        if self.personal { personal::text(&text) } else { text }
    }

    /// A text that is about no person, such as a User-Agent.
    pub(super) fn plain(&self, text: &str) -> String {
        let mut text = hide_own_secrets(text).into_owned();
        for secret in self.secrets() {
            if text.contains(secret) {
                text = text.replace(secret, REDACTED);
            }
        }
        // PostgreSQL keeps no text with it.
        if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
    }

    /// A path as it was sent.
    pub(super) fn path(&self, path: &str) -> String {
        let segment = |segment: &str| {
            if self.is_secret_in_url(segment) || (self.personal && !personal::is_harmless_segment(segment)) {
                REDACTED.to_owned()
            } else {
                self.plain(segment)
            }
        };
        path.split('/').map(segment).collect::<Vec<_>>().join("/")
    }

    /// The id of a resource, as it was sent.
    pub(super) fn id(&self, id: &str) -> String {
        let is_encoded_secret = id.contains('%') && self.is_secret_in_url(id);
        let is_hidden = is_encoded_secret || (self.personal && !personal::is_id(id));
        if is_hidden { REDACTED.to_owned() } else { self.plain(id) }
    }

    /// A query as it was sent.
    pub(super) fn query(&self, query: &str) -> String {
        query.split('&').map(|parameter| query::parameter(self, parameter)).collect::<Vec<_>>().join("&")
    }

    /// Whether a text has a secret in it.
    fn is_secret(&self, text: &str) -> bool {
        self.secrets().any(|secret| text.contains(secret)) || matches!(hide_own_secrets(text), Cow::Owned(_))
    }

    /// Whether a part of a URL has a secret in it, without its percent-encoding, which it may have twice, or which the secret may
    /// only look like.
    fn is_secret_in_url(&self, part: &str) -> bool {
        let is_secret = |part: &str| {
            let once = percent_decode_str(part).decode_utf8_lossy();
            self.is_secret(&once) || self.is_secret(&decoded(part))
        };
        is_secret(part) || self.is_secret(part) || (part.contains('+') && is_secret(&part.replace('+', " ")))
    }

    /// JSON in which a secret that was found late, behind where else it stands, is hidden too. If that breaks the JSON, it
    /// is left out.
    fn without_secrets_in_json(&self, json: String) -> String {
        if !self.secrets().any(|secret| json.contains(secret)) {
            return json;
        }
        let hidden = self.plain(&json);
        if serde_json::from_str::<serde_json::Value>(&hidden).is_ok() { hidden } else { String::new() }
    }
}

/// A part of a URL without its percent-encoding, which it may have twice.
pub(super) fn decoded(text: &str) -> Cow<'_, str> {
    match percent_decode_str(text).decode_utf8_lossy() {
        Cow::Borrowed(text) => Cow::Borrowed(text),
        Cow::Owned(once) => percent_decode_str(&once).decode_utf8_lossy().into_owned().into(),
    }
}

#[cfg(test)]
mod tests;
