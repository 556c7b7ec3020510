//! When credentials were last used, and from where: kept in memory, and written for many of them at once. No request waits
//! for that, and one that comes between two writings costs no statement.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use http::{Extensions, HeaderMap};
use rollcall_api::CLIENT_ADDRESS;
use rollcall_store::LastUse;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use uuid::Uuid;

use crate::Core;
use crate::error::Result;

/// How long uses wait to be written.
const WRITTEN_AFTER: Duration = Duration::from_secs(10);

/// The last uses that have not been written yet.
#[derive(Debug, Default)]
pub(crate) struct LastUses(Mutex<HashMap<Uuid, (i64, Option<IpAddr>)>>);

impl LastUses {
    /// Notes a use of a credential at a time in µs.
    pub(crate) fn note(&self, credential: Uuid, now: i64, address: Option<IpAddr>) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = uses.entry(credential).or_insert((now, address));
        if last.0 <= now {
            *last = (now, address);
        }
    }

    /// Takes them out, in order of the credentials.
    fn take(&self) -> Vec<(Uuid, (i64, Option<IpAddr>))> {
        let uses = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let mut uses: Vec<_> = uses.into_iter().collect();
        uses.sort_unstable_by_key(|(credential, _)| *credential);
        uses
    }
}

/// The address that a call came from: the one that the gateway says, else that of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CameFrom(pub(crate) Option<IpAddr>);

impl CameFrom {
    pub(crate) fn of(headers: &HeaderMap, extensions: &Extensions) -> Self {
        let said = headers.get(CLIENT_ADDRESS).and_then(|address| address.to_str().ok());
        let connection = || {
            let tcp = extensions.get::<TcpConnectInfo>();
            let tls = || extensions.get::<TlsConnectInfo<TcpConnectInfo>>().map(TlsConnectInfo::get_ref);
            tcp.or_else(tls).and_then(TcpConnectInfo::remote_addr).map(|address| address.ip())
        };
        Self(said.and_then(|address| address.parse().ok()).or_else(connection))
    }
}

impl Core {
    /// Writes the last uses again and again, until it is told to stop. Every replica writes its own.
    pub(crate) async fn keep_writing_last_uses(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
            biased;
                            () = sleep(WRITTEN_AFTER) => self.write_down().await,
                            () = stop.cancelled() => break,
                        }
        }
    }

    /// Writes what is known in memory alone: for when the last request has been answered.
    pub async fn write_down(&self) {
        let uses = self.last_uses.take();
        if uses.is_empty() {
            return;
        }
        if let Err(error) = self.write_last_uses(&uses).await {
            for (credential, (time, address)) in uses {
                self.last_uses.note(credential, time, address);
            }
            let cause = std::error::Error::source(&error).unwrap_or(&error);
            tracing::warn!(cause, "the last uses of credentials were not written; that is tried again");
        }
    }

    async fn write_last_uses(&self, uses: &[(Uuid, (i64, Option<IpAddr>))]) -> Result<()> {
        let uses: Vec<(Uuid, LastUse)> = uses
            .iter()
            .map(|(credential, (time, address))| {
                let address = address.map(|address| address.to_string());
                (*credential, LastUse { time: *time, address })
            })
            .collect();
        let mut transaction = self.store.begin().await?;
        transaction.note_uses(&uses).await?;
        Ok(transaction.save().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_use_counts_in_whatever_order_they_are_noted() {
        let (uses, ana) = (LastUses::default(), Uuid::from_u128(1));
        let address = |text: &str| Some(text.parse().unwrap());
        uses.note(ana, 2, address("192.0.2.2"));
        uses.note(ana, 1, address("192.0.2.1"));
        uses.note(Uuid::from_u128(0), 9, None);
        assert_eq!(uses.take(), [(Uuid::from_u128(0), (9, None)), (ana, (2, address("192.0.2.2")))]);
        assert_eq!(uses.take(), []);
    }

    #[test]
    fn an_address_that_is_none_is_not_kept() {
        let headers = |address: &'static str| {
            HeaderMap::from_iter([(http::HeaderName::from_static(CLIENT_ADDRESS), address.parse().unwrap())])
        };
        let from = |headers: HeaderMap| CameFrom::of(&headers, &Extensions::new()).0;
        assert_eq!(from(headers("2001:db8::1")), Some("2001:db8::1".parse().unwrap()));
        assert_eq!(from(headers("somewhere")), None);
        assert_eq!(from(HeaderMap::new()), None);
    }
}
