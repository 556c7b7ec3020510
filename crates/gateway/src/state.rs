//! What every request is served with.

use std::time::Duration;

use rollcall_api::channel::CoreChannel;
use tokio::sync::Semaphore;

use crate::activity::ActivityLog;
use crate::base_url::BaseUrls;
use crate::body_room::Room;
use crate::client_address::Network;
use crate::request_id::RequestIds;
use crate::settings::{Readiness, Settings};

/// What part of the memory for large bodies there is beside it for those whose credential nobody has checked.
const OPEN_SHARE: usize = 4;

/// How many ask at once whether a credential is good, before bodies for which there was no room.
const TURNS_TO_ASK: usize = 100;

/// What every request is served with.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) core: CoreChannel,
    pub(crate) core_timeout: Duration,
    pub(crate) max_user_body_bytes: usize,
    pub(crate) max_large_body_bytes: usize,
    /// Who may ask at once whether a credential is good for whose body there was no room.
    pub(crate) turns_to_ask: Semaphore,
    /// For bodies whose credential nobody has checked, and for what they become.
    pub(crate) open_room: Room,
    /// For the texts of large bodies.
    pub(crate) body_room: Room,
    /// For what they become.
    pub(crate) tree_room: Room,
    pub(crate) readiness: Readiness,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) body_timeout: Duration,
    pub(crate) base_urls: BaseUrls,
    pub(crate) activity: ActivityLog,
    pub(crate) request_ids: RequestIds,
    pub(crate) tells_bearers: bool,
}

impl Gateway {
    pub(crate) fn new(core: CoreChannel, settings: Settings) -> Self {
        Self {
            core,
            core_timeout: settings.core_timeout,
            max_user_body_bytes: settings.max_user_body_bytes,
            max_large_body_bytes: settings.max_large_body_bytes,
            turns_to_ask: Semaphore::new(TURNS_TO_ASK),
            open_room: Room::for_bytes(settings.body_memory_bytes / OPEN_SHARE),
            body_room: Room::for_bytes(settings.body_memory_bytes),
            tree_room: Room::for_bytes(settings.body_memory_bytes),
            readiness: settings.readiness,
            trusted_proxies: settings.trusted_proxies,
            body_timeout: settings.body_timeout,
            base_urls: BaseUrls::new(settings.public_url.as_deref(), settings.is_encrypted),
            activity: settings.activity,
            request_ids: settings.request_ids,
            tells_bearers: settings.tells_bearers,
        }
    }
}
