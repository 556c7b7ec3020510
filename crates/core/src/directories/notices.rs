//! Whom a directory tells what by e-mail.

use rollcall_api::v1;
use rollcall_store::{Directory, NoticeSettings, Transaction};

use crate::Core;
use crate::error::Result;
use crate::notices::{addresses, recipients};

/// What is told after a request, and was told `before`. Errors: `INVALID_VALUE` for an address that is none.
pub(super) fn settings(
    on_first_sign_in: Option<bool>,
    admin_emails: Option<&v1::AdminEmails>,
    before: &NoticeSettings,
) -> Result<NoticeSettings> {
    Ok(NoticeSettings {
        on_first_sign_in: on_first_sign_in.unwrap_or(before.on_first_sign_in),
        admin_emails: match admin_emails {
            Some(asked) => addresses::read(&asked.addresses)?,
            None => before.admin_emails.clone(),
        },
    })
}

impl Core {
    /// What stands in the way of the notices of a directory, for people; nothing where they were not asked for.
    pub(super) async fn notice_warnings(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        asked: bool,
    ) -> Result<Vec<String>> {
        if !asked {
            return Ok(Vec::new());
        }
        let NoticeSettings { on_first_sign_in, admin_emails } = &directory.notices;
        let mut warnings = Vec::new();
        if *on_first_sign_in && recipients(transaction, directory).await?.is_empty() {
            warnings.push(
                "first sign-ins are told to nobody: the directory names no address, and has no active administrator with one"
                    .to_owned(),
            );
        }
        if self.smtp.is_none() && (*on_first_sign_in || !admin_emails.is_empty()) {
            warnings.push(
                "notices are not sent, since the core has no SMTP server: they wait, and are parked after 24 hours; start \
                 it with ROLLCALL_SMTP_URL and ROLLCALL_SMTP_FROM"
                    .to_owned(),
            );
        }
        Ok(warnings)
    }
}
