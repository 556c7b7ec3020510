//! Page tokens: where a walk over a list stands, sealed so that it can be neither read nor forged.
//!
//! A token is bound to its directory and its query: it is additional data of the seal, so that a token taken elsewhere
//! does not open. It grants nothing: every page is authorised anew (RFC 9865 §5.2).
//!
//! The keys are in the database, so that every replica opens what another one sealed. A new one begins every 30 days, and
//! whenever an operator asks for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use prost::Message;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rollcall_api::v1::ErrorReason;
use rollcall_store::{Key, SortValue};
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::Core;
use crate::error::{Error, Result};

/// How the names of the keys begin that all replicas share; the number of the period follows.
const SHARED_KEYS: &str = "page-token.";
/// How long a key seals: 30 days, in µs. It opens for as long again, which is longer than any token lives.
const PERIOD: i64 = 30 * 24 * 60 * 60 * 1_000_000;
/// How long a replica uses a key before it asks the database whether that is still the one: 1 minute, in µs.
const TRUSTED_FOR: i64 = 60 * 1_000_000;
/// How many bytes of a token are the number of the key's period.
const NUMBER_LEN: usize = 4;

/// The keys that this replica has read, by period, and when it read them.
#[derive(Debug, Default)]
pub(crate) struct Keyring(Mutex<HashMap<u32, (Arc<LessSafeKey>, i64)>>);

/// What a token is bound to.
#[derive(Debug)]
pub(crate) struct Binding {
    digest: [u8; 32],
}

impl Binding {
    /// Binds to a directory, a list, and everything that shapes the list.
    pub(crate) fn new(directory: Uuid, list: &str, query: &[&str]) -> Self {
        let mut digest = Sha256::new();
        digest.update(directory.as_bytes());
        for part in std::iter::once(&list).chain(query) {
            digest.update(part.len().to_be_bytes());
            digest.update(part.as_bytes());
        }
        Self { digest: digest.finalize().into() }
    }
}

