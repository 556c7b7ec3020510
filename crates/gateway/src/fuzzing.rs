//! Bodies and heads as the gateway reads them, for the fuzzer: these are compiled for nobody else.

use bytes::Bytes;
use http::HeaderMap;
use rollcall_api::v1::{ApplyBulkRequest, Group, PatchOperation};

use crate::allowance::Allowance;
use crate::media_type::MediaType;
use crate::raw::RawObject;
use crate::shown::shown_path;
use crate::{bulk, group_body, group_patch, negotiation, oauth, preconditions, routing};

/// The bytes that are allowed beside members.
const LIMIT: usize = 64 * 1024;

/// The messages of a bulk request; `None`, it is refused.
pub fn bulk(body: &[u8]) -> Option<Vec<ApplyBulkRequest>> {
    bulk::messages(&Bytes::copy_from_slice(body), LIMIT).ok().map(Iterator::collect)
}

/// A group, and its members where it says who they are; `None`, it is refused.
pub fn group(body: &[u8]) -> Option<(Group, Option<Vec<String>>)> {
    let body = group_body::read(RawObject::of_body(body).ok()?, 0, &mut Allowance::of_one(LIMIT)).ok()?;
    Some((body.group, body.members.map(|ids| ids.into_chunks().flatten().collect())))
}

/// The operations of a PATCH of a group, as they are sent in messages; `None`, it is refused.
pub fn group_patch(body: &[u8]) -> Option<Vec<Vec<PatchOperation>>> {
    let patch =
        group_patch::GroupPatch::read(RawObject::of_body(body).ok()?, 0, &mut Allowance::of_one(LIMIT))
            .ok()?;
    Some(patch.into_chunks().collect())
}

/// The entity tags of `If-Match`; `None`, it is refused.
pub fn if_match(headers: &HeaderMap) -> Option<Vec<String>> {
    preconditions::if_match(headers).ok()
}

/// Whether `If-None-Match` says that the client has this version.
pub fn client_has(headers: &HeaderMap, version: &str) -> bool {
    preconditions::client_has(headers, version)
}

/// Whether the answer is in SCIM's own media type.
pub fn answers_in_scim_json(headers: &HeaderMap) -> bool {
    negotiation::answer_type(headers) == MediaType::ScimJson
}

/// Whether a body with these headers is read.
pub fn is_json(headers: &HeaderMap) -> bool {
    negotiation::require_json(headers).is_ok()
}

/// The pattern of the route at a path.
pub fn route(path: &str) -> &'static str {
    routing::route(path).pattern()
}

/// A path as a log shows it.
pub fn shown(path: &str) -> String {
    shown_path(path).into_owned()
}

/// The value of a parameter of a form; `None`, it is refused or not there.
pub fn form_value(body: &[u8], name: &str) -> Option<String> {
    oauth::form_value(body, name)
}
