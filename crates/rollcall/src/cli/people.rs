//! People who signed in to the console with OpenID Connect.

use rollcall_api::v1::Person;
use serde_json::{Value, json};

/// A person for machines.
pub(super) fn as_json(person: &Person) -> Value {
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    json!({
        "issuer": person.issuer,
        "subject": person.subject,
        "email": given(&person.email),
        "name": given(&person.name),
    })
}
