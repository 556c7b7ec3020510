//! The public URL, from outside in: whether it leads to a SCIM endpoint, and by HTTPS.

use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use axum::body::Body;
use axum::http::{Response, StatusCode, Uri, header};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use tokio::time::timeout;
use tower::ServiceExt as _;

use super::PATIENCE;
use super::certificates::until;
use super::finding::Finding;
use crate::cli::time::now;
use crate::client::innermost;
use crate::settings::Public;

const NAME: &str = "public-url";
/// What every SCIM endpoint tells everybody.
const ASKED: &str = "/scim/v2/ServiceProviderConfig";
/// The type of its answer.
const SCIM_JSON: &str = "application/scim+json";

/// Asks the public URL as an identity provider would, and looks at the certificate that it shows.
pub(super) async fn check(public: &Public) -> Vec<Finding> {
    let Some(url) = &public.public_url else {
        let why = "it is not set: the Host header of each request says where the endpoint is";
        return vec![Finding::not_checked(NAME, why)];
    };
    let asked = format!("{url}{ASKED}");
    match timeout(PATIENCE, ask(&asked)).await {
        Ok(Ok((answer, shown))) => {
            let certificate = until("public-url-tls", "the certificate there", &shown, now());
            let certificate = (!shown.is_empty()).then_some(certificate);
            [judged(url, &answer)].into_iter().chain(certificate).collect()
        }
        Ok(Err(error)) => vec![unreachable(url, &format!("{error:#}"))],
        Err(_) => vec![unreachable(url, &format!("no answer within {PATIENCE:?}"))],
    }
}

fn unreachable(url: &str, why: &str) -> Finding {
    Finding::wrong(
        NAME,
        format!("{url} cannot be reached from here: {why}"),
        "See to its name in DNS, to the proxy or ingress in front, and to its certificate. If only this machine cannot go there, \
         ask from outside with curl.",
    )
}

/// The answer to a GET, and the certificates that were shown with it.
async fn ask(url: &str) -> Result<(Response<()>, Vec<CertificateDer<'static>>)> {
    let uri: Uri = url.parse().context("it is no URL")?;
    let connector = connector()?;
    let stream = connector.clone().oneshot(uri.clone()).await.map_err(|error| anyhow!(innermost(&*error)))?;
    let shown = match &stream {
        MaybeHttpsStream::Https(stream) => stream.inner().get_ref().1.peer_certificates().unwrap_or_default(),
        MaybeHttpsStream::Http(_) => &[],
    };
    let shown = shown.iter().map(|certificate| certificate.clone().into_owned()).collect();
    drop(stream);
    let client: Client<_, Body> =
        Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
    let answer = client.get(uri).await.map_err(|error| anyhow!(innermost(&error)))?;
    Ok((answer.map(drop), shown))
}

/// Trusts the certificates of the system, as identity providers do those of theirs.
fn connector() -> Result<HttpsConnector<HttpConnector>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_native_roots()
        .context("this machine has no certificates of authorities")?
        .with_no_client_auth();
    Ok(HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().build())
}

fn judged(url: &str, answer: &Response<()>) -> Finding {
    let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let status = answer.status();
    if status.is_redirection() {
        let to = text(header::LOCATION);
        return Finding::wrong(
            NAME,
            format!("{url} points elsewhere: {status}, to {to}"),
            "Give public-url the address that answers by itself: identity providers do not follow.",
        );
    }
    if status != StatusCode::OK || !text(header::CONTENT_TYPE).starts_with(SCIM_JSON) {
        let (advice, what) = if status.is_server_error() {
            ("Look at the log of what stands in front, and at the gateway's.", "does not serve")
        } else {
            let passed_on = "Let what stands in front pass /scim/v2 on to Rollcall, with its path as it is.";
            (passed_on, "is answered by something else")
        };
        return Finding::wrong(NAME, format!("{url} {what}: {status} for {ASKED}"), advice);
    }
    if url.starts_with("https://") {
        return Finding::ok(NAME, format!("{url} leads to a SCIM endpoint, by HTTPS"));
    }
    Finding::warning(
        NAME,
        format!("{url} leads to a SCIM endpoint, and not by HTTPS"),
        "Identity providers want https://: whoever is between reads the tokens. See docs/operations.md about TLS.",
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    fn answer(status: u16, content_type: &str) -> Response<()> {
        Response::builder().status(status).header("content-type", content_type).body(()).unwrap()
    }

    #[test]
    fn only_a_scim_endpoint_by_https_is_all_well() {
        let url = "https://id.example.com";
        let scim = "application/scim+json;charset=utf-8";
        for (url, answer, verdict, words) in [
            (url, answer(200, scim), Verdict::Ok, "by HTTPS"),
            ("http://id.example.com", answer(200, scim), Verdict::Warning, "not by HTTPS"),
            (url, answer(200, "text/html"), Verdict::Wrong, "something else"),
            (url, answer(404, scim), Verdict::Wrong, "something else: 404 Not Found"),
            (url, answer(503, scim), Verdict::Wrong, "does not serve: 503"),
            (url, answer(301, scim), Verdict::Wrong, "points elsewhere"),
        ] {
            let finding = judged(url, &answer);
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert!(finding.found.contains(words), "{finding:?}");
        }
    }
}
