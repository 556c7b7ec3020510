//! Clients of the core's services, with the message limits that both sides agree on.

use crate::channel::CoreChannel;
use crate::v1::activity_service_client::ActivityServiceClient;
use crate::v1::audit_service_client::AuditServiceClient;
use crate::v1::bulk_service_client::BulkServiceClient;
use crate::v1::directory_service_client::DirectoryServiceClient;
use crate::v1::discovery_service_client::DiscoveryServiceClient;
use crate::v1::event_service_client::EventServiceClient;
use crate::v1::group_service_client::GroupServiceClient;
use crate::v1::hold_service_client::HoldServiceClient;
use crate::v1::identity_service_client::IdentityServiceClient;
use crate::v1::notice_service_client::NoticeServiceClient;
use crate::v1::o_auth_service_client::OAuthServiceClient;
use crate::v1::provisioning_rule_service_client::ProvisioningRuleServiceClient;
use crate::v1::schema_service_client::SchemaServiceClient;
use crate::v1::search_service_client::SearchServiceClient;
use crate::v1::service_key_service_client::ServiceKeyServiceClient;
use crate::v1::session_service_client::SessionServiceClient;
use crate::v1::sso_service_client::SsoServiceClient;
use crate::v1::token_service_client::TokenServiceClient;
use crate::v1::user_service_client::UserServiceClient;

/// The largest message in bytes that the core and its clients send and accept. tonic's own default of 4 MiB, which
/// also holds in memory, is less than one page of users can be.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;

macro_rules! clients {
    ($($(#[$doc:meta])* $name:ident: $client:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(channel: CoreChannel) -> $client<CoreChannel> {
            $client::new(channel)
                .max_decoding_message_size(MAX_MESSAGE_BYTES)
                .max_encoding_message_size(MAX_MESSAGE_BYTES)
        }
    )*};
}

clients! {
    /// A client of the users.
    users: UserServiceClient;
    /// A client of the groups.
    groups: GroupServiceClient;
    /// A client of queries over every type.
    search: SearchServiceClient;
    /// A client of many changes at once.
    bulk: BulkServiceClient;
    /// A client of what the service supports.
    discovery: DiscoveryServiceClient;
    /// A client of who a credential is.
    identity: IdentityServiceClient;
    /// A client of the directories.
    directories: DirectoryServiceClient;
    /// A client of the registered schemas.
    schemas: SchemaServiceClient;
    /// A client of the notices to administrators.
    notices: NoticeServiceClient;
    /// A client of sign-ins.
    sso: SsoServiceClient;
    /// A client of the rules on first sign-ins.
    provisioning_rules: ProvisioningRuleServiceClient;
    /// A client of the SCIM tokens.
    tokens: TokenServiceClient;
    /// A client of what guard rails hold.
    holds: HoldServiceClient;
    /// A client of the activity log.
    activity: ActivityServiceClient;
    /// A client of the audit log.
    audit: AuditServiceClient;
    /// A client of the OAuth 2.0 clients.
    oauth: OAuthServiceClient;
    /// A client of the events.
    events: EventServiceClient;
    /// A client of the service keys.
    service_keys: ServiceKeyServiceClient;
    /// A client of the sessions.
    sessions: SessionServiceClient;
}
