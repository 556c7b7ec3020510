//! Entity tags and the preconditions made of them (RFC 7644 §3.14).

use rollcall_api::v1::ErrorReason;

use crate::error::{Error, Result};

/// The entity tag of a version. It is weak: answers with other attributes carry the same one.
pub(crate) fn entity_tag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// Refuses a change whose precondition does not hold. Tags are compared weakly (RFC 9110 §8.8.3.2), as RFC 7644
/// means it: its own examples send weak ones in `If-Match`.
pub(crate) fn require_match(if_match: &[String], version: i64) -> Result<()> {
    let current = entity_tag(version);
    let matches = |tag: &String| tag == "*" || opaque(tag) == opaque(&current);
    if if_match.is_empty() || if_match.iter().any(matches) {
        return Ok(());
    }
    Err(Error::new(
        ErrorReason::VersionMismatch,
        format!("the resource has changed: its version is {current}; read it again and repeat the change"),
    ))
}

fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preconditions_compare_weakly_and_take_lists_and_the_star() {
        let holds = |tags: &[&str]| {
            require_match(&tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>(), 3).is_ok()
        };
        assert!(holds(&[]));
        assert!(holds(&["*"]));
        assert!(holds(&["W/\"3\""]));
        assert!(holds(&["\"3\""]));
        assert!(holds(&["W/\"2\"", "W/\"3\""]));
        assert!(!holds(&["W/\"2\""]));
        assert!(!holds(&["W/\"wrong\""]));
    }
}
