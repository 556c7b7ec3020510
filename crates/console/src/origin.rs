//! Which host a request came to, and whether one that changes something comes from a page of ours.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::request::Parts;

/// Whether the request says that it comes from elsewhere: browsers say so of each POST, in `Origin` and in `Sec-Fetch-Site`.
/// One that says nothing comes from no browser; the token of the form decides then.
pub(crate) fn is_foreign(parts: &Parts, public_url: Option<&str>) -> bool {
    let header = |name: &str| parts.headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    let Some(origin) = header(ORIGIN.as_str()) else { return false };
    let host = host(parts);
    let Some((_, from)) = origin.split_once("://") else { return true };
    let is_public = public_url.and_then(split).is_some_and(|(_, host)| host.eq_ignore_ascii_case(from));
    !is_public && host.is_none_or(|host| !host.eq_ignore_ascii_case(from))
}

/// The host that the browser named, with its port.
pub(crate) fn host(parts: &Parts) -> Option<&str> {
    match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => parts.headers.get(HOST).and_then(|host| host.to_str().ok()),
    }
}

/// The URL by which the browser reaches the console, without a path. That it has TLS is known by the public URL, where it is
/// that host's, and by the port; else it has, but on this machine.
pub(crate) fn base(parts: &Parts, public_url: Option<&str>, is_encrypted: bool) -> Option<String> {
    let host = host(parts).filter(|host| !host.is_empty())?;
    let public = public_url.and_then(split).filter(|(_, public)| public.eq_ignore_ascii_case(host));
    let scheme = match public {
        Some((scheme, _)) => scheme,
        None if is_local(parts) && !is_encrypted => "http",
        None => "https",
    };
    Some(format!("{scheme}://{host}"))
}

/// Whether the administrator sits at this machine: browsers speak to it without TLS, and some keep no `Secure` cookie then.
pub(crate) fn is_local(parts: &Parts) -> bool {
    let Some(host) = host(parts) else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The scheme and the host of a URL.
fn split(url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    Some((scheme, rest.split('/').next()?))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[test]
    fn the_console_has_tls_but_on_this_machine_unless_the_public_url_says_otherwise() {
        let base = |host: &str, public_url: Option<&str>| {
            base(&Request::builder().header("host", host).body(()).unwrap().into_parts().0, public_url, false)
        };
        assert_eq!(base("id.example.com", None).as_deref(), Some("https://id.example.com"));
        assert_eq!(base("127.0.0.1:8080", None).as_deref(), Some("http://127.0.0.1:8080"));
        let public = Some("https://localhost:8443/idp");
        assert_eq!(base("localhost:8443", public).as_deref(), Some("https://localhost:8443"));
        assert_eq!(
            base("id.example.com", Some("http://id.example.com")).as_deref(),
            Some("http://id.example.com")
        );
        assert_eq!(
            base("other.example.com", Some("http://id.example.com")).as_deref(),
            Some("https://other.example.com")
        );
        assert_eq!(base("", None), None);
    }

    fn foreign(headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().header("host", "10.0.0.1:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let parts = request.body(()).unwrap().into_parts().0;
        is_foreign(&parts, Some("https://id.example.com/idp"))
    }

    #[test]
    fn the_host_and_the_public_url_are_ours() {
        assert!(!foreign(&[("origin", "http://10.0.0.1:8080"), ("sec-fetch-site", "same-origin")]));
        assert!(!foreign(&[("origin", "https://ID.example.com")]));
        assert!(!foreign(&[]));
    }

    #[test]
    fn everything_else_is_not() {
        for origin in
            ["https://evil.example", "http://10.0.0.1:9999", "null", "", "https://id.example.com.evil"]
        {
            assert!(foreign(&[("origin", origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site"] {
            assert!(foreign(&[("sec-fetch-site", site)]), "{site}");
        }
    }
}
