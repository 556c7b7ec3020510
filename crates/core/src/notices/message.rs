//! An e-mail as it goes over the wire.

use std::time::{Duration, SystemTime};

use lettre::error::Error as MessageError;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use rollcall_store::Mail;

use super::addresses;

/// Says that no person wrote it, so that nobody's holiday answers (RFC 3834 §5).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// Makes the message of an e-mail. It is the same at each attempt, with the same id, so that whoever gets it twice can tell.
///
/// Errors: the recipient is no address.
pub(super) fn message(mail: &Mail, from: &Mailbox) -> Result<Message, MessageError> {
    let recipient = addresses::parse(&mail.recipient).ok_or(MessageError::MissingTo)?;
    let written = Duration::from_micros(u64::try_from(mail.created).unwrap_or_default());
    let bodies = MultiPart::alternative()
        .boundary(format!("rollcall-{}", mail.id))
        .singlepart(SinglePart::plain(mail.text.clone()))
        .singlepart(SinglePart::html(mail.html.clone()));
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, recipient))
        .subject(mail.subject.clone())
        .date(SystemTime::UNIX_EPOCH + written)
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
        .multipart(bodies)
}

#[cfg(test)]
mod tests {
    use rollcall_store::{MailKind, MailState};
    use uuid::Uuid;

    use super::*;

    fn mail(recipient: &str, subject: &str) -> Mail {
        Mail {
            id: Uuid::from_u128(7),
            directory: Uuid::from_u128(1),
            kind: MailKind::Test,
            recipient: recipient.to_owned(),
            subject: subject.to_owned(),
            text: "Ána\n".to_owned(),
            html: "<p>Ána</p>\n".to_owned(),
            created: 1_795_515_300_000_000,
            state: MailState::Pending,
            attempts: 1,
            next_attempt: 0,
            last_attempt: None,
            give_up: 0,
            error: None,
        }
    }

    fn formatted(mail: &Mail) -> String {
        let from = "Rollcall <rollcall@example.com>".parse().unwrap();
        String::from_utf8(message(mail, &from).unwrap().formatted()).unwrap()
    }

    #[test]
    fn a_message_has_the_headers_that_it_needs_and_is_the_same_each_time() {
        let mail = mail("it@example.com", "Ána created an account");
        let text = formatted(&mail);
        for header in [
            "From: Rollcall <rollcall@example.com>\r\n",
            "To: it@example.com\r\n",
            "Date: Tue, 24 Nov 2026 10:15:00 +0000\r\n",
            "Message-ID: <00000000-0000-0000-0000-000000000007@example.com>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "multipart/alternative",
        ] {
            assert!(text.contains(header), "{header}: {text}");
        }
        assert!(text.is_ascii() && !text.contains("Subject: Á"), "{text}");
        assert_eq!(formatted(&mail), text);
    }

    #[test]
    fn no_header_can_be_added_by_what_a_message_says() {
        let text = formatted(&mail("it@example.com", "Ana\r\nBcc: all@example.com\r\n\r\nbody"));
        assert!(!text.contains("\r\nBcc:"), "{text}");
        let from = "rollcall@example.com".parse().unwrap();
        assert!(message(&mail("it@example.com\r\nBcc: all@example.com", "x"), &from).is_err());
    }
}
