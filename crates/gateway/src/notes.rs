//! What the core notes of a request beside its answer, for the activity log; and whose request it was, for the access log.

use std::sync::{Mutex, OnceLock, PoisonError};

use percent_encoding::percent_decode_str;
use rollcall_api::NOTE;
use rollcall_api::bearer::Bearer;
use tonic::metadata::MetadataMap;

/// The notes of one request. A request may ask the core more than once.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    notes: Mutex<Vec<String>>,
    bearer: OnceLock<Bearer>,
}

impl Notes {
    /// Takes the notes out of the metadata of an answer.
    pub(crate) fn read(&self, metadata: &MetadataMap) {
        if let Some(bearer) = Bearer::read(metadata.as_ref()) {
            self.bearer.get_or_init(|| bearer);
        }
        if !metadata.contains_key(NOTE) {
            return;
        }
        let found = metadata.get_all(NOTE).into_iter().filter_map(|note| note.to_str().ok());
        let found = found.map(|note| percent_decode_str(note).decode_utf8_lossy().into_owned());
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).extend(found);
    }

    /// Whose request it was, where the core was asked.
    pub(crate) fn bearer(&self) -> Option<&Bearer> {
        self.bearer.get()
    }

    /// The notes.
    pub(crate) fn into_inner(self) -> Vec<String> {
        self.notes.into_inner().unwrap_or_else(PoisonError::into_inner)
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
