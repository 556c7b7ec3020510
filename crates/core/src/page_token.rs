//! Page tokens: where a walk over a list stands, sealed so that it can be neither read nor forged.
//!
//! A token is bound to its directory and its query: it is additional data of the seal, so that a token taken elsewhere
//! does not open. It grants nothing: every page is authorised anew (RFC 9865 §5.2).

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use prost::Message;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rollcall_api::v1::ErrorReason;
use rollcall_store::{Key, SortValue};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Core;
use crate::error::{Error, Result};

/// The name of the key that all replicas share.
const SHARED_KEY: &str = "page-token";

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
        self.page_token_key()
            .await?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(binding.digest),
                &mut bytes,
            )
            .map_err(|_| Error::internal("a page token could not be sealed"))?;
        Ok(BASE64URL_NOPAD.encode(&[nonce.as_slice(), &bytes].concat()))
    }

    /// Opens a token. Errors: `INVALID_CURSOR` for one that was not made here for this query, `EXPIRED_CURSOR`,
    /// `INVALID_COUNT` when the page size is not the one of the first page.
    pub(crate) async fn open(&self, token: &str, page_size: u32, binding: &Binding) -> Result<Key> {
        let mut bytes = BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| invalid())?;
        let (nonce, sealed) = bytes.split_first_chunk_mut::<NONCE_LEN>().ok_or_else(invalid)?;
        let opened = self
            .page_token_key()
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

    /// The key of all replicas, read once and kept.
    async fn page_token_key(&self) -> Result<&LessSafeKey> {
        self.page_token_key
            .get_or_try_init(async || {
                let mut fresh = [0; 32];
                self.random.fill(&mut fresh);
                let mut transaction = self.store.begin().await?;
                let key = transaction.shared_key(SHARED_KEY, &fresh, self.clock.now()).await?;
                transaction.save().await?;
                let key = UnboundKey::new(&CHACHA20_POLY1305, &key)
                    .map_err(|_| Error::internal("the shared key has a wrong length"))?;
                Ok(LessSafeKey::new(key))
            })
            .await
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
