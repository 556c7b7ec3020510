//! Bodies without `schemas`: whether the one that their endpoint implies may be taken for granted.
//!
//! A gateway reads a body before anybody knows whose it is. So it reads one without `schemas` as what its endpoint is for,
//! and says so beside it.

use http::HeaderMap;
use rollcall_api::IMPLIED_SCHEMA;
use rollcall_store::Directory;

use crate::error::{Error, Result};

/// The URN that a gateway has taken as implied, if it has.
pub(crate) fn implied_schema(headers: &HeaderMap) -> Option<String> {
    headers.get(IMPLIED_SCHEMA).and_then(|urn| urn.to_str().ok()).map(str::to_owned)
}

/// Checks that a directory lets a schema be implied. Errors: `INVALID_VALUE`.
pub(crate) fn require_schemas(directory: &Directory, implied: Option<&str>) -> Result<()> {
    match implied {
        Some(urn) if !directory.rules().schemas_are_implied => {
            Err(Error::value(format!("schemas: it is missing; send [\"{urn}\"]")))
        }
        _ => Ok(()),
    }
}
