//! What says who a person is, and what does not. All is taken for personal that is not known to be harmless.

use uuid::Uuid;

use super::{REDACTED, decoded};

/// Members whose values say nothing about a person, as long as they are written in one word.
const HARMLESS: [&str; 24] = [
    "$ref",
    "active",
    "attributes",
    "bulkId",
    "count",
    "created",
    "excludedAttributes",
    "failOnErrors",
    "id",
    "itemsPerPage",
    "lastModified",
    "location",
    "method",
    "op",
    "primary",
    "resourceType",
    "schemas",
    "scimType",
    "sortBy",
    "sortOrder",
    "startIndex",
    "status",
    "totalResults",
    "type",
];
/// The segments of paths that name no resource.
const SEGMENTS: [&str; 14] = [
    "",
    "scim",
    "v1",
    "v2",
    "api",
    "ee",
    "Users",
    "Groups",
    "Me",
    "Bulk",
    ".search",
    "Schemas",
    "ResourceTypes",
    "ServiceProviderConfig",
];
/// Operators behind which a value stands.
const COMPARISONS: [&str; 9] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"];
/// Words of a filter that stand for themselves.
const WORDS: [&str; 7] = ["pr", "and", "or", "not", "true", "false", "null"];

/// Whether a member of this name says nothing about a person.
pub(super) fn is_harmless_name(name: &str) -> bool {
    HARMLESS.iter().any(|harmless| harmless.eq_ignore_ascii_case(name))
}

/// Whether a text is an id that Rollcall, or somebody else, made up.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

/// Whether a text is one word of the language, such as a URN or a name.
pub(super) fn is_token(text: &str) -> bool {
    text.len() <= 200
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'$' | b'-'))
}

/// What is kept of the value of a member.
pub(super) fn value(name: &str, value: &str) -> String {
    if is_id(value) {
        return value.to_owned();
    }
    let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
    if is("filter") {
        filter(value)
    } else if is("detail") {
        text(value)
    } else if is("path") && !value.starts_with('/') {
        filter(value)
    } else if is("path") || is("location") || is("$ref") {
        url(value)
    } else if is_harmless_name(name) && is_token(value) {
        value.to_owned()
    } else {
        REDACTED.to_owned()
    }
}

/// The path of a URL, with its origin left out, and without what names a person.
fn url(url: &str) -> String {
    let path = url
        .split_once("://")
        .map_or(url, |(_, rest)| rest.find('/').map_or("", |at| rest.get(at..).unwrap_or_default()));
    let kept = |segment| if is_harmless_segment(segment) { segment } else { REDACTED };
    path.split('/').map(kept).collect::<Vec<_>>().join("/")
}

/// Whether a segment of a path names no person.
pub(super) fn is_harmless_segment(segment: &str) -> bool {
    let text = decoded(segment);
    SEGMENTS.contains(&text.as_ref()) || is_id(&text) || (text.starts_with("urn:") && is_token(&text))
}

/// A text for people in which what it repeats is replaced: what stands in quotation marks, and addresses.
pub(super) fn text(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, quoted)) = rest.split_once('"') {
        kept.push_str(before);
        kept.push_str(REDACTED);
        rest = behind_quotation(quoted);
    }
    kept.push_str(rest);
    kept.split(' ').map(|word| if word.contains('@') { REDACTED } else { word }).collect::<Vec<_>>().join(" ")
}

/// What follows a quotation, which goes to the end where no mark ends it.
fn behind_quotation(quoted: &str) -> &str {
    let mut is_escaped = false;
    let end = quoted.char_indices().find(|(_, c)| {
        let ends = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        ends
    });
    end.and_then(|(at, _)| quoted.get(at + 1..)).unwrap_or_default()
}

/// A filter, or the path of an operation, in which every value is replaced.
pub(super) fn filter(filter: &str) -> String {
    let words = words(filter);
    let mut kept = String::new();
    for (place, word) in words.iter().enumerate() {
        let next = words[place + 1..].iter().find(|word| !word.trim().is_empty());
        let is_attribute = || next.is_none_or(|next| is_operator(next) || *next == "[") && is_token(word);
        let is_kept = word.trim().is_empty()
            || matches!(*word, "(" | ")" | "[" | "]")
            || is_operator(word)
            || WORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
            || is_id(word.trim_matches('"'))
            || (is_attribute() && !follows_comparison(&words[..place]))
            || word.starts_with('.') && is_token(word);
        kept.push_str(if is_kept { word } else { REDACTED });
    }
    kept
}

fn is_operator(word: &str) -> bool {
    COMPARISONS.iter().chain(&["pr"]).any(|operator| operator.eq_ignore_ascii_case(word))
}

fn follows_comparison(before: &[&str]) -> bool {
    let last = before.iter().rev().find(|word| !word.trim().is_empty());
    last.is_some_and(|last| COMPARISONS.iter().any(|operator| operator.eq_ignore_ascii_case(last)))
}

/// The words, quotations, brackets and spaces of a filter.
fn words(filter: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = filter;
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => rest.len() - behind_quotation(rest.get(1..).unwrap_or_default()).len(),
            '(' | ')' | '[' | ']' => 1,
            c if c.is_whitespace() => c.len_utf8(),
            _ => rest
                .find(|c: char| c.is_whitespace() || matches!(c, '"' | '(' | ')' | '[' | ']'))
                .unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_keeps_its_form_and_loses_its_values() {
        for (filter, kept) in [
            (r#"userName eq "ana@example.com""#, "userName eq [redacted]"),
            ("userName eq ana@example.com", "userName eq [redacted]"),
            (
                r#"emails[type eq "work" and value co "x"].value"#,
                "emails[type eq [redacted] and value co [redacted]].value",
            ),
            ("active eq true and not (title pr)", "active eq true and not (title pr)"),
            ("name.familyName", "name.familyName"),
            ("members", "members"),
            ("ana ruiz", "[redacted] ruiz"),
            (
                r#"members[value eq "01970000-0000-7000-8000-000000000000"]"#,
                r#"members[value eq "01970000-0000-7000-8000-000000000000"]"#,
            ),
            (r#"userName eq "ana"#, "userName eq [redacted]"),
        ] {
            assert_eq!(super::filter(filter), kept);
        }
    }

    #[test]
    fn a_text_loses_what_it_repeats() {
        assert_eq!(
            text(r#"there is no User with the id "a\"na""#),
            "there is no User with the id [redacted]"
        );
        assert_eq!(text("userName: ana@example.com is taken"), "userName: [redacted] is taken");
        assert_eq!(text("a mark \" that nothing ends"), "a mark [redacted]");
    }

    #[test]
    fn a_url_keeps_its_endpoint_and_ids() {
        let id = "01970000-0000-7000-8000-000000000000";
        assert_eq!(
            value("location", &format!("https://x.example/scim/v2/Users/{id}")),
            format!("/scim/v2/Users/{id}")
        );
        assert_eq!(value("path", "/Users/ana"), "/Users/[redacted]");
        assert_eq!(value("type", "work"), "work");
        assert_eq!(value("type", "Ana Ruiz"), REDACTED);
        assert_eq!(value("displayName", "Ana"), REDACTED);
        assert_eq!(value("value", id), id);
    }
}
