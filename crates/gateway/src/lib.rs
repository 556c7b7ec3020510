//! The SCIM gateway: REST in (RFC 7644), gRPC out. It holds no data, no secrets and no rules: what a request means is
//! judged by the core, and a credential is passed on as it came.
//!
//! A request comes in through [`router`], gets an id and a line in the log (`serve`), is led to its endpoint
//! (`routing`, `dispatch`), asked of the core (`call`), and answered as SCIM has it (`answer`, `error`). A request
//! that never reaches the core is refused only after the core has said that the credential is good, so that whoever
//! has none learns nothing but that.

mod activity;
mod allowance;
mod answer;
mod base_url;
mod body;
mod body_room;
mod bulk;
mod call;
mod client_address;
mod discovery;
mod dispatch;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod group_body;
mod group_patch;
mod groups;
mod implied_schemas;
mod json;
mod list;
mod media_type;
mod member_ids;
mod members;
mod negotiation;
mod notes;
mod oauth;
mod openapi;
mod patch_body;
mod pieces;
mod preconditions;
mod probes;
mod query;
mod raw;
mod request_id;
mod routing;
mod search;
mod serve;
mod settings;
mod shown;
mod state;
mod users;

use std::sync::Arc;

use axum::Router;
use rollcall_api::channel::CoreChannel;

pub use activity::{ActivityLog, ActivityMeter, Reporter};
pub use base_url::{InvalidPublicUrl, parse_public_url};
pub use client_address::{InvalidNetwork, Network, PeerAddress, client_address};
pub use request_id::RequestIds;
pub use settings::{Readiness, Settings};

/// The probes `/healthz` and `/readyz` alone, for another process in front of the core.
pub fn probes(core: CoreChannel, readiness: Readiness) -> Router {
    probes::router(core, readiness)
}

/// Everything that the gateway serves: SCIM under `/scim/v2` and, as Metabase has it, so that an identity provider set
/// up for that needs no change, `/api/ee/scim/v2`; the token endpoint of OAuth 2.0, `/oauth2/token`; and the probes `/healthz` (this process runs) and `/readyz` (and the
/// core can be reached).
pub fn router(core: CoreChannel, settings: Settings) -> Router {
    let gateway = Arc::new(state::Gateway::new(core, settings));
    Router::new().fallback(serve::serve).with_state(gateway)
}
