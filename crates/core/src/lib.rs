//! The identity core: users, directories and credentials, the rules about them, and the gRPC services through which
//! everybody else reaches them.
//!
//! [`Core::routes`] is the whole API, already behind the [`gate`] that authenticates every call; the binary serves it
//! over TCP, in memory, or both.

mod activity;
mod audit;
pub mod bootstrap;
mod bulk;
mod caller;
mod clock;
mod credentials;
mod departures;
mod directories;
mod discovery;
mod dry_run;
mod error;
mod events;
mod expiry;
#[cfg(test)]
mod fixture;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod gate;
mod groups;
mod holds;
mod identity;
mod implied_schemas;
mod jobs;
mod last_uses;
mod limits;
mod log_query;
mod measures;
pub mod moving;
mod notes;
mod notices;
mod oauth;
mod page_token;
mod passwords;
mod people;
mod provisioning_rules;
mod random;
mod rate_limit;
mod resources;
mod schemas;
mod search;
mod secret;
mod service_keys;
mod sessions;
mod sso;
mod stopped;
mod stream;
mod texts;
mod throttle;
mod tokens;
mod types;
mod users;
mod version;

use std::sync::Arc;

use axum_core::body::Body;
use http::Request;
use rollcall_api::FILE_DESCRIPTOR_SET;
use rollcall_api::client::MAX_MESSAGE_BYTES;
use rollcall_api::v1::activity_service_server::ActivityServiceServer;
use rollcall_api::v1::audit_service_server::AuditServiceServer;
use rollcall_api::v1::bulk_service_server::BulkServiceServer;
use rollcall_api::v1::directory_service_server::DirectoryServiceServer;
use rollcall_api::v1::discovery_service_server::DiscoveryServiceServer;
use rollcall_api::v1::event_service_server::EventServiceServer;
use rollcall_api::v1::group_service_server::GroupServiceServer;
use rollcall_api::v1::hold_service_server::HoldServiceServer;
use rollcall_api::v1::identity_service_server::IdentityServiceServer;
use rollcall_api::v1::notice_service_server::NoticeServiceServer;
use rollcall_api::v1::o_auth_service_server::OAuthServiceServer;
use rollcall_api::v1::provisioning_rule_service_server::ProvisioningRuleServiceServer;
use rollcall_api::v1::schema_service_server::SchemaServiceServer;
use rollcall_api::v1::search_service_server::SearchServiceServer;
use rollcall_api::v1::service_key_service_server::ServiceKeyServiceServer;
use rollcall_api::v1::session_service_server::SessionServiceServer;
use rollcall_api::v1::sso_service_server::SsoServiceServer;
use rollcall_api::v1::token_service_server::TokenServiceServer;
use rollcall_api::v1::user_service_server::UserServiceServer;
use rollcall_store::Store;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use tonic_health::server::HealthReporter;
use tower::util::MapRequestLayer;

pub use clock::{Clock, SystemClock};
pub use error::{Error, Result};
pub use limits::Limits;
pub use measures::{JobRuns, Measures};
pub use notices::{InvalidSmtp, Smtp, SmtpSettings, SmtpStep, SmtpTrouble};
pub use random::{Random, SystemRandom, new_id};
pub use secret::{Secret, WeakSecret};

use crate::activity::{Activities, UNKNOWN_PER_MINUTE};
use crate::audit::Audit;
use crate::bulk::Bulk;
use crate::caller::Caller;
use crate::directories::Directories;
use crate::discovery::Discovery;
use crate::events::{Events, Pulses};
use crate::gate::{Gate, Shares};
use crate::groups::Groups;
use crate::holds::Holds;
use crate::identity::Identity;
use crate::last_uses::LastUses;
use crate::measures::Watched;
use crate::notices::Notices;
use crate::oauth::{Guesses, OAuth};
use crate::page_token::Keyring;
use crate::passwords::{Attempts, Hasher};
use crate::provisioning_rules::ProvisioningRules;
use crate::rate_limit::RateLimit;
use crate::schemas::Schemas;
use crate::search::Search;
use crate::service_keys::ServiceKeys;
use crate::sessions::Sessions;
use crate::sso::Sso;
use crate::throttle::Throttle;
use crate::tokens::Tokens;
use crate::types::KnownTypes;
use crate::users::Users;

/// The name of the lease by which it is found out whether the database takes changes.
const PROBE: &str = "readiness";

/// What every service of the core works with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Core {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    limits: Limits,
    page_token_keys: Arc<Keyring>,
    hasher: Hasher,
    password_attempts: Attempts,
    known_types: Arc<KnownTypes>,
    throttle: Arc<Throttle>,
    shares: Arc<Shares>,
    smtp: Option<Arc<Smtp>>,
    last_uses: Arc<LastUses>,
    secret_guesses: Arc<Guesses>,
    pulses: Arc<Pulses>,
    unknown_requests: Arc<RateLimit<()>>,
    watched: Arc<Watched>,
    /// Cancelled when answers that go on without an end are to end.
    stopping: CancellationToken,
}

