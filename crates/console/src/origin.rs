//! Whether a request that changes something comes from a page of ours.

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
    let host = match parts.uri.authority() {
        Some(authority) => Some(authority.as_str()),
        None => header(HOST.as_str()),
    };
    let Some((_, from)) = origin.split_once("://") else { return true };
    let is_public = public_url
        .and_then(|url| url.split_once("://"))
        .is_some_and(|(_, rest)| rest.split('/').next().is_some_and(|host| host.eq_ignore_ascii_case(from)));
    !is_public && host.is_none_or(|host| !host.eq_ignore_ascii_case(from))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

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
