//! JSON that has been checked and not taken apart: a large body is cut up first, and each part is read as what it is
//! meant to be. As a tree of values it would take many times its length.

use std::fmt;

use rollcall_api::v1::ErrorReason;
use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::body::{MAX_DEPTH, is_within, no_json, no_object, too_deep};
use crate::error::Refusal;

/// How many members an object may have that is read by the names of its members. Far more than any schema has.
const MAX_MEMBERS: usize = 1000;

/// The members of an object, in order.
pub(crate) struct RawObject<'a>(Vec<(String, &'a RawValue)>);

impl fmt::Debug for RawObject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawObject({} members)", self.0.len())
    }
}

impl<'a> RawObject<'a> {
    /// Reads a body. Errors: `invalidSyntax`, with line and column where the text is no JSON.
    pub(crate) fn of_body(text: &'a [u8]) -> Result<Self, Refusal> {
        match object(&mut serde_json::Deserializer::from_slice(text)) {
            Ok(object) => Ok(object),
            Err(error) if error.is_data() && !text.trim_ascii_start().starts_with(b"{") => {
                Err(no_object(kind_of(text)))
            }
            Err(error) if error.is_data() => Err(Refusal::syntax(error.to_string())),
            Err(error) => Err(no_json(&error)),
        }
    }

    /// Reads an object within a body. Errors: `invalidSyntax`, in words that go on from where it stands.
    pub(crate) fn of(raw: &'a RawValue) -> Result<Self, Refusal> {
        if !is_object(raw) {
            return Err(Refusal::syntax(format!("expected an object, got {}", kind(raw))));
        }
        object(&mut serde_json::Deserializer::from_str(raw.get()))
            .map_err(|error| Refusal::syntax(error.to_string()))
    }

    /// A member by its name, as [`take`](Self::take) finds it.
    pub(crate) fn get(&self, name: &str) -> Option<&'a RawValue> {
        Some(self.0[self.position(name)?].1)
    }

    /// Takes a member by its name, spelt as it should be or, failing that, in another case. Of equal names the last one
    /// counts.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let index = self.position(name)?;
        Some(self.0.swap_remove(index).1)
    }

    fn position(&self, name: &str) -> Option<usize> {
        let exact = self.0.iter().rposition(|(other, _)| other == name);
        exact.or_else(|| self.0.iter().position(|(other, _)| other.eq_ignore_ascii_case(name)))
    }
}

impl<'a> IntoIterator for RawObject<'a> {
    type Item = (String, &'a RawValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

fn object<'a, R: serde_json::de::Read<'a>>(
    reader: &mut serde_json::Deserializer<R>,
) -> serde_json::Result<RawObject<'a>> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = RawObject<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawObject<'de>, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                if members.len() == MAX_MEMBERS {
                    let detail = format!("an object has more than {MAX_MEMBERS} members");
                    return Err(serde::de::Error::custom(detail));
                }
                members.push(member);
            }
            Ok(RawObject(members))
        }
    }

    let object = reader.deserialize_map(Members)?;
    reader.end()?;
    Ok(object)
}

/// The elements of an array. Errors: `tooMany`, for more of them than `most`, and `invalidSyntax`, for what is no array, in
/// words that go on from where it stands.
pub(crate) fn array(raw: &RawValue, most: usize) -> Result<Vec<&RawValue>, Refusal> {
    struct Elements {
        most: usize,
    }

    impl<'de> Visitor<'de> for Elements {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
            let mut elements = Vec::new();
            while let Some(element) = sequence.next_element()? {
                if elements.len() == self.most {
                    return Err(serde::de::Error::custom("too many elements"));
                }
                elements.push(element);
            }
            Ok(elements)
        }
    }

    if !is_array(raw) {
        return Err(Refusal::syntax(format!("expected an array, got {}", kind(raw))));
    }
    let mut reader = serde_json::Deserializer::from_str(raw.get());
    reader
        .deserialize_seq(Elements { most })
        .map_err(|_| Refusal::new(ErrorReason::TooMany, format!("expected at most {most} elements")))
}

