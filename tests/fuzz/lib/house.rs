//! An installation in this process, on a SQLite file of its own: the gateway's router and the core's services, over the
//! in-memory hop.
//!
//! It serves many inputs. Each has a directory of its own, so that what becomes of an input depends on nothing else; after
//! [`INPUTS`] of them the installation is thrown away, so that it does not grow.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;
use rollcall_api::channel::CoreChannel;
use rollcall_api::error::reason_from;
use rollcall_api::v1::directory_service_client::DirectoryServiceClient;
use rollcall_api::v1::token_service_client::TokenServiceClient;
use rollcall_api::v1::{CreateDirectoryRequest, CreateTokenRequest, ErrorReason, Profile};
use rollcall_core::bootstrap::BootstrapSecrets;
use rollcall_core::{Clock, Core, Limits, Random, Secret};
use rollcall_gateway::Settings;
use rollcall_store::{Options, Store};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// The admin key of every installation.
pub const ADMIN_KEY: &str = "an-admin-key-of-the-fuzzer-0123456789";
/// Where identity providers reach it.
pub const PUBLIC_URL: &str = "https://id.example.com";
/// So many inputs one installation serves.
const INPUTS: u32 = 400;

/// The way to the core of somebody with a credential.
pub type Way = InterceptedService<CoreChannel, Bearer>;

/// An installation.
pub struct House {
    pub core: Core,
    pub channel: CoreChannel,
    pub router: Router,
    store: Arc<dyn Store>,
    _folder: TempDir,
    directories: AtomicU64,
}

/// A directory that is nobody else's.
pub struct Directory {
    pub name: String,
    /// The token of its identity provider.
    pub token: String,
}

/// Runs what is done with an input, on the one runtime.
pub fn run<T>(work: impl AsyncFnOnce(&House) -> T) -> T {
    static HOUSE: Mutex<Option<(House, u32)>> = Mutex::new(None);
    let mut slot = HOUSE.lock().unwrap_or_else(PoisonError::into_inner);
    runtime().block_on(async {
        let (house, inputs) = match slot.take() {
            Some((house, inputs)) if inputs < INPUTS => (house, inputs),
            worn => {
                if let Some((house, _)) = worn {
                    house.store.close().await;
                }
                (House::open().await, 0)
            }
        };
        let done = work(&house).await;
        *slot = Some((house, inputs + 1));
        done
    })
}

/// The one runtime. On one thread, so that an input always takes the same way.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_current_thread().enable_all().build().expect("a runtime"))
}

impl House {
    async fn open() -> Self {
        let folder = tempfile::tempdir_in(scratch()).expect("a folder");
        let file = folder.path().join("rollcall.db");
        fs::write(&file, template().await).expect("a database");
        let store = open(&file).await;
        let core = Core::new(
            store.clone(),
            Arc::new(StandingClock),
            Arc::new(Counted::default()),
            Limits::default(),
        );
        let secrets = BootstrapSecrets {
            scim_token: None,
            admin_key: Some(Secret::from_outside(ADMIN_KEY).expect("a key")),
            gateway_key: None,
        };
        core.first_start(&secrets, false).await.expect("a first start");
        let (services, _) = core.routes().await.expect("services");
        let channel = CoreChannel::memory(services);
        let settings = Settings { public_url: Some(PUBLIC_URL.to_owned()), ..Settings::default() };
        let router = rollcall_gateway::router(channel.clone(), settings);
        Self { core, channel, router, store, _folder: folder, directories: AtomicU64::new(0) }
    }

    /// A new directory.
    pub async fn directory(&self, profile: Profile) -> Directory {
        let name = format!("d{}", self.directories.fetch_add(1, Ordering::Relaxed));
        let new =
            CreateDirectoryRequest { name: name.clone(), profile: profile.into(), ..Default::default() };
        answered(DirectoryServiceClient::new(self.way(ADMIN_KEY)).create_directory(new).await);
        let token = CreateTokenRequest { directory: name.clone(), ..Default::default() };
        let token = answered(TokenServiceClient::new(self.way(ADMIN_KEY)).create_token(token).await).secret;
        Directory { name, token }
    }

    /// The way to the core of whoever has this credential.
    pub fn way(&self, secret: &str) -> Way {
        let authorization = format!("Bearer {secret}").parse().expect("a header");
        InterceptedService::new(self.channel.clone(), Bearer(authorization))
    }
}

/// The answer of an rpc that cannot fail.
#[track_caller]
pub fn answered<T>(answer: Result<Response<T>, Status>) -> T {
    match answer {
        Ok(answer) => answer.into_inner(),
        Err(status) => panic!("{:?}: {}", reason_from(&status), status.message()),
    }
}

/// The answer of an rpc that may be refused, but for a reason: a fault of the server is none.
#[track_caller]
pub fn judged<T>(answer: Result<Response<T>, Status>) -> Result<T, ErrorReason> {
    let status = match answer {
        Ok(answer) => return Ok(answer.into_inner()),
        Err(status) => status,
    };
    let reason = reason_from(&status);
    let is_fault =
        matches!(reason, ErrorReason::Internal | ErrorReason::Unavailable | ErrorReason::Unspecified);
    assert!(!is_fault, "{reason:?}: {status:?}");
    Err(reason)
}

/// Adds a credential to each call.
#[derive(Debug, Clone)]
pub struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// The bytes of a database that has been migrated and has nothing in it.
async fn template() -> &'static [u8] {
    static TEMPLATE: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(template) = TEMPLATE.get() {
        return template;
    }
    let folder = tempfile::tempdir_in(scratch()).expect("a folder");
    let file = folder.path().join("template.db");
    let store = open(&file).await;
    store.migrate(Uuid::from_u128(1), &|| 0).await.expect("migrations");
    store.close().await;
    let bytes = fs::read(file).expect("a database");
    TEMPLATE.get_or_init(|| bytes)
}

async fn open(file: &Path) -> Arc<dyn Store> {
    let options = Options { max_connections: 2, ..Options::default() };
    rollcall_store::open(&format!("sqlite:{}", file.display()), &options).await.expect("a store")
}

/// Where files are kept that nobody needs afterwards: in memory where the machine has such a place.
fn scratch() -> std::path::PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

/// When everything happens: from 2026-01-01T00:00:00Z on, a microsecond after the other.
static NOW: AtomicI64 = AtomicI64::new(1_767_225_600_000_000);

/// The time, in µs.
pub fn now() -> i64 {
    NOW.fetch_add(1, Ordering::Relaxed)
}

/// Lets time pass, in µs.
pub fn pass(micros: i64) {
    NOW.fetch_add(micros, Ordering::Relaxed);
}

#[derive(Debug)]
struct StandingClock;

impl Clock for StandingClock {
    fn now(&self) -> i64 {
        now()
    }
}

/// Bytes that are different each time, and the same in each run.
#[derive(Debug, Default)]
struct Counted(AtomicU64);

impl Random for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(8) {
            // SplitMix64
            let mut next = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            next = (next ^ (next >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            next = (next ^ (next >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let next = (next ^ (next >> 31)).to_le_bytes();
            piece.copy_from_slice(&next[..piece.len()]);
        }
    }
}
