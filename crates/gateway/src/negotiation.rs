//! What media type a client can read (RFC 7644 §3.8), and which it sent.

use http::{HeaderMap, StatusCode, header};

use crate::error::Problem;
use crate::media_type::{JSON, MediaType, SCIM_JSON};

/// The media type to answer in: SCIM's own, unless the client accepts `application/json` and not that. A client that
/// accepts neither gets SCIM's own, since it can make more of that than of a refusal.
pub(crate) fn answer_type(headers: &HeaderMap) -> MediaType {
    let mut accepts_json = false;
    for value in headers.get_all(header::ACCEPT) {
        let Ok(list) = value.to_str() else { continue };
        for range in list.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            if parts.any(is_zero_quality) {
                continue;
            }
            if [SCIM_JSON, "*/*", "application/*"].iter().any(|all| name.eq_ignore_ascii_case(all)) {
                return MediaType::ScimJson;
            }
            accepts_json |= name.eq_ignore_ascii_case(JSON);
        }
    }
    if accepts_json { MediaType::Json } else { MediaType::ScimJson }
}

/// Whether a parameter says "not this" (RFC 9110 §12.4.2).
fn is_zero_quality(parameter: &str) -> bool {
    let quality = parameter.split_once('=').filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    quality.and_then(|(_, quality)| quality.trim().parse::<f32>().ok()).is_some_and(|quality| quality <= 0.0)
}

/// Refuses a body that does not say to be JSON, or that is compressed. One that says nothing is read as JSON.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    if let Some(value) = headers.get(header::CONTENT_TYPE) {
        let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if ![SCIM_JSON, JSON, "text/json", ""].iter().any(|json| media_type.eq_ignore_ascii_case(json)) {
            return Err(Problem::http(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!(
                    "Content-Type: {media_type} is not read here; send application/scim+json or application/json"
                ),
            ));
        }
    }
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") => Err(Problem::http(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Content-Encoding: a compressed body is not read here; send it as it is",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn accepting(value: &str) -> MediaType {
        answer_type(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_str(value).unwrap())]))
    }

    fn sending(name: header::HeaderName, value: &str) -> Result<(), Problem> {
        require_json(&HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())]))
    }

    #[test]
    fn scim_json_is_answered_unless_json_alone_is_accepted() {
        assert_eq!(answer_type(&HeaderMap::new()), MediaType::ScimJson);
        for accept in [
            "application/scim+json",
            "Application/SCIM+JSON; charset=utf-8",
            "*/*",
            "application/json, text/plain, */*",
            "application/json, application/scim+json;q=0.5",
            "text/html",
            "",
        ] {
            assert_eq!(accepting(accept), MediaType::ScimJson, "{accept}");
        }
        for accept in [
            "application/json",
            "application/json; charset=utf-8",
            "application/json, */*;q=0",
            "text/html,application/json",
        ] {
            assert_eq!(accepting(accept), MediaType::Json, "{accept}");
        }
    }

    #[test]
    fn every_accept_header_counts() {
        let mut headers = HeaderMap::new();
        headers.append(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.append(header::ACCEPT, HeaderValue::from_static("application/scim+json"));
        assert_eq!(answer_type(&headers), MediaType::ScimJson);
    }

    #[test]
    fn json_is_read_whatever_its_charset() {
        assert!(require_json(&HeaderMap::new()).is_ok());
        for sent in [
            "application/json",
            "application/scim+json; charset=utf-8",
            "APPLICATION/JSON;charset=\"UTF-16\"",
        ] {
            assert!(sending(header::CONTENT_TYPE, sent).is_ok(), "{sent}");
        }
        for sent in [
            "text/plain",
            "application/xml",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
        ] {
            assert!(sending(header::CONTENT_TYPE, sent).is_err(), "{sent}");
        }
    }

    #[test]
    fn a_compressed_body_is_refused() {
        assert!(sending(header::CONTENT_ENCODING, "gzip").is_err());
        assert!(sending(header::CONTENT_ENCODING, "identity").is_ok());
    }
}
