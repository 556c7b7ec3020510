//! Bodies as the gateway reads them, for the fuzzer: these are compiled for nobody else.

use bytes::Bytes;
use rollcall_api::v1::{ApplyBulkRequest, Group, PatchOperation};

use crate::allowance::Allowance;
use crate::raw::RawObject;
use crate::{bulk, group_body, group_patch};

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
