//! The collector of traces: whether it is there. Nothing stops where it is not, and nobody learns of it either.

use axum::http::Uri;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;
use super::finding::Finding;
use crate::settings::{Invalid, Otlp};

const NAME: &str = "traces";

/// Connects to the collector that the environment names, and sends nothing.
pub(super) async fn check() -> Finding {
    match Otlp::of_environment() {
        Ok(Some(otlp)) => reached(&otlp.endpoint).await,
        Ok(None) => Finding::not_checked(NAME, "OTEL_EXPORTER_OTLP_ENDPOINT is not set: there are none"),
        Err(Invalid(refused)) => {
            Finding::wrong(NAME, refused, "Mend the variable: the server does not start with it.")
        }
    }
}

async fn reached(endpoint: &Uri) -> Finding {
    let port = endpoint.port_u16().unwrap_or(if endpoint.scheme_str() == Some("https") { 443 } else { 80 });
    let host = endpoint.host().unwrap_or_default();
    let address = format!("{host}:{port}");
    let why = match timeout(PATIENCE, TcpStream::connect((host.trim_matches(['[', ']']), port))).await {
        Ok(Ok(_)) => return Finding::ok(NAME, format!("the collector {address} is there")),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {PATIENCE:?}"),
    };
    Finding::warning(
        NAME,
        format!("the collector {address} cannot be reached: {why}"),
        "Mend OTEL_EXPORTER_OTLP_ENDPOINT, or let this machine through to it. Requests are served all the same; their traces are \
         lost until then.",
    )
}
