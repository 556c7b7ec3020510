//! Whom a directory tells what by e-mail, as flags and as output.

use clap::Args;
use rollcall_api::v1::AdminEmails;

use super::Switch;

/// The flags.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Notices {
    /// Whether the administrators get an e-mail when a first sign-in created an account
    #[arg(long, value_name = "on|off", hide_possible_values = true)]
    notify_admins: Option<Switch>,

    /// Address that gets the notices of the directory, beside its active administrators; several by giving more, or the flag
    /// again. They replace those that it has
    #[arg(long = "admin-email", value_name = "ADDRESS", num_args = 1.., conflicts_with = "no_admin_emails")]
    admin_emails: Vec<String>,

    /// Take all those addresses away
    #[arg(long)]
    no_admin_emails: bool,
}

impl Notices {
    /// Whether first sign-ins are to be told; `None`, nothing is said.
    pub(super) fn on_first_sign_in(&self) -> Option<bool> {
        self.notify_admins.map(Switch::is_on)
    }

    /// The addresses that the directory is to have; `None`, nothing is said.
    pub(super) fn admin_emails(&self) -> Option<AdminEmails> {
        let is_said = self.no_admin_emails || !self.admin_emails.is_empty();
        is_said.then(|| AdminEmails { addresses: self.admin_emails.clone() })
    }
}
