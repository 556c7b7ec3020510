//! Gateways in front of a core over a simulated network.
//!
//! A run follows from its seed alone: who asks for what and when, how long each message takes, what breaks and when it is mended.
//! Afterwards its history is judged: nothing that was answered may be lost or have happened twice, nobody may have got in with a
//! wrong token, and nothing may stop for longer than what broke it, plus 15 seconds.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that fails panics")]

mod check;
mod core_host;
mod events;
mod faults;
mod follower;
mod gateway_host;
mod history;
mod http;
mod people;
mod run;
mod seeds;
mod template;
mod tests;
mod time;
mod wire;
mod witnesses;

/// The admin key of every installation.
const ADMIN_KEY: &str = "an-admin-key-of-the-tests-0123456789";
/// The SCIM token of its directory.
const SCIM_TOKEN: &str = "a-scim-token-of-the-tests-0123456789";
/// The key by which its gateways write the activity log.
const GATEWAY_KEY: &str = "a-gateway-key-of-the-tests-0123456789";
