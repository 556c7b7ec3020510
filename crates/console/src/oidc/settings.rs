//! The settings of signing in with OpenID Connect.

use std::net::IpAddr;

use openidconnect::{ClientId, IssuerUrl, Scope};
use secrecy::{ExposeSecret as _, SecretString};

use super::OpenIdConnect;
use super::administrators::Administrators;
use super::connector::Connector;
use super::invalid_settings::InvalidSettings;
use super::provider::Provider;

/// The settings, as texts.
#[derive(Clone, Default)]
pub struct OpenIdConnectSettings {
    /// The issuer identifier of the provider: its configuration is found under it.
    pub issuer: String,
    /// The client as which this installation is registered there.
    pub client_id: String,
    /// The client's secret; `None`, it is a public client.
    pub client_secret: Option<SecretString>,
    /// The scopes to ask for, by spaces.
    pub scopes: String,
    /// What people know the provider by.
    pub name: String,
    /// The addresses of administrators.
    pub admin_emails: Vec<String>,
    /// The claims of administrators, as `NAME=VALUE`.
    pub admin_claims: Vec<String>,
    /// The secret of a key with the scope `admin`, which vouches for them to the core.
    pub service_key: SecretString,
    /// The certificates (PEM) that the provider's is checked against; `None`, those of the system.
    pub ca: Option<Vec<u8>>,
}

impl std::fmt::Debug for OpenIdConnectSettings {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("OpenIdConnectSettings").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl OpenIdConnect {
    /// Checks the settings. The provider is not asked for anything yet. Errors: which setting cannot be used, and what would
    /// do.
    pub fn new(settings: OpenIdConnectSettings) -> Result<Self, InvalidSettings> {
        let (issuer, secure) = issuer(&settings.issuer)?;
        if settings.client_id.trim().is_empty() {
            return Err(InvalidSettings(
                "oidc-issuer needs oidc-client-id: the client as which this installation is registered at the provider"
                    .to_owned(),
            ));
        }
        let scopes: Vec<Scope> =
            settings.scopes.split_whitespace().map(|scope| Scope::new(scope.to_owned())).collect();
        if !scopes.iter().any(|scope| scope.as_str() == "openid") {
            return Err(InvalidSettings(format!(
                "oidc-scopes: {:?} lacks openid; give scopes by spaces, such as `openid email profile`",
                settings.scopes
            )));
        }
        let service_key = settings.service_key.expose_secret().trim();
        if service_key.is_empty() {
            return Err(InvalidSettings(
                "oidc-issuer needs a key for the console: put one with the scope admin into ROLLCALL_OIDC_SERVICE_KEY, or into \
                 the file oidc-service-key-file; `rollcall service-key create console --scope admin` makes \
                 one"
                    .to_owned(),
            ));
        }
        Ok(Self {
            name: settings.name.trim().to_owned(),
            service_key: service_key.into(),
            administrators: Administrators::new(&settings.admin_emails, &settings.admin_claims)?,
            provider: Provider::new(
                issuer,
                ClientId::new(settings.client_id.trim().to_owned()),
                settings.client_secret,
                Connector::new(secure, settings.ca.as_deref())?,
            ),
            // The library asks for it by itself.
            scopes: scopes.into_iter().filter(|scope| scope.as_str() != "openid").collect(),
        })
    }
}

/// Reads an issuer, and whether it is reached by HTTPS.
fn issuer(text: &str) -> Result<(IssuerUrl, bool), InvalidSettings> {
    let invalid = |why: &str| {
        // A password may be in it, and this goes to a terminal and into logs.
        let shown = if text.contains('@') { "it".to_owned() } else { format!("{text:?}") };
        InvalidSettings(format!(
            "oidc-issuer: {shown} {why}; give the issuer identifier of the provider, such as https://login.example.com"
        ))
    };
    let issuer = IssuerUrl::new(text.to_owned()).map_err(|_| invalid("is no URL"))?;
    let url = issuer.url();
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(invalid("has more than a host and a path"));
    }
    let host = url.host_str().unwrap_or_default();
    match url.scheme() {
        "https" if !host.is_empty() => Ok((issuer, true)),
        "http" if is_this_machine(host) => Ok((issuer, false)),
        "http" => Err(invalid("has no TLS, which only a provider on this machine may lack")),
        _ => Err(invalid("is neither https nor http")),
    }
}

fn is_this_machine(host: &str) -> bool {
    let name = host.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> OpenIdConnectSettings {
        OpenIdConnectSettings {
            issuer: "http://127.0.0.1:9000".to_owned(),
            client_id: "rollcall".to_owned(),
            client_secret: Some("hunter2".into()),
            scopes: "openid email".to_owned(),
            name: "Example".to_owned(),
            admin_emails: vec!["ana@example.com".to_owned()],
            admin_claims: Vec::new(),
            service_key: "rc_key_hunter3".into(),
            ca: None,
        }
    }

    #[test]
    fn what_is_missing_is_told_with_what_to_set() {
        let good = OpenIdConnect::new(settings()).unwrap();
        let shown = format!("{good:?} {:?}", settings());
        assert!(!shown.contains("hunter"), "{shown}");
        for (bad, said) in [
            (OpenIdConnectSettings { client_id: " ".to_owned(), ..settings() }, "oidc-client-id"),
            (OpenIdConnectSettings { scopes: "email".to_owned(), ..settings() }, "oidc-scopes"),
            (OpenIdConnectSettings { admin_emails: Vec::new(), ..settings() }, "oidc-admin-claim"),
            (
                OpenIdConnectSettings { service_key: SecretString::default(), ..settings() },
                "ROLLCALL_OIDC_SERVICE_KEY",
            ),
            (OpenIdConnectSettings { ca: Some(b"none".to_vec()), ..settings() }, "oidc-ca-cert"),
        ] {
            let error = OpenIdConnect::new(bad).unwrap_err().to_string();
            assert!(error.contains(said) && !error.contains("hunter"), "{error}");
        }
    }

    #[test]
    fn an_issuer_has_tls_unless_it_is_on_this_machine() {
        for good in ["https://login.example.com", "https://login.example.com/realms/one/", "http://[::1]:80"]
        {
            assert!(issuer(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "login.example.com",
            "http://login.example.com",
            "http://127.0.0.1.example.com",
            "ftp://login.example.com",
            "https://user@login.example.com",
            "https://login.example.com?x=y",
            "https://login.example.com#x",
        ] {
            let error = issuer(bad).unwrap_err().to_string();
            assert!(error.starts_with("oidc-issuer: ") && error.contains("https://"), "{error}");
        }
    }
}
