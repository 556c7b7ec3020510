//! `If-Match` and `If-None-Match` (RFC 7644 §3.14, RFC 9110 §13.1).

use http::{HeaderMap, HeaderName, header};
use rollcall_api::v1::ErrorReason;

use crate::error::Problem;

/// The entity tags of `If-Match`, for the core to compare; none, when the header was not sent.
///
/// Errors: a header that was sent and holds no tag must not pass for none at all.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Vec<String>, Problem> {
    let tags = tags(headers, &header::IF_MATCH).map(|tag| tag.map(str::to_owned));
    let tags: Option<Vec<String>> = tags.collect();
    match tags {
        Some(tags) if !tags.is_empty() || !headers.contains_key(header::IF_MATCH) => Ok(tags),
        _ => Err(Problem::new(
            ErrorReason::InvalidValue,
            "If-Match: it holds no entity tag; send one such as W/\"3\", a list of them, or *",
        )),
    }
}

/// Whether `If-None-Match` says that the client already has this version: one of its tags is the version's, compared
/// weakly, or it is `*`.
pub(crate) fn client_has(headers: &HeaderMap, version: &str) -> bool {
    tags(headers, &header::IF_NONE_MATCH).flatten().any(|tag| tag == "*" || opaque(tag) == opaque(version))
}

/// The tags of all headers of that name; `None` stands for a header that is no text.
fn tags<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Option<&'a str>> {
    headers.get_all(name).iter().flat_map(|value| {
        let text = value.to_str().ok();
        let unreadable = text.is_none().then_some(None);
        unreadable.into_iter().chain(elements(text.unwrap_or_default()).map(Some))
    })
}

/// The elements of a list of entity tags; a comma within quotes belongs to its tag.
fn elements(list: &str) -> impl Iterator<Item = &str> {
    let mut in_quotes = false;
    list.split(move |c| {
        in_quotes ^= c == '"';
        c == ',' && !in_quotes
    })
    .map(str::trim)
    .filter(|tag| !tag.is_empty())
}

/// A tag without its mark of weakness.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    fn matching(values: &[&str]) -> Option<Vec<String>> {
        if_match(&headers(&header::IF_MATCH, values)).ok()
    }

    #[test]
    fn if_match_is_a_list_over_all_its_headers() {
        assert_eq!(matching(&[]).unwrap(), Vec::<String>::new());
        assert_eq!(matching(&["*"]).unwrap(), ["*"]);
        assert_eq!(matching(&["W/\"1\", \"2\" ,,W/\"a,b\""]).unwrap(), ["W/\"1\"", "\"2\"", "W/\"a,b\""]);
        assert_eq!(matching(&["W/\"1\"", "W/\"2\""]).unwrap(), ["W/\"1\"", "W/\"2\""]);
    }

    #[test]
    fn if_match_without_a_tag_is_refused_rather_than_taken_for_unconditional() {
        for values in [&[""][..], &[" , "], &["W/\"é\""]] {
            assert!(matching(values).is_none(), "{values:?}");
        }
    }

    #[test]
    fn if_none_match_compares_weakly() {
        let has = |values: &[&str]| client_has(&headers(&header::IF_NONE_MATCH, values), "W/\"3\"");
        assert!(has(&["W/\"3\""]));
        assert!(has(&["\"3\""]));
        assert!(has(&["\"2\"", "\"1\", W/\"3\""]));
        assert!(has(&["*"]));
        assert!(!has(&[]));
        assert!(!has(&["W/\"2\""]));
        assert!(!has(&["3"]));
        assert!(!has(&["é"]));
    }
}
