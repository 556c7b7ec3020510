//! Addresses to listen on.

use std::net::SocketAddr;

/// Reads an address. Errors: what would be one.
pub(super) fn parse(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "give an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_needs_a_port_and_no_name() {
        assert_eq!(parse("[::1]:80").unwrap().port(), 80);
        for bad in ["", "127.0.0.1", ":8080", "localhost:8080", "127.0.0.1:65536"] {
            assert!(parse(bad).unwrap_err().contains("127.0.0.1:8080"), "{bad}");
        }
    }
}
