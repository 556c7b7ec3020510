//! What is wrong in a file, where, and what would be right.

use serde_saphyr::{Error, Location, Spanned};
use strsim::normalized_damerau_levenshtein;

/// How alike two words must be for the one to be meant by the other; 1 is the same.
const ALIKE: f64 = 0.6;

/// A mistake in a file.
#[derive(Debug)]
pub(super) struct Mistake {
    /// From 1 on.
    pub(super) line: u64,
    /// From 1 on, in characters.
    pub(super) column: u64,
    /// In one line.
    pub(super) what: String,
}

impl Mistake {
    /// A mistake in a value.
    pub(super) fn at<T>(value: &Spanned<T>, what: String) -> Self {
        Self { line: value.referenced.line(), column: value.referenced.column(), what }
    }
}

impl From<Error> for Mistake {
    fn from(error: Error) -> Self {
        let place = error.location().unwrap_or(Location::UNKNOWN);
        let what = match error.without_snippet() {
            Error::SerdeUnknownField { field, expected, .. } => unknown("field", field, expected),
            Error::SerdeUnknownVariant { variant, expected, .. } => unknown("value", variant, expected),
            Error::SerdeMissingField { field, .. } => format!("the field {field:?} is missing"),
            Error::DuplicateMappingKey { key: Some(key), .. } => format!("{key} stands here twice"),
            Error::Message { msg, .. } => msg.clone(),
            other => {
                let text = other.to_string();
                text.rsplit_once(" at line ").map_or(text.clone(), |(what, _)| what.to_owned())
            }
        };
        Self { line: place.line().max(1), column: place.column().max(1), what: what.replace('\n', " ") }
    }
}

/// Says that a word is none of those that can stand in a place, and which one is meant, or which there are.
pub(super) fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    let plain = |word: &str| word.to_lowercase().replace(['_', ' '], "-");
    let likeness = |known: &&str| normalized_damerau_levenshtein(&plain(word), &plain(known));
    let nearest = known.iter().copied().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    match nearest.filter(|nearest| likeness(nearest) >= ALIKE) {
        Some(nearest) => format!("there is no {what} {word:?} here; did you mean {nearest:?}?"),
        None => format!("there is no {what} {word:?} here; there are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_nearly_right_is_corrected_and_another_one_answered_with_all() {
        let known = ["profile", "provisioning", "retention-days"];
        assert!(unknown("field", "retentionDays", &known).ends_with("did you mean \"retention-days\"?"));
        assert!(unknown("field", "retention_days", &known).ends_with("did you mean \"retention-days\"?"));
        assert!(
            unknown("field", "colour", &known).ends_with("there are profile, provisioning, retention-days")
        );
        assert!(unknown("field", "x", &[]).ends_with("there are "));
    }
}
