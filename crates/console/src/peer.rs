//! Who is at the other end of the connection.

use std::net::IpAddr;

/// The address that a request came from, for the limits of signing in. Whoever serves the console puts it into the extensions
/// of each request; without it all requests count as one peer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(pub IpAddr);
