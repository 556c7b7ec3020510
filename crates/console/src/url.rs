//! Paths and queries.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::PATH;

/// What needs no escape anywhere in a URL.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A text as a segment of a path or a value of a query.
pub(crate) fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// A query of the pairs that have a value, with its `?`.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    let given = pairs.iter().filter(|(_, value)| !value.is_empty());
    let pairs: Vec<String> = given.map(|(name, value)| format!("{name}={}", escape(value))).collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// A path of the console that a request named, to go to after signing in; whatever else was named is the beginning.
pub(crate) fn inside(path: &str) -> &str {
    let rest = path.strip_prefix(PATH).unwrap_or("?");
    let is_ours = rest.is_empty() || rest.starts_with(['/', '?']);
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_ours && is_plain && path != "?" && path.starts_with(PATH) { path } else { PATH }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_console_are_gone_to() {
        for good in ["/admin", "/admin/d/acme/users?q=a", "/admin?x"] {
            assert_eq!(inside(good), good);
        }
        for bad in [
            "",
            "https://evil.example",
            "//evil.example",
            "/administrator",
            "/admin\\evil",
            "/admin/\n",
            "/scim/v2",
        ] {
            assert_eq!(inside(bad), "/admin", "{bad}");
        }
    }

    #[test]
    fn a_query_has_what_was_given() {
        assert_eq!(query(&[("q", "a&b \"c\""), ("page", "")]), "?q=a%26b%20%22c%22");
        assert_eq!(query(&[("q", "")]), "");
    }
}
