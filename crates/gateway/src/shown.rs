//! What is logged of the head of a request: which endpoint it was for, and which of our ids, and nothing else that a client
//! wrote. Names of people stand in paths, and so does a token that somebody put there.

use std::borrow::Cow;

use http::Method;

/// What stands for the rest.
const LEFT_OUT: &str = "…";
/// What our paths are made of, but for ids.
const SEGMENTS: [&str; 21] = [
    "",
    "scim",
    "v2",
    "Users",
    "Groups",
    "Me",
    "Bulk",
    ".search",
    "ServiceProviderConfig",
    "ResourceTypes",
    "Schemas",
    "User",
    "Group",
    "api",
    "ee",
    "v1",
    "oauth2",
    "token",
    "openapi.json",
    "healthz",
    "readyz",
];
/// How a resource may end that is asked for by its format.
const FORMAT: &str = ".scim";

/// A path as it is logged.
pub(crate) fn shown_path(path: &str) -> Cow<'_, str> {
    if path.split('/').all(is_ours) {
        return path.into();
    }
    let segments = path.split('/').map(|segment| if is_ours(segment) { segment } else { LEFT_OUT });
    segments.collect::<Vec<_>>().join("/").into()
}

/// A method as it is logged: whatever is none of HTTP's could be anything.
pub(crate) fn shown_method(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS
        | Method::TRACE
        | Method::CONNECT => method.as_str(),
        _ => LEFT_OUT,
    }
}

fn is_ours(segment: &str) -> bool {
    SEGMENTS.contains(&segment) || is_id(segment.strip_suffix(FORMAT).unwrap_or(segment))
}

/// Whether a text is an id as the core makes them, a UUID of version 7: a token that somebody brought along may be another one.
fn is_id(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            14 => byte == b'7',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01970000-0000-7000-8000-000000000000";

    #[test]
    fn endpoints_and_ids_of_ours_are_shown() {
        for path in [
            "/scim/v2/Users",
            "/api/ee/scim/v2/Groups/.search",
            "/oauth2/token",
            "/openapi.json",
            "/scim/v2/ResourceTypes/User",
            "/scim/v1/Users",
            "/",
            &format!("/scim/v2//Users/{ID}/"),
            &format!("/scim/v2/Users/{ID}.scim"),
        ] {
            assert_eq!(shown_path(path), path);
        }
    }

    #[test]
    fn nothing_else_of_a_path_is_shown() {
        let secret = format!("rc_scim_{}", "abcdef234567".repeat(5));
        for segment in [
            "ana@example.com",
            "ana%40example.com",
            "Ana",
            "users",
            &secret,
            &secret.replace('a', "%61"),
            "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
            "01970000-0000-7000-8000-00000000000g",
            "0197000000000700080000000000000000000",
            "é",
        ] {
            assert_eq!(shown_path(&format!("/scim/v2/Users/{segment}")), "/scim/v2/Users/…");
            assert_eq!(shown_path(&format!("/{segment}/Users")), "/…/Users");
        }
    }

    #[test]
    fn a_method_of_nobody_is_not_shown() {
        assert_eq!(shown_method(&Method::PATCH), "PATCH");
        assert_eq!(shown_method(&Method::from_bytes(b"ANA").unwrap()), "…");
    }
}
