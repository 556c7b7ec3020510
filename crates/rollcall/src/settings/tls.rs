//! HTTPS.

use std::path::PathBuf;

use clap::Args;

/// The certificate of the HTTP port.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "HTTP")]
pub(crate) struct HttpTls {
    /// PEM file with the certificate (and its chain) of the HTTP port, which switches HTTPS on; it is read again when it changes
    #[arg(long, env = "ROLLCALL_HTTP_TLS_CERT", value_name = "FILE")]
    pub(crate) http_tls_cert: Option<PathBuf>,

    /// PEM file with the private key of that certificate
    #[arg(long, env = "ROLLCALL_HTTP_TLS_KEY", value_name = "FILE")]
    pub(crate) http_tls_key: Option<PathBuf>,
}

impl HttpTls {
    /// The scheme of URLs of the port.
    pub(crate) fn scheme(&self) -> &'static str {
        if self.is_on() { "https" } else { "http" }
    }

    /// Whether connections are encrypted.
    pub(crate) fn is_on(&self) -> bool {
        self.http_tls_cert.is_some()
    }
}
