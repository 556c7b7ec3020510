//! The SMTP server that notices are sent by.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use rollcall_core::SmtpSettings;
use secrecy::SecretString;

use super::{Invalid, duration, secret, secret_text, small_file};

/// The SMTP server.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "E-mail")]
pub(crate) struct Smtp {
    /// SMTP server that notices to administrators are sent by: `smtps://USER@HOST`, `smtp://USER@HOST?tls=required`
    /// (STARTTLS), or `smtp://127.0.0.1:PORT` for one on this machine; without it, notices wait
    #[arg(long, env = "ROLLCALL_SMTP_URL", value_name = "URL", hide_env_values = true, value_parser = secret_text())]
    pub(crate) smtp_url: Option<SecretString>,

    /// Sender of the notices, such as `Rollcall <rollcall@example.com>`
    #[arg(long, env = "ROLLCALL_SMTP_FROM", value_name = "ADDRESS")]
    pub(crate) smtp_from: Option<String>,

    /// File with the password for the SMTP server; or put the password itself into `ROLLCALL_SMTP_PASSWORD`
    #[arg(long, env = "ROLLCALL_SMTP_PASSWORD_FILE", value_name = "FILE")]
    pub(crate) smtp_password_file: Option<PathBuf>,

    /// PEM file with the certificate that the SMTP server's is checked against; without it, those of the system
    #[arg(long, env = "ROLLCALL_SMTP_CA_CERT", value_name = "FILE")]
    pub(crate) smtp_ca_cert: Option<PathBuf>,

    /// How long the SMTP server may take for one notice
    #[arg(long, env = "ROLLCALL_SMTP_TIMEOUT", value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub(crate) smtp_timeout: Duration,

    /// How long to wait before a notice that was not sent is tried again; doubled with each attempt, up to 1h
    #[arg(long, env = "ROLLCALL_SMTP_RETRY_DELAY", value_name = "DURATION", default_value = "1m", value_parser = duration)]
    pub(crate) smtp_retry_delay: Duration,
}

impl Smtp {
    /// The server; `None`, none is configured. Errors: settings that cannot be used, and a file that cannot be read. They
    /// name no password.
    pub(crate) fn server(&self) -> Result<Option<rollcall_core::Smtp>, Invalid> {
        let password = secret("ROLLCALL_SMTP_PASSWORD", self.smtp_password_file.as_deref())?;
        let Some(url) = self.smtp_url.clone() else { return Ok(None) };
        let from = self.smtp_from.clone().ok_or_else(|| {
            Invalid("smtp-url needs smtp-from: the sender, such as rollcall@example.com".to_owned())
        })?;
        if self.smtp_timeout.is_zero() || self.smtp_retry_delay.is_zero() {
            return Err(Invalid("smtp-timeout and smtp-retry-delay must be more than nothing".to_owned()));
        }
        let read = |path: &PathBuf| {
            let failed = |error| Invalid(format!("smtp-ca-cert: cannot read {}: {error}", path.display()));
            small_file::read(path).map_err(failed)
        };
        let settings = SmtpSettings {
            url,
            password,
            from,
            ca: self.smtp_ca_cert.as_ref().map(read).transpose()?,
            timeout: self.smtp_timeout,
            retry_delay: self.smtp_retry_delay,
        };
        rollcall_core::Smtp::new(settings).map(Some).map_err(|error| Invalid(error.to_string()))
    }
}
