//! What is known of the provider: its configuration and its keys (OpenID Connect Discovery 1.0), asked for when they are
//! needed, and kept.

use std::sync::Arc;

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthType, ClientId, ClientSecret, DiscoveryError, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, ProviderMetadata,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::connector::{Connector, NoAnswer};
use super::refusal::{Refusal, Refused};

/// After so many µs what is known is asked for anew.
const FRESH: i64 = 3600 * 1_000_000;
/// So many µs must lie between two questions, whatever comes in.
const PAUSE: i64 = 3 * 1_000_000;

/// The signatures that an ID token may have. Those by a shared secret are none: it would have to be the client's, and whoever
/// has that could make tokens for anybody.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What a provider announces beside what the library knows a name for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Announced {
    /// Whether every answer names the issuer (RFC 9207 §3).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Announced {}

/// The configuration of a provider.
pub(super) type Metadata = ProviderMetadata<
    Announced,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// A client of a provider whose endpoints are known.
pub(super) type ProviderClient = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A provider, and what is known of it.
#[derive(Debug)]
pub(super) struct Provider {
    issuer: IssuerUrl,
    client_id: ClientId,
    client_secret: Option<SecretString>,
    pub(super) connector: Connector,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    known: Option<Arc<Metadata>>,
    /// When it was asked last, in µs, and what went wrong.
    asked: i64,
    failure: Option<Refused>,
}

impl Provider {
    pub(super) fn new(
        issuer: IssuerUrl,
        client_id: ClientId,
        client_secret: Option<SecretString>,
        connector: Connector,
    ) -> Self {
        Self { issuer, client_id, client_secret, connector, memory: Mutex::default() }
    }

    pub(super) fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// What is known of the provider, asked for if need be. What was known is better than nothing: keys and endpoints live for
    /// long.
    pub(super) async fn known(&self, now: i64) -> Result<Arc<Metadata>, Refused> {
        let mut memory = self.memory.lock().await;
        let age = now.saturating_sub(memory.asked);
        match (&memory.known, &memory.failure) {
            (Some(known), None) if age < FRESH => return Ok(Arc::clone(known)),
            (Some(known), Some(_)) if age < PAUSE => return Ok(Arc::clone(known)),
            (None, Some(failure)) if age < PAUSE => return Err(failure.clone()),
            _ => {}
        }
        self.ask(&mut memory, now).await;
        match (&memory.known, &memory.failure) {
            (Some(known), _) => Ok(Arc::clone(known)),
            (None, Some(failure)) => Err(failure.clone()),
            (None, None) => Err(Refusal::Unreachable.because("nothing is known of the provider")),
        }
    }

    /// What is known after asking anew, since what was known did not do: keys change.
    pub(super) async fn known_since(&self, known: &Arc<Metadata>, now: i64) -> Arc<Metadata> {
        let mut memory = self.memory.lock().await;
        let is_newest = memory.known.as_ref().is_none_or(|newest| Arc::ptr_eq(newest, known));
        if is_newest && now.saturating_sub(memory.asked) >= PAUSE {
            self.ask(&mut memory, now).await;
        }
        memory.known.clone().unwrap_or_else(|| Arc::clone(known))
    }

    async fn ask(&self, memory: &mut Memory, now: i64) {
        memory.asked = now;
        match Metadata::discover_async(self.issuer.clone(), &self.connector).await {
            Ok(known) => {
                memory.known = Some(Arc::new(known));
                memory.failure = None;
            }
            Err(error) => {
                let cause = cause(error);
                tracing::warn!(
                    issuer = self.issuer.as_str(),
                    cause,
                    "the OpenID provider cannot be discovered"
                );
                memory.failure = Some(Refusal::Unreachable.because(cause));
            }
        }
    }

    /// The client for a provider that is known.
    pub(super) fn client(&self, known: &Metadata) -> ProviderClient {
        let secret = self.client_secret.as_ref();
        let secret = secret.map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
        let client = CoreClient::from_provider_metadata(known.clone(), self.client_id.clone(), secret);
        let methods = known.token_endpoint_auth_methods_supported();
        let takes = |method| methods.is_some_and(|methods| methods.contains(&method));
        if takes(CoreClientAuthMethod::ClientSecretPost) && !takes(CoreClientAuthMethod::ClientSecretBasic) {
            return client.set_auth_type(AuthType::RequestBody);
        }
        client
    }

    /// Whether a text that the provider sent has something in it that must not be told.
    pub(super) fn is_secret(&self, text: &str) -> bool {
        self.client_secret.as_ref().is_some_and(|secret| text.contains(secret.expose_secret()))
    }

    /// The signatures that count.
    pub(super) fn signatures() -> impl IntoIterator<Item = CoreJwsSigningAlgorithm> {
        SIGNATURES
    }
}

fn cause(error: DiscoveryError<NoAnswer>) -> String {
    match error {
        DiscoveryError::Request(error) => error.to_string(),
        DiscoveryError::Parse(error) => format!("its configuration cannot be read: {error}"),
        DiscoveryError::Response(status, ..) => format!("its configuration is answered with {status}"),
        DiscoveryError::Validation(what) => format!("its configuration is another one's: {what}"),
        other => other.to_string(),
    }
}
