//! A conversation with an SMTP server, and what its answers mean.

use std::time::Duration;

use lettre::message::Message;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use rollcall_store::Mail;
use tokio::time::timeout;

use super::message::message;
use super::smtp::{NotConnected, Smtp};

/// Answers about who we are and how we come, and not about a recipient (RFC 4954 §6).
const ABOUT_US: [u16; 4] = [530, 534, 535, 538];
/// How long a server may take to hear that we leave.
const FAREWELL: Duration = Duration::from_secs(2);

/// Why an e-mail was not sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server cannot be reached or used: the next e-mail would fare alike.
    Server(Why),
    /// Not this time.
    Later(Why),
    /// The server refuses this e-mail for good.
    Refused(Why),
}

/// What is said of a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Why {
    /// To administrators, in the words of the server.
    pub(super) told: String,
    /// In the log, without those words: they may name the recipient.
    pub(super) logged: String,
}

impl From<String> for Why {
    /// What names nobody.
    fn from(told: String) -> Self {
        Self { logged: told.clone(), told }
    }
}

/// A conversation with the server: one connection for as many e-mails as it takes.
pub(super) struct Session<'a> {
    smtp: &'a Smtp,
    connection: Option<AsyncSmtpConnection>,
}

impl<'a> Session<'a> {
    /// Nobody has been talked to yet.
    pub(super) fn new(smtp: &'a Smtp) -> Self {
        Self { smtp, connection: None }
    }

    /// Sends an e-mail: when this returns `Ok`, the server has taken it.
    pub(super) async fn send(&mut self, mail: &Mail) -> Result<(), Failure> {
        let message = message(mail, &self.smtp.from).map_err(|error| {
            let logged = "the e-mail cannot be put together".to_owned();
            Failure::Refused(Why { told: error.to_string(), logged })
        })?;
        let mut connection = self.connection.take();
        let sent = timeout(self.smtp.timeout, self.attempt(&mut connection, &message)).await;
        let sent = sent.unwrap_or_else(|_| {
            let late = format!("{} did not answer within {:?}", self.server(), self.smtp.timeout);
            Err(Failure::Server(late.into()))
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
            none => none.insert(
                self.smtp.connect().await.map_err(|error| Failure::Server(self.not_connected(&error)))?,
            ),
        };
        let (envelope, bytes) = (message.envelope(), message.formatted());
        let server = connection.server_info();
        let mut options = Vec::new();
        let addresses = envelope.from().into_iter().chain(envelope.to());
        if !addresses.map(AsRef::<str>::as_ref).all(str::is_ascii) {
            if !server.supports_feature(Extension::SmtpUtfEight) {
                let why =
                    format!("{} takes no addresses with letters beyond ASCII (SMTPUTF8)", self.server());
                return Err(Failure::Refused(why.into()));
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

    fn answer(&self, what: &str, error: &SmtpError) -> Why {
        self.why(&format!("did not take {what}"), error)
    }

    fn not_connected(&self, error: &NotConnected) -> Why {
        match error {
            NotConnected::Smtp(error) => self.why("cannot be used", error),
            NotConnected::Network(_) => {
                format!("{} cannot be used: {}", self.server(), self.smtp.told(error)).into()
            }
        }
    }

    fn why(&self, what: &str, error: &SmtpError) -> Why {
        let server = self.server();
        let told = self.smtp.told(error);
        let logged = match error.status() {
            Some(code) => code.to_string(),
            None if error.is_response() => "its answer is none of SMTP".to_owned(),
            None => told.clone(),
        };
        Why { told: format!("{server} {what}: {told}"), logged: format!("{server} {what}: {logged}") }
    }

    fn server(&self) -> String {
        format!("{}:{}", self.smtp.host, self.smtp.port)
    }
}
