//! What our own secrets look like, and what is shown of one that turns up in a text for people.

use std::borrow::Cow;

/// How our own secrets begin; the kind follows.
const OWN: &str = "rc_";
/// So many characters of a secret of our own are shown, behind its kind.
const SHOWN: usize = 6;
/// So many characters in a row make a secret behind its kind.
const LEAST: usize = 16;

/// A text in which secrets of our own are cut to what is shown of them.
#[must_use]
pub fn hide_own_secrets(text: &str) -> Cow<'_, str> {
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

/// What is shown of a secret: how it begins. `None`: it has not the form of our own.
#[must_use]
pub fn shown_of_secret(secret: &str) -> Option<String> {
    match hide_own_secrets(secret) {
        Cow::Owned(shown) if shown.ends_with('…') && shown.starts_with(OWN) => {
            Some(shown.trim_end_matches('…').to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
