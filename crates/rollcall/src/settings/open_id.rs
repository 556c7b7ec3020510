//! The OpenID provider that administrators sign in to the console with.

use std::path::PathBuf;

use clap::Args;
use rollcall_console::{OpenIdConnect, OpenIdConnectSettings};

use super::{Invalid, secret, small_file};

/// The variables that hold secrets.
const CLIENT_SECRET: &str = "ROLLCALL_OIDC_CLIENT_SECRET";
const SERVICE_KEY: &str = "ROLLCALL_OIDC_SERVICE_KEY";

/// The provider, as which client it is asked, and who of those that it knows is an administrator.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Console: OpenID Connect")]
pub(crate) struct OpenId {
    /// Issuer of the OpenID provider that administrators sign in to the console with, such as
    /// `https://login.example.com`; without it, they sign in with an admin key
    #[arg(long, env = "ROLLCALL_OIDC_ISSUER", value_name = "URL")]
    pub(crate) oidc_issuer: Option<String>,

    /// Client as which this installation is registered at the provider
    #[arg(long, env = "ROLLCALL_OIDC_CLIENT_ID", value_name = "ID")]
    pub(crate) oidc_client_id: Option<String>,

    /// File with the secret of that client; or put the secret itself into `ROLLCALL_OIDC_CLIENT_SECRET`; a public client
    /// has none
    #[arg(long, env = "ROLLCALL_OIDC_CLIENT_SECRET_FILE", value_name = "FILE")]
    pub(crate) oidc_client_secret_file: Option<PathBuf>,

    /// File with the key that vouches to the core for who has signed in, with the scope `admin`; or put the key itself into
    /// `ROLLCALL_OIDC_SERVICE_KEY`
    #[arg(long, env = "ROLLCALL_OIDC_SERVICE_KEY_FILE", value_name = "FILE")]
    pub(crate) oidc_service_key_file: Option<PathBuf>,

    /// Address of an administrator, which the provider has verified; several by comma
    #[arg(long, env = "ROLLCALL_OIDC_ADMIN_EMAIL", value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) oidc_admin_email: Vec<String>,

    /// Claim that makes an administrator, such as `roles=rollcall-admin`: it is the value, or a list with it; several by
    /// semicolon
    #[arg(long, env = "ROLLCALL_OIDC_ADMIN_CLAIM", value_name = "NAME=VALUE", value_delimiter = ';')]
    pub(crate) oidc_admin_claim: Vec<String>,

    /// Scopes to ask the provider for, by spaces
    #[arg(long, env = "ROLLCALL_OIDC_SCOPES", value_name = "SCOPES", default_value = "openid email profile")]
    pub(crate) oidc_scopes: String,

    /// What administrators know the provider by: the sign-in says `Continue with NAME`
    #[arg(long, env = "ROLLCALL_OIDC_NAME", value_name = "NAME", default_value = "single sign-on")]
    pub(crate) oidc_name: String,

    /// PEM file with the certificates that the provider's is checked against; without it, those of the system
    #[arg(long, env = "ROLLCALL_OIDC_CA_CERT", value_name = "FILE")]
    pub(crate) oidc_ca_cert: Option<PathBuf>,
}

impl OpenId {
    /// The provider; `None`, none is configured. Errors: settings that cannot be used, those of a provider without an issuer
    /// among them, and a file that cannot be read. They name no secret.
    pub(crate) fn provider(&self) -> Result<Option<OpenIdConnect>, Invalid> {
        let client_secret = secret(CLIENT_SECRET, self.oidc_client_secret_file.as_deref())?;
        let service_key = secret(SERVICE_KEY, self.oidc_service_key_file.as_deref())?;
        let Some(issuer) = self.oidc_issuer.clone() else {
            let stray = self.oidc_client_id.is_some()
                || !self.oidc_admin_email.is_empty()
                || !self.oidc_admin_claim.is_empty();
            return if stray {
                Err(Invalid(
                    "oidc-client-id, oidc-admin-email and oidc-admin-claim need oidc-issuer: the provider, such as \
                     https://login.example.com"
                        .to_owned(),
                ))
            } else {
                Ok(None)
            };
        };
        let read = |path: &PathBuf| {
            small_file::read(path)
                .map_err(|error| Invalid(format!("oidc-ca-cert: cannot read {}: {error}", path.display())))
        };
        let settings = OpenIdConnectSettings {
            issuer,
            client_id: self.oidc_client_id.clone().unwrap_or_default(),
            client_secret,
            scopes: self.oidc_scopes.clone(),
            name: self.oidc_name.clone(),
            admin_emails: self.oidc_admin_email.clone(),
            admin_claims: self.oidc_admin_claim.clone(),
            service_key: service_key.unwrap_or_default(),
            ca: self.oidc_ca_cert.as_ref().map(read).transpose()?,
        };
        OpenIdConnect::new(settings).map(Some).map_err(|error| Invalid(error.to_string()))
    }
}
