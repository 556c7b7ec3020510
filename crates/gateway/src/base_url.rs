//! The URL that a client came by, which its absolute URLs begin with. Nothing that a proxy or a client says in
//! `X-Forwarded-*` or `Forwarded` is believed.

use std::borrow::Cow;

use http::Uri;
use http::header::HOST;
use http::request::Parts;
use thiserror::Error;

/// The path under which SCIM is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BasePath {
    /// Rollcall's own.
    Rollcall,
    /// Metabase's.
    Metabase,
}

impl BasePath {
    /// The path, such as `/scim/v2`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Rollcall => "/scim/v2",
            Self::Metabase => "/api/ee/scim/v2",
        }
    }
}

/// Where base URLs come from.
#[derive(Debug)]
pub(crate) struct BaseUrls {
    /// If the operator has said what the public URL is: the one of Rollcall's own path, and that of Metabase's.
    public: Option<[String; 2]>,
    scheme: &'static str,
}

impl BaseUrls {
    /// With a public URL, or without, and by a port that has TLS or has not.
    pub(crate) fn new(public_url: Option<&str>, is_encrypted: bool) -> Self {
        let paths = [BasePath::Rollcall, BasePath::Metabase];
        let public = public_url.map(|url| url.trim_end_matches('/'));
        Self {
            public: public.map(|url| paths.map(|path| format!("{url}{}", path.as_str()))),
            scheme: if is_encrypted { "https" } else { "http" },
        }
    }

    /// The base URL of a request that came by a base path. Without a public URL it is made of the host that the client
    /// named; of a client that named none, it is the path alone.
    pub(crate) fn of(&self, parts: &Parts, path: BasePath) -> Cow<'_, str> {
        match (&self.public, path) {
            (Some([rollcall, _]), BasePath::Rollcall) => Cow::Borrowed(rollcall),
            (Some([_, metabase]), BasePath::Metabase) => Cow::Borrowed(metabase),
            (None, path) => match host(parts) {
                Some(host) => Cow::Owned(format!("{}://{host}{}", self.scheme, path.as_str())),
                None => Cow::Borrowed(path.as_str()),
            },
        }
    }
}

/// The host that a request is for, with its port: the authority of an absolute or HTTP/2 target counts before the
/// `Host` header (RFC 9112 §3.2.2). What is no host is none: it goes into answers.
fn host(parts: &Parts) -> Option<&str> {
    let named = match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => parts.headers.get(HOST).and_then(|host| host.to_str().ok()),
    };
    named.filter(|host| !host.is_empty() && host.bytes().all(is_host_byte))
}

fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']')
}

/// Why a text is no public URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a public URL looks like https://id.example.com: {0}")]
pub struct InvalidPublicUrl(&'static str);

/// Reads the URL that clients reach the gateway by: `http` or `https`, a host, and the path that a proxy takes off, if
/// any. Slashes at its end are left out.
pub fn parse_public_url(text: &str) -> Result<String, InvalidPublicUrl> {
    let url: Uri = text.trim().parse().map_err(|_| InvalidPublicUrl("this is no URL"))?;
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err(InvalidPublicUrl("begin it with https:// or http://"));
    }
    let authority = url.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    if !authority.bytes().all(is_host_byte) {
        return Err(InvalidPublicUrl("leave out the user name and password"));
    }
    if url.query().is_some() || text.contains('#') {
        return Err(InvalidPublicUrl("leave out what follows ? or #"));
    }
    let url = text.trim().trim_end_matches('/');
    if [BasePath::Rollcall, BasePath::Metabase].iter().any(|path| url.ends_with(path.as_str())) {
        return Err(InvalidPublicUrl("leave out /scim/v2, which the gateway adds"));
    }
    Ok(url.to_owned())
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn base(public_url: Option<&str>, uri: &str, headers: &[(&str, &str)], path: BasePath) -> String {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        BaseUrls::new(public_url, false).of(&parts, path).into_owned()
    }

    #[test]
    fn the_public_url_counts_before_all_else() {
        let headers = [("host", "10.0.0.1:8080"), ("x-forwarded-host", "evil.example")];
        let public = Some("https://id.example.com/idp/");
        assert_eq!(base(public, "/", &headers, BasePath::Rollcall), "https://id.example.com/idp/scim/v2");
        assert_eq!(
            base(public, "/", &headers, BasePath::Metabase),
            "https://id.example.com/idp/api/ee/scim/v2"
        );
    }

    #[test]
    fn without_one_the_host_is_what_the_client_named_and_no_proxy() {
        let headers = [
            ("host", "id.example.com:8080"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "https"),
        ];
        assert_eq!(base(None, "/x", &headers, BasePath::Rollcall), "http://id.example.com:8080/scim/v2");
        assert_eq!(
            base(None, "http://[::1]:8080/x", &headers, BasePath::Metabase),
            "http://[::1]:8080/api/ee/scim/v2"
        );
    }

    #[test]
    fn what_is_no_host_is_not_repeated() {
        for host in ["", "user@host", "a/b", "a b", "a\"b", "a?b"] {
            assert_eq!(base(None, "/x", &[("host", host)], BasePath::Rollcall), "/scim/v2", "{host}");
        }
        assert_eq!(base(None, "/x", &[], BasePath::Rollcall), "/scim/v2");
    }

    #[test]
    fn a_public_url_is_read_or_says_what_is_wrong_with_it() {
        assert_eq!(parse_public_url("https://id.example.com/").unwrap(), "https://id.example.com");
        assert_eq!(parse_public_url(" http://10.0.0.1:8080/idp// ").unwrap(), "http://10.0.0.1:8080/idp");
        for wrong in [
            "",
            "id.example.com",
            "/scim",
            "ftp://id.example.com",
            "https://",
            "https://u:p@id.example.com",
            "https://id.example.com?x",
            "https://id.example.com/#x",
            "https://id.example.com/scim/v2/",
            "https://id.example.com/api/ee/scim/v2",
        ] {
            assert!(parse_public_url(wrong).is_err(), "{wrong}");
        }
    }
}
