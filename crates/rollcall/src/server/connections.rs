//! Who may be connected: so many in all and from one address, and nobody who never says a word.
//!
//! A connection costs a descriptor and some memory before anybody knows whose it is. Without these bounds whoever reaches the
//! port keeps everybody else out by connecting and saying nothing. A request costs memory as well, and a connection of HTTP/2 may
//! have a hundred: so there are no more of them at once than there may be connections, which HTTP/1.1 never reaches. Whoever watches
//! over gRPC how the core is has a place as well, and so does an answer that waits for its client: see [`Untaken`].

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rollcall_gateway::Network;
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::untaken::{Listed, Untaken};
use crate::settings::Connections as Settings;

/// How long a client may take to say what it wants: more than the 60 s that common proxies keep idle connections, so that it is
/// they who close.
pub(super) const LONGEST_SILENCE: Duration = Duration::from_secs(75);
/// How often to look whether the rest of a beginning has come.
const LOOK: Duration = Duration::from_millis(20);
/// What a connection of HTTP/2 begins with (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How often it is said at most that connections are turned away.
pub(super) const SAID_EVERY: Duration = Duration::from_mins(1);
/// Descriptors that are kept for files, the database and what else a process opens.
const OTHER_DESCRIPTORS: u64 = 200;
/// Fewer connections than this are worth a warning.
const FEW: usize = 1000;

/// The connections of one port, and the requests on them.
#[derive(Debug)]
pub(super) struct Connections {
    most: usize,
    most_per_address: usize,
    /// Each stands for many clients.
    proxies: Vec<Network>,
    open: Arc<Mutex<Places>>,
    requests: Arc<Mutex<Places>>,
    watches: Arc<Mutex<Places>>,
    untaken: Arc<Untaken>,
}

/// How full a port is.
#[derive(Debug)]
pub(super) struct Load {
    /// Connections, how many there may be, and how many have been turned away so far.
    pub(super) connections: (u64, u64, u64),
    /// Requests that have a place, and how many have found none so far.
    pub(super) requests: (u64, u64),
    /// Answers that wait for their clients, and how many have been dropped so far.
    pub(super) untaken: (u64, u64),
}

/// Those that are taken.
#[derive(Debug, Default)]
struct Places {
    total: usize,
    refused: u64,
    by_address: HashMap<IpAddr, usize>,
    said: Option<Instant>,
}

impl Connections {
    /// The connections of each port of a process; with each its proxies. The process may open as many files as the system lets
    /// it: where that is less than is asked for, the ports share what there is.
    pub(super) fn of_ports<const PORTS: usize>(
        settings: &Settings,
        proxies: [&[Network]; PORTS],
    ) -> [Arc<Self>; PORTS] {
        let descriptors = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(u64::MAX);
        let others = OTHER_DESCRIPTORS.min(descriptors / 2);
        let room = usize::try_from(descriptors - others).unwrap_or(usize::MAX) / PORTS.max(1);
        let most = settings.max_connections.min(room.max(1));
        if most < settings.max_connections.min(FEW) {
            tracing::warn!(
                descriptors,
                connections = most,
                "the system lets this process open few files, and so each port have few connections: raise the limit (ulimit -n, LimitNOFILE)"
            );
        }
        proxies.map(|proxies| {
            Arc::new(Self {
                most,
                most_per_address: settings.max_connections_per_address,
                proxies: proxies.to_vec(),
                open: Arc::default(),
                requests: Arc::default(),
                watches: Arc::default(),
                untaken: Untaken::new(most, settings.max_connections_per_address),
            })
        })
    }

    /// The proxies that are trusted.
    pub(super) fn proxies(&self) -> &[Network] {
        &self.proxies
    }

    pub(super) fn load(&self) -> Load {
        let taken = |places: &Mutex<Places>| {
            let places = places.lock().unwrap_or_else(PoisonError::into_inner);
            (places.total as u64, places.refused)
        };
        let (open, refused) = taken(&self.open);
        Load {
            connections: (open, self.most as u64, refused),
            requests: taken(&self.requests),
            untaken: self.untaken.load(),
        }
    }

    /// A place for a connection from there. `None`: there is none left.
    pub(super) fn admit(&self, peer: IpAddr) -> Option<Place> {
        self.place(
            &self.open,
            peer,
            "connections are turned away: max-connections or max-connections-per-address is reached",
        )
    }

    /// A place for a request from there, of which a connection may have many. `None`: there is none left.
    pub(super) fn admit_request(&self, peer: IpAddr) -> Option<Place> {
        self.place(
            &self.requests,
            peer,
            "requests are turned away: as many are under way as max-connections or max-connections-per-address allows",
        )
    }

