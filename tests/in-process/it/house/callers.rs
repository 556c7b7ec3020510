//! Typed clients of the core's services, with a credential.

use rollcall_api::channel::CoreChannel;
use rollcall_api::client::MAX_MESSAGE_BYTES;
use rollcall_api::v1::activity_service_client::ActivityServiceClient;
use rollcall_api::v1::audit_service_client::AuditServiceClient;
use rollcall_api::v1::bulk_service_client::BulkServiceClient;
use rollcall_api::v1::directory_service_client::DirectoryServiceClient;
use rollcall_api::v1::discovery_service_client::DiscoveryServiceClient;
use rollcall_api::v1::event_service_client::EventServiceClient;
use rollcall_api::v1::group_service_client::GroupServiceClient;
use rollcall_api::v1::hold_service_client::HoldServiceClient;
use rollcall_api::v1::identity_service_client::IdentityServiceClient;
use rollcall_api::v1::notice_service_client::NoticeServiceClient;
use rollcall_api::v1::o_auth_service_client::OAuthServiceClient;
use rollcall_api::v1::provisioning_rule_service_client::ProvisioningRuleServiceClient;
use rollcall_api::v1::schema_service_client::SchemaServiceClient;
use rollcall_api::v1::service_key_service_client::ServiceKeyServiceClient;
use rollcall_api::v1::session_service_client::SessionServiceClient;
use rollcall_api::v1::sso_service_client::SsoServiceClient;
use rollcall_api::v1::token_service_client::TokenServiceClient;
use rollcall_api::v1::user_service_client::UserServiceClient;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::{Request, Status};

/// The way to the core of somebody with a credential.
pub(crate) type Way = InterceptedService<CoreChannel, Bearer>;

/// Somebody who calls the core.
#[derive(Debug, Clone)]
pub(crate) struct Caller(Way);

/// Adds a credential to each call.
#[derive(Debug, Clone)]
pub(crate) struct Bearer {
    authorization: Option<MetadataValue<Ascii>>,
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(authorization) = &self.authorization {
            request.metadata_mut().insert("authorization", authorization.clone());
        }
        Ok(request)
    }
}

impl Caller {
    pub(crate) fn new(channel: CoreChannel, secret: Option<&str>) -> Self {
        let authorization = secret.map(|secret| format!("Bearer {secret}").parse().unwrap());
        Self(InterceptedService::new(channel, Bearer { authorization }))
    }
}

macro_rules! clients {
    ($($(#[$doc:meta])* $name:ident: $client:ident;)*) => {
        impl Caller {$(
            $(#[$doc])*
            pub(crate) fn $name(&self) -> $client<Way> {
                $client::new(self.0.clone())
                    .max_decoding_message_size(MAX_MESSAGE_BYTES)
                    .max_encoding_message_size(MAX_MESSAGE_BYTES)
            }
        )*}
    };
}

clients! {
    /// Users.
    users: UserServiceClient;
    /// Groups.
    groups: GroupServiceClient;
    /// Many changes in one call.
    bulk: BulkServiceClient;
    /// What the service supports.
    discovery: DiscoveryServiceClient;
    /// Who a credential is.
    identity: IdentityServiceClient;
    /// Directories.
    directories: DirectoryServiceClient;
    /// Registered schemas.
    schemas: SchemaServiceClient;
    /// Notices to administrators.
    notices: NoticeServiceClient;
    /// Sign-ins.
    sso: SsoServiceClient;
    /// Rules on first sign-ins.
    provisioning_rules: ProvisioningRuleServiceClient;
    /// SCIM tokens.
    tokens: TokenServiceClient;
    /// What guard rails hold.
    holds: HoldServiceClient;
    /// The activity log.
    activity: ActivityServiceClient;
    /// The audit log.
    audit: AuditServiceClient;
    /// OAuth 2.0 clients.
    oauth: OAuthServiceClient;
    /// Events.
    events: EventServiceClient;
    /// Service keys.
    service_keys: ServiceKeyServiceClient;
    /// Sessions.
    sessions: SessionServiceClient;
}
