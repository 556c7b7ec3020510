//! Texts as clients send them: words of SCIM, so that the fuzzer need not spell them, and what it makes up.

use std::borrow::Cow;

use arbitrary::Arbitrary;

/// Words, paths, filters and URNs. Seeds name them by their places: new ones come at the end.
const WORDS: &[&str] = &[
    "userName",
    "displayName",
    "members",
    "emails",
    "active",
    "name",
    "externalId",
    "id",
    "meta",
    "schemas",
    "value",
    "type",
    "primary",
    "groups",
    "roles",
    "password",
    "title",
    "familyName",
    "name.familyName",
    "emails.value",
    "emails[type eq \"work\"].value",
    "emails[type eq \"work\"]",
    "members[value eq \"x\"]",
    "addresses",
    "manager",
    "department",
    "urn:ietf:params:scim:schemas:core:2.0:User",
    "urn:ietf:params:scim:schemas:core:2.0:Group",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
    "urn:ietf:params:scim:api:messages:2.0:PatchOp",
    "urn:ietf:params:scim:api:messages:2.0:BulkRequest",
    "urn:ietf:params:scim:api:messages:2.0:SearchRequest",
    "Operations",
    "op",
    "path",
    "add",
    "remove",
    "replace",
    "method",
    "data",
    "bulkId",
    "bulkId:a",
    "version",
    "failOnErrors",
    "filter",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
    "cursor",
    "attributes",
    "excludedAttributes",
    "ascending",
    "descending",
    "work",
    "home",
    "ana@example.com",
    "ben@example.com",
    "userName eq \"ana@example.com\"",
    "emails[type eq \"work\" and value co \"@\"]",
    "meta.lastModified gt \"2020-01-01T00:00:00Z\"",
    "displayName pr and not (active eq false)",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "/Users",
    "/Groups",
    "true",
    "",
];

/// A text.
#[derive(Debug, Clone, Arbitrary)]
pub enum Text<'a> {
    /// One that SCIM knows.
    Word(u8),
    /// The id of something that was made before.
    Id(u8),
    /// A number.
    Number(i32),
    /// Two texts, one after the other.
    Joined(u8, &'a str),
    /// Any.
    Own(&'a str),
    /// So many of a character.
    Long(char, u16),
}

impl Text<'_> {
    /// The text; `ids` are the ids of what was made before.
    pub fn text(&self, ids: &[String]) -> Cow<'_, str> {
        match self {
            Self::Word(at) => word(*at).into(),
            Self::Id(at) => match ids.len() {
                0 => "01970000-0000-7000-8000-000000000001".into(),
                known => ids[usize::from(*at) % known].clone().into(),
            },
            Self::Number(number) => number.to_string().into(),
            Self::Joined(at, own) => format!("{}{own}", word(*at)).into(),
            Self::Own(own) => (*own).into(),
            Self::Long(character, times) => character.to_string().repeat(usize::from(*times) % 3000).into(),
        }
    }
}

fn word(at: u8) -> &'static str {
    WORDS[usize::from(at) % WORDS.len()]
}
