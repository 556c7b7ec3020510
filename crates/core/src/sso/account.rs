//! What a sign-in writes to an account.

use rollcall_scim::Resource;
use rollcall_scim::fold::fold;
use rollcall_store::{Directory, StoredResource, UserOrigin};
use serde_json::{Map, Value, json};

use super::address::Address;
use super::arrival::Arrival;
use super::verdict::primary_work_address;

/// The attributes of a sign-in that are attributes of the account: how they are called, folded, and where they go.
const WRITTEN: [(&str, &str, Option<&str>); 13] = [
    ("displayname", "displayName", None),
    ("name.formatted", "name", Some("formatted")),
    ("name.familyname", "name", Some("familyName")),
    ("name.givenname", "name", Some("givenName")),
    ("name.middlename", "name", Some("middleName")),
    ("name.honorificprefix", "name", Some("honorificPrefix")),
    ("name.honorificsuffix", "name", Some("honorificSuffix")),
    ("nickname", "nickName", None),
    ("title", "title", None),
    ("usertype", "userType", None),
    ("preferredlanguage", "preferredLanguage", None),
    ("locale", "locale", None),
    ("timezone", "timezone", None),
];

/// The attributes of an account that is created for a sign-in.
pub(super) fn new_account(arrival: &Arrival, address: &Address) -> Resource {
    let mut account = Resource::new();
    account.insert("userName".to_owned(), json!(address.text));
    account.insert("emails".to_owned(), json!([{ "value": address.text, "type": "work", "primary": true }]));
    account.insert("active".to_owned(), json!(true));
    write_attributes(&mut account, arrival);
    account
}

/// Whether an identity provider says what the attributes of a user are, and sign-ins do not.
pub(super) fn is_managed(directory: &Directory, user: &StoredResource) -> bool {
    directory.scim_enabled && user.scim_managed
}

/// The attributes of a user after a sign-in. An address that has changed follows the subject; so does the userName of an account
/// that a sign-in has created, as long as nobody else has made something of it.
pub(super) fn updated(arrival: &Arrival, user: &StoredResource) -> Resource {
    let mut account = user.attributes.clone();
    write_attributes(&mut account, arrival);
    if let Some(address) = arrival.vouched_address() {
        write_address(&mut account, address, user);
    }
    account
}

fn write_attributes(account: &mut Resource, arrival: &Arrival) {
    for (name, values) in &arrival.attributes {
        let folded = fold(name);
        let place = WRITTEN.iter().find(|(known, ..)| *known == folded);
        let value = values.iter().find(|value| !value.is_empty());
        if let (Some((_, attribute, within)), Some(value)) = (place, value) {
            write(account, attribute, *within, value);
        }
    }
}

fn write(account: &mut Resource, attribute: &str, within: Option<&str>, value: &str) {
    let value = Value::from(value);
    let Some(within) = within else {
        account.insert(attribute.to_owned(), value);
        return;
    };
    let parent = account.entry(attribute).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(members) = parent {
        members.insert(within.to_owned(), value);
    }
}

fn write_address(account: &mut Resource, address: &Address, user: &StoredResource) {
    let Some(known) = primary_work_address(&user.attributes) else {
        let emails = account.entry("emails").or_insert_with(|| json!([]));
        if let Value::Array(emails) = emails
            && !emails.iter().any(|email| is_value(email, &address.folded))
        {
            let has_primary = emails.iter().any(|email| email.get("primary") == Some(&Value::Bool(true)));
            let mut email = json!({ "value": address.text, "type": "work" });
            if let (Value::Object(email), false) = (&mut email, has_primary) {
                email.insert("primary".to_owned(), Value::Bool(true));
            }
            emails.push(email);
        }
        return;
    };
    let known = fold(known);
    if known == address.folded {
        return;
    }
    if let Some(Value::Array(emails)) = account.get_mut("emails") {
        emails.retain(|email| !is_value(email, &address.folded));
        for email in emails.iter_mut().filter(|email| is_value(email, &known)) {
            if let Value::Object(email) = email {
                email.insert("value".to_owned(), json!(address.text));
            }
        }
    }
    let is_own = user.origin == Some(UserOrigin::Sso) && !user.scim_managed;
    let is_called_so =
        account.get("userName").and_then(Value::as_str).is_some_and(|name| fold(name) == known);
    if is_own && is_called_so {
        account.insert("userName".to_owned(), json!(address.text));
    }
}

fn is_value(email: &Value, folded: &str) -> bool {
    email.get("value").and_then(Value::as_str).is_some_and(|value| fold(value) == folded)
}

/// What people call somebody: by the displayName, else the name, else the userName.
pub(super) fn display(account: &Resource) -> String {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let name = account.get("name");
    let part = |name_part: &str| text(name.and_then(|name| name.get(name_part)));
    let full = || {
        let parts: Vec<String> = [part("givenName"), part("familyName")].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    text(account.get("displayName"))
        .or_else(|| part("formatted"))
        .or_else(full)
        .or_else(|| text(account.get("userName")))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
