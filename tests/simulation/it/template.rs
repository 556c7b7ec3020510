//! The database that every run begins with: migrated, with a directory and known credentials.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rollcall_core::bootstrap::BootstrapSecrets;
use rollcall_core::{Core, Limits, Secret};
use rollcall_store::{Disk, Options, Store};
use tempfile::TempDir;
use uuid::Uuid;

use crate::time::{SeededRandom, SimulatedClock};
use crate::{ADMIN_KEY, GATEWAY_KEY, SCIM_TOKEN};

/// The bytes of the file.
pub(crate) fn make() -> Vec<u8> {
    let folder = scratch();
    let file = file(folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = open(&file).await;
        store.migrate(Uuid::from_u128(1), &|| 0).await.unwrap();
        let (clock, random) = (Arc::new(SimulatedClock::default()), Arc::new(SeededRandom::new(0)));
        let core = Core::new(Arc::clone(&store), clock, random, Limits::default());
        let secret = |text| Some(Secret::from_outside(text).unwrap());
        let secrets = BootstrapSecrets {
            scim_token: secret(SCIM_TOKEN),
            admin_key: secret(ADMIN_KEY),
            gateway_key: secret(GATEWAY_KEY),
        };
        core.first_start(&secrets, false).await.unwrap();
        store.close().await;
    });
    fs::read(file).unwrap()
}

/// Where the database of a run is. A file in memory, where the machine has such a place: nobody wants it after the run.
pub(crate) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

pub(crate) fn file(folder: &Path) -> PathBuf {
    folder.join("rollcall.db")
}

/// Opens a database, so that nothing of it is done by another thread.
pub(crate) async fn open(file: &Path) -> Arc<dyn Store> {
    let options = Options { disk: Disk::Simulated, ..Options::default() };
    rollcall_store::open(&format!("sqlite:{}", file.display()), &options).await.unwrap()
}
