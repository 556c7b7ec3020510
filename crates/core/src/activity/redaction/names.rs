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
    let text = text.as_bytes();
    let begins = |at: usize, word: &str| {
        text.get(at..at + word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    };
    // Every body is searched for them, letter by letter.
    text.iter().enumerate().any(|(at, byte)| {
        matches!(byte | 0x20, b'a' | b'c' | b'p' | b's' | b't') && WORDS.iter().any(|word| begins(at, word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_wherever_it_stands() {
        for word in WORDS {
            for text in [word.to_owned(), word.to_uppercase(), format!("x{word}"), format!("é_{word}_x")] {
                assert!(mentions_secret(&text), "{text}");
            }
        }
        assert!(!mentions_secret("passwor"));
    }

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
