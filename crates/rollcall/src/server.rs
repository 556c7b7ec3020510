//! The servers, and what they have in common.

mod access_log;
mod at_once;
pub(crate) mod certificates;
mod checked;
mod connections;
pub(crate) mod console;
pub(crate) mod core;
pub(crate) mod database;
pub(crate) mod file_lock;
mod first_start;
pub(crate) mod gateway;
mod grpc;
mod heads;
mod health;
mod heard;
mod http;
pub(crate) mod lifecycle;
mod listener;
pub(crate) mod logging;
mod metrics;
mod names;
mod parting;
pub(crate) mod serve;
pub(crate) mod tls;
mod traces;
