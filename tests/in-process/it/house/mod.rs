//! A house: an installation in this process, on a database of its own.

mod answers;
mod callers;
mod databases;
mod postbox;
mod scim;
mod time;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use futures_util::FutureExt as _;
use prost_types::Duration;
use rollcall_api::channel::CoreChannel;
use rollcall_api::v1::{
    CreateDirectoryRequest, CreateServiceKeyRequest, CreateTokenRequest, Directory as DirectoryMessage,
    Event, EventType, GuardRail, ListEventsRequest, Profile, Scope, UpdateDirectoryRequest,
};
use rollcall_core::bootstrap::BootstrapSecrets;
use rollcall_core::{Core, Limits, Secret, Smtp};
use rollcall_gateway::{ActivityLog, Settings};
use rollcall_store::Store;
use serde_json::Value;

pub(crate) use self::answers::Answered;
pub(crate) use self::callers::Caller;

use self::databases::Database;
pub(crate) use self::databases::Kind;
pub(crate) use self::postbox::Postbox;
pub(crate) use self::scim::{ENTERPRISE, Scim, USER, body_of, id, texts};
pub(crate) use self::time::{DAY, HOUR, MINUTE, TestClock, TestRandom};

/// The admin key of every house.
pub(crate) const ADMIN_KEY: &str = "an-admin-key-of-the-tests-0123456789";
/// The SCIM token of the directory `default` of every house.
pub(crate) const SCIM_TOKEN: &str = "a-scim-token-of-the-tests-0123456789";

/// How an installation is set up, where a test wants it otherwise.
#[derive(Debug, Default)]
pub(crate) struct Setup {
    pub(crate) limits: Limits,
    /// Where notices go. Without one they wait.
    pub(crate) smtp: Option<Smtp>,
    /// Whether the gateway reports what it answers to the activity log.
    pub(crate) activity: bool,
}

/// An installation.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) core: Core,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) kind: Kind,
    random: Arc<TestRandom>,
    channel: CoreChannel,
    router: Router,
}

/// A directory of a house, with a token of its identity provider.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) name: String,
    pub(crate) token: String,
    /// As its identity provider.
    pub(crate) scim: Scim,
}

/// Runs a test in a house of its own, and takes that down again, also after a test that failed.
pub(crate) async fn run(kind: Kind, test: impl AsyncFnOnce(&House)) {
    let database = Database::new(kind).await;
    let house = House::open(kind, &database).await;
    let ended = AssertUnwindSafe(test(&house)).catch_unwind().await;
    house.store.close().await;
    database.remove().await;
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
}

impl House {
    async fn open(kind: Kind, database: &Database) -> Self {
        let clock = Arc::new(TestClock::default());
        let store = database.open().await;
        Self::build(kind, store, clock, Arc::new(TestRandom::new()), Setup::default()).await
    }

    async fn build(
        kind: Kind,
        store: Arc<dyn Store>,
        clock: Arc<TestClock>,
        random: Arc<TestRandom>,
        setup: Setup,
    ) -> Self {
        let core =
            Core::new(store.clone(), clock.clone(), random.clone(), setup.limits).with_smtp(setup.smtp);
        let secret = |text| Some(Secret::from_outside(text).unwrap());
        let secrets = BootstrapSecrets {
            scim_token: secret(SCIM_TOKEN),
            admin_key: secret(ADMIN_KEY),
            gateway_key: None,
        };
        core.first_start(&secrets, false).await.unwrap();
        let (services, _) = core.routes().await.unwrap();
        let channel = CoreChannel::memory(services);
        let mut settings =
            Settings { public_url: Some("https://id.example.com".to_owned()), ..Settings::default() };
        if setup.activity {
            let (log, reporter) = ActivityLog::new("test");
            settings.activity = log;
            tokio::spawn(reporter.run(channel.clone(), std::future::pending()));
        }
        let router = rollcall_gateway::router(channel.clone(), settings);
        Self { core, store, clock, kind, random, channel, router }
    }

    /// Another replica of this installation, set up otherwise.
    pub(crate) async fn replica(&self, setup: Setup) -> Self {
        Self::build(self.kind, self.store.clone(), self.clock.clone(), self.random.clone(), setup).await
    }

    /// Another replica, with these limits.
    pub(crate) async fn limited(&self, limits: Limits) -> Self {
        self.replica(Setup { limits, ..Setup::default() }).await
    }

    /// Another replica, that sends its notices to this postbox.
    pub(crate) async fn mailing(&self, postbox: &Postbox) -> Self {
        self.replica(Setup { smtp: Some(postbox.smtp()), ..Setup::default() }).await
    }

