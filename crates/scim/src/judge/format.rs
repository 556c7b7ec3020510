//! The types whose values are strings of a certain form.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use jiff::Timestamp;

/// Whether this is a dateTime with its offset (RFC 3339, as RFC 7643 §2.3.5 shows it).
pub(super) fn is_date_time(text: &str) -> bool {
    // The parser of times knows more forms than the RFC.
    let separators = [(4, b"--"), (7, b"--"), (10, b"Tt"), (13, b"::"), (16, b"::")];
    let is_separated = separators
        .iter()
        .all(|(index, either)| text.as_bytes().get(*index).is_some_and(|byte| either.contains(byte)));
    is_separated && !text.contains('[') && text.parse::<Timestamp>().is_ok()
}

/// Whether this is base64 (RFC 4648 §4 or §5), its padding whole or left out (RFC 7643 §2.3.6). Line breaks do not
/// count.
pub(super) fn is_base64(text: &str) -> bool {
    let text: String = text.split_ascii_whitespace().collect();
    let digits = text.trim_end_matches('=');
    let is_padded_right = text.len() == digits.len() || text.len() == digits.len().next_multiple_of(4);
    let alphabet = if digits.contains(['-', '_']) { BASE64URL_NOPAD } else { BASE64_NOPAD };
    is_padded_right && alphabet.decode(digits.as_bytes()).is_ok()
}

/// Whether this can be a URI, absolute or relative (RFC 7643 §2.3.7).
pub(super) fn is_uri(text: &str) -> bool {
    !text.chars().any(|character| character.is_whitespace() || character.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_time_has_date_time_and_offset() {
        for text in ["2008-01-23T04:56:22Z", "2008-01-23t04:56:22.123456789z", "2008-01-23T04:56:22+01:00"] {
            assert!(is_date_time(text), "{text}");
        }
        for text in [
            "2008-01-23",
            "2008-01-23T04:56:22",
            "2008-01-23 04:56:22Z",
            "2008-02-30T04:56:22Z",
            "20080123T045622Z",
            "2008-01-23T04:56:22+01:00[Europe/Berlin]",
            "é",
        ] {
            assert!(!is_date_time(text), "{text}");
        }
    }

    #[test]
    fn a_uri_has_neither_spaces_nor_control_characters() {
        for text in ["https://x.test/a?b=c#d", "../Users/u2", "urn:example:x", "é", ""] {
            assert!(is_uri(text), "{text}");
        }
        for text in ["a b", " a", "a\u{7}", "\u{85}", "a\n", "a\u{2003}b"] {
            assert!(!is_uri(text), "{text:?}");
        }
    }

    #[test]
    fn base64_is_of_either_alphabet_padded_or_not() {
        for text in ["TUlJ", "TUk=", "TUk", "TQ==", "TU\r\nlJ", "-_-_", "+/+/"] {
            assert!(is_base64(text), "{text}");
        }
        for text in ["TU", "T", "TUk==", "TUlJ====", "T!lJ", "+_+_", "é"] {
            assert!(!is_base64(text), "{text}");
        }
    }
}
