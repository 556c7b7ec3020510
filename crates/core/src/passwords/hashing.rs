//! Argon2id, on threads of its own and not too often at once: each hash takes 19 MiB and tens of milliseconds.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::{Prepared, SALT_BYTES};
use crate::error::{Error, Result};

/// Memory in KiB, passes and lanes: the least that OWASP recommends for Argon2id.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

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

    #[tokio::test]
    async fn a_damaged_hash_is_a_fault_and_no_password() {
        let error = Hasher::new().verify(password("x"), Some("$argon2id$".to_owned())).await.unwrap_err();
        assert_eq!(error.reason(), rollcall_api::v1::ErrorReason::Internal);
    }
}
