//! The SMTP server: where it is, and how it is reached.

use std::time::Duration;
use std::{fmt, io};

use data_encoding::BASE64;
use lettre::message::Mailbox;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, AsyncTokioStream, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::addresses;
use super::bounded::Bounded;
use super::invalid_smtp::InvalidSmtp;
use super::letter::value;
use super::smtp_url::{Security, SmtpUrl};

/// How a certificate begins in PEM form. Without one a file is read as no certificates, which nobody can be trusted by.
const BEGIN_CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// How e-mails are sent.
#[derive(Clone)]
pub struct SmtpSettings {
    /// `smtp://USER@HOST:PORT?tls=required` (STARTTLS), `smtps://…` (TLS from the beginning), or `smtp://HOST:PORT` without
    /// TLS on this machine.
    pub url: SecretString,
    /// The password, where it does not stand in the URL.
    pub password: Option<SecretString>,
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
    pub(super) host: String,
    pub(super) port: u16,
    security: Security,
    tls: TlsParameters,
    login: Option<Login>,
    /// What must not be seen in an error, whatever a server repeats.
    secrets: Vec<SecretString>,
    pub(super) from: Mailbox,
    /// How long an attempt at one e-mail can take.
    pub(super) timeout: Duration,
    pub(super) retry_delay: Duration,
}

/// How far it is to a server that takes e-mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpStep {
    /// To be connected, with TLS where that comes first, and greeted.
    Connection,
    /// To turn TLS on.
    StartTls,
    /// To sign in.
    SignIn,
}

/// Why a server would take no e-mail of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpTrouble {
    /// Where it ended.
    pub step: SmtpStep,
    /// What the server said, or what happened, in one line and without our secrets.
    pub told: String,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotConnected {
    #[error("Connection error: {0}")]
    Network(#[from] io::Error),
    #[error(transparent)]
    Smtp(#[from] SmtpError),
}

/// As whom we sign in.
struct Login {
    user: String,
    password: SecretString,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Smtp {
    /// Errors: settings that cannot be used.
    pub fn new(settings: SmtpSettings) -> Result<Self, InvalidSmtp> {
        let SmtpUrl { host, port, security, user, password } = SmtpUrl::parse(settings.url.expose_secret())?;
        let password = match (password, settings.password) {
            (Some(_), Some(_)) => {
                return Err(InvalidSmtp(
                    "the password of the SMTP server stands in smtp-url and is given apart; give it once"
                        .to_owned(),
                ));
            }
            (in_url, apart) => in_url.or(apart),
        };
        let (login, secrets) = match (user, password) {
            (Some(user), Some(password)) => {
                let secrets = spellings(&user, &password);
                (Some(Login { user, password }), secrets)
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
            login,
            secrets,
            from,
            timeout: settings.timeout,
            retry_delay: settings.retry_delay,
        })
    }

    /// Connects, introduces us and signs in, as before an e-mail, and sends none; it takes no longer than `patience`.
    ///
    /// Errors: how far it came, and what the server said, without our secrets.
    pub async fn try_out(&self, patience: Duration) -> Result<(), SmtpTrouble> {
        let mut step = SmtpStep::Connection;
        let tried = timeout(patience, self.connect_telling(&mut step)).await;
        let told = match tried {
            Ok(Ok(mut connection)) => {
                // It has let us in, however it takes the farewell.
                _ = timeout(patience, connection.quit()).await;
                return Ok(());
            }
            Ok(Err(error)) => self.told(&error),
            Err(_) => format!("it did not answer within {patience:?}"),
        };
        Err(SmtpTrouble { step, told })
    }

    /// The host and the port.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// How what is sent is kept from others, and whether we sign in, for people.
    pub fn manner(&self) -> &'static str {
        match (self.security, self.login.is_some()) {
            (Security::Tls, true) => "with TLS and a sign-in",
            (Security::Tls, false) => "with TLS",
            (Security::StartTls, true) => "with STARTTLS and a sign-in",
            (Security::StartTls, false) => "with STARTTLS",
            (Security::Plain, true) => "without TLS, with a sign-in",
            (Security::Plain, false) => "without TLS",
        }
    }

    /// Connects, and introduces us.
    pub(super) async fn connect(&self) -> Result<AsyncSmtpConnection, NotConnected> {
        self.connect_telling(&mut SmtpStep::Connection).await
    }

    /// The same, and tells how far it is.
    async fn connect_telling(&self, step: &mut SmtpStep) -> Result<AsyncSmtpConnection, NotConnected> {
        let hello = ClientId::Domain(self.from.email.domain().to_owned());
        let mut connection =
            AsyncSmtpConnection::connect_with_transport(self.stream().await?, &hello).await?;
        if self.security == Security::StartTls {
            *step = SmtpStep::StartTls;
            connection.starttls(self.tls.clone(), &hello).await?;
        }
        if let Some(Login { user, password }) = &self.login {
            *step = SmtpStep::SignIn;
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await?;
        }
        Ok(connection)
    }

    /// A connection, with TLS where that comes first.
    async fn stream(&self) -> Result<Box<dyn AsyncTokioStream>, NotConnected> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let bounded = Bounded::new(stream);
        Ok(match self.security {
            Security::Tls => Box::new(bounded.with_tls(self.tls.clone()).await?),
            Security::StartTls | Security::Plain => Box::new(bounded),
        })
    }

    /// What an error of the server says, in one line and without our secrets.
    pub(super) fn told(&self, error: &dyn fmt::Display) -> String {
        self.redacted(&error.to_string())
    }

    fn redacted(&self, text: &str) -> String {
        let hide = |text: String, secret: &SecretString| text.replace(secret.expose_secret(), "…");
        value(&self.secrets.iter().fold(text.to_owned(), hide))
    }
}

/// A password in every form in which it is sent.
fn spellings(user: &str, password: &SecretString) -> Vec<SecretString> {
    let plain = Zeroizing::new(format!("\0{user}\0{}", password.expose_secret()));
    let sent = [plain.as_str(), password.expose_secret()];
    let encoded = sent.map(|text| SecretString::from(BASE64.encode(text.as_bytes())));
    encoded.into_iter().chain([password.clone()]).collect()
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
            url: url.into(),
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
            let settings = SmtpSettings { password: password.map(SecretString::from), ..settings(url) };
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
