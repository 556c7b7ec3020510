//! The way to the SMTP server: how it is reached, what is said to it, and what its answers mean.

use std::fmt;
use std::time::Duration;

use data_encoding::BASE64;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use rollcall_store::Mail;
use tokio::time::timeout;

use super::addresses;
use super::letter::value;
use super::message::message;
use super::smtp_url::{Security, SmtpUrl};

/// Answers about who we are and how we come, and not about a recipient (RFC 4954 §6).
const ABOUT_US: [u16; 4] = [530, 534, 535, 538];
/// How a certificate begins in PEM form. Without one a file is read as no certificates, which nobody can be trusted by.
const BEGIN_CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";
/// How long a server may take to hear that we leave.
const FAREWELL: Duration = Duration::from_secs(2);

/// Settings of the SMTP server that cannot be used, and what would do. Never with a secret.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSmtp(pub(super) String);

/// How e-mails are sent.
#[derive(Clone)]
pub struct SmtpSettings {
    /// `smtp://USER@HOST:PORT?tls=required` (STARTTLS), `smtps://…` (TLS from the beginning), or `smtp://HOST:PORT` without
    /// TLS on this machine.
    pub url: String,
    /// The password, where it does not stand in the URL.
    pub password: Option<String>,
    /// The sender: an address, or `Name <address>`.
    pub from: String,
    /// PEM with the certificates that the server's is checked against, instead of those of the system.
    pub ca: Option<Vec<u8>>,
    /// How long the server may take for one e-mail, from the connection to its last answer.
    pub timeout: Duration,
    /// How long to wait after a first failure; doubled with each further one.
    pub retry_delay: Duration,
}

impl fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpSettings").field("from", &self.from).finish_non_exhaustive()
    }
}

/// The SMTP server.
pub struct Smtp {
    host: String,
    port: u16,
    security: Security,
    tls: TlsParameters,
    credentials: Option<Credentials>,
    /// What must not be seen in an error, whatever a server repeats.
    secrets: Vec<String>,
    pub(super) from: Mailbox,
    timeout: Duration,
    pub(super) retry_delay: Duration,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// Why an e-mail was not sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server cannot be reached or used: the next e-mail would fare alike.
    Server(String),
    /// Not this time.
    Later(String),
    /// The server refuses this e-mail for good.
    Refused(String),
}

impl Smtp {
    /// Errors: settings that cannot be used.
    pub fn new(settings: SmtpSettings) -> Result<Self, InvalidSmtp> {
        let SmtpUrl { host, port, security, user, password } = SmtpUrl::parse(&settings.url)?;
        let password = match (password, settings.password) {
            (Some(_), Some(_)) => {
                return Err(InvalidSmtp(
                    "the password of the SMTP server stands in smtp-url and is given apart; give it once"
                        .to_owned(),
                ));
            }
            (in_url, apart) => in_url.or(apart),
        };
        let (credentials, secrets) = match (user, password) {
            (Some(user), Some(password)) => {
                let plain = format!("\0{user}\0{password}");
                let encoded = [&plain, &password].map(|text| BASE64.encode(text.as_bytes()));
                let secrets = encoded.into_iter().chain([password.clone()]).collect();
                (Some(Credentials::new(user, password)), secrets)
            }
            (None, None) => (None, Vec::new()),
            (Some(_), None) => {
                return Err(InvalidSmtp(
                    "smtp-url names a user, but there is no password: put it into ROLLCALL_SMTP_PASSWORD, or name a file with \
                     smtp-password-file"
                        .to_owned(),
                ));
            }
            (None, Some(_)) => {
                return Err(InvalidSmtp(
                    "there is a password for the SMTP server, but smtp-url names no user: smtp://USER@HOST"
                        .to_owned(),
                ));
            }
        };
        let from: Option<Mailbox> = settings.from.parse().ok();
        let from = from.filter(|from| addresses::parse(from.email.as_ref()).is_some()).ok_or_else(|| {
            InvalidSmtp(format!(
                "smtp-from {:?}: give an address such as rollcall@example.com, or \"Rollcall <rollcall@example.com>\"",
                settings.from
            ))
        })?;
        Ok(Self {
            tls: tls(&host, settings.ca.as_deref())?,
            host,
            port,
            security,
            credentials,
            secrets,
            from,
            timeout: settings.timeout,
            retry_delay: settings.retry_delay,
        })
    }

