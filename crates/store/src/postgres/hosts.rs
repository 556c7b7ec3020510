//! Where the servers are.
//!
//! A URL may name several hosts, and ask for the one that takes changes, as libpq has it:
//! `postgres://user@a:5432,b/name?target_session_attrs=read-write`.

use std::fmt;
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;

use crate::{Error, PoolMode, Result};

/// The servers of a URL. The driver's own `Debug` would show the password.
#[derive(Clone)]
pub(super) struct Hosts {
    /// In the order in which they are tried.
    pub(super) each: Vec<PgConnectOptions>,
    /// Whether only one will do that takes changes.
    pub(super) read_write: bool,
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.each.iter().map(PgConnectOptions::get_host)).finish()
    }
}

impl Hosts {
    /// Reads a URL, for connections of this kind. Errors: [`Error::Url`].
    pub(super) fn of(url: &str, mode: PoolMode) -> Result<Self> {
        let (url, target) = without_target(url);
        let read_write = match target.as_deref() {
            None | Some("any") => false,
            Some("read-write" | "primary") => true,
            Some(other) => {
                return Err(Error::Url(format!(
                    "the database URL says target_session_attrs={other}; Rollcall writes, so it must be read-write, primary or any"
                )));
            }
        };
        let each = one_by_one(&url).iter().map(|url| options(url, mode)).collect::<Result<Vec<_>>>()?;
        Ok(Self { each, read_write })
    }
}

fn options(url: &str, mode: PoolMode) -> Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| Error::Url(format!("the database URL cannot be read: {error}")))?;
    let options =
        if options.get_application_name().is_some() { options } else { options.application_name("rollcall") };
    Ok(match mode {
        PoolMode::Session => options,
        // A pooler knows no such parameter, and no statement that a server has kept for somebody else.
        PoolMode::Transaction => options.extra_float_digits(None).statement_cache_capacity(0),
    })
}

/// The URL without `target_session_attrs`, and what that says.
fn without_target(url: &str) -> (String, Option<String>) {
    let Some((before, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut target = None;
    let mut others = Vec::new();
    for parameter in query.split('&') {
        match parameter.strip_prefix("target_session_attrs=") {
            Some(value) => target = Some(value.to_owned()),
            None => others.push(parameter),
        }
    }
    let query = if others.is_empty() { String::new() } else { format!("?{}", others.join("&")) };
    (format!("{before}{query}"), target)
}

/// A URL for each host.
fn one_by_one(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    hosts.split(',').map(|host| format!("{scheme}://{user}{host}{path}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(url: &str) -> Vec<(String, u16)> {
        let hosts = Hosts::of(url, PoolMode::Session).unwrap();
        hosts.each.iter().map(|host| (host.get_host().to_owned(), host.get_port())).collect()
    }

    #[test]
    fn a_url_names_one_host_or_several() {
        assert_eq!(hosts("postgres://u:p@a/name"), [("a".to_owned(), 5432)]);
        assert_eq!(
            hosts("postgres://u:p%40@a:1,b,[::1]:3/name?sslmode=disable"),
            [("a".to_owned(), 1), ("b".to_owned(), 5432), ("[::1]".to_owned(), 3)]
        );
        assert_eq!(hosts("postgresql://a,b"), [("a".to_owned(), 5432), ("b".to_owned(), 5432)]);
    }

    #[test]
    fn a_password_is_not_in_what_is_printed_of_hosts() {
        let hosts = Hosts::of("postgres://ana:hunter2@a,b/name", PoolMode::Session).unwrap();
        assert_eq!(format!("{hosts:?}"), "[\"a\", \"b\"]");
    }

    #[test]
    fn the_one_that_takes_changes_is_asked_for_as_libpq_has_it() {
        for (attributes, read_write) in [("any", false), ("read-write", true), ("primary", true)] {
            let url = format!("postgres://a,b/n?target_session_attrs={attributes}&sslmode=disable");
            assert_eq!(Hosts::of(&url, PoolMode::Session).unwrap().read_write, read_write, "{attributes}");
        }
        assert!(!Hosts::of("postgres://a/n", PoolMode::Session).unwrap().read_write);
        let refused =
            Hosts::of("postgres://a/n?target_session_attrs=standby", PoolMode::Session).unwrap_err();
        assert!(refused.to_string().contains("must be read-write"), "{refused}");
        let refused = Hosts::of("postgres://a:port/n", PoolMode::Session).unwrap_err();
        assert!(matches!(refused, Error::Url(_)), "{refused}");
    }
}