    /// A place for somebody from there who watches how the core is. `None`: there is none left.
    pub(super) fn admit_watch(&self, peer: IpAddr) -> Option<Place> {
        self.place(
            &self.watches,
            peer,
            "health checks that watch are turned away: there are as many as max-connections or max-connections-per-address allows",
        )
    }

    /// Lists an answer that waits for a client there, in place of the one that has waited longest where there are too many.
    pub(super) fn list_untaken(&self, peer: IpAddr) -> Listed {
        self.untaken.list(self.address(peer.to_canonical()))
    }

    /// Notes that an answer has waited for too long.
    pub(super) fn note_untaken(&self) {
        self.untaken.note_dropped();
    }

    /// What somebody from there is counted by; `None`, nothing but all together.
    fn address(&self, peer: IpAddr) -> Option<IpAddr> {
        (!self.proxies.iter().any(|network| network.contains(peer))).then(|| one_client(peer))
    }

    /// One of these places for somebody from there; where there is none left, that is said now and then.
    fn place(&self, places: &Arc<Mutex<Places>>, peer: IpAddr, full: &'static str) -> Option<Place> {
        let peer = peer.to_canonical();
        let address = self.address(peer);
        let mut taken = places.lock().unwrap_or_else(PoisonError::into_inner);
        let of_address =
            address.and_then(|address| taken.by_address.get(&address)).copied().unwrap_or_default();
        if taken.total >= self.most || of_address >= self.most_per_address {
            taken.refused += 1;
            if taken.said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
                taken.said = Some(Instant::now());
                tracing::warn!(%peer, from_there = of_address, in_all = taken.total, "{full}");
            }
            return None;
        }
        taken.total += 1;
        if let Some(address) = address {
            *taken.by_address.entry(address).or_default() += 1;
        }
        Some(Place { places: Arc::clone(places), address })
    }
}

/// What counts as one client: an address, or of IPv6 the network that one customer is given.
pub(super) fn one_client(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// The place of a connection or request, which somebody else gets when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Mutex<Places>>,
    address: Option<IpAddr>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        taken.total -= 1;
        if let Some(address) = self.address
            && let Some(count) = taken.by_address.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

/// Waits until a connection has said which protocol it speaks. `false`: it did not, in time.
pub(super) async fn begins(stream: &TcpStream) -> bool {
    timeout(LONGEST_SILENCE, said_enough(stream)).await.unwrap_or(false)
}

async fn said_enough(stream: &TcpStream) -> bool {
    let mut beginning = [0; PREFACE.len()];
    loop {
        // What is looked at stays to be read, and what came stays to be seen when the client has gone.
        match stream.peek(&mut beginning).await {
            Ok(0) | Err(_) => return false,
            Ok(count) if count < PREFACE.len() && PREFACE.starts_with(&beginning[..count]) => {
                if stream.ready(Interest::READABLE).await.is_ok_and(Ready::is_read_closed) {
                    return false;
                }
                sleep(LOOK).await;
            }
            Ok(_) => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(most: usize, most_per_address: usize, proxies: &str) -> Arc<Connections> {
        let settings = Settings { max_connections: most, max_connections_per_address: most_per_address };
        let proxies: Vec<Network> =
            proxies.split_terminator(',').map(|network| network.parse().unwrap()).collect();
        let [connections] = Connections::of_ports(&settings, [&proxies]);
        connections
    }

    fn from(address: &str) -> IpAddr {
        address.parse().unwrap()
    }

    #[test]
    fn there_are_so_many_places_in_all() {
        let connections = connections(2, 2, "");
        let (first, second) = (connections.admit(from("10.0.0.1")), connections.admit(from("10.0.0.2")));
        assert!(second.is_some());
        assert!(connections.admit(from("10.0.0.3")).is_none());
        drop(first);
        assert!(connections.admit(from("10.0.0.3")).is_some());
    }

    #[test]
    fn one_client_has_its_share_and_a_proxy_is_none() {
        let connections = connections(100, 1, "10.9.0.0/16");
        let places: Vec<_> =
            ["10.0.0.1", "10.0.0.2", "2001:db8::1", "10.9.0.1", "10.9.0.1", "::ffff:10.9.0.1"]
                .map(|address| connections.admit(from(address)).unwrap())
                .into();
        for again in ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8::2"] {
            assert!(connections.admit(from(again)).is_none(), "{again}");
        }
        assert!(connections.admit(from("2001:db8:0:1::1")).is_some());
        drop(places);
        assert!(connections.open.lock().unwrap().by_address.is_empty());
    }
}
