//! What is noted of a request beside its answer, for the activity log; and whose request it was, where a gateway asks. It
//! travels as metadata of the answer, be it a result or an error.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rollcall_api::NOTE;
use rollcall_api::bearer::{Bearer, TELL_BEARER};

/// Notes of one request at most.
const MOST: usize = 20;
/// The longest note in characters: notes travel in headers, whose size is limited.
const LONGEST: usize = 200;
/// What a header cannot hold.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// The notes of one request. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes(Arc<Noted>);

#[derive(Debug, Default)]
struct Noted {
    notes: Mutex<Vec<String>>,
    /// `None`: nobody asks.
    bearer: Option<OnceLock<Bearer>>,
}

impl Notes {
    /// Of a request that came with this metadata.
    pub(crate) fn of(metadata: &HeaderMap) -> Self {
        let bearer = metadata.contains_key(TELL_BEARER).then(OnceLock::new);
        Self(Arc::new(Noted { notes: Mutex::default(), bearer }))
    }

    /// Notes whose request it is, if somebody asks.
    pub(crate) fn tell_bearer(&self, bearer: impl FnOnce() -> Bearer) {
        if let Some(told) = &self.0.bearer {
            told.get_or_init(bearer);
        }
    }

    /// Adds a note. One that is there already is not added again, since a change that lost against another one is made
    /// anew.
    pub(crate) fn add(&self, note: &str) {
        let note: String = note.chars().take(LONGEST).collect();
        let mut notes = self.0.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < MOST && !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Writes them into the metadata of an answer.
    pub(crate) fn write(&self, metadata: &mut HeaderMap) {
        if let Some(bearer) = self.0.bearer.as_ref().and_then(OnceLock::get) {
            bearer.write(metadata);
        }
        for note in &*self.0.notes.lock().unwrap_or_else(PoisonError::into_inner) {
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
    fn whose_request_it_is_is_told_to_who_asks() {
        let bearer = || Bearer { directory: None, prefix: "rc_scim_abcdef".to_owned() };
        let told = |asked: HeaderMap| {
            let (notes, mut metadata) = (Notes::of(&asked), HeaderMap::new());
            notes.tell_bearer(bearer);
            notes.write(&mut metadata);
            Bearer::read(&metadata)
        };
        assert_eq!(told(HeaderMap::new()), None);
        let asked = [(HeaderName::from_static(TELL_BEARER), HeaderValue::from_static("1"))];
        assert_eq!(told(HeaderMap::from_iter(asked)), Some(bearer()));
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