impl Core {
    /// A core on a database that has been migrated.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        limits: Limits,
    ) -> Self {
        Self {
            store,
            clock,
            random,
            limits,
            page_token_keys: Arc::default(),
            hasher: Hasher::new(),
            password_attempts: Attempts::new(&limits),
            known_types: Arc::default(),
            throttle: Arc::new(Throttle::new(limits.max_requests_per_second)),
            shares: Arc::new(Shares::new(limits.requests_of_one_directory)),
            smtp: None,
            last_uses: Arc::default(),
            secret_guesses: Arc::default(),
            pulses: Arc::default(),
            unknown_requests: Arc::new(RateLimit::per_minute(UNKNOWN_PER_MINUTE)),
            watched: Arc::default(),
            stopping: CancellationToken::new(),
        }
    }

    /// The core, with a server to send notices by; without one they wait.
    #[must_use]
    pub fn with_smtp(self, smtp: Option<Smtp>) -> Self {
        Self { smtp: smtp.map(Arc::new), ..self }
    }

    /// Every gRPC service: the core's own behind the gate, reflection for whoever has a credential, and
    /// `grpc.health.v1` for probes. The reporter flips what health answers; it begins as serving.
    ///
    /// Errors: the descriptors of the protos cannot be read, which a test of this crate rules out.
    pub async fn routes(&self) -> Result<(Routes, HealthReporter)> {
        let (reporter, health) = tonic_health::server::health_reporter();
        reporter.set_service_status("", tonic_health::ServingStatus::Serving).await;
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()
            .map_err(Error::internal)?;

        macro_rules! limited {
            ($server:ident, $service:expr) => {
                $server::new($service)
                    .max_decoding_message_size(MAX_MESSAGE_BYTES)
                    .max_encoding_message_size(MAX_MESSAGE_BYTES)
            };
        }
        let routes = Routes::new(limited!(UserServiceServer, Users::new(self.clone())))
            .add_service(limited!(GroupServiceServer, Groups::new(self.clone())))
            .add_service(limited!(SearchServiceServer, Search::new(self.clone())))
            .add_service(limited!(BulkServiceServer, Bulk::new(self.clone())))
            .add_service(limited!(DirectoryServiceServer, Directories::new(self.clone())))
            .add_service(limited!(HoldServiceServer, Holds::new(self.clone())))
            .add_service(limited!(SchemaServiceServer, Schemas::new(self.clone())))
            .add_service(limited!(SsoServiceServer, Sso::new(self.clone())))
            .add_service(limited!(ProvisioningRuleServiceServer, ProvisioningRules::new(self.clone())))
            .add_service(limited!(TokenServiceServer, Tokens::new(self.clone())))
            .add_service(limited!(ServiceKeyServiceServer, ServiceKeys::new(self.clone())))
            .add_service(limited!(ActivityServiceServer, Activities::new(self.clone())))
            .add_service(limited!(AuditServiceServer, Audit::new(self.clone())))
            .add_service(limited!(NoticeServiceServer, Notices::new(self.clone())))
            .add_service(limited!(OAuthServiceServer, OAuth::new(self.clone())))
            .add_service(limited!(EventServiceServer, Events::new(self.clone())))
            .add_service(limited!(SessionServiceServer, Sessions::new(self.clone())))
            .add_service(limited!(DiscoveryServiceServer, Discovery::new(self.clone())))
            .add_service(limited!(IdentityServiceServer, Identity))
            .add_service(reflection)
            .add_service(health);
        let gate = Gate {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            throttle: Arc::clone(&self.throttle),
            last_uses: Arc::clone(&self.last_uses),
            shares: Arc::clone(&self.shares),
            session_idle: sessions::micros(self.limits.session_idle),
        };
        Ok((Routes::from(routes.into_axum_router().layer(gate)).prepare(), reporter))
    }

    /// The services by which directories are set up, called by Rollcall itself, as it may do at the start of a core. There is no
    /// gate before them: nobody else is ever to be given them.
    pub fn setting_up(&self) -> Routes {
        let routes = Routes::new(DirectoryServiceServer::new(Directories::new(self.clone())))
            .add_service(SchemaServiceServer::new(Schemas::new(self.clone())))
            .add_service(ProvisioningRuleServiceServer::new(ProvisioningRules::new(self.clone())))
            .add_service(ServiceKeyServiceServer::new(ServiceKeys::new(self.clone())));
        let as_system = MapRequestLayer::new(|mut request: Request<Body>| {
            request.extensions_mut().insert(Caller::system());
            request
        });
        Routes::from(routes.into_axum_router().layer(as_system)).prepare()
    }

    /// Whether the database answers what every request asks, and takes changes: it is asked for nobody's credential, and does
    /// a change. Errors: why it does not.
    pub async fn probe(&self) -> Result<()> {
        self.store.credential_and_user(&[0; 32], "").await?;
        // It ends as it begins, so that every replica takes it whenever it likes.
        self.store.take_lease(PROBE, uuid::Uuid::nil(), self.clock.now(), 0).await?;
        Ok(())
    }

    /// A new id.
    fn new_id(&self) -> uuid::Uuid {
        new_id(&*self.random, self.clock.now())
    }
}
