//! What the commands print: tables for people, JSON for machines, secrets once.

mod paint;
mod progress;
mod table;

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result};
use rollcall_api::secrets::hide_own_secrets;
use rollcall_api::unseen::shown;
use serde_json::Value;

pub(crate) use paint::Paint;
pub(crate) use progress::Progress;
pub(crate) use table::{Cell, Table};

/// Prints text and a line end to standard output. That nobody reads it any more is no error.
pub(crate) fn line(text: &str) -> Result<()> {
    line_if_read(text).map(drop)
}

/// The same, and says whether somebody still reads it: for output that goes on and on.
pub(crate) fn line_if_read(text: &str) -> Result<bool> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error).context("cannot write to standard output"),
    }
}

/// Prints a JSON value.
pub(crate) fn json(value: &Value) -> Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Prints a table: aligned, and where a person looks at it with a little colour, and as wide as their terminal at most.
pub(crate) fn table(table: &Table) -> Result<()> {
    let mut table = table.clone();
    let left_out = terminal_width().map(|width| table.fit(width)).unwrap_or_default();
    line(&table.render(is_coloured(io::stdout().is_terminal())))?;
    if !left_out.is_empty() {
        remark(&format!(
            "(no room for {}: a wider terminal, a pipe or --json shows everything)",
            left_out.join(", ")
        ));
    }
    Ok(())
}

/// How many columns the terminal has that output goes to; `None`, it goes elsewhere.
fn terminal_width() -> Option<usize> {
    comfy_table::Table::new().width().map(usize::from)
}

/// Prints a sentence for the person at the terminal to standard error, where no pipe picks it up.
pub(crate) fn remark(text: &str) {
    // A remark that cannot be printed is lost on nobody.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Prints a new secret: alone on standard output, so that a script can take it, with the explanation beside it.
pub(crate) fn secret(secret: &str, explanation: &str) -> Result<()> {
    remark(explanation);
    let mut out = io::stdout().lock();
    writeln!(out, "{secret}")
        .and_then(|()| out.flush())
        .context("the secret is lost: standard output cannot be written to")
}

/// Prints what is wrong with a command line, or the help or version that it asks for. What it repeats has no secrets.
pub(crate) fn usage(error: &clap::Error) {
    // As with remarks, there is nobody to tell that it cannot be printed.
    let _ = match without_secrets(&error.render().to_string()) {
        Cow::Owned(text) if error.use_stderr() => writeln!(io::stderr().lock(), "{}", text.trim_end()),
        _ => error.print(),
    };
}

/// A text that repeats what somebody gave, without the secrets that may be in that: passwords of URLs, and secrets of our own, of which
/// as much is left as is shown of them elsewhere.
pub(crate) fn without_secrets(text: &str) -> Cow<'_, str> {
    match without_passwords(text) {
        Cow::Borrowed(text) => hide_own_secrets(text),
        Cow::Owned(text) => Cow::Owned(hide_own_secrets(&text).into_owned()),
    }
}

/// A text whose URLs have no user name and password.
fn without_passwords(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let (mut rest, mut hides) = (text, false);
    while let Some((before, after)) = rest.split_once("://") {
        let authority = after.split(['/', '?', '#', '\'', '"', ' ', '\n']).next().unwrap_or_default();
        let host = authority.rfind('@').unwrap_or_default();
        kept.extend([before, if host > 0 { "://…" } else { "://" }]);
        hides |= host > 0;
        rest = &after[host..];
    }
    if hides { Cow::Owned(kept + rest) } else { Cow::Borrowed(text) }
}

/// Prints an error with its causes in one line.
pub(crate) fn error(error: &anyhow::Error) {
    remark(&format!("rollcall: {}", shown(&without_secrets(&chain(error)), true)));
}

/// An error and its causes, but for those whose words are already there.
fn chain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| match told.as_str() {
        "" => cause,
        told if told.contains(&cause) => told.to_owned(),
        told => format!("{told}: {cause}"),
    })
}

/// Whether output to a stream is to have colour: on a terminal, unless `NO_COLOR` (<https://no-color.org>) says no.
pub(crate) fn is_coloured(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::anyhow!("no such role")
            .context("the database failed: no such role")
            .context("cannot start");
        assert_eq!(chain(&error), "cannot start: the database failed: no such role");
    }

    #[test]
    fn a_url_has_no_password() {
        for (said, shown) in [
            ("invalid 'https://ana:hunter2@host/x' and a@b", "invalid 'https://…@host/x' and a@b"),
            ("ftp://u:p@q@host", "ftp://…@host"),
            ("one https://host, two http://u@other.", "one https://host, two http://…@other."),
        ] {
            assert_eq!(without_passwords(said), shown);
        }
        let key = format!("rc_admin_{}", "abcdef234567".repeat(5));
        let said = format!("no file {key} at https://u:p@host, twice {key}");
        assert_eq!(
            without_secrets(&said),
            "no file rc_admin_abcdef… at https://…@host, twice rc_admin_abcdef…"
        );
        assert!(matches!(without_secrets("nothing of that"), Cow::Borrowed(_)));
        for plain in ["", "https://host/a@b", "ana@example.com", "https://"] {
            assert!(matches!(without_passwords(plain), Cow::Borrowed(same) if same == plain), "{plain}");
        }
    }

    #[test]
    fn a_pipe_has_no_colour() {
        assert!(!is_coloured(false));
    }
}
