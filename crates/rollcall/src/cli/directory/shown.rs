//! How a directory is shown.

use anyhow::Result;
use rollcall_api::v1::{Directory as Message, Profile as ProfileMessage};
use serde_json::{Value, json};

use super::{activity, provisioning, safeguards, settings};
use crate::cli::time::{exact_time, short_time};
use crate::output::{self, Cell, Table};

pub(super) fn show(directory: &Message, json: bool) -> Result<()> {
    if json {
        output::json(&as_json(directory))
    } else {
        output::table(&as_table(std::slice::from_ref(directory)))
    }
}

pub(super) fn as_table(directories: &[Message]) -> Table {
    let mut table = Table::new(&[
        "NAME",
        "PROFILE",
        "SCIM",
        "GROUPS",
        "PASSWORD",
        "RULES",
        "PROVISIONING",
        "CREATED",
        "CHANGED",
        "ID",
    ]);
    for directory in directories {
        table.row([
            directory.name.as_str().into(),
            profile_name(directory).into(),
            Cell::switch(directory.scim_enabled),
            Cell::switch(directory.groups_enabled),
            settings::password_name(directory).into(),
            Cell::optional(settings::own_rules(directory)),
            provisioning::as_text(directory).into(),
            Cell::optional(short_time(directory.created)),
            Cell::optional(short_time(directory.last_modified)),
            directory.id.as_str().into(),
        ]);
    }
    table
}

pub(super) fn as_json(directory: &Message) -> Value {
    let mut json = json!({
        "id": directory.id,
        "name": directory.name,
        "profile": profile_name(directory),
        "scim": directory.scim_enabled,
        "groups": directory.groups_enabled,
        "rules": settings::rules_json(directory),
        "password": settings::password_name(directory),
        "notify_admins_on_first_sso_sign_in": directory.notify_admins_on_first_sso_sign_in,
        "admin_emails": directory.admin_emails,
        "provisioning": provisioning::as_json(directory),
        "activity": activity::settings_json(directory),
        "importedLines": directory.imported_lines,
        "created": exact_time(directory.created),
        "lastModified": exact_time(directory.last_modified),
    });
    if let Value::Object(json) = &mut json {
        json.extend(safeguards::json(directory));
    }
    json
}

pub(super) fn profile_name(directory: &Message) -> &'static str {
    match directory.profile() {
        ProfileMessage::Okta => "okta",
        ProfileMessage::Entra => "entra",
        ProfileMessage::Generic => "generic",
        ProfileMessage::Unspecified => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::RuleSetting;
    use rollcall_scim::Rule;

    use super::*;
    use crate::cli::directory::settings::Password;

    fn directory() -> Message {
        Message {
            id: "01970000-0000-7000-8000-000000000000".to_owned(),
            name: "acme".to_owned(),
            profile: ProfileMessage::Entra.into(),
            scim_enabled: true,
            groups_enabled: false,
            rule_settings: Some(settings::rule_settings(&[(Rule::UniqueGroupNames, RuleSetting::Off)])),
            rules: Some(rollcall_api::rules::to_message(
                rollcall_scim::Profile::Entra.rules().with(Rule::UniqueGroupNames, false),
            )),
            password_handling: Password::Store.message().into(),
            notify_admins_on_first_sso_sign_in: true,
            admin_emails: vec!["it@example.com".to_owned()],
            provisioning: None,
            activity: Some(rollcall_api::v1::ActivitySettings { days: Some(7), ..Default::default() }),
            created: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 5_000 }),
            last_modified: Some(prost_types::Timestamp { seconds: 1_700_000_001, nanos: 0 }),
            ..Message::default()
        }
    }

    #[test]
    fn a_directory_is_a_row_for_people_and_an_object_for_machines() {
        let table = as_table(&[directory()]).render(false);
        let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(row[..6], ["acme", "entra", "on", "off", "store", "unique-group-names=off"]);
        assert_eq!(row[6..14].join(" "), "saml: off, oidc: off, jwt: off, ldap: off");
        assert_eq!(row[14..16], ["2023-11-14T22:13:20Z", "2023-11-14T22:13:21Z"]);
        let json = as_json(&directory());
        assert_eq!(json["profile"], "entra");
        assert_eq!(json["scim"], true);
        assert_eq!(json["groups"], false);
        assert_eq!(json["password"], "store");
        assert_eq!(json["notify_admins_on_first_sso_sign_in"], true);
        assert_eq!(json["admin_emails"], json!(["it@example.com"]));
        assert_eq!(json["activity"]["days"], 7);
        assert_eq!(json["rules"]["unique-group-names"], json!({ "on": false, "setting": "off" }));
        assert_eq!(json["rules"]["put-keeps-members"], json!({ "on": true, "setting": "profile" }));
        assert_eq!(json["created"], "2023-11-14T22:13:20.000005Z");
    }
}
