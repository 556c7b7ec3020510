//! The URL of an SMTP server.

use std::borrow::Cow;
use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use url::Url;

use super::invalid_smtp::InvalidSmtp;

/// The form that a URL has.
const FORM: &str = "give smtps://HOST, smtp://HOST?tls=required (STARTTLS), or smtp://127.0.0.1:PORT for a server on this \
     machine, with USER@ before the host where it asks for a password";

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    /// Not: the server is on this machine.
    Plain,
    /// By TLS, before anything else is said than that it begins.
    StartTls,
    /// By TLS from the beginning.
    Tls,
}

/// What a URL says.
pub(super) struct SmtpUrl {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
}

impl SmtpUrl {
    /// Reads a URL. Errors: what is wrong with it. They do not repeat it, since it may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidSmtp> {
        let invalid = |what: &str| InvalidSmtp(format!("smtp-url: {what}; {FORM}"));
        let url = Url::parse(text).map_err(|error| {
            invalid(&format!("it is no URL ({error}); a password is written with percent signs"))
        })?;
        let asked: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let asked: Vec<_> = asked.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (security, port) = match (url.scheme(), asked.as_slice()) {
            ("smtps", []) => (Security::Tls, 465),
            ("smtp", [("tls", "required")]) => (Security::StartTls, 587),
            ("smtp", []) => (Security::Plain, 25),
            ("smtp" | "smtps", _) => {
                return Err(invalid("behind the ? only tls=required may stand, after smtp://"));
            }
            _ => return Err(invalid("it begins with neither smtp:// nor smtps://")),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(invalid("nothing may follow the host and the port"));
        }
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() || host.contains('%') {
            return Err(invalid("the host is missing, or is none"));
        }
        if security == Security::Plain && !is_this_machine(host) {
            return Err(invalid("without TLS e-mails would cross the network readable"));
        }
        let decoded = |text: &str| {
            let decoded = percent_decode_str(text).decode_utf8();
            decoded.map(Cow::into_owned).map_err(|_| invalid("the user or the password is no UTF-8"))
        };
        let user = Some(url.username()).filter(|user| !user.is_empty()).map(decoded).transpose()?;
        let password = url.password().map(decoded).transpose()?.map(SecretString::from);
        Ok(Self { host: host.to_owned(), port: url.port().unwrap_or(port), security, user, password })
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn parsed(text: &str) -> (String, u16, Security, Option<String>, Option<String>) {
        let SmtpUrl { host, port, security, user, password } =
            SmtpUrl::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let password = password.map(|password| password.expose_secret().to_owned());
        (host, port, security, user, password)
    }

    #[test]
    fn a_url_says_how_the_server_is_reached() {
        let host = || "mail.example.com".to_owned();
        assert_eq!(parsed("smtps://mail.example.com"), (host(), 465, Security::Tls, None, None));
        assert_eq!(
            parsed("smtp://mail.example.com?tls=required"),
            (host(), 587, Security::StartTls, None, None)
        );
        let (_, port, _, user, password) =
            parsed("smtps://ana%40example.com:p%2Fw%20d@mail.example.com:2465/");
        assert_eq!(
            (port, user.as_deref(), password.as_deref()),
            (2465, Some("ana@example.com"), Some("p/w d"))
        );
    }

    #[test]
    fn without_tls_a_server_must_be_on_this_machine() {
        for (url, host) in [
            ("smtp://localhost", "localhost"),
            ("smtp://127.0.0.1:1025", "127.0.0.1"),
            ("smtp://[::1]:1025", "::1"),
        ] {
            let parsed = parsed(url);
            assert_eq!((parsed.0.as_str(), parsed.2), (host, Security::Plain));
        }
        for url in [
            "smtp://mail.example.com",
            "smtp://10.0.0.1",
            "smtp://localhost.example.com",
            "smtp://[2001:db8::1]",
        ] {
            let error = SmtpUrl::parse(url).err().unwrap().to_string();
            assert!(error.contains("readable") && error.contains("tls=required"), "{url}: {error}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_the_url() {
        for url in [
            "",
            "hunter2",
            "https://u:hunter2@mail.example.com",
            "smtp://u:hunter2@",
            "smtps://u:hunter2@mail.example.com?tls=none",
            "smtps://u:hunter2@mail.example.com/path",
            "smtps://u:hunter2@mail.example.com#x",
            "smtps://u:hunter2/x@mail.example.com",
            "smtps://u:%ff%fehunter2@mail.example.com",
            "smtps://u:hunter2@mail.example.com:99999",
            "smtp://u:hunter2@localhost?tls=opportunistic",
        ] {
            let error = SmtpUrl::parse(url).err().unwrap_or_else(|| panic!("{url} was taken")).to_string();
            assert!(error.starts_with("smtp-url: ") && !error.contains("hunter2"), "{url}: {error}");
        }
    }
}
