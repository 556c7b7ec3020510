//! Whether first sign-ins create accounts: the flags, what `show` says of it, and what switching SCIM means for it.

use anyhow::Result;
use clap::Args;
use rollcall_api::v1::{
    CreateDirectoryRequest, Directory, Provisioning, ProvisioningChoice, ProvisioningOverride,
    UpdateDirectoryRequest,
};
use serde_json::{Map, Value, json};

use crate::cli::ask;
use crate::cli::switch::Switch;
use crate::output;

/// The flags by the names that clap has for them.
pub(super) const FLAGS: [&str; 4] =
    ["saml_provisioning", "oidc_provisioning", "jwt_provisioning", "ldap_provisioning"];

/// Whether first sign-ins create accounts, by protocol.
#[derive(Debug, Clone, Copy, Default, Args)]
#[expect(clippy::struct_field_names, reason = "the names are those of the flags")]
pub(super) struct Choices {
    /// Whether a first sign-in by SAML creates an account; while SCIM is on this is kept and does not count
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    saml_provisioning: Option<Switch>,

    /// Whether a first sign-in by OpenID Connect creates an account
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    oidc_provisioning: Option<Switch>,

    /// Whether a first sign-in by JWT creates an account
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    jwt_provisioning: Option<Switch>,

    /// Whether a first sign-in by LDAP creates an account
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    ldap_provisioning: Option<Switch>,
}

impl Choices {
    pub(super) fn of_new(self, request: CreateDirectoryRequest) -> CreateDirectoryRequest {
        CreateDirectoryRequest {
            saml_provisioning: self.saml_provisioning.map(Switch::is_on),
            oidc_provisioning: self.oidc_provisioning.map(Switch::is_on),
            jwt_provisioning: self.jwt_provisioning.map(Switch::is_on),
            ldap_provisioning: self.ldap_provisioning.map(Switch::is_on),
            ..request
        }
    }

    pub(super) fn of_changed(self, request: UpdateDirectoryRequest) -> UpdateDirectoryRequest {
        UpdateDirectoryRequest {
            saml_provisioning: self.saml_provisioning.map(Switch::is_on),
            oidc_provisioning: self.oidc_provisioning.map(Switch::is_on),
            jwt_provisioning: self.jwt_provisioning.map(Switch::is_on),
            ldap_provisioning: self.ldap_provisioning.map(Switch::is_on),
            ..request
        }
    }
}

/// The choices of a directory by the names of the protocols.
fn named(directory: &Directory) -> [(&'static str, ProvisioningChoice); 4] {
    let Provisioning { saml, oidc, jwt, ldap } = directory.provisioning.unwrap_or_default();
    [("saml", saml), ("oidc", oidc), ("jwt", jwt), ("ldap", ldap)]
        .map(|(name, choice)| (name, choice.unwrap_or_default()))
}

fn status(choice: ProvisioningChoice) -> &'static str {
    match (choice.overridden_by(), choice.effective) {
        (ProvisioningOverride::Scim, _) => "overridden by SCIM",
        (ProvisioningOverride::Unspecified, true) => "on",
        (ProvisioningOverride::Unspecified, false) => "off",
    }
}

/// For each protocol what is stored, what counts, and what overrides it.
pub(super) fn as_json(directory: &Directory) -> Value {
    let choices = named(directory).map(|(name, choice)| {
        let overridden_by = match choice.overridden_by() {
            ProvisioningOverride::Scim => Some("scim"),
            ProvisioningOverride::Unspecified => None,
        };
        let facts = json!({
            "stored": choice.stored,
            "effective": choice.effective,
            "overridden_by": overridden_by,
            "status": status(choice),
        });
        (name.to_owned(), facts)
    });
    Value::Object(Map::from_iter(choices))
}

/// The same for people.
pub(super) fn as_text(directory: &Directory) -> String {
    named(directory).map(|(name, choice)| format!("{name}: {}", status(choice))).join(", ")
}

/// Says what switching SCIM means, before it happens, and asks where somebody sits at a terminal.
///
/// Errors: they would rather not.
pub(super) fn confirm_scim(before: &Directory, scim: Switch, choices: Choices, yes: bool) -> Result<()> {
    if scim.is_on() == before.scim_enabled {
        return Ok(());
    }
    let stored = before.provisioning.and_then(|choices| choices.saml).unwrap_or_default().stored;
    let saml = choices.saml_provisioning.map_or(stored, Switch::is_on);
    output::remark(&meaning(&before.name, scim, saml));
    ask::whether_to_go_on(yes)
}

fn meaning(name: &str, scim: Switch, saml: bool) -> String {
    let stored = if saml { "on" } else { "off" };
    match scim {
        Switch::On => format!(
            "Switching SCIM on for {name}:\n\
             - Accounts come from the identity provider. First sign-ins by SAML create none while SCIM is on; the stored \
             choice ({stored}) is kept, and counts again when SCIM is switched off.\n\
             - Sign-ins no longer write to the users that the identity provider manages.\n\
             - OIDC, JWT and LDAP are not overridden; provisioning rules are exceptions for each (rollcall sso rule --help)."
        ),
        Switch::Off => format!(
            "Switching SCIM off for {name}, and what it means for the users that SCIM made:\n\
             - They stay, with their groups; those who are active can still sign in.\n\
             - The identity provider is answered 403: it deactivates nobody any more, so that who leaves has to be \
             deactivated by you. Tokens stay, and work again when SCIM is switched on.\n\
             - Sign-ins write names and e-mail addresses to them from now on.\n\
             - SAML's stored choice counts again: first sign-ins by SAML {}.",
            if saml { "create accounts" } else { "create no accounts" }
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(scim_enabled: bool, stored: bool) -> Directory {
        let choice = |overridden_by: ProvisioningOverride| ProvisioningChoice {
            stored,
            effective: stored && overridden_by == ProvisioningOverride::Unspecified,
            overridden_by: overridden_by.into(),
        };
        let saml = if scim_enabled { ProvisioningOverride::Scim } else { ProvisioningOverride::Unspecified };
        let other = choice(ProvisioningOverride::Unspecified);
        let provisioning =
            Provisioning { saml: Some(choice(saml)), oidc: Some(other), jwt: Some(other), ldap: Some(other) };
        Directory { scim_enabled, provisioning: Some(provisioning), ..Directory::default() }
    }

    #[test]
    fn what_is_stored_and_what_counts_is_shown_with_what_makes_the_difference() {
        let shown = as_json(&directory(true, true));
        let overridden = json!({
            "stored": true, "effective": false, "overridden_by": "scim", "status": "overridden by SCIM"
        });
        assert_eq!(shown["saml"], overridden);
        let plain = json!({ "stored": true, "effective": true, "overridden_by": null, "status": "on" });
        assert_eq!(shown["oidc"], plain);
        let text = as_text(&directory(true, true));
        assert_eq!(text, "saml: overridden by SCIM, oidc: on, jwt: on, ldap: on");
        assert!(as_text(&directory(false, false)).starts_with("saml: off"));
    }

    #[test]
    fn who_switches_scim_is_told_what_becomes_of_saml() {
        assert!(meaning("acme", Switch::On, true).contains("SAML create none"));
        assert!(meaning("acme", Switch::Off, true).contains("by SAML create accounts"));
        assert!(meaning("acme", Switch::Off, false).contains("by SAML create no accounts"));
    }
}
