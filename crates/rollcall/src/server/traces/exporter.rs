//! How a collector is reached.

use std::time::Duration;

use anyhow::{Context as _, Result};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnectorBuilder};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _, WithTonicConfig as _};
use rustls::crypto::ring::default_provider;
use rustls::{ClientConfig, RootCertStore};
use tonic::transport::{ClientTlsConfig, Endpoint};

use crate::server::certificates::certificates;
use crate::server::tls::authority;
use crate::settings::{Invalid, Otlp, Protocol, small_file};

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What sends spans to a collector. It connects when there are some. Errors: the certificates cannot be used.
pub(super) fn exporter(otlp: &Otlp) -> Result<SpanExporter> {
    let exporter = SpanExporter::builder();
    let made = match otlp.protocol {
        Protocol::Grpc => {
            let mut endpoint = Endpoint::from(otlp.endpoint.clone()).connect_timeout(CONNECT_TIMEOUT);
            if otlp.endpoint.scheme_str() == Some("https") {
                let tls = ClientTlsConfig::new();
                let tls = match &otlp.certificate {
                    Some(file) => tls.ca_certificate(authority(file)?),
                    None => tls.with_native_roots(),
                };
                endpoint = endpoint.tls_config(tls).context("the certificates cannot be used")?;
            }
            let channel = endpoint.timeout(otlp.timeout).connect_lazy();
            exporter.with_tonic().with_channel(channel).with_timeout(otlp.timeout).build()
        }
        Protocol::HttpProtobuf => {
            let connector =
                HttpsConnectorBuilder::new().with_tls_config(tls(otlp)?).https_or_http().enable_http1();
            exporter
                .with_http()
                .with_protocol(opentelemetry_otlp::Protocol::HttpBinary)
                .with_http_client(HyperClient::new(connector.build(), otlp.timeout, None))
                .with_endpoint(otlp.endpoint.to_string())
                .with_timeout(otlp.timeout)
                .build()
        }
    };
    made.context("traces cannot be exported")
}

/// What a collector that is asked by HTTP is trusted by.
fn tls(otlp: &Otlp) -> Result<ClientConfig> {
    let config = ClientConfig::builder_with_provider(default_provider().into())
        .with_safe_default_protocol_versions()?;
    let config = match &otlp.certificate {
        Some(file) => {
            let text = small_file::read(file)
                .map_err(|error| Invalid(format!("cannot read {}: {error}", file.display())))?;
            let mut roots = RootCertStore::empty();
            for certificate in certificates(&text, file)? {
                roots.add(certificate).with_context(|| format!("{} cannot be used", file.display()))?;
            }
            config.with_root_certificates(roots)
        }
        None if otlp.endpoint.scheme_str() == Some("https") => config.with_native_roots()?,
        // Nobody is asked for a certificate.
        None => config.with_root_certificates(RootCertStore::empty()),
    };
    Ok(config.with_no_client_auth())
}
