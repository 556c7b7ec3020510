//! Which names are those of secrets.

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
}