/// The value, which stands so many levels deep in its body.
///
/// Errors: `invalidSyntax`, for a nesting too deep and for a text that is no Unicode.
pub(crate) fn value(raw: &RawValue, levels: usize) -> Result<Value, Refusal> {
    let value: Value = serde_json::from_str(raw.get())
        .map_err(|error| Refusal::syntax(format!("the value is no JSON: {error} of the value")))?;
    if is_within(&value, MAX_DEPTH.saturating_sub(levels)) { Ok(value) } else { Err(too_deep()) }
}

/// The text that a value is; `None`, it is something else.
pub(crate) fn text(raw: &RawValue) -> Option<String> {
    if raw.get().starts_with('"') { serde_json::from_str(raw.get()).ok() } else { None }
}

/// Whether a value is null.
pub(crate) fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// Whether a value is an object.
pub(crate) fn is_object(raw: &RawValue) -> bool {
    raw.get().starts_with('{')
}

/// Whether a value is an array.
pub(crate) fn is_array(raw: &RawValue) -> bool {
    raw.get().starts_with('[')
}

/// What a value is, as an error says it.
pub(crate) fn kind(raw: &RawValue) -> &'static str {
    kind_of(raw.get().as_bytes())
}

fn kind_of(text: &[u8]) -> &'static str {
    match text.trim_ascii_start().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(text: &[u8]) -> String {
        RawObject::of_body(text).unwrap_err().detail.into_owned()
    }

    #[test]
    fn members_are_taken_by_name_exactly_or_in_another_case() {
        let mut object = RawObject::of_body(br#" {"A": 1, "a": [2 ], "a": {"b": 3}, "c": null} "#).unwrap();
        assert_eq!(object.take("a").unwrap().get(), r#"{"b": 3}"#);
        assert_eq!(object.take("C").unwrap().get(), "null");
        assert!(object.take("d").is_none());
    }

    #[test]
    fn what_is_no_object_says_what_it_is_and_what_is_no_json_says_where() {
        for (text, part) in [
            (&b"[]"[..], "an array"),
            (b" \"x\"", "a string"),
            (b"null", "null"),
            (b"17", "a number"),
            (b" true", "a boolean"),
            (b"false", "a boolean"),
            (b"{\"a\": [1 2]}", "line 1 column 10"),
            (b"{\"a\": 1", "line 1 column 7"),
            (b"{\"a\": 1} x", "trailing characters"),
            (b"{\"a\": \"\xFF\"}", "line 1 column"),
            (b"userName=a", "line 1 column 1"),
        ] {
            assert!(detail(text).contains(part), "{}", detail(text));
        }
    }

    #[test]
    fn an_object_with_names_without_end_is_refused() {
        let members = vec!["\"a\":1"; MAX_MEMBERS + 1].join(",");
        assert!(detail(format!("{{{members}}}").as_bytes()).contains("more than 1000 members"));
    }

    #[test]
    fn an_array_with_too_many_elements_is_refused() {
        let read = |text: &str, most| array(serde_json::from_str(text).unwrap(), most).map(|all| all.len());
        assert_eq!(read("[1, {}, []]", 3).unwrap(), 3);
        assert_eq!(read("[1, {}, []]", 2).unwrap_err().reason, ErrorReason::TooMany);
        assert!(read("{}", 2).unwrap_err().detail.contains("got an object"));
    }

    #[test]
    fn values_are_read_to_the_depth_that_a_body_may_have() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        let read = |levels| {
            let text = nested(levels);
            value(serde_json::from_str(&text).unwrap(), 3).map(drop)
        };
        assert!(read(MAX_DEPTH - 3).is_ok());
        assert!(read(MAX_DEPTH - 2).unwrap_err().detail.contains("nested"));
        assert!(read(1000).unwrap_err().detail.contains("recursion limit"));
    }

    #[test]
    fn half_a_character_is_refused() {
        let raw: &RawValue = serde_json::from_str(r#""\ud800""#).unwrap();
        assert!(value(raw, 1).unwrap_err().detail.contains("of the value"));
        assert_eq!(text(raw), None);
    }
}
