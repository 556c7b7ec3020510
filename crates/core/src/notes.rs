//! What is noted of a request beside its answer, for the activity log. It travels as metadata of the answer, be it a result
//! or an error.

use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rollcall_api::NOTE;

/// Notes of one request at most.
const MOST: usize = 20;
/// The longest note in characters: notes travel in headers, whose size is limited.
const LONGEST: usize = 200;
/// What a header cannot hold.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// The notes of one request. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    /// Adds a note. One that is there already is not added again, since a change that lost against another one is made
    /// anew.
    pub(crate) fn add(&self, note: &str) {
        let note: String = note.chars().take(LONGEST).collect();
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < MOST && !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Writes the notes into the metadata of an answer.
    pub(crate) fn write(&self, metadata: &mut HeaderMap) {
        for note in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let encoded = utf8_percent_encode(note, ENCODED).to_string();
            if let Ok(value) = HeaderValue::from_str(&encoded) {
                metadata.append(HeaderName::from_static(NOTE), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_written_once_each_and_in_ascii() {
        let notes = Notes::default();
        notes.add("20 % of é\n");
        notes.clone().add("second");
        notes.add("20 % of é\n");
        let mut metadata = HeaderMap::new();
        notes.write(&mut metadata);
        let written: Vec<_> = metadata.get_all(NOTE).iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!(written, ["20 %25 of %C3%A9%0A", "second"]);
    }

    #[test]
    fn there_are_only_so_many_and_none_is_too_long() {
        let notes = Notes::default();
        for number in 0..100 {
            notes.add(&format!("{number}{}", "é".repeat(1000)));
        }
        let mut metadata = HeaderMap::new();
        notes.write(&mut metadata);
        assert_eq!(metadata.len(), MOST);
        assert!(metadata.values().all(|value| value.len() < 6 * LONGEST + 10));
    }
}