/// What is sealed.
#[derive(Clone, PartialEq, Message)]
struct Sealed {
    #[prost(bytes = "vec", tag = "1")]
    id: Vec<u8>,
    #[prost(oneof = "Value", tags = "2, 3, 4")]
    value: Option<Value>,
    /// When the token ends, in µs.
    #[prost(int64, tag = "5")]
    expires: i64,
    #[prost(int64, tag = "6")]
    page_size: i64,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Value {
    #[prost(string, tag = "2")]
    Text(String),
    #[prost(sint64, tag = "3")]
    Integer(i64),
    #[prost(double, tag = "4")]
    Decimal(f64),
}

impl Core {
    /// Seals where a walk stands.
    pub(crate) async fn seal(&self, key: Key, page_size: u32, binding: &Binding) -> Result<String> {
        let lifetime = i64::try_from(self.limits.page_token_lifetime.as_micros()).unwrap_or(i64::MAX);
        let sealed = Sealed {
            id: key.id.as_bytes().to_vec(),
            value: key.value.map(|value| match value {
                SortValue::Text(text) => Value::Text(text),
                SortValue::Integer(integer) => Value::Integer(integer),
                SortValue::Decimal(decimal) => Value::Decimal(decimal),
            }),
            expires: self.clock.now().saturating_add(lifetime),
            page_size: page_size.into(),
        };
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce);
        let mut bytes = sealed.encode_to_vec();
        let period = self.period();
        self.page_token_key(period)
            .await?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(binding.digest),
                &mut bytes,
            )
            .map_err(|_| Error::internal("a page token could not be sealed"))?;
        Ok(BASE64URL_NOPAD.encode(&[period.to_be_bytes().as_slice(), &nonce, &bytes].concat()))
    }

    /// Opens a token. Errors: `INVALID_CURSOR` for one that was not made here for this query, `EXPIRED_CURSOR`,
    /// `INVALID_COUNT` when the page size is not the one of the first page.
    pub(crate) async fn open(&self, token: &str, page_size: u32, binding: &Binding) -> Result<Key> {
        let mut bytes = BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| invalid())?;
        let (number, bytes) = bytes.split_first_chunk_mut::<NUMBER_LEN>().ok_or_else(invalid)?;
        let (nonce, sealed) = bytes.split_first_chunk_mut::<NONCE_LEN>().ok_or_else(invalid)?;
        let number = u32::from_be_bytes(*number);
        // The clock of the replica that sealed may be a little ahead of ours.
        if number.abs_diff(self.period()) > 1 {
            return Err(invalid());
        }
        let opened = self
            .page_token_key(number)
            .await?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(binding.digest), sealed)
            .map_err(|_| invalid())?;
        let sealed = Sealed::decode(&*opened).map_err(|_| invalid())?;
        if sealed.expires < self.clock.now() {
            return Err(Error::new(
                ErrorReason::ExpiredCursor,
                format!(
                    "the cursor is older than {}; begin again at the first page",
                    human(self.limits.page_token_lifetime)
                ),
            ));
        }
        if sealed.page_size != i64::from(page_size) {
            return Err(Error::new(
                ErrorReason::InvalidCount,
                format!(
                    "the walk began with a page size of {}; keep to it, or begin again",
                    sealed.page_size
                ),
            ));
        }
        let value = sealed.value.map(|value| match value {
            Value::Text(text) => SortValue::Text(text),
            Value::Integer(integer) => SortValue::Integer(integer),
            Value::Decimal(decimal) => SortValue::Decimal(decimal),
        });
        Ok(Key { value, id: Uuid::from_slice(&sealed.id).map_err(|_| invalid())? })
    }

    /// Makes every replica seal with new keys within a minute. Walks that have begun must begin again.
    pub async fn rotate_page_token_keys(&self) -> Result<()> {
        let mut transaction = self.store.begin().await?;
        transaction.delete_shared_keys(SHARED_KEYS).await?;
        Ok(transaction.save().await?)
    }

    /// Deletes the keys that seal and open nothing any more.
    pub(crate) async fn forget_page_token_keys(&self) -> Result<()> {
        let mut transaction = self.store.begin().await?;
        // A key is made within a period of its own at most, and used for one after that.
        transaction.delete_old_shared_keys(SHARED_KEYS, self.clock.now() - 3 * PERIOD).await?;
        Ok(transaction.save().await?)
    }

    /// The number of the period that it is.
    fn period(&self) -> u32 {
        u32::try_from(self.clock.now() / PERIOD).unwrap_or_default()
    }

    /// The key of a period, which the first replica that wants it makes for all.
    async fn page_token_key(&self, period: u32) -> Result<Arc<LessSafeKey>> {
        let now = self.clock.now();
        let mut keys = self.page_token_keys.0.lock().await;
        if let Some((key, _)) = keys.get(&period).filter(|(_, read)| now - read < TRUSTED_FOR) {
            return Ok(Arc::clone(key));
        }
        let mut fresh = [0; 32];
        self.random.fill(&mut fresh);
        let mut transaction = self.store.begin().await?;
        let key = transaction.shared_key(&format!("{SHARED_KEYS}{period}"), &fresh, now).await?;
        transaction.save().await?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key)
            .map_err(|_| Error::internal("the shared key has a wrong length"))?;
        let key = Arc::new(LessSafeKey::new(key));
        keys.insert(period, (Arc::clone(&key), now));
        keys.retain(|known, _| known.abs_diff(period) <= 1);
        Ok(key)
    }
}

fn invalid() -> Error {
    Error::new(ErrorReason::InvalidCursor, "the cursor is none that this list gave; begin at the first page")
}

fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds.is_multiple_of(60) {
        format!("{} minutes", seconds / 60)
    } else {
        format!("{seconds} seconds")
    }
}
