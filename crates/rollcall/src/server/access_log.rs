//! A line in the log for each request: who asked for what, from where, and what came of it.

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use axum::response::Response;
use futures_util::future::{BoxFuture, Either};
use rollcall_api::bearer::Bearer;
use rollcall_api::http_route::HttpRoute;
use rollcall_api::secrets::hide_own_secrets;
use rollcall_api::traceparent::{TraceId, Traceparent};
use rollcall_api::unseen::shown;
use rollcall_gateway::{Network, PeerAddress, client_address};
use tower::{Layer, Service};

use super::names;
use crate::settings::AccessLog;

/// The target of the lines, for a filter.
const TARGET: &str = "rollcall::access";
/// So many characters of a User-Agent are logged.
const LONGEST_USER_AGENT: usize = 256;
/// The shortest word that could be a secret, in bytes: 128 bits in base64 are longer.
const SHORTEST_SECRET: usize = 20;
/// What stands for the rest, and for what is not logged.
const LEFT_OUT: &str = "…";

/// A router whose requests are logged, where somebody asks for that; these proxies are believed about who a client is.
pub(super) fn around_router(setting: &AccessLog, proxies: &[Network], router: Router) -> Router {
    if setting.access_log { router.layer(Lines { proxies: proxies.into() }) } else { router }
}

#[derive(Debug, Clone)]
struct Lines {
    proxies: Arc<[Network]>,
}

impl<S> Layer<S> for Lines {
    type Service = Logged<S>;

    fn layer(&self, inner: S) -> Logged<S> {
        Logged { inner, lines: self.clone() }
    }
}

/// A service whose requests are logged.
#[derive(Debug, Clone)]
struct Logged<S> {
    inner: S,
    lines: Lines,
}

impl<S> Service<Request> for Logged<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if names::is_probe(request.uri().path()) {
            return Either::Left(self.inner.call(request));
        }
        let asked = Asked::of(&request, &self.lines.proxies);
        let answer = self.inner.call(request);
        Either::Right(Box::pin(async move {
            let answer = answer.await?;
            asked.answered(&answer);
            Ok(answer)
        }))
    }
}

/// What is known of a request before it is answered. Dropped without an answer, it says that nobody waited for one.
#[derive(Debug)]
struct Asked {
    began: Instant,
    method: &'static str,
    client: Option<IpAddr>,
    user_agent: Option<String>,
    trace_id: Option<TraceId>,
    is_answered: bool,
}

impl Asked {
    fn of(request: &Request, proxies: &[Network]) -> Self {
        let headers = request.headers();
        let peer = request.extensions().get::<PeerAddress>();
        Self {
            began: Instant::now(),
            method: names::http_method(request.method()),
            client: peer.map(|peer| client_address(peer.0, headers, proxies)),
            user_agent: user_agent(headers),
            trace_id: Traceparent::of(headers).map(Traceparent::trace_id),
            is_answered: false,
        }
    }

    fn answered(mut self, answer: &Response) {
        self.is_answered = true;
        let bearer = answer.extensions().get::<Bearer>();
        let route = answer.extensions().get::<HttpRoute>();
        let request_id = answer.headers().get("x-request-id").and_then(|id| id.to_str().ok());
        tracing::info!(
            target: TARGET,
            directory = bearer.and_then(|bearer| bearer.directory.as_deref()),
            token_prefix = bearer.map(|bearer| bearer.prefix.as_str()),
            client_address = self.client.map(display),
            user_agent = self.user_agent.as_deref(),
            method = self.method,
            route = route.map(|route| &*route.0),
            status = answer.status().as_u16(),
            took_ms = self.took_ms(),
            request_id,
            trace_id = self.trace_id.map(display),
            "answered"
        );
    }

    /// The time since it came in ms, to the µs.
    fn took_ms(&self) -> f64 {
        (self.began.elapsed().as_secs_f64() * 1e6).round() / 1e3
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        tracing::info!(
            target: TARGET,
            client_address = self.client.map(display),
            user_agent = self.user_agent.as_deref(),
            method = self.method,
            took_ms = self.took_ms(),
            trace_id = self.trace_id.map(display),
            "given up by the client"
        );
    }
}

/// What a client says that it is, as it is logged: so much of it, and neither what would spoil a line nor what could be a secret
/// that somebody put there, or an e-mail address.
fn user_agent(headers: &HeaderMap) -> Option<String> {
    let said = String::from_utf8_lossy(headers.get(USER_AGENT)?.as_bytes());
    let said = without_addresses(&hide_own_secrets(&said));
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut logged = String::with_capacity(said.len());
    for piece in said.split_inclusive(|c| !is_of_word(c)) {
        let word = piece.trim_end_matches(|c| !is_of_word(c));
        let looks_random = word.len() >= SHORTEST_SECRET && word.contains(|c: char| c.is_ascii_digit());
        logged.push_str(if looks_random { LEFT_OUT } else { word });
        logged.push_str(piece.get(word.len()..).unwrap_or_default());
    }
    if let Some((end, _)) = logged.char_indices().nth(LONGEST_USER_AGENT) {
        logged.truncate(end);
        logged.push_str(LEFT_OUT);
    }
    Some(shown(&logged, false).into_owned())
}

fn without_addresses(said: &str) -> String {
    let ends_a_word = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | ',' | ';' | '"');
    said.split_inclusive(ends_a_word)
        .flat_map(|piece| {
            let (word, end) = piece.split_at(piece.trim_end_matches(ends_a_word).len());
            [if word.contains('@') { LEFT_OUT } else { word }, end]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn logged(user_agent: &[u8]) -> String {
        let header = (USER_AGENT, HeaderValue::from_bytes(user_agent).unwrap());
        super::user_agent(&HeaderMap::from_iter([header])).unwrap()
    }

    #[test]
    fn a_user_agent_is_logged_as_it_is_but_for_what_would_spoil_a_line() {
        for agent in [
            "Okta SCIM Client 1.0.0",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0",
            "",
        ] {
            assert_eq!(logged(agent.as_bytes()), agent);
        }
        assert_eq!(logged("a\tb\u{202e}\u{e9}".as_bytes()), r"a\tb\u{202e}é");
        assert_eq!(logged(b"\xff"), "\u{fffd}");
        assert_eq!(logged("é".repeat(300).as_bytes()), format!("{}…", "é".repeat(256)));
        assert_eq!(user_agent(&HeaderMap::new()), None);
    }

    #[test]
    fn what_could_be_a_secret_is_left_out() {
        let own = format!("rc_scim_{}", "abcdef234567".repeat(5));
        assert_eq!(logged(format!("x {own}").as_bytes()), "x rc_scim_abcdef…");
        assert_eq!(logged(b"x 0f3a9c71d2e84b5690a1c2d3e4f56789/1"), "x …/1");
        assert_eq!(logged(b"sync/2 (+ana.b@example.com; https://x/y)"), "sync/2 (…; https://x/y)");
        assert_eq!(logged(b"(pA9-_xYz0123456789_abc)"), "(…)");
    }
}
