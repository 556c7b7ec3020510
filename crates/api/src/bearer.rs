//! Whose credential a call came with: what the core tells a gateway that asks, for its access log.

use tonic::codegen::http::{HeaderMap, HeaderValue};

/// The metadata key by which a gateway asks to be told.
pub const TELL_BEARER: &str = "rollcall-tell-bearer";
/// The keys of what it is told, in the metadata of the answer.
const DIRECTORY: &str = "rollcall-bearer-directory";
const PREFIX: &str = "rollcall-bearer-prefix";

/// Who presented a credential: an extension of the answers of a gateway that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The directory that the credential is bound to; `None`, all.
    pub directory: Option<String>,
    /// What the credential is known by: the part of its text that is no secret.
    pub prefix: String,
}

impl Bearer {
    /// Writes it into the metadata of an answer.
    pub fn write(&self, metadata: &mut HeaderMap) {
        for (key, text) in [(DIRECTORY, self.directory.as_deref()), (PREFIX, Some(self.prefix.as_str()))] {
            if let Some(value) = text.and_then(|text| HeaderValue::from_str(text).ok()) {
                metadata.insert(key, value);
            }
        }
    }

    /// Reads it out of the metadata of an answer; `None`, it does not say.
    pub fn read(metadata: &HeaderMap) -> Option<Self> {
        let text = |key: &str| metadata.get(key).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Some(Self { directory: text(DIRECTORY), prefix: text(PREFIX)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for directory in [Some("acme".to_owned()), None] {
            let bearer = Bearer { directory, prefix: "rc_scim_abcdef".to_owned() };
            let mut metadata = HeaderMap::new();
            assert_eq!(Bearer::read(&metadata), None);
            bearer.write(&mut metadata);
            assert_eq!(Bearer::read(&metadata), Some(bearer));
        }
    }
}
