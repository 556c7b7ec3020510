//! What stands in a head: paths, entity tags, media types, forwarded addresses, forms. Each is read the same way by something
//! simpler, or reads as itself again.

#![no_main]

use std::net::IpAddr;

use arbitrary::Arbitrary;
use http::header::{ACCEPT, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rollcall_gateway::{Network, client_address, fuzzing, parse_public_url};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

#[derive(Debug, Arbitrary)]
enum Head<'a> {
    Path(&'a str),
    Tags(Vec<&'a str>),
    Types(Vec<&'a str>),
    Forwarded { peer: IpAddr, addresses: Vec<Address<'a>>, trusted: Vec<(IpAddr, u8)> },
    Network(&'a str, IpAddr),
    PublicUrl(&'a str),
    Form(&'a [u8]),
    Pairs(Vec<(&'a str, &'a str)>),
}

#[derive(Debug, Arbitrary)]
enum Address<'a> {
    Of(IpAddr),
    Other(&'a str),
}

fn headers(name: &HeaderName, values: &[&str]) -> HeaderMap {
    let values = values.iter().filter_map(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
    values.map(|value| (name.clone(), value)).fold(HeaderMap::new(), |mut all, (name, value)| {
        all.append(name, value);
        all
    })
}

fuzz_target!(|head: Head<'_>| match head {
    Head::Path(path) => path_is_ours_or_left_out(path),
    Head::Tags(values) => tags_read_as_themselves(&values),
    Head::Types(values) => {
        _ = fuzzing::answers_in_scim_json(&headers(&ACCEPT, &values));
        _ = fuzzing::is_json(&headers(&CONTENT_TYPE, &values));
    }
    Head::Forwarded { peer, addresses, trusted } => forwarded(peer, &addresses, &trusted),
    Head::Network(text, address) => network(text, address),
    Head::PublicUrl(text) => {
        if let Ok(url) = parse_public_url(text) {
            assert_eq!(parse_public_url(&url).as_ref(), Ok(&url));
            assert!(
                url.starts_with("http") && !url.ends_with('/') && !url.contains(['?', '#', '@']),
                "{url}"
            );
        }
    }
    Head::Form(bytes) => {
        _ = fuzzing::form_value(bytes, "grant_type");
        _ = fuzzing::form_value(bytes, "");
    }
    Head::Pairs(pairs) => form(&pairs),
});

/// A log shows of a path what this server has words for, and an ellipsis for each other segment.
fn path_is_ours_or_left_out(path: &str) {
    _ = fuzzing::route(path);
    let shown = fuzzing::shown(path);
    assert_eq!(shown.split('/').count(), path.split('/').count());
    for (shown, sent) in shown.split('/').zip(path.split('/')) {
        assert!(shown == "…" || shown == sent, "{path:?} is shown as {shown:?}");
    }
}

/// Tags come apart, and put together again they come apart the same way.
fn tags_read_as_themselves(values: &[&str]) {
    let sent = headers(&IF_MATCH, values);
    let Some(tags) = fuzzing::if_match(&sent) else { return };
    assert!(!tags.is_empty() || !sent.contains_key(IF_MATCH), "a condition that holds no tag is none");
    let joined = tags.join(",");
    let quotes = tags.iter().all(|tag| tag.matches('"').count() % 2 == 0);
    if quotes && !tags.is_empty() {
        assert_eq!(fuzzing::if_match(&headers(&IF_MATCH, &[&joined])), Some(tags.clone()));
    }
    let version = "W/\"3\"";
    let known = tags.iter().any(|tag| tag == "*" || tag == version || tag == "\"3\"");
    let sent = headers(&IF_NONE_MATCH, values);
    assert_eq!(fuzzing::client_has(&sent, version), known);
}

/// The client is the last address that no trusted proxy has.
fn forwarded(peer: IpAddr, addresses: &[Address<'_>], trusted: &[(IpAddr, u8)]) {
    let networks = trusted.iter().filter_map(|(address, bits)| format!("{address}/{bits}").parse().ok());
    let networks: Vec<Network> = networks.collect();
    let written: Vec<String> = addresses
        .iter()
        .map(|address| match address {
            Address::Of(address) => address.to_string(),
            Address::Other(text) => (*text).to_owned(),
        })
        .collect();
    let texts: Vec<&str> = written.iter().map(String::as_str).collect();
    let found = client_address(peer, &headers(&FORWARDED_FOR, &texts), &networks);
    let is_trusted = |address: IpAddr| networks.iter().any(|network| network.contains(address));
    assert_eq!(found, found.to_canonical());
    if !is_trusted(peer) {
        assert_eq!(found, peer.to_canonical(), "whoever is not trusted is not believed");
    } else if !is_trusted(found) {
        let said = texts
            .iter()
            .flat_map(|text| text.split(','))
            .filter_map(|text| text.trim().parse::<IpAddr>().ok());
        assert!(said.map(|said| said.to_canonical()).any(|said| said == found), "nobody is made up");
    }
}

/// A network has its own address, and the whole of its range and nothing beside it, by counting bits.
fn network(text: &str, address: IpAddr) {
    let Ok(network) = text.parse::<Network>() else { return };
    let (own, length) = match text.trim().split_once('/') {
        Some((own, length)) => (own, length.parse::<u32>().ok()),
        None => (text.trim(), None),
    };
    let own: IpAddr = own.parse().expect("a network begins with an address");
    // Less than the whole prefix of IPv4 within IPv6 is a network of both, which no address of IPv4 is in.
    let is_wide = own.to_canonical() != own && length.is_some_and(|length| length < 96);
    assert!(is_wide || network.contains(own), "{text:?} lacks itself");
    let bits = |address: IpAddr| match address.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    };
    if !is_wide && own.to_canonical().is_ipv4() == address.to_canonical().is_ipv4() {
        let whole = if own.is_ipv4() { 32 } else { 128 };
        let mapped = if own.is_ipv6() && own.to_canonical().is_ipv4() { 96 } else { 0 };
        let length = length.unwrap_or(whole) - mapped;
        let same = length == 0 || (bits(own) ^ bits(address)) >> (128 - length) == 0;
        assert_eq!(network.contains(address), same, "{text:?} and {address}");
    }
}

/// A form has what was put into it.
fn form(pairs: &[(&str, &str)]) {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<_> = pairs.iter().filter(|(name, value)| !name.is_empty() && !value.is_empty()).collect();
    let body: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    let body = body.join("&");
    for (name, value) in &pairs {
        let is_once = pairs.iter().filter(|(other, _)| other == name).count() == 1;
        let expected = is_once.then(|| (*value).to_owned());
        assert_eq!(fuzzing::form_value(body.as_bytes(), name), expected);
    }
}
