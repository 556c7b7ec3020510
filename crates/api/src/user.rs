//! Users: the message, the resource of the SCIM language, and the JSON that clients see.

mod from_resource;
mod into_resource;
mod json;

use std::collections::BTreeMap;

use rollcall_scim::{Error, builtin, resource};
use serde_json::Value;

use crate::resource::take_extensions;
use crate::v1::User;

pub use crate::json::Json;
pub use from_resource::from_resource;
pub use into_resource::into_resource;

/// Reads the body of a POST or PUT.
///
/// Errors: `invalidSyntax` and `invalidValue`, as [`resource::normalize`] has them. Extensions that only the core
/// knows are passed on as they came.
pub fn from_json(mut body: Value) -> Result<User, Error> {
    let extensions = match &mut body {
        Value::Object(members) => take_extensions(members, builtin::user()),
        _ => BTreeMap::new(),
    };
    let mut user = from_resource(resource::normalize(body, builtin::user())?);
    user.extensions = extensions;
    Ok(user)
}
