//! The hop over a network: what the two ends of a connection between a gateway and a core are set to.

use std::time::Duration;

use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto::Builder;
use tonic::transport::Endpoint;

/// How long it may take to connect to the core.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often the gateway asks over a silent connection whether the core is still there, and how long that may take to answer. A
/// connection can die without a word, and until that is noticed nothing of what is sent over it is answered: the sum of both is
/// less than the 15 seconds after which everybody must be served again, by as much as it may take to connect.
const GATEWAY_KEEPALIVE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(5));
/// How often the core asks so.
const CORE_KEEPALIVE: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));
/// Calls at once on one connection: a gateway sends all that it has over one.
pub(crate) const CALLS_AT_ONCE: u32 = 1000;
/// Calls on one connection that were given up before they were looked at. Past them it is closed, with the calls of everybody
/// whose gateway it is; so many come in a moment in which clients hang up in numbers.
const GIVEN_UP_AT_ONCE: usize = 10_000;
/// What may be under way to one end of a connection, and of one call, in bytes. HTTP/2 closes a connection on which more small
/// messages wait than go with its window, as they do where many calls come in one moment: so it is wide.
const WINDOWS: (u32, u32) = (8 * 1024 * 1024, 1024 * 1024);

/// The gateway's end, to the core at this address.
pub fn gateway_end(core: Endpoint) -> Endpoint {
    core.connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .initial_connection_window_size(WINDOWS.0)
        .initial_stream_window_size(WINDOWS.1)
        // Calls that are given up leave answers that nobody wants, and closing the connection for their number would end the calls
        // of everybody: the core is trusted.
        .http2_max_local_error_reset_streams(None)
        .http2_keep_alive_interval(GATEWAY_KEEPALIVE.0)
        .keep_alive_timeout(GATEWAY_KEEPALIVE.1)
        .keep_alive_while_idle(true)
}

/// The core's end, where it speaks HTTP/2, whose answers are sent by this executor.
pub fn core_end<E>(executor: E) -> Builder<E> {
    let mut end = Builder::new(executor);
    end.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(CORE_KEEPALIVE.0)
        .keep_alive_timeout(CORE_KEEPALIVE.1)
        .initial_connection_window_size(WINDOWS.0)
        .initial_stream_window_size(WINDOWS.1)
        .max_pending_accept_reset_streams(GIVEN_UP_AT_ONCE)
        // The one more is for whoever asks how the core is while it has all that it takes.
        .max_concurrent_streams(CALLS_AT_ONCE + 1);
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_died_is_replaced_within_15_seconds() {
        let (asked, answered) = GATEWAY_KEEPALIVE;
        assert!(asked + answered + CONNECT_TIMEOUT <= Duration::from_secs(15));
    }
}
