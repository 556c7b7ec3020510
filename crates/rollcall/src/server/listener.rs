//! Listening, and saying what is wrong when it does not work.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Result, anyhow};
use tokio::net::TcpListener;

/// Listens on an address that a setting (`http-addr`) gave. Errors: what keeps it from that, and what would help.
pub(super) async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let help = match error.kind() {
            ErrorKind::AddrInUse => "another process has it: stop that one, or give another address",
            ErrorKind::PermissionDenied => "ports below 1024 need a privilege: give a higher one",
            ErrorKind::AddrNotAvailable => {
                "this machine has no such address: 0.0.0.0 is every one that it has"
            }
            _ => "give another address",
        };
        anyhow!("cannot listen on {address} ({error}); {help} with --{setting}")
    })
}

/// The address under which this machine itself reaches a listener: one that listens everywhere is on the loopback too.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other.ip(),
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_in_use_is_named_with_the_way_out() {
        let taken = bind("http-addr", "127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = taken.local_addr().unwrap();
        let error = bind("http-addr", address).await.unwrap_err().to_string();
        assert!(error.contains(&address.to_string()) && error.contains("--http-addr"), "{error}");
    }

    #[test]
    fn everywhere_is_also_here() {
        let here = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(here("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(here("[::]:80"), "[::1]:80");
        assert_eq!(here("10.0.0.1:80"), "10.0.0.1:80");
    }
}