    /// Lets time pass, in µs, and does the background work of it once.
    pub(crate) async fn later(&self, micros: i64) {
        self.clock.pass(micros);
        self.work().await;
    }

    /// Does the background work once.
    pub(crate) async fn work(&self) {
        self.core.work_once().await.unwrap();
    }

    /// The administrator of all directories.
    pub(crate) fn admin(&self) -> Caller {
        self.caller(ADMIN_KEY)
    }

    /// Whoever has this credential.
    pub(crate) fn caller(&self, secret: &str) -> Caller {
        Caller::new(self.channel.clone(), Some(secret))
    }

    /// Somebody without a credential.
    pub(crate) fn stranger(&self) -> Caller {
        Caller::new(self.channel.clone(), None)
    }

    /// The SCIM endpoint, with this token.
    pub(crate) fn scim(&self, token: &str) -> Scim {
        Scim::new(self.router.clone(), Some(token))
    }

    /// The SCIM endpoint, without a token.
    pub(crate) fn scim_without_token(&self) -> Scim {
        Scim::new(self.router.clone(), None)
    }

    /// The events of a directory about a resource, oldest first: what happened, and the attributes that it changed.
    pub(crate) async fn told(&self, directory: &str, subject: &str) -> Vec<(EventType, Vec<String>)> {
        let request = ListEventsRequest {
            directory: directory.to_owned(),
            subject: subject.to_owned(),
            page_size: 1000,
            ..ListEventsRequest::default()
        };
        let events = self.admin().events().list_events(request).await.answer().events;
        let told =
            |event: Event| (event.r#type(), event.changes.into_iter().map(|change| change.name).collect());
        events.into_iter().map(told).collect()
    }

    /// Changes settings of a directory.
    pub(crate) async fn set(&self, request: UpdateDirectoryRequest) -> DirectoryMessage {
        self.admin().directories().update_directory(request).await.answer().directory.unwrap()
    }

    /// Four users of the default directory, of whom two may leave within an hour; none has left yet.
    pub(crate) async fn railed(&self) -> (Scim, Vec<Value>) {
        let window = Some(Duration { seconds: 3600, nanos: 0 });
        let guard_rail = Some(GuardRail { enabled: true, users: 2, percent: 1, window });
        self.set(UpdateDirectoryRequest { name: "default".to_owned(), guard_rail, ..Default::default() })
            .await;
        let scim = self.default().scim;
        let mut users = Vec::new();
        for name in ["ana", "ben", "cleo", "dan"] {
            users.push(scim.user(name).await);
        }
        self.clock.pass(2 * HOUR);
        (scim, users)
    }

    /// The directory that every installation begins with.
    pub(crate) fn default(&self) -> Directory {
        self.directory_with_token("default", SCIM_TOKEN.to_owned())
    }

    /// A new directory with this profile, which is its name too.
    pub(crate) async fn directory(&self, profile: Profile) -> Directory {
        let name = profile.as_str_name().trim_start_matches("PROFILE_").to_lowercase();
        self.named_directory(&name, profile).await
    }

    /// A new directory.
    pub(crate) async fn named_directory(&self, name: &str, profile: Profile) -> Directory {
        let new = CreateDirectoryRequest {
            name: name.to_owned(),
            profile: profile.into(),
            ..CreateDirectoryRequest::default()
        };
        self.admin().directories().create_directory(new).await.answer();
        let token = self.token(name).await;
        self.directory_with_token(name, token)
    }

    fn directory_with_token(&self, name: &str, token: String) -> Directory {
        let scim = self.scim(&token);
        Directory { name: name.to_owned(), token, scim }
    }

    /// A new SCIM token of a directory.
    pub(crate) async fn token(&self, directory: &str) -> String {
        let request = CreateTokenRequest { directory: directory.to_owned(), ..CreateTokenRequest::default() };
        self.admin().tokens().create_token(request).await.answer().secret
    }

    /// Somebody with a new service key for this directory, or for all where the name is empty.
    pub(crate) async fn service(&self, directory: &str, scopes: &[Scope]) -> Caller {
        let request = CreateServiceKeyRequest {
            name: "a service".to_owned(),
            directory: directory.to_owned(),
            scopes: scopes.iter().map(|scope| i32::from(*scope)).collect(),
            ..CreateServiceKeyRequest::default()
        };
        let secret = self.admin().service_keys().create_service_key(request).await.answer().secret;
        self.caller(&secret)
    }
}
