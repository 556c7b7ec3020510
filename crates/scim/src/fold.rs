//! Case folding for attributes that are not `caseExact` (RFC 7643 §2.2).

use unicase::UniCase;

/// Folds a string so that two spellings of one name become equal: Unicode default case folding, the same on
/// every database because it happens here.
///
/// ```
/// assert_eq!(rollcall_scim::fold::fold("ANA@Ex.com"), rollcall_scim::fold::fold("ana@ex.COM"));
/// assert_eq!(rollcall_scim::fold::fold("Straße"), rollcall_scim::fold::fold("STRASSE"));
/// ```
pub fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { UniCase::new(text).to_folded_case() }
}
