//! Whether first sign-ins may create accounts, by protocol: what was chosen, and what counts.

use rollcall_api::v1::{self, CreateDirectoryRequest, ProvisioningOverride, UpdateDirectoryRequest};
use rollcall_store::{Directory, Protocol, ProvisioningChoices};
use serde_json::{Map, Value};

/// What an administrator has chosen for a protocol, and what counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) stored: bool,
    pub(crate) effective: bool,
    pub(crate) overridden_by: Option<Overridden>,
}

/// Why a choice does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overridden {
    /// SCIM is on, and so accounts come from the identity provider. It overrides SAML alone: the other protocols may well lead
    /// to people whom that identity provider does not know.
    ByScim,
}

/// What counts for a protocol in a directory.
pub(crate) fn provisioning_choice(directory: &Directory, protocol: Protocol) -> Choice {
    let stored = directory.provisioning.is_on(protocol);
    let is_overridden = directory.scim_enabled && protocol == Protocol::Saml;
    Choice {
        stored,
        effective: stored && !is_overridden,
        overridden_by: is_overridden.then_some(Overridden::ByScim),
    }
}

/// The choices for a directory that is to be made.
pub(super) fn created(request: &CreateDirectoryRequest) -> ProvisioningChoices {
    let CreateDirectoryRequest {
        saml_provisioning,
        oidc_provisioning,
        jwt_provisioning,
        ldap_provisioning,
        ..
    } = *request;
    let asked = [saml_provisioning, oidc_provisioning, jwt_provisioning, ldap_provisioning];
    chosen(ProvisioningChoices::default(), asked)
}

/// The choices after a request that changes a directory.
pub(super) fn updated(request: &UpdateDirectoryRequest, before: &ProvisioningChoices) -> ProvisioningChoices {
    let UpdateDirectoryRequest {
        saml_provisioning,
        oidc_provisioning,
        jwt_provisioning,
        ldap_provisioning,
        ..
    } = *request;
    chosen(before.clone(), [saml_provisioning, oidc_provisioning, jwt_provisioning, ldap_provisioning])
}

/// Makes some choices, in the order of [`Protocol::ALL`].
fn chosen(mut choices: ProvisioningChoices, asked: [Option<bool>; 4]) -> ProvisioningChoices {
    for (protocol, on) in Protocol::ALL.into_iter().zip(asked) {
        if let Some(on) = on {
            choices.set(protocol, on);
        }
    }
    choices
}

/// The choices as events tell them.
pub(super) fn facts(choices: &ProvisioningChoices) -> Value {
    let facts = Protocol::ALL.map(|protocol| (protocol.as_str().to_owned(), choices.is_on(protocol).into()));
    Value::Object(Map::from_iter(facts))
}

/// What counts in a directory.
pub(super) fn message(directory: &Directory) -> v1::Provisioning {
    let choice = |protocol| {
        let choice = provisioning_choice(directory, protocol);
        Some(v1::ProvisioningChoice {
            stored: choice.stored,
            effective: choice.effective,
            overridden_by: match choice.overridden_by {
                None => ProvisioningOverride::Unspecified.into(),
                Some(Overridden::ByScim) => ProvisioningOverride::Scim.into(),
            },
        })
    };
    v1::Provisioning {
        saml: choice(Protocol::Saml),
        oidc: choice(Protocol::Oidc),
        jwt: choice(Protocol::Jwt),
        ldap: choice(Protocol::Ldap),
    }
}
