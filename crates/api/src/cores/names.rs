//! Which cores there are: the names in the URLs are looked up again and again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;
use tonic::transport::Endpoint;

use super::checks;
use super::network::Network;
use super::replica::Replica;
use crate::hop;

/// How often a name is looked up: while there is a core that serves, and while there is none.
const PERIODS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(1));
/// How long that may take: longer than the system takes to ask a name server twice.
const PATIENCE: Duration = Duration::from_secs(12);

/// The cores that are known.
#[derive(Debug)]
pub(super) struct Known {
    /// Those of each name; `None`, it has yet to be looked up.
    of_names: Vec<Option<Vec<Arc<Replica>>>>,
    cores: Vec<Arc<Replica>>,
}

impl Known {
    /// What is known before any of so many names has been looked up.
    pub(super) fn nothing_yet(names: usize) -> Self {
        Self { of_names: vec![None; names], cores: Vec::new() }
    }

    /// All of them.
    pub(super) fn cores(&self) -> &[Arc<Replica>] {
        &self.cores
    }

    /// Whether one serves.
    pub(super) fn serve(&self) -> bool {
        self.cores.iter().any(|core| core.serves())
    }

    /// Whether there is a core, or every name has been looked up without one.
    pub(super) fn is_settled(&self) -> bool {
        !self.cores.is_empty() || self.of_names.iter().all(Option::is_some)
    }

    fn set(&mut self, name: usize, cores: Vec<Arc<Replica>>) {
        self.of_names[name] = Some(cores);
        self.cores = self.of_names.iter().flatten().flatten().cloned().collect();
    }
}

/// What one URL leads to.
#[derive(Debug)]
pub(super) struct Host {
    number: usize,
    url: Endpoint,
    name: String,
    port: u16,
    cores: Vec<Arc<Replica>>,
    /// Why the name leads nowhere, as the log was told.
    told: Option<String>,
}

impl Host {
    /// That of the URL with this number.
    pub(super) fn new(number: usize, url: Endpoint) -> Self {
        let uri = url.uri();
        // An address of IPv6 stands in brackets there.
        let name = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(usual);
        Self { number, url: hop::gateway_end(url), name, port, cores: Vec::new(), told: None }
    }

    /// Looks the name up, and tells which cores it leads to, for as long as anybody wants to know.
    pub(super) async fn follow(mut self, network: Arc<dyn Network>, known: Arc<watch::Sender<Known>>) {
        loop {
            self.look_up(&*network).await;
            known.send_modify(|known| known.set(self.number, self.cores.clone()));
            let pause = if known.borrow().serve() { PERIODS.0 } else { PERIODS.1 };
            if timeout(pause, known.closed()).await.is_ok() {
                return;
            }
        }
    }

    /// A name that is not found leads to where it led before: a name server that is away takes no core away.
    async fn look_up(&mut self, network: &dyn Network) {
        let cause = match timeout(PATIENCE, network.look_up(&self.name, self.port)).await {
            Ok(Ok(addresses)) if !addresses.is_empty() => {
                self.lead_to(addresses, network);
                None
            }
            Ok(Ok(_)) => Some("it has no address".to_owned()),
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some(format!("nobody answers within {PATIENCE:?}")),
        };
        if cause != self.told {
            if let Some(cause) = &cause {
                tracing::warn!(host = self.name, cause, "the name of a core is not found");
            } else {
                tracing::info!(host = self.name, "the name of a core is found again");
            }
            self.told = cause;
        }
    }

    fn lead_to(&mut self, mut addresses: Vec<SocketAddr>, network: &dyn Network) {
        addresses.sort_unstable();
        addresses.dedup();
        let before = std::mem::take(&mut self.cores);
        let core_at = |address: SocketAddr| {
            if let Some(core) = before.iter().find(|core| core.address() == address) {
                return Arc::clone(core);
            }
            let core = Arc::new(Replica::new(address, network.channel(&self.url, address)));
            tokio::spawn(checks::follow(Arc::downgrade(&core)));
            core
        };
        self.cores = addresses.into_iter().map(core_at).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_what_its_url_says() {
        let host = |url| {
            let host = Host::new(0, Endpoint::from_static(url));
            (host.name, host.port)
        };
        assert_eq!(host("http://core:50051"), ("core".to_owned(), 50051));
        assert_eq!(host("https://core.example.com"), ("core.example.com".to_owned(), 443));
        assert_eq!(host("http://[::1]"), ("::1".to_owned(), 80));
    }
}
