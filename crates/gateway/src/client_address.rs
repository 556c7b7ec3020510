//! The address that a request came from. What a client says of it in `X-Forwarded-For` is believed only where the
//! connection comes from a proxy that the operator trusts, and then only as far as trusted proxies have written it.

use std::net::IpAddr;
use std::str::FromStr;

use http::HeaderMap;
use http::request::Parts;
use thiserror::Error;

/// The address of whoever opened the connection: whoever serves the router puts it into the extensions of each request.
#[derive(Debug, Clone, Copy)]
pub struct PeerAddress(pub IpAddr);

/// Addresses that begin alike, such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// How many bits count.
    length: u32,
}

/// Why a text is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("give an address such as 10.0.0.7, or a network such as 10.0.0.0/8")]
pub struct InvalidNetwork;

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let (address, length) = match text.trim().split_once('/') {
            None => (text.trim(), None),
            Some((address, length)) => (address, Some(length.parse().map_err(|_| InvalidNetwork)?)),
        };
        let address: IpAddr = address.parse().map_err(|_| InvalidNetwork)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let length: u32 = length.unwrap_or(bits);
        if length > bits {
            return Err(InvalidNetwork);
        }
        // IPv4 within IPv6 is compared as the IPv4 that it is.
        let canonical = address.to_canonical();
        match length.checked_sub(96) {
            Some(length) if canonical != address => Ok(Self { address: canonical, length }),
            _ => Ok(Self { address, length }),
        }
    }
}

impl Network {
    /// Whether an address is in it.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        let same = |own: u128, other: u128, bits: u32| {
            let unused = bits - self.length;
            own.checked_shr(unused) == other.checked_shr(unused)
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => same(own.to_bits().into(), other.to_bits().into(), 32),
            (IpAddr::V6(own), IpAddr::V6(other)) => same(own.to_bits(), other.to_bits(), 128),
            _ => false,
        }
    }
}

/// The address that a request came from; `None`, it is not known.
pub(crate) fn address_of(parts: &Parts, trusted: &[Network]) -> Option<IpAddr> {
    let peer = parts.extensions.get::<PeerAddress>()?;
    Some(client_address(peer.0, &parts.headers, trusted))
}

/// The address of the client whose request came with these headers over a connection with a peer.
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if !is_trusted(peer) {
        return peer;
    }
    // Each proxy adds whom it was asked by at the end: the last who is no proxy of ours is the client.
    let headers = headers.get_all("x-forwarded-for").iter();
    let said: Vec<&str> =
        headers.filter_map(|header| header.to_str().ok()).flat_map(|list| list.split(',')).collect();
    let mut nearest = peer;
    for address in said.into_iter().rev() {
        let Ok(address) = address.trim().parse::<IpAddr>() else { break };
        nearest = address.to_canonical();
        if !is_trusted(nearest) {
            break;
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn from(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut request = Request::builder();
        for header in forwarded {
            request = request.header("x-forwarded-for", *header);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(PeerAddress(peer.parse().unwrap()));
        let trusted: Vec<Network> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        address_of(&parts, &trusted).unwrap().to_string()
    }

    #[test]
    fn whoever_is_not_trusted_is_not_believed() {
        assert_eq!(from("192.0.2.1", &["198.51.100.7"], &[]), "192.0.2.1");
        assert_eq!(from("192.0.2.1", &["198.51.100.7"], &["10.0.0.0/8"]), "192.0.2.1");
        assert_eq!(from("::ffff:192.0.2.1", &[], &[]), "192.0.2.1");
    }

    #[test]
    fn behind_trusted_proxies_it_is_the_last_who_is_none_of_them() {
        let trusted = ["10.0.0.0/8", "2001:db8::1"];
        assert_eq!(from("10.1.2.3", &["198.51.100.7"], &trusted), "198.51.100.7");
        assert_eq!(from("10.1.2.3", &["1.1.1.1, 198.51.100.7, 10.9.9.9"], &trusted), "198.51.100.7");
        assert_eq!(from("10.1.2.3", &["1.1.1.1, 198.51.100.7", "10.9.9.9"], &trusted), "198.51.100.7");
        assert_eq!(from("2001:db8::1", &["198.51.100.7"], &trusted), "198.51.100.7");
        assert_eq!(from("10.1.2.3", &[], &trusted), "10.1.2.3");
        assert_eq!(from("10.1.2.3", &["10.4.4.4"], &trusted), "10.4.4.4");
        assert_eq!(from("10.1.2.3", &["1.1.1.1, nonsense, 10.9.9.9"], &trusted), "10.9.9.9");
    }

    #[test]
    fn without_a_connection_it_is_not_known() {
        let (parts, ()) = Request::builder().body(()).unwrap().into_parts();
        assert_eq!(address_of(&parts, &[]), None);
    }

    #[test]
    fn a_network_is_read_or_refused() {
        let contains = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(address.parse().unwrap())
        };
        assert!(contains("10.0.0.0/8", "10.255.0.1") && !contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("0.0.0.0/0", "203.0.113.9") && !contains("0.0.0.0/0", "::1"));
        assert!(contains("192.0.2.1", "192.0.2.1") && !contains("192.0.2.1", "192.0.2.2"));
        assert!(contains("2001:db8::/32", "2001:db8:1::1") && contains("::/0", "::1"));
        for mapped in ["::ffff:10.0.0.0/104", "::ffff:10.255.0.1"] {
            assert!(contains(mapped, "10.255.0.1") && contains(mapped, "::ffff:10.255.0.1"), "{mapped}");
            assert!(!contains(mapped, "11.0.0.1") && !contains(mapped, "::1"), "{mapped}");
        }
        for wrong in ["", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/x", "host", "::/129"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
