//! The ids of members, read out of a body without building a tree of it.

use std::borrow::Cow;
use std::fmt;

use rollcall_scim::builtin;
use rollcall_scim::definition::Target;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::Refusal;
use crate::raw;

/// How many ids go into one message to the core at most.
pub(crate) const IDS_IN_A_MESSAGE: usize = 1000;

/// A list of ids, one behind the other in one text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids {
    text: String,
    ends: Vec<u32>,
}

impl Ids {
    fn push(&mut self, id: &str) {
        self.text.push_str(id);
        // A body, and with it this text, is far shorter than 4 GiB.
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The ids in lists that each fit into a message; at least one list.
    pub(crate) fn into_chunks(self) -> impl Iterator<Item = Vec<String>> + Send + 'static {
        let chunks = self.len().div_ceil(IDS_IN_A_MESSAGE).max(1);
        (0..chunks).map(move |chunk| {
            let from = chunk * IDS_IN_A_MESSAGE;
            let to = self.len().min(from + IDS_IN_A_MESSAGE);
            (from..to).filter_map(|index| self.get(index)).map(str::to_owned).collect()
        })
    }

    fn get(&self, index: usize) -> Option<&str> {
        let begin = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(index).copied()?;
        self.text.get(begin as usize..end as usize)
    }
}

/// Whether an attribute name that a client wrote is that of the members of a group.
pub(crate) fn is_members(name: &str) -> bool {
    match builtin::group().lookup(name) {
        Some(Target::Attribute(found)) => {
            found.extension.is_none() && found.sub_attribute.is_none() && found.attribute.name == "members"
        }
        _ => false,
    }
}

/// Reads `members`: a list of `{"value": id}`, or of bare ids, as some clients write them; or one of these. What else a
/// client says of a member is skipped: the server knows it. `None`, null.
///
/// Errors: `invalidValue`, for a member that has no id; `invalidSyntax`, for a text that is no Unicode.
pub(crate) fn read(members: &RawValue) -> Result<Option<Ids>, Refusal> {
    match scan(members)? {
        Members::Nobody => Ok(None),
        Members::Ids(ids) => Ok(Some(ids)),
        Members::Strange(index) => Err(Refusal::value(format!(
            "members[{index}]: expected an object whose value is the id of a user or group, such as {{\"value\": \"…\"}}"
        ))),
    }
}

/// What `members` is.
pub(crate) enum Members {
    /// Null.
    Nobody,
    Ids(Ids),
    /// A list that has an element, at this position, which is no member.
    Strange(usize),
}

/// Looks at `members`. Errors: `invalidSyntax`, for a text that is no Unicode.
pub(crate) fn scan(members: &RawValue) -> Result<Members, Refusal> {
    if raw::is_null(members) {
        return Ok(Members::Nobody);
    }
    let mut list = List { ids: Ids::default(), strange: None, index: 0 };
    let mut reader = serde_json::Deserializer::from_str(members.get());
    let read = if raw::is_array(members) {
        reader.deserialize_seq(&mut list)
    } else {
        Element(&mut list).deserialize(&mut reader)
    };
    read.map_err(|error| Refusal::syntax(format!("members: no JSON: {error} of the value")))?;
    Ok(match list.strange {
        Some(index) => Members::Strange(index),
        None => Members::Ids(list.ids),
    })
}

/// What has been read of a list.
struct List {
    ids: Ids,
    strange: Option<usize>,
    index: usize,
}

impl List {
    fn add(&mut self, id: Option<&str>) {
        match id.filter(|id| !id.is_empty()) {
            Some(id) => self.ids.push(id),
            None => self.strange = self.strange.or(Some(self.index)),
        }
        self.index += 1;
    }
}

impl<'de> Visitor<'de> for &mut List {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of members")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while sequence.next_element_seed(Element(self))?.is_some() {}
        Ok(())
    }
}

/// What a visitor makes of null, of a boolean and of a number.
macro_rules! for_other_scalars {
    ($self:ident, $value:expr) => {
        fn visit_unit<E>($self) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_bool<E>($self, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_i64<E>($self, _: i64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_u64<E>($self, _: u64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_f64<E>($self, _: f64) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}

/// One element of a list.
struct Element<'l>(&'l mut List);

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member")
    }

    fn visit_str<E>(self, id: &str) -> Result<(), E> {
        self.0.add(Some(id));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut id: Option<String> = None;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name.eq_ignore_ascii_case("value") {
                id = map.next_value_seed(Text)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        self.0.add(id.as_deref());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        self.0.add(None);
        Ok(())
    }

    for_other_scalars!(self, self.0.add(None));
}

/// A text; whatever else there is, is read over.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    for_other_scalars!(self, None);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(json: &str) -> Result<Option<Vec<String>>, String> {
        let ids = read(serde_json::from_str(json).unwrap()).map_err(|refusal| refusal.detail.into_owned())?;
        Ok(ids.map(|ids| ids.into_chunks().flatten().collect()))
    }

    #[test]
    fn every_form_that_clients_write_is_read() {
        for json in [
            r#"[{"value":"u1"},{"value":"u2"}]"#,
            r#"[{"$ref":null,"value":"u1"},{"Value":"u2","display":{"x":[1.10]},"type":"User"}]"#,
            r#"["u1", "u2"]"#,
            r#"[{"value":1,"value":"u1"},{"value":"\u00752"}]"#,
        ] {
            assert_eq!(list(json).unwrap().unwrap(), ["u1", "u2"], "{json}");
        }
        for json in [r#"{"value":"u1"}"#, r#""u1""#] {
            assert_eq!(list(json).unwrap().unwrap(), ["u1"], "{json}");
        }
        assert_eq!(list("[]").unwrap().unwrap(), Vec::<String>::new());
        assert_eq!(list("null").unwrap(), None);
    }

    #[test]
    fn an_element_that_is_no_member_is_named_by_its_position() {
        for element in ["{}", "1", "1.5e3", "true", "null", "[]", "[\"u1\"]", "\"\"", r#"{"value":""}"#] {
            let detail = list(&format!(r#"[{{"value":"u0"}},{element},{{}}]"#)).unwrap_err();
            assert!(detail.starts_with("members[1]: expected an object"), "{element}: {detail}");
        }
        for value in ["1", "1.5", "true", "null", "[1]", "{\"a\":1}"] {
            let detail = list(&format!(r#"{{"value":{value}}}"#)).unwrap_err();
            assert!(detail.starts_with("members[0]"), "{value}: {detail}");
        }
        assert!(list("17").unwrap_err().starts_with("members[0]"));
        assert!(list(r#"["\ud800"]"#).unwrap_err().starts_with("members: no JSON"));
    }

    #[test]
    fn ids_are_cut_into_lists_that_fit_into_a_message() {
        let numbers: Vec<String> = (0..2500).map(|number| number.to_string()).collect();
        let ids = read(&serde_json::value::to_raw_value(&numbers).unwrap()).unwrap().unwrap();
        let chunks: Vec<Vec<String>> = ids.into_chunks().collect();
        assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [1000, 1000, 500]);
        assert_eq!(chunks.concat(), numbers);
        assert_eq!(Ids::default().into_chunks().collect::<Vec<_>>(), [Vec::<String>::new()]);
    }

    #[test]
    fn the_members_of_a_group_are_known_by_each_of_their_names() {
        for name in ["members", "Members", "urn:ietf:params:scim:schemas:core:2.0:Group:members"] {
            assert!(is_members(name), "{name}");
        }
        for name in ["members.value", "member", "urn:example:members", "displayName"] {
            assert!(!is_members(name), "{name}");
        }
    }
}
