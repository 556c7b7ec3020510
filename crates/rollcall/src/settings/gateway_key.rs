//! What a gateway shows the core with what it reports for the activity log.

use std::path::PathBuf;

use axum::http::HeaderValue;
use clap::Args;
use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;

use super::{Invalid, secret};

/// The variable that holds the key of a gateway.
const GATEWAY_KEY: &str = "ROLLCALL_GATEWAY_KEY";

/// The key of a gateway.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Core")]
pub(crate) struct GatewayKey {
    /// File with the service key, of the scope `activity.write`, with which the core is told of requests for the activity log; or
    /// put the key itself into `ROLLCALL_GATEWAY_KEY`
    #[arg(long, env = "ROLLCALL_GATEWAY_KEY_FILE", value_name = "FILE")]
    pub(crate) gateway_key_file: Option<PathBuf>,
}

impl GatewayKey {
    /// The header with the key, if there is one. Errors: a file that cannot be read, and what cannot be in a header.
    pub(crate) fn authorization(&self) -> Result<Option<HeaderValue>, Invalid> {
        let Some(key) = secret(GATEWAY_KEY, self.gateway_key_file.as_deref())? else { return Ok(None) };
        let bearer = Zeroizing::new(format!("Bearer {}", key.expose_secret()));
        let mut header = HeaderValue::try_from(bearer.as_str())
            .map_err(|_| Invalid(format!("{GATEWAY_KEY} has characters that no key has")))?;
        header.set_sensitive(true);
        Ok(Some(header))
    }
}
