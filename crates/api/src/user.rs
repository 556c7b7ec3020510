//! Users: the message, the resource of the SCIM language, and the JSON that clients see.

mod from_resource;
mod into_resource;
mod json;

use rollcall_scim::schema::{ENTERPRISE_USER, USER};
use rollcall_scim::{Error, builtin, resource};
use serde_json::{Map, Value};

use crate::v1::User;
use crate::value;

pub use from_resource::from_resource;
pub use into_resource::into_resource;
pub use json::Json;

/// Reads the body of a POST or PUT.
///
/// Errors: `invalidSyntax` and `invalidValue`, as [`resource::normalize`] has them. Extensions that only the core
/// knows are passed on as they came.
pub fn from_json(mut body: Value) -> Result<User, Error> {
    let extensions = match &mut body {
        Value::Object(members) => take_foreign_extensions(members),
        _ => Map::new(),
    };
    let mut user = from_resource(resource::normalize(body, builtin::user())?);
    user.extensions =
        extensions.into_iter().map(|(urn, attributes)| (urn, value::to_message(attributes))).collect();
    Ok(user)
}

/// Takes out the objects under a schema URN that is not built in: which schemas a directory has registered is the
/// core's to know.
fn take_foreign_extensions(members: &mut Map<String, Value>) -> Map<String, Value> {
    let foreign: Vec<String> = members
        .iter()
        .filter(|(name, value)| value.is_object() && is_foreign_urn(name))
        .map(|(name, _)| name.clone())
        .collect();
    foreign.into_iter().filter_map(|urn| members.shift_remove_entry(&urn)).collect()
}

fn is_foreign_urn(name: &str) -> bool {
    let is_urn = name.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn:"));
    is_urn && !name.eq_ignore_ascii_case(ENTERPRISE_USER) && !name.eq_ignore_ascii_case(USER)
}
