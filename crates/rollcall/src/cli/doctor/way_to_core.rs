//! The way of a gateway or console to its core: whether it is there, and knows the gateway's key.

use anyhow::{Result, anyhow};
use axum::http::HeaderValue;
use rollcall_api::access::scope_name;
use rollcall_api::channel::CoreChannel;
use rollcall_api::client;
use rollcall_api::v1::{Scope, WhoAmIRequest};
use tokio::time::timeout;
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::PATIENCE;
use super::finding::Finding;
use crate::client::innermost;
use crate::server::tls;
use crate::settings::{CoreConnection, GatewayKey};

/// Asks each core how it is, and one that serves who a gateway with this key is to it.
pub(super) async fn check(settings: &CoreConnection, key: Option<&GatewayKey>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut serving = None;
    for url in &settings.core_url {
        let (finding, channel) = ask(settings, url).await;
        findings.push(finding);
        serving = serving.or(channel);
    }
    let Some(key) = key else { return findings };
    findings.push(match (key.authorization(), serving) {
        (Ok(None), _) => Finding::warning(
            "gateway-key",
            "it is not set: what this gateway answers is not in the activity log",
            "Make one with `rollcall service-key create gateways --scope activity.write`, and give gateway-key-file.",
        ),
        (Ok(Some(key)), Some(channel)) => judged(&channel, &key).await,
        // What is wrong with it is among the settings.
        (Err(_), _) | (Ok(Some(_)), None) => unasked(),
    });
    findings
}

/// How the core at a URL is, and the way to it if it serves.
async fn ask(settings: &CoreConnection, url: &str) -> (Finding, Option<Channel>) {
    let channel = match connect(settings, url).await {
        Ok(channel) => channel,
        Err(error) => {
            let advice = "Start the core, or mend core-url: https:// is for a core with TLS, which with mTLS wants \
                          core-client-cert and core-client-key too.";
            return (Finding::wrong("core", format!("{url}: {error:#}"), advice), None);
        }
    };
    let health = async {
        let request = HealthCheckRequest { service: String::new() };
        let answer = HealthClient::new(channel.clone()).check(request).await;
        answer.map(|answer| answer.into_inner().status() == ServingStatus::Serving)
    };
    let wrong = |found, advice| (Finding::wrong("core", found, advice), None);
    match timeout(PATIENCE, health).await {
        Ok(Ok(true)) => (Finding::ok("core", format!("{url} serves")), Some(channel)),
        Ok(Ok(false)) => wrong(
            format!("{url} is there and does not serve"),
            "Look at its log, and ask about it with `rollcall doctor core`: its database may be gone, or it is ending.",
        ),
        Ok(Err(status)) => wrong(
            format!("{url} does not answer as a core does: {}", status.message()),
            "Give core-url the gRPC address of a core: not that of a SCIM endpoint, and with https:// if it has TLS.",
        ),
        Err(_) => wrong(
            format!("{url} does not answer within {PATIENCE:?}"),
            "Look at its log, and at what is between here and there.",
        ),
    }
}

fn unasked() -> Finding {
    Finding::not_checked("gateway-key", "the core cannot be asked about it")
}

async fn connect(settings: &CoreConnection, url: &str) -> Result<Channel> {
    let (certificate, key) = (settings.core_client_cert.as_deref(), settings.core_client_key.as_deref());
    let client = tls::pair("core-client-cert", certificate, "core-client-key", key)?;
    let endpoint = tls::endpoint("core-url", url, settings.core_ca_cert.as_deref(), client)?;
    let endpoint = endpoint.connect_timeout(PATIENCE).timeout(PATIENCE);
    match timeout(PATIENCE, endpoint.connect()).await {
        Ok(connected) => connected.map_err(|error| anyhow!("cannot be reached ({})", innermost(&error))),
        Err(_) => Err(anyhow!("cannot be reached within {PATIENCE:?}")),
    }
}

/// What the core says of the gateway's key.
async fn judged(channel: &Channel, key: &HeaderValue) -> Finding {
    let mut request = Request::new(WhoAmIRequest {});
    let Ok(mut authorization) = MetadataValue::<Ascii>::try_from(key.as_bytes()) else { return unasked() };
    authorization.set_sensitive(true);
    request.metadata_mut().insert("authorization", authorization);
    let mut identity = client::identity(CoreChannel::tcp(channel.clone()));
    let advice = "Make another one with `rollcall service-key create gateways --scope activity.write`.";
    match timeout(PATIENCE, identity.who_am_i(request)).await {
        Ok(Ok(answer)) => {
            let who = answer.into_inner();
            let scopes: Vec<_> = who.scopes().filter_map(scope_name).collect();
            match who.scopes().any(|scope| scope == Scope::ActivityWrite) {
                true if scopes.len() == 1 => {
                    Finding::ok("gateway-key", format!("the core knows {}", who.prefix))
                }
                true => Finding::warning(
                    "gateway-key",
                    format!("{} may do more than a gateway needs: {}", who.prefix, scopes.join(", ")),
                    advice,
                ),
                false => Finding::wrong(
                    "gateway-key",
                    format!("{} lacks the scope activity.write; it has {}", who.prefix, scopes.join(", ")),
                    advice,
                ),
            }
        }
        Ok(Err(status)) => {
            Finding::wrong("gateway-key", format!("the core refuses it: {}", status.message()), advice)
        }
        Err(_) => {
            Finding::wrong("gateway-key", format!("no answer within {PATIENCE:?}"), "Look at the core's log.")
        }
    }
}
