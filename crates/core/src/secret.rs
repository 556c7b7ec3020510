//! The secrets that callers present: how they are written, checked and hashed.

use std::fmt;

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use rollcall_store::CredentialKind;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest, Sha256};

use crate::random::Random;

/// Random bytes in a secret: 256 bits.
const SECRET_BYTES: usize = 32;
/// Bytes of the checksum behind them.
const CHECKSUM_BYTES: usize = 4;
/// Characters after the kind by which people tell secrets apart: 30 of the 256 bits.
const SHOWN_CHARACTERS: usize = 6;
/// Characters that are shown of a secret that we did not make.
const SHOWN_OF_FOREIGN: usize = 4;
/// What stands where the first characters of a secret would, of one of which only the hash is known: no secret has a colon.
const BY_HASH: &str = "sha256:";
/// Characters of that hash behind it.
const SHOWN_OF_HASH: usize = 12;
/// The longest secret that is looked up, in bytes. Entra takes no more than 100 characters.
const LONGEST: usize = 512;

/// A secret in its text form. It is shown once, and neither printed by `Debug` nor logged; its memory is wiped when it is given
/// back.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Makes a secret: the kind's prefix, 256 random bits in lower-case base32 and a checksum, so that scanners can
    /// find leaks and a mistyped secret is known without a look-up.
    pub fn generate(kind: CredentialKind, random: &dyn Random) -> Self {
        Self::with_prefix(prefix_of(kind), random)
    }

    /// Makes the secret of a session, in the same form.
    pub(crate) fn of_session(random: &dyn Random) -> Self {
        Self::with_prefix(SESSION, random)
    }

    fn with_prefix(prefix: &str, random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; SECRET_BYTES]);
        random.fill(bytes.as_mut_slice());
        let [body, checksum] = [SECRET_BYTES, CHECKSUM_BYTES].map(|bytes| BASE32_NOPAD.encode_len(bytes));
        // Of just this length: where a text has to grow, what it was moved from stays behind.
        let mut text = String::with_capacity(prefix.len() + body + checksum);
        text.push_str(prefix);
        BASE32_NOPAD.encode_append(bytes.as_slice(), &mut text);
        text.make_ascii_lowercase();
        let checksum = encode(&crc32fast::hash(text.as_bytes()).to_be_bytes());
        text.push_str(&checksum);
        Self(text.into())
    }

    /// Takes a secret that somebody else made.
    ///
    /// Errors: what is wrong with it, when it is weaker than 128 bits of base64url or hexadecimal text.
    pub fn from_outside(text: &str) -> Result<Self, WeakSecret> {
        let bits_per_character = if text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            4
        } else if text
            .trim_end_matches('=')
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        {
            6
        } else {
            return Err(WeakSecret::Alphabet);
        };
        if text.len() > LONGEST {
            return Err(WeakSecret::TooLong);
        }
        let bits = text.trim_end_matches('=').len() * bits_per_character;
        let mut characters = Zeroizing::new(text.as_bytes().to_vec());
        characters.sort_unstable();
        characters.dedup();
        if bits < 128 || characters.len() < 8 {
            return Err(WeakSecret::Bits);
        }
        Ok(Self(text.into()))
    }

    /// The text form, to be shown once.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The first characters, by which people tell secrets apart.
    pub fn prefix(&self) -> String {
        let shown = prefixes()
            .find(|prefix| self.expose().starts_with(prefix))
            .map_or(SHOWN_OF_FOREIGN, |prefix| prefix.len() + SHOWN_CHARACTERS);
        self.expose().chars().take(shown).collect()
    }

    /// What is stored: the SHA-256 hash. 256 random bits need no slow hash.
    pub fn hash(&self) -> [u8; 32] {
        hash(self.expose())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is known of a secret that is kept: its hash, and how it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) hash: [u8; 32],
    pub(crate) prefix: String,
}

impl From<&Secret> for Kept {
    fn from(secret: &Secret) -> Self {
        Self { hash: secret.hash(), prefix: secret.prefix() }
    }
}

impl Kept {
    /// What is known of a secret of which only the hash is, in hexadecimal; `None`, it is none, or that of no secret at all.
    pub(crate) fn of_hash(text: &str) -> Option<Self> {
        let hash: [u8; 32] = HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()?;
        let shown: String = text.chars().take(SHOWN_OF_HASH).collect();
        (hash != self::hash("")).then(|| Self { hash, prefix: format!("{BY_HASH}{shown}") })
    }
}

/// The hash of a secret that was given as such, in hexadecimal; `None`, the secret was known when it was kept.
pub(crate) fn given_hash(prefix: &str, hash: &[u8; 32]) -> Option<String> {
    prefix.starts_with(BY_HASH).then(|| HEXLOWER.encode(hash))
}

/// Why a secret from outside is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakSecret {
    /// It has other characters.
    #[error("it is neither base64url nor hexadecimal text")]
    Alphabet,
    /// It has too few characters, or too few different ones.
    #[error(
        "it is weaker than 128 bits: give at least 32 random hexadecimal or 22 random base64url characters"
    )]
    Bits,
    /// It is longer than any client sends.
    #[error("it is longer than {LONGEST} characters")]
    TooLong,
}

