//! The web console: pages for administrators under `/admin`, drawn on the server, and a client of the core like any other.
//! It holds no data and no secrets: whoever signs in gets a session of the core, whose secret travels in a cookie and goes
//! along with every call.
//!
//! A request passes [`dress`], which checks where it comes from and puts the headers of the whole console on the answer; a
//! page asks for a [`SignedIn`](session::SignedIn), a form for a [`Submission`](form::Submission), and neither can be had
//! without a session or with a forged one.

mod assets;
mod call;
mod cookies;
mod csrf;
mod dress;
mod form;
mod icons;
mod notice;
mod oidc;
mod origin;
mod pages;
mod peer;
mod problem;
mod rate_limit;
mod session;
mod shell;
mod shown;
mod time;
mod url;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use rollcall_api::channel::CoreChannel;

pub use oidc::{InvalidSettings, OpenIdConnect, OpenIdConnectSettings};
pub use peer::Peer;

use crate::rate_limit::Attempts;

/// The path under which the console is served.
pub const PATH: &str = "/admin";

/// The settings of a console.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The URL by which identity providers reach the SCIM endpoint, without its path. Absent, the host by which the
    /// administrator came.
    pub public_url: Option<String>,
    /// Whether the port itself has TLS.
    pub is_encrypted: bool,
    /// The OpenID provider that administrators can sign in with; `None`, they have keys.
    pub oidc: Option<Arc<OpenIdConnect>>,
    /// How long the core may take to answer.
    pub core_timeout: Duration,
    /// The time in µs since 1970.
    pub now: fn() -> i64,
}

/// What every page is served with.
#[derive(Debug)]
struct Console {
    core: CoreChannel,
    settings: Settings,
    /// Wrong keys. They keep nobody out who has the right one.
    wrong_keys: Attempts,
    /// Failures to sign in with OpenID Connect: each asks the provider.
    attempts: Attempts,
    /// Sign-ins with OpenID Connect that were begun.
    starts: Attempts,
}

/// Failures to sign in that a peer has in a minute.
const FAILURES: i64 = 10;
/// Sign-ins that a peer may begin in a minute. Behind a proxy all administrators are one peer.
const STARTS: i64 = 60;

/// Everything that the console serves: what begins with `/admin`, and nothing else.
pub fn router(core: CoreChannel, settings: Settings) -> Router {
    let [wrong_keys, attempts] = [Attempts::new(FAILURES), Attempts::new(FAILURES)];
    let console = Arc::new(Console { core, settings, wrong_keys, attempts, starts: Attempts::new(STARTS) });
    pages::routes().layer(from_fn_with_state(Arc::clone(&console), dress::dress)).with_state(console)
}
