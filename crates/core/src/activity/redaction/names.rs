//! Which names are those of secrets, and what our own secrets look like.

use std::borrow::Cow;

/// Whatever has one of these in its name is a secret.
const WORDS: [&str; 11] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "authorization",
    "apikey",
    "api_key",
    "api-key",
    "private",
];
/// Names of secrets that are also parts of other words.
const WHOLE: [&str; 3] = ["pwd", "pass", "assertion"];

/// How our own secrets begin; the kind follows.
pub(super) const OWN: &str = "rc_";
/// So many characters of a secret of our own are shown, behind its kind.
const SHOWN: usize = 6;
/// So many characters in a row make a secret behind its kind.
const LEAST: usize = 16;

/// Whether an attribute or a parameter of this name holds a secret. A URN before it makes no difference.
pub(super) fn is_secret_name(name: &str) -> bool {
    let last = name.rsplit([':', '.']).next().unwrap_or(name);
    WHOLE.iter().any(|whole| last.eq_ignore_ascii_case(whole)) || mentions_secret(name)
}

/// Whether a text, such as a path or a filter, speaks of a secret.
pub(super) fn mentions_secret(text: &str) -> bool {
    WORDS.iter().any(|word| {
        text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    })
}

/// A text in which secrets of our own are cut to what is shown of them.
pub(super) fn hide_own_secrets(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.find(OWN).map(|at| rest.split_at(at)) {
        let Some(end) = end_of_secret(from) else {
            let (skipped, after) = from.split_at(OWN.len());
            shown.push_str(before);
            shown.push_str(skipped);
            rest = after;
            continue;
        };
        shown.push_str(before);
        shown.push_str(from.get(..end.shown).unwrap_or_default());
        shown.push('…');
        rest = from.get(end.whole..).unwrap_or_default();
    }
    if rest.len() == text.len() || shown.len() + rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Where a secret ends, and what is shown of it.
struct End {
    shown: usize,
    whole: usize,
}

/// The end of the secret that a text begins with, if it is one.
fn end_of_secret(text: &str) -> Option<End> {
    let behind = text.get(OWN.len()..)?;
    let kind = behind.bytes().take_while(u8::is_ascii_lowercase).count();
    let start = OWN.len() + kind + 1;
    if kind == 0 || behind.as_bytes().get(kind) != Some(&b'_') {
        return None;
    }
    let length = text.get(start..)?.bytes().take_while(u8::is_ascii_alphanumeric).count();
    (length >= LEAST).then_some(End { shown: start + SHOWN, whole: start + length })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in [
            "password",
            "Password",
            "urn:ietf:params:scim:schemas:core:2.0:User:password",
            "access_token",
            "client_secret",
            "pwd",
            "x-api-key",
            "newPassword",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["userName", "externalId", "members", "bypass", "compass", "urn:x:User:title", ""] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn secrets_of_our_own_are_cut_to_what_is_shown_of_them() {
        let secret = format!("rc_scim_{}", "abcdef234567".repeat(5));
        assert_eq!(hide_own_secrets(&secret), "rc_scim_abcdef…");
        assert_eq!(
            hide_own_secrets(&format!("x rc_ {secret}, {secret}.")),
            "x rc_ rc_scim_abcdef…, rc_scim_abcdef…."
        );
        for harmless in
            ["", "rc_", "rc_scim_", "rc_scim_abcdef", "arc_de_triomphe", "rc_Scim_abcdefabcdefabcdefab"]
        {
            assert_eq!(hide_own_secrets(harmless), harmless);
        }
    }
}
