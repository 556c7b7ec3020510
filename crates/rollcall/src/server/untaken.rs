//! Answers that wait for their clients: so many in all and for one address, and of too many the one that has waited longest goes.
//!
//! A client of HTTP/2 says for each answer how much of it may come, and may say nothing for as long as it likes. What waits for
//! it takes up memory, but hinders nobody's request: it has no place among those. To make room for a new one the oldest is
//! dropped, and not the new one refused: whoever takes an answer at all is never the oldest for long.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::sync::oneshot;

use super::connections::SAID_EVERY;

/// The answers that wait on one port.
#[derive(Debug)]
pub(super) struct Untaken {
    most: usize,
    most_per_address: usize,
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    /// By the order in which they began to wait.
    all: BTreeMap<u64, One>,
    by_address: HashMap<IpAddr, BTreeSet<u64>>,
    next: u64,
    dropped: u64,
    said: Option<Instant>,
}

#[derive(Debug)]
struct One {
    address: Option<IpAddr>,
    /// Whoever waits learns by the end of it that it has to go.
    _stay: oneshot::Sender<()>,
}

impl Untaken {
    pub(super) fn new(most: usize, most_per_address: usize) -> Arc<Self> {
        Arc::new(Self { most, most_per_address, list: Mutex::default() })
    }

    /// How many there are, and how many have been dropped so far to make room or since they had waited too long.
    pub(super) fn load(&self) -> (u64, u64) {
        let list = self.lock();
        (list.all.len() as u64, list.dropped)
    }

    /// Notes that an answer was dropped that had waited for too long.
    pub(super) fn note_dropped(&self) {
        self.lock().dropped += 1;
    }

    /// Lists an answer that begins to wait for a client; `None`, it is of a proxy, which has as many as there may be.
    pub(super) fn list(self: &Arc<Self>, address: Option<IpAddr>) -> Listed {
        let (stay, gone) = oneshot::channel();
        let mut list = self.lock();
        let of_address = address.and_then(|address| list.by_address.get(&address));
        let oldest_there =
            of_address.filter(|those| those.len() >= self.most_per_address).and_then(BTreeSet::first);
        let oldest = oldest_there.or_else(|| list.all.keys().next().filter(|_| list.all.len() >= self.most));
        if let Some(oldest) = oldest.copied() {
            list.remove(oldest);
            list.dropped += 1;
            if list.said.is_none_or(|said| said.elapsed() >= SAID_EVERY) {
                list.said = Some(Instant::now());
                tracing::warn!(
                    client = address.map(tracing::field::display),
                    in_all = list.all.len(),
                    "answers are dropped that their clients do not take: as many wait as max-connections or max-connections-per-address allows"
                );
            }
        }
        let number = list.next;
        list.next += 1;
        list.all.insert(number, One { address, _stay: stay });
        if let Some(address) = address {
            list.by_address.entry(address).or_default().insert(number);
        }
        Listed { untaken: Arc::clone(self), number, gone }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List {
    fn remove(&mut self, number: u64) {
        let Some(One { address: Some(address), .. }) = self.all.remove(&number) else { return };
        if let Some(those) = self.by_address.get_mut(&address) {
            those.remove(&number);
            if those.is_empty() {
                self.by_address.remove(&address);
            }
        }
    }
}

/// An answer that waits, until it is dropped.
#[derive(Debug)]
pub(super) struct Listed {
    untaken: Arc<Untaken>,
    number: u64,
    gone: oneshot::Receiver<()>,
}

impl Future for Listed {
    type Output = ();

    /// Ready once it has to make room.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.gone).poll(context).map(|_| ())
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.untaken.lock().remove(self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn from(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn of_too_many_the_one_that_has_waited_longest_goes() {
        let untaken = Untaken::new(3, 2);
        let mut waiting: Vec<_> = [1, 1, 2].map(|last| untaken.list(Some(from(last)))).into();
        let gone = |waiting: &mut Vec<Listed>| -> Vec<_> {
            waiting.iter_mut().map(|listed| listed.now_or_never().is_some()).collect()
        };
        assert_eq!(gone(&mut waiting), [false, false, false]);
        waiting.push(untaken.list(Some(from(1))));
        assert_eq!(gone(&mut waiting), [true, false, false, false], "the address has its share");
        waiting.remove(0);
        waiting.push(untaken.list(Some(from(3))));
        assert_eq!(gone(&mut waiting), [true, false, false, false], "and all have theirs");
        assert_eq!(untaken.load(), (3, 2));
        drop(waiting);
        assert_eq!(untaken.load(), (0, 2));
        assert!(untaken.lock().by_address.is_empty());
    }

    #[test]
    fn a_proxy_has_all_of_them() {
        let untaken = Untaken::new(3, 1);
        let mut waiting = [None, None, None].map(|proxy| untaken.list(proxy));
        assert!(waiting.iter_mut().all(|listed| listed.now_or_never().is_none()));
    }
}