    /// How long an attempt at one e-mail can take.
    pub(super) fn longest_attempt(&self) -> Duration {
        self.timeout
    }

    /// Nobody has been talked to yet.
    pub(super) fn session(&self) -> Session<'_> {
        Session { smtp: self, connection: None }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SmtpError> {
        let hello = ClientId::Domain(self.from.email.domain().to_owned());
        let server = (self.host.as_str(), self.port);
        let wrapped = (self.security == Security::Tls).then(|| self.tls.clone());
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.timeout), &hello, wrapped, None).await?;
        if self.security == Security::StartTls {
            connection.starttls(self.tls.clone(), &hello).await?;
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        Ok(connection)
    }

    /// What an error of the server says, in one line and without our secrets.
    fn told(&self, error: &SmtpError) -> String {
        self.redacted(&error.to_string())
    }

    fn redacted(&self, text: &str) -> String {
        let text = self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "…"));
        value(&text)
    }
}

/// A conversation with the server: one connection for as many e-mails as it takes.
pub(super) struct Session<'a> {
    smtp: &'a Smtp,
    connection: Option<AsyncSmtpConnection>,
}

impl Session<'_> {
    /// Sends an e-mail: when this returns `Ok`, the server has taken it.
    pub(super) async fn send(&mut self, mail: &Mail) -> Result<(), Failure> {
        let message = message(mail, &self.smtp.from).map_err(|error| Failure::Refused(error.to_string()))?;
        let mut connection = self.connection.take();
        let sent = timeout(self.smtp.timeout, self.attempt(&mut connection, &message)).await;
        let sent = sent.unwrap_or_else(|_| {
            Err(Failure::Server(format!("{} did not answer within {:?}", self.server(), self.smtp.timeout)))
        });
        // After anything but success the state of the conversation is not known, and the next e-mail begins another one.
        if sent.is_ok() {
            self.connection = connection;
        }
        sent
    }

    /// Leaves.
    pub(super) async fn end(mut self) {
        if let Some(mut connection) = self.connection.take() {
            // Everything was taken already: that nobody hears us leave does no harm.
            _ = timeout(FAREWELL, connection.quit()).await;
        }
    }

    async fn attempt(
        &self,
        connection: &mut Option<AsyncSmtpConnection>,
        message: &Message,
    ) -> Result<(), Failure> {
        // A server may end a conversation that has been long enough for it.
        if let Some(open) = connection
            && !open.test_connected().await
        {
            *connection = None;
        }
        let connection = match connection {
            Some(connection) => connection,
            none => none.insert(self.smtp.connect().await.map_err(|error| {
                Failure::Server(format!("{} cannot be used: {}", self.server(), self.smtp.told(&error)))
            })?),
        };
        let (envelope, bytes) = (message.envelope(), message.formatted());
        let server = connection.server_info();
        let mut options = Vec::new();
        let addresses = envelope.from().into_iter().chain(envelope.to());
        if !addresses.map(AsRef::<str>::as_ref).all(str::is_ascii) {
            if !server.supports_feature(Extension::SmtpUtfEight) {
                return Err(Failure::Refused(format!(
                    "{} takes no addresses with letters beyond ASCII (SMTPUTF8)",
                    self.server()
                )));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !bytes.is_ascii() {
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let sender = connection.command(MailFrom::new(envelope.from().cloned(), options)).await;
        sender.map_err(|error| Failure::Server(self.answer("the sender", &error)))?;
        for recipient in envelope.to() {
            let taken = connection.command(Rcpt::new(recipient.clone(), Vec::new())).await;
            taken.map_err(|error| self.judged("the recipient", &error))?;
        }
        connection.command(Data).await.map_err(|error| self.judged("the e-mail", &error))?;
        connection.message(&bytes).await.map_err(|error| self.judged("the e-mail", &error))?;
        Ok(())
    }

    fn judged(&self, what: &str, error: &SmtpError) -> Failure {
        let is_about_us = error.status().is_some_and(|code| ABOUT_US.contains(&u16::from(code)));
        let told = self.answer(what, error);
        if error.status().is_none() || is_about_us {
            Failure::Server(told)
        } else if error.is_permanent() {
            Failure::Refused(told)
        } else {
            Failure::Later(told)
        }
    }

    fn answer(&self, what: &str, error: &SmtpError) -> String {
        format!("{} did not take {what}: {}", self.server(), self.smtp.told(error))
    }

    fn server(&self) -> String {
        format!("{}:{}", self.smtp.host, self.smtp.port)
    }
}

fn tls(host: &str, ca: Option<&[u8]>) -> Result<TlsParameters, InvalidSmtp> {
    let tls = TlsParameters::builder(host.to_owned());
    let Some(pem) = ca else {
        let unusable = |error| InvalidSmtp(format!("TLS to the SMTP server cannot be set up: {error}"));
        return tls.build().map_err(unusable);
    };
    let is_pem = pem.windows(BEGIN_CERTIFICATE.len()).any(|window| window == BEGIN_CERTIFICATE);
    let certificate = Certificate::from_pem(pem).ok().filter(|_| is_pem);
    certificate
        .and_then(|certificate| {
            tls.certificate_store(CertificateStore::None).add_root_certificate(certificate).build().ok()
        })
        .ok_or_else(|| InvalidSmtp("smtp-ca-cert: the file has no certificate in PEM form".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn settings(url: &str) -> SmtpSettings {
        SmtpSettings {
            url: url.to_owned(),
            password: None,
            from: "Rollcall <rollcall@example.com>".to_owned(),
            ca: None,
            timeout: Duration::from_secs(5),
            retry_delay: Duration::from_secs(1),
        }
    }

    #[test]
    fn a_password_comes_from_one_place_and_belongs_to_a_user() {
        let with = |url: &str, password: Option<&str>| {
            let settings = SmtpSettings { password: password.map(str::to_owned), ..settings(url) };
            Smtp::new(settings).map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(with("smtps://mail.example.com", None), Ok(()));
        assert_eq!(with("smtps://ana:hunter2@mail.example.com", None), Ok(()));
        assert_eq!(with("smtps://ana@mail.example.com", Some("hunter2")), Ok(()));
        for (url, password, part) in [
            ("smtps://ana:hunter2@mail.example.com", Some("hunter2"), "once"),
            ("smtps://ana@mail.example.com", None, "ROLLCALL_SMTP_PASSWORD"),
            ("smtps://mail.example.com", Some("hunter2"), "no user"),
        ] {
            let error = with(url, password).unwrap_err();
            assert!(error.contains(part) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_file_without_a_certificate_is_none() {
        for pem in ["", "hostname", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"] {
            let ca = Some(pem.as_bytes().to_vec());
            let error = Smtp::new(SmtpSettings { ca, ..settings("smtps://mail.example.com") }).unwrap_err();
            assert!(error.to_string().contains("smtp-ca-cert"), "{pem:?}: {error}");
        }
    }

    #[test]
    fn the_sender_is_an_address() {
        let from = |from: &str| {
            Smtp::new(SmtpSettings { from: from.to_owned(), ..settings("smtps://mail.example.com") })
        };
        assert!(from("rollcall@example.com").is_ok());
        for bad in ["", "rollcall", "Rollcall <rollcall>", "a@example.com\r\nBcc: b@example.com"] {
            assert!(from(bad).unwrap_err().to_string().contains("smtp-from"), "{bad:?}");
        }
    }

    #[test]
    fn what_a_server_repeats_of_our_secrets_is_not_told() {
        let smtp = Smtp::new(settings("smtps://ana:hunter2@mail.example.com")).unwrap();
        let plain = BASE64.encode(b"\0ana\0hunter2");
        let login = BASE64.encode(b"hunter2");
        let told = smtp.redacted(&format!("535 no: hunter2, {plain}\r\n{login}"));
        assert_eq!(told, "535 no: …, … …");
        assert!(!format!("{smtp:?} {:?}", settings("smtps://ana:hunter2@x")).contains("hunter2"));
    }
}
