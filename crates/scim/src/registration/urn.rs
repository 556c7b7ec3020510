//! The URNs of registered schemas.

use crate::error::{Error, Result};
use crate::schema::{ENTERPRISE_USER, GROUP, RESOURCE_TYPE, SCHEMA, SERVICE_PROVIDER_CONFIG, USER};

/// The longest URN in bytes.
const LONGEST: usize = 200;
/// What the RFCs keep for themselves.
const RESERVED: [&str; 2] = ["urn:ietf:params:scim:api:", "urn:ietf:params:scim:schemas:core:"];
const BUILT_IN: [&str; 6] = [USER, GROUP, ENTERPRISE_USER, SCHEMA, RESOURCE_TYPE, SERVICE_PROVIDER_CONFIG];

/// Checks the syntax of a URN (RFC 8141 §2), of which only what no filter, path or URL gives another meaning to is allowed.
pub(super) fn require_good(urn: &str) -> Result<()> {
    if urn.len() > LONGEST {
        return Err(Error::value(format!("id: it is longer than {LONGEST} bytes")));
    }
    let is_good = parts(urn).is_some_and(|(space, name)| {
        let is_space = (2..=32).contains(&space.len())
            && space.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !space.starts_with('-')
            && !space.ends_with('-');
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        is_space
            && ends(name.chars().next())
            && ends(name.chars().next_back())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | ':'))
    });
    if !is_good {
        return Err(Error::value(format!(
            "id: {urn:?} is no URN of a schema; give one such as \"urn:example:acme:2.0:Badge\": urn:, a namespace, and a \
             name of letters, digits and -._~: that begins and ends with a letter or digit"
        )));
    }
    if RESERVED.iter().any(|prefix| starts_with(urn, prefix)) {
        return Err(Error::value(format!(
            "id: {urn:?} is reserved for SCIM itself; take a namespace of your own"
        )));
    }
    Ok(())
}

/// Checks that neither URN begins with another one and a separator.
pub(super) fn require_apart<'a>(urn: &str, beside: impl Iterator<Item = &'a str>) -> Result<()> {
    for other in BUILT_IN.into_iter().chain(beside) {
        if other.eq_ignore_ascii_case(urn) {
            return Err(Error::value(format!("id: there is a schema {other:?} already")));
        }
        if is_within(urn, other) || is_within(other, urn) {
            return Err(Error::value(format!(
                "id: {urn:?} and the schema {other:?} begin alike, so that names of attributes would be ambiguous; \
                 take another URN"
            )));
        }
    }
    Ok(())
}

fn parts(urn: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = urn.split_once(':')?;
    if scheme.eq_ignore_ascii_case("urn") { rest.split_once(':') } else { None }
}

/// Whether a URN could be read as another one with an attribute behind it.
fn is_within(urn: &str, other: &str) -> bool {
    starts_with(urn, other) && urn.get(other.len()..).is_some_and(|rest| rest.starts_with([':', '.']))
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}
