//! Whom a directory tells what by e-mail.

use rollcall_api::v1;
use rollcall_store::NoticeSettings;

use crate::error::Result;
use crate::notices::addresses;

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
