//! What a page says of what was just done.

/// A sentence at the head of a page.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    pub(crate) text: String,
}

impl Notice {
    /// The notice that a redirect names: a closed list, so that no link can put words into the console's mouth.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let text = match name {
            "scim-on" => "SCIM is on. Identity providers can reach this directory.",
            "scim-off" => "SCIM is off. Identity providers are refused until it is switched on again.",
            "saved" => "Saved.",
            "created" => "Created.",
            "directory-deleted" => "The directory was deleted.",
            "token-revoked" => "The token was revoked. It is refused from now on.",
            "secret-revoked" => "The secret was revoked, with the access tokens that were issued for it.",
            "client-deleted" => {
                "The client was deleted. Its secrets and access tokens are refused from now on."
            }
            "key-revoked" => "The key was revoked. It is refused from now on.",
            "deactivated" => "The user was deactivated, and can no longer sign in.",
            "reactivated" => "The user is active again.",
            "restored" => "The user was restored, without memberships, password and sign-in.",
            "session-ended" => "The session was ended.",
            "approved" => "Approved. The held changes were made, and their outcome is below.",
            "applied" => "The change was made. The others go on waiting.",
            "rejected" => "Rejected. The held changes are dropped.",
            "administrator-on" => "The user is an administrator now.",
            "administrator-off" => "The user is no longer an administrator.",
            "email-retried" => "The e-mail is being sent again.",
            "email-sent" => "The test e-mail was queued. It should arrive within a minute.",
            "rule-added" => "The rule was added.",
            "rule-deleted" => "The rule was deleted.",
            "moved" => "The order was changed.",
            _ => return None,
        };
        Some(Self { text: text.to_owned() })
    }
}
