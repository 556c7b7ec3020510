//! The identity core's public API: the messages and clients of `proto/rollcall/v1`, the table of errors, and the
//! conversions between messages and the [`rollcall_scim`] language.
//!
//! Whoever talks to the core (the gateway, the console, the command line, an application's service) depends on this
//! crate and on nothing behind it.

pub mod access;
pub mod bearer;
pub mod channel;
pub mod client;
pub mod cores;
pub mod discovery;
pub mod error;
pub mod event;
pub mod group;
pub mod hop;
pub mod http_route;
pub mod json;
pub mod patch;
pub mod person;
mod resource;
pub mod rules;
pub mod secrets;
#[cfg(test)]
mod shown;
pub mod traceparent;
pub mod unseen;
pub mod user;
pub mod value;

/// The generated messages, clients and servers of `rollcall.v1`.
#[expect(
    missing_docs,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::large_enum_variant,
    reason = "generated from the protos, which carry the documentation"
)]
pub mod v1 {
    tonic::include_proto!("rollcall.v1");
    include!(concat!(env!("OUT_DIR"), "/debug.rs"));
}

/// The encoded descriptors of every proto file, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// The metadata key by which a gateway says from which address a request came.
pub const CLIENT_ADDRESS: &str = "rollcall-client-address";
/// The metadata key by which a gateway says that a body had no `schemas`: the value is the URN that it should have named.
/// Whether that may be implied is the core's to say, which knows the directory.
pub const IMPLIED_SCHEMA: &str = "rollcall-implied-schema";
/// The key of what the core notes of a request beside its answer, for the activity log: in the metadata of the answer,
/// percent-encoded, as often as there are notes.
pub const NOTE: &str = "rollcall-note";

/// The domain of every [`ErrorInfo`](tonic_types::ErrorInfo) that Rollcall sends.
pub const ERROR_DOMAIN: &str = "rollcall";
