//! The SMTP server: whether it would take a notice.

use rollcall_core::{SmtpStep, SmtpTrouble};

use super::PATIENCE;
use super::finding::Finding;
use crate::settings::{Invalid, Smtp};

const NAME: &str = "smtp";

/// Connects and signs in as for a notice, and sends none.
pub(super) async fn check(settings: &Smtp) -> Finding {
    let smtp = match settings.server() {
        Ok(Some(smtp)) => smtp,
        Ok(None) => return Finding::not_checked(NAME, "smtp-url is not set: notices to administrators wait"),
        Err(Invalid(refused)) => {
            return Finding::wrong(NAME, refused, "Mend the setting: the server does not start with it.");
        }
    };
    let (address, manner) = (smtp.address(), smtp.manner());
    match smtp.try_out(PATIENCE).await {
        Ok(()) => Finding::ok(NAME, format!("{address} lets us in, {manner}")),
        Err(SmtpTrouble { step, told }) => {
            let (what, advice) = match step {
                SmtpStep::Connection => (
                    "cannot be reached",
                    "Mend smtp-url: smtps:// has TLS from the beginning, smtp://…?tls=required turns it on; or let this machine \
                     through to it.",
                ),
                SmtpStep::StartTls => (
                    "does not come to TLS by STARTTLS",
                    "Mend smtp-url or its host's certificate; smtp-ca-cert names the authority of one that is not public.",
                ),
                SmtpStep::SignIn => (
                    "does not let us in",
                    "Mend the user in smtp-url and the password: ROLLCALL_SMTP_PASSWORD, or the file of smtp-password-file.",
                ),
            };
            Finding::wrong(NAME, format!("{address} {what}: {told}"), advice)
        }
    }
}
