//! TLS and mTLS on the way to the core.

use std::path::Path;

use anyhow::{Context as _, Result};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use super::certificates::{certificates, require_pair};
use crate::settings::{Invalid, small_file};

/// The core at a URL that a setting gave, with what is needed to trust it and to be trusted by it.
///
/// Errors: the URL is none of http or https, certificates are given for http, or a file cannot be read.
pub(crate) fn endpoint(
    setting: &str,
    url: &str,
    ca: Option<&Path>,
    client: Option<(&Path, &Path)>,
) -> Result<Endpoint> {
    let invalid = || {
        Invalid(format!(
            "{setting} {url:?}: give the URL of a core, such as http://127.0.0.1:50051 or https://core:50051"
        ))
    };
    if url.contains('@') {
        return Err(
            Invalid(format!("{setting} has a user or a password in it, which is of no use there")).into()
        );
    }
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|_| invalid())?;
    let uri = endpoint.uri();
    if uri.host().is_none_or(str::is_empty) || uri.path_and_query().is_some_and(|path| path.as_str() != "/") {
        return Err(invalid().into());
    }
    match uri.scheme_str() {
        Some("https") => {
            let tls = ClientTlsConfig::new();
            let tls = match ca {
                Some(path) => tls.ca_certificate(authority(path)?),
                None => tls.with_native_roots(),
            };
            let tls = match client {
                Some((certificate, key)) => tls.identity(identity(certificate, key)?),
                None => tls,
            };
            endpoint.tls_config(tls).context("the certificates cannot be used")
        }
        Some("http") if ca.is_none() && client.is_none() => Ok(endpoint),
        Some("http") => Err(Invalid(format!(
            "{setting} {url:?}: certificates are of no use with http://; write https://"
        ))
        .into()),
        _ => Err(invalid().into()),
    }
}

/// A certificate and its key. Errors: one without the other.
pub(crate) fn pair<'a>(
    certificate_setting: &str,
    certificate: Option<&'a Path>,
    key_setting: &str,
    key: Option<&'a Path>,
) -> Result<Option<(&'a Path, &'a Path)>, Invalid> {
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(Invalid(format!("{certificate_setting} needs {key_setting} too"))),
        (None, Some(_)) => Err(Invalid(format!("{key_setting} needs {certificate_setting} too"))),
    }
}

fn identity(certificate: &Path, key: &Path) -> Result<Identity> {
    let (text, key_text) = (read(certificate)?, read(key)?);
    require_pair((certificate, &text), (key, &key_text))?;
    Ok(Identity::from_pem(text, key_text))
}

/// The authority in a file, for tonic. Errors: it cannot be read, or holds no certificate.
pub(super) fn authority(path: &Path) -> Result<Certificate> {
    let text = read(path)?;
    certificates(&text, path)?;
    Ok(Certificate::from_pem(text))
}

fn read(path: &Path) -> Result<Vec<u8>, Invalid> {
    small_file::read(path).map_err(|error| Invalid(format!("cannot read {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_core_is_named_by_its_url() {
        for good in ["http://127.0.0.1:50051", "http://core:50051/", "https://core.example.com"] {
            assert!(endpoint("--core-url", good, None, None).is_ok(), "{good}");
        }
        for bad in
            ["", "127.0.0.1:50051", "core", "ftp://core", "http://core/scim", "http://core?x", "http://"]
        {
            let error = endpoint("--core-url", bad, None, None).unwrap_err().to_string();
            assert!(
                error.contains("--core-url") && error.contains("http://127.0.0.1:50051"),
                "{bad}: {error}"
            );
        }
    }

    #[test]
    fn certificates_without_encryption_are_refused() {
        let error = endpoint("--core-url", "http://core", Some(Path::new("ca.pem")), None).unwrap_err();
        assert!(error.to_string().contains("https://"), "{error}");
    }

    #[test]
    fn a_certificate_that_is_not_there_is_named() {
        let error = endpoint("--core-url", "https://core", Some(Path::new("no/ca.pem")), None).unwrap_err();
        assert!(error.to_string().contains("no/ca.pem"), "{error}");
    }
}
