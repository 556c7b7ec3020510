//! What the core notes of a request beside its answer, for the activity log.

use std::sync::{Mutex, PoisonError};

use percent_encoding::percent_decode_str;
use rollcall_api::NOTE;
use tonic::metadata::MetadataMap;

/// The notes of one request. A request may ask the core more than once.
#[derive(Debug, Default)]
pub(crate) struct Notes(Mutex<Vec<String>>);

impl Notes {
    /// Takes the notes out of the metadata of an answer.
    pub(crate) fn read(&self, metadata: &MetadataMap) {
        if !metadata.contains_key(NOTE) {
            return;
        }
        let found = metadata.get_all(NOTE).into_iter().filter_map(|note| note.to_str().ok());
        let found = found.map(|note| percent_decode_str(note).decode_utf8_lossy().into_owned());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
    }

    /// The notes.
    pub(crate) fn into_inner(self) -> Vec<String> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_kept_in_order_over_all_answers_and_may_be_in_any_language() {
        let notes = Notes::default();
        let mut answer = MetadataMap::new();
        notes.read(&answer);
        answer.append(NOTE, "emails: 100%25 ignored".parse().unwrap());
        answer.append(NOTE, "%C3%A9".parse().unwrap());
        notes.read(&answer);
        notes.read(&answer);
        let expected = ["emails: 100% ignored", "é", "emails: 100% ignored", "é"];
        assert_eq!(notes.into_inner(), expected);
    }
}
