//! What must not stand on a command line, which everybody on the machine can read: a URL with a password in it.

use clap::ArgMatches;
use clap::parser::ValueSource;
use secrecy::{ExposeSecret as _, SecretString};

use super::Invalid;
use super::layers::innermost;

/// The settings that may have a password, by their ids, and where else it can stand.
const URLS: [(&str, &str, &str); 2] = [
    (
        "database_url",
        "--database-url",
        "put the URL into ROLLCALL_DATABASE_URL, or into a file that --database-url-file names",
    ),
    (
        "smtp_url",
        "--smtp-url",
        "put the URL into ROLLCALL_SMTP_URL, or the password into a file that --smtp-password-file names",
    ),
];

/// Refuses passwords that stand among the arguments of the innermost command.
pub(super) fn refuse_passwords(matches: &ArgMatches) -> Result<(), Invalid> {
    let matches = innermost(matches);
    for (id, flag, elsewhere) in URLS {
        let Ok(Some(url)) = matches.try_get_one::<SecretString>(id) else { continue };
        let is_argument = matches.value_source(id) == Some(ValueSource::CommandLine);
        if is_argument && has_password(url.expose_secret()) {
            return Err(Invalid(format!(
                "{flag} has a password, and everybody on the machine can read a command line: {elsewhere}"
            )));
        }
    }
    Ok(())
}

/// Whether a URL has a password: before the host, or among its parameters.
fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://").filter(|(scheme, _)| *scheme != "sqlite") else {
        return false;
    };
    let (address, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let before_host = address.rsplit_once('@').map_or("", |(user, _)| user);
    before_host.contains(':') || parameters.split('&').any(|parameter| parameter.starts_with("password="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_wherever_a_url_has_one() {
        for url in [
            "postgres://rollcall:hunter2@db/rollcall",
            "postgres://rollcall:hunter2@db1,db2:5432/rollcall?sslmode=require",
            "postgres://rollcall:p/w@d?@db/rollcall",
            "postgres:///rollcall?host=/run&password=hunter2",
            "smtps://ana:hunter2@mail.example.com",
        ] {
            assert!(has_password(url), "{url}");
        }
        for url in [
            "postgres://rollcall@db:5432/rollcall",
            "postgres://db:5432/rollcall?target_session_attrs=read-write",
            "postgres://rollcall@[::1]:5432/rollcall",
            "sqlite:a:b@c.db",
            "sqlite:///a:b@c.db",
            "smtp://rollcall@mail.example.com?tls=required",
            "smtp://127.0.0.1:1025",
            "",
        ] {
            assert!(!has_password(url), "{url}");
        }
    }
}
