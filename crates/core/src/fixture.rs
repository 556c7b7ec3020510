//! What the tests of this crate begin with.

use std::sync::Arc;

use rollcall_store::{Options, Store};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{Clock as _, Core, Limits, SystemClock, SystemRandom};

/// A database of a test's own.
pub(crate) struct Scratch {
    pub(crate) store: Arc<dyn Store>,
    _folder: TempDir,
}

impl Scratch {
    /// A new one.
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("rollcall.db").display());
        let store = rollcall_store::open(&url, &Options::default()).await.unwrap();
        store.migrate(Uuid::from_u128(1), &|| SystemClock.now()).await.unwrap();
        Self { store, _folder: folder }
    }

    /// A core on it; each is a replica of its own.
    pub(crate) fn core(&self) -> Core {
        let random = Arc::new(SystemRandom::new().unwrap());
        Core::new(Arc::clone(&self.store), Arc::new(SystemClock), random, Limits::default())
    }
}