/// The hash by which a presented secret is looked up; `None` when it cannot be one: too long, or with our prefix and
/// a wrong checksum.
pub(crate) fn lookup_hash(presented: &str) -> Option<[u8; 32]> {
    if presented.is_empty() || presented.len() > LONGEST {
        return None;
    }
    let ours = prefixes().any(|prefix| presented.starts_with(prefix));
    (!ours || has_good_checksum(presented)).then(|| hash(presented))
}

/// Whether what is presented is written as the secret of a session is.
pub(crate) fn is_session(presented: &str) -> bool {
    presented.starts_with(SESSION)
}

/// What the secret of a session begins with.
const SESSION: &str = "rc_sess_";

/// What our own secrets begin with.
fn prefixes() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(_, prefix)| *prefix).chain([SESSION])
}

const KINDS: [(CredentialKind, &str); 5] = [
    (CredentialKind::ScimToken, "rc_scim_"),
    (CredentialKind::ServiceKey, "rc_svc_"),
    (CredentialKind::AdminKey, "rc_admin_"),
    (CredentialKind::ClientSecret, "rc_client_"),
    (CredentialKind::AccessToken, "rc_access_"),
];

fn prefix_of(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::ScimToken => "rc_scim_",
        CredentialKind::ServiceKey => "rc_svc_",
        CredentialKind::AdminKey => "rc_admin_",
        CredentialKind::ClientSecret => "rc_client_",
        CredentialKind::AccessToken => "rc_access_",
    }
}

fn has_good_checksum(presented: &str) -> bool {
    let checksum_length = BASE32_NOPAD.encode_len(CHECKSUM_BYTES);
    let Some(split) = presented.len().checked_sub(checksum_length) else { return false };
    let Some((start, checksum)) = presented.split_at_checked(split) else { return false };
    encode(&crc32fast::hash(start.as_bytes()).to_be_bytes()) == checksum
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn encode(bytes: &[u8]) -> String {
    BASE32_NOPAD.encode(bytes).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SystemRandom;

    fn token() -> Secret {
        Secret::generate(CredentialKind::ScimToken, &SystemRandom::new().unwrap())
    }

    #[test]
    fn a_token_fits_where_entra_wants_it() {
        let token = token();
        assert!(token.expose().starts_with("rc_scim_"));
        assert!(token.expose().len() < 100);
        assert_ne!(token.expose(), self::token().expose());
        assert_eq!(token.prefix().len(), "rc_scim_".len() + 6);
    }

    #[test]
    fn a_mistyped_token_is_not_looked_up() {
        let good = token();
        assert_eq!(lookup_hash(good.expose()), Some(good.hash()));
        let truncated = &good.expose()[..good.expose().len() - 1];
        assert_eq!(lookup_hash(truncated), None);
        assert_eq!(lookup_hash(&format!("{}a", good.expose())), None);
        assert_eq!(lookup_hash("rc_scim_"), None);
        assert_eq!(lookup_hash("rc_scim_ééééé"), None);
        assert_eq!(lookup_hash(""), None);
        assert_eq!(lookup_hash(&"x".repeat(LONGEST + 1)), None);
    }

    #[test]
    fn a_secret_can_be_kept_by_its_hash_alone() {
        let secret = token();
        let text = HEXLOWER.encode(&secret.hash());
        let kept = Kept::of_hash(&text).unwrap();
        assert_eq!(kept.hash, secret.hash());
        assert_eq!(kept.prefix, format!("sha256:{}", &text[..12]));
        assert_eq!(given_hash(&kept.prefix, &kept.hash), Some(text.clone()));
        assert_eq!(given_hash(&secret.prefix(), &secret.hash()), None);
        let of_nothing = HEXLOWER.encode(&hash(""));
        for bad in
            ["", &text[1..], &text.to_uppercase(), &format!("{text}0"), "x".repeat(64).as_str(), &of_nothing]
        {
            assert_eq!(Kept::of_hash(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_secret_never_shows_in_debug_output() {
        assert_eq!(format!("{:?}", token()), "Secret(…)");
    }

    #[test]
    fn weak_secrets_from_outside_are_refused() {
        let refused = |text: &str| Secret::from_outside(text).unwrap_err();
        assert_eq!(refused("short"), WeakSecret::Bits);
        assert_eq!(refused("0123456789abcdef0123456789abcde"), WeakSecret::Bits);
        assert_eq!(refused(&"a".repeat(64)), WeakSecret::Bits);
        assert_eq!(refused(""), WeakSecret::Bits);
        assert_eq!(refused("correct horse battery staple and more words"), WeakSecret::Alphabet);
        assert_eq!(refused(&"0123456789abcdef".repeat(40)), WeakSecret::TooLong);
        assert!(Secret::from_outside("0123456789abcdef0123456789abcdef").is_ok());
        assert!(Secret::from_outside("dGhpcyBpcyBhIHNlY3JldA").is_ok());
    }
}
