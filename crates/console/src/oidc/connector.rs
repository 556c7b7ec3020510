//! How the provider is reached: HTTPS, with limits, and without following where an answer points.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

use super::invalid_settings::InvalidSettings;

/// How long the provider may take for one answer, from the connection to its last byte.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer: key sets of large providers have some 20 KiB.
const LONGEST: usize = 1 << 20;

/// The way to the provider.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    client: Client<HttpsConnector<HttpConnector>, Full<axum::body::Bytes>>,
}

/// Why there is no answer. It says nothing of what was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    /// The connection failed.
    #[error("no connection: {0}")]
    Connection(String),
    /// It took too long.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Late,
    /// There was too much of it.
    #[error("an answer of more than {LONGEST} bytes")]
    TooLong,
}

impl Connector {
    /// A way that trusts these certificates (PEM), or those of the system. `secure`: it is HTTPS or nothing.
    pub(super) fn new(secure: bool, ca: Option<&[u8]>) -> Result<Self, InvalidSettings> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| InvalidSettings(format!("TLS cannot be used: {error}")))?;
        let config = match ca {
            Some(pem) => config.with_root_certificates(authorities(pem)?),
            None if secure => config.with_native_roots().map_err(|error| {
                InvalidSettings(format!(
                    "oidc-issuer: there are no certificates of the system ({error}); install them, or set oidc-ca-cert"
                ))
            })?,
            None => config.with_root_certificates(RootCertStore::empty()),
        };
        let builder = HttpsConnectorBuilder::new().with_tls_config(config.with_no_client_auth());
        let builder = if secure { builder.https_only() } else { builder.https_or_http() };
        // Sign-ins are rare: a connection that is kept is one that may have been closed at the other end.
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(builder.enable_http1().build());
        Ok(Self { client })
    }

    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let request = request.map(|body| Full::new(axum::body::Bytes::from(body)));
        let response =
            self.client.request(request).await.map_err(|error| NoAnswer::Connection(causes(&error)))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, LONGEST).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                NoAnswer::TooLong
            } else {
                NoAnswer::Connection(error.to_string())
            }
        })?;
        Ok(HttpResponse::from_parts(parts, body.to_bytes().into()))
    }
}

impl<'c> AsyncHttpClient<'c> for Connector {
    type Error = NoAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoAnswer>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { timeout(PATIENCE, self.answer(request)).await.unwrap_or(Err(NoAnswer::Late)) })
    }
}

fn authorities(pem: &[u8]) -> Result<RootCertStore, InvalidSettings> {
    let invalid = |error: String| InvalidSettings(format!("oidc-ca-cert: {error}; give PEM certificates"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| invalid(error.to_string()))?;
        roots.add(certificate).map_err(|error| invalid(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(invalid("there is no certificate in it".to_owned()));
    }
    Ok(roots)
}

/// An error with what caused it, in a line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
