//! What the lists of logs have in common: a range of time, and pages from the newest entry back.

use rollcall_store::Key;
use uuid::Uuid;

use crate::Core;
use crate::error::{Error, Result};
use crate::page_token::Binding;

/// Entries in a page when the caller does not say.
const DEFAULT_PAGE_SIZE: u32 = 100;
/// Entries in a page at most.
const MAX_PAGE_SIZE: u32 = 1000;

/// Which part of a log is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogPage {
    /// How many entries at most.
    pub(crate) size: u32,
    /// The entry that they follow.
    pub(crate) after: Option<Uuid>,
}

impl LogPage {
    /// Reads a page size and a page token. Errors: `INVALID_VALUE`, and those of page tokens.
    pub(crate) async fn open(core: &Core, size: i32, token: &str, binding: &Binding) -> Result<Self> {
        let size = match u32::try_from(size) {
            Ok(0) => DEFAULT_PAGE_SIZE,
            Ok(size) => size.min(MAX_PAGE_SIZE),
            Err(_) => return Err(Error::value("page_size: it is negative")),
        };
        let after = if token.is_empty() { None } else { Some(core.open(token, size, binding).await?.id) };
        Ok(Self { size, after })
    }

    /// Cuts entries, of which one more than the page holds was asked for, to the page, and names the next one.
    pub(crate) async fn cut<T>(
        self,
        core: &Core,
        entries: &mut Vec<T>,
        id: impl Fn(&T) -> Uuid,
        binding: &Binding,
    ) -> Result<String> {
        let size = self.size as usize;
        if entries.len() <= size {
            return Ok(String::new());
        }
        entries.truncate(size);
        match entries.last().map(id) {
            Some(id) => core.seal(Key { value: None, id }, self.size, binding).await,
            None => Ok(String::new()),
        }
    }
}

/// A time in µs. Errors: `INVALID_VALUE` for one that no calendar has.
pub(crate) fn micros(field: &str, time: Option<prost_types::Timestamp>) -> Result<Option<i64>> {
    let Some(time) = time else { return Ok(None) };
    time.seconds
        .checked_mul(1_000_000)
        .and_then(|micros| micros.checked_add(i64::from(time.nanos) / 1000))
        .map(Some)
        .ok_or_else(|| Error::value(format!("{field}: no such time")))
}
