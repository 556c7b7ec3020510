//! Argon2id, on threads of its own and not too often at once: each hash takes 19 MiB and tens of milliseconds.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::{Prepared, SALT_BYTES};
use crate::error::{Error, Result};

/// Memory in KiB, passes and lanes: the least that OWASP recommends for Argon2id.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// What a hash that comes from elsewhere may take at most: 256 MiB.
const MOST_MEMORY: u32 = 256 * 1024;
const MOST_PASSES: u32 = 10;
const MOST_LANES: u32 = 8;
/// More bytes than a hash has, with its salt and parameters.
const LONGEST_HASH: usize = 300;

/// Hashes and compares passwords. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    permits: Arc<Semaphore>,
    is_idle: bool,
}

impl Hasher {
    /// A hasher that works on as many passwords at once as the machine has processors; the others wait.
    pub(crate) fn new() -> Self {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        Self { permits: Arc::new(Semaphore::new(threads)), is_idle: false }
    }

    /// The same, but that it makes no hashes: for what is written and never kept.
    pub(crate) fn idle(&self) -> Self {
        Self { permits: Arc::clone(&self.permits), is_idle: true }
    }

    /// The hash of a password, in PHC's string form.
    pub(super) async fn hash(&self, password: Prepared, salt: [u8; SALT_BYTES]) -> Result<String> {
        if self.is_idle {
            return Ok("no hash".to_owned());
        }
        let hash = self.run(move || {
            let hash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt);
            Ok(hash.map_err(Error::internal)?.to_string())
        });
        hash.await
    }

    /// Whether a password is the one with this hash. Without a hash none is, which takes as long to find out.
    ///
    /// Errors: `INTERNAL` for a hash that this version did not write.
    pub(super) async fn verify(&self, password: Prepared, hash: Option<String>) -> Result<bool> {
        let verdict = self.run(move || {
            let Some(hash) = hash else {
                let salt = [0; SALT_BYTES];
                argon2()?.hash_password_with_salt(password.as_bytes(), &salt).map_err(Error::internal)?;
                return Ok(false);
            };
            let hash = PasswordHash::new(&hash).map_err(Error::internal)?;
            match argon2()?.verify_password(password.as_bytes(), &hash) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(Error::internal(error)),
            }
        });
        verdict.await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(Error::internal)?;
        let work = move || {
            // Held by the work and not by who waits for it, who may hang up.
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(Error::internal)?
    }
}

/// Refuses what is no hash of Argon2id that can be compared with in bearable time and memory.
///
/// Errors: `INVALID_VALUE`.
pub(crate) fn require_hash(text: &str) -> Result<()> {
    let parsed = PasswordHash::new(text).ok().filter(|hash| hash.salt.is_some() && hash.hash.is_some());
    let hash = parsed
        .filter(|hash| hash.algorithm == ARGON2ID_IDENT && text.len() <= LONGEST_HASH)
        .ok_or_else(|| Error::value("passwordHash: it is no hash of Argon2id in PHC's string form"))?;
    let params = Params::try_from(&hash)
        .map_err(|_| Error::value("passwordHash: its parameters are none of Argon2id's"))?;
    let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
    if memory > MOST_MEMORY || passes > MOST_PASSES || lanes > MOST_LANES {
        return Err(Error::value(format!(
            "passwordHash: m={memory},t={passes},p={lanes} is more than m={MOST_MEMORY},t={MOST_PASSES},p={MOST_LANES}, and              would keep the server busy with every try"
        )));
    }
    Ok(())
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY, PASSES, LANES, None).map_err(Error::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Prepared {
        Prepared::to_compare(text)
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_no_other_one_is() {
        let hasher = Hasher::new();
        let hash = hasher.hash(password("Secret"), [7; SALT_BYTES]).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_ne!(hash, hasher.hash(password("Secret"), [8; SALT_BYTES]).await.unwrap(), "it is salted");
        for (sent, verdict) in [("Secret", true), ("secret", false), ("Secret ", false), ("", false)] {
            assert_eq!(hasher.verify(password(sent), Some(hash.clone())).await.unwrap(), verdict, "{sent:?}");
        }
        assert!(!hasher.verify(password("Secret"), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_of_other_parameters_still_counts() {
        let params = Params::new(8, 1, 1, None).unwrap();
        let old = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash = old.hash_password_with_salt(b"Secret", &[1; SALT_BYTES]).unwrap().to_string();
        assert!(Hasher::new().verify(password("Secret"), Some(hash)).await.unwrap());
    }

    #[test]
    fn a_hash_from_elsewhere_is_one_that_can_be_compared_with() {
        let hash = |parameters: &str| {
            format!(
                "$argon2id$v=19${parameters}$AAAAAAAAAAAAAAAAAAAAAA$kAbhvjHiS9tdHqTzPnWXhHDxkF3JI5oCcUUt5qSE1iI"
            )
        };
        for good in ["m=19456,t=2,p=1", "m=262144,t=10,p=8", "m=64,t=1,p=1"] {
            require_hash(&hash(good)).unwrap();
        }
        for (bad, naming) in [
            (hash("m=1500000,t=2,p=1"), "m=1500000"),
            (hash("m=19456,t=11,p=1"), "t=11"),
            (hash("m=19456,t=2,p=9"), "p=9"),
            (hash("m=1,t=2,p=1"), "parameters"),
            (hash("m=19456,t=2,p=1").replace("argon2id", "scrypt"), "no hash"),
            ("secret".to_owned(), "no hash"),
            ("$argon2id$v=19$m=19456,t=2,p=1".to_owned(), "no hash"),
            (String::new(), "no hash"),
        ] {
            let error = require_hash(&bad).unwrap_err().to_string();
            assert!(error.contains(naming), "{bad}: {error}");
            assert!(!error.contains("kAbhvj"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_damaged_hash_is_a_fault_and_no_password() {
        let error = Hasher::new().verify(password("x"), Some("$argon2id$".to_owned())).await.unwrap_err();
        assert_eq!(error.reason(), rollcall_api::v1::ErrorReason::Internal);
    }
}
