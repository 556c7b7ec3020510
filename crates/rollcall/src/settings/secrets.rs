//! Secrets that a declarative set-up brings along.
//!
//! A secret on a command line is seen by everybody on the machine, so there is no flag for one: it comes in the
//! environment, or in a file that a flag, the environment or the configuration file names.

use std::env;
use std::path::{Path, PathBuf};

use clap::Args;
use rollcall_core::Secret;
use rollcall_core::bootstrap::BootstrapSecrets;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Invalid, small_file};

/// The files that hold bootstrap secrets.
#[derive(Debug, Clone, Args)]
pub(crate) struct BootstrapFiles {
    /// File with the SCIM token of the directory `default`, for when it has none yet; or put the token itself into
    /// `ROLLCALL_BOOTSTRAP_SCIM_TOKEN`
    #[arg(long, env = "ROLLCALL_BOOTSTRAP_SCIM_TOKEN_FILE", value_name = "FILE")]
    pub(crate) bootstrap_scim_token_file: Option<PathBuf>,

    /// File with an admin key, for when there is none yet; or put the key itself into `ROLLCALL_BOOTSTRAP_ADMIN_KEY`
    #[arg(long, env = "ROLLCALL_BOOTSTRAP_ADMIN_KEY_FILE", value_name = "FILE")]
    pub(crate) bootstrap_admin_key_file: Option<PathBuf>,

    /// File with the key that gateways report with, for when there is none yet; or put the key itself into
    /// `ROLLCALL_BOOTSTRAP_GATEWAY_KEY`
    #[arg(long, env = "ROLLCALL_BOOTSTRAP_GATEWAY_KEY_FILE", value_name = "FILE")]
    pub(crate) bootstrap_gateway_key_file: Option<PathBuf>,
}

impl BootstrapFiles {
    /// Reads the bootstrap secrets. Errors: a file that cannot be read, and a secret weaker than 128 bits.
    pub(crate) fn secrets(&self) -> Result<BootstrapSecrets, Invalid> {
        let read = |variable: &str, file: &Option<PathBuf>| {
            let text = secret(variable, file.as_deref())?;
            text.map(|text| strong(variable, text.expose_secret())).transpose()
        };
        Ok(BootstrapSecrets {
            scim_token: read("ROLLCALL_BOOTSTRAP_SCIM_TOKEN", &self.bootstrap_scim_token_file)?,
            admin_key: read("ROLLCALL_BOOTSTRAP_ADMIN_KEY", &self.bootstrap_admin_key_file)?,
            gateway_key: read("ROLLCALL_BOOTSTRAP_GATEWAY_KEY", &self.bootstrap_gateway_key_file)?,
        })
    }
}

/// A secret from the environment or else from a file; an empty variable is none. Line ends after it do not count.
///
/// Errors: both are given, or the file cannot be read or is empty.
pub(crate) fn secret(variable: &str, file: Option<&Path>) -> Result<Option<SecretString>, Invalid> {
    given(variable, env::var(variable).ok().map(SecretString::from), file)
}

fn given(
    variable: &str,
    value: Option<SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, Invalid> {
    let value = value.filter(|value| !value.expose_secret().is_empty());
    match (value, file) {
        (value, None) => Ok(value),
        (Some(_), Some(path)) => {
            Err(Invalid(format!("{variable} and a file ({}) are both given; give one", path.display())))
        }
        (None, Some(path)) => of_file(variable, path).map(Some),
    }
}

/// A secret from a file. Line ends after it do not count. Errors: the file cannot be read or is empty.
pub(super) fn of_file(variable: &str, path: &Path) -> Result<SecretString, Invalid> {
    let file = named(path);
    let bytes = small_file::read(path)
        .map(Zeroizing::new)
        .map_err(|error| Invalid(format!("cannot read the file for {variable}, {file}: {error}")))?;
    let text = str::from_utf8(&bytes)
        .map_err(|_| Invalid(format!("the file for {variable}, {file}, is not text (UTF-8)")))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(Invalid(format!("the file for {variable}, {file}, is empty"))),
        text => Ok(text.into()),
    }
}

/// A file as it is told of. One that is not there and has no folder in its name may be the secret itself, given where its file belongs.
fn named(path: &Path) -> String {
    let is_path = path.components().count() > 1 || path.exists();
    if is_path {
        path.display().to_string()
    } else {
        "which is named without a folder (or is it the secret itself?)".to_owned()
    }
}

fn strong(variable: &str, text: &str) -> Result<Secret, Invalid> {
    Secret::from_outside(text).map_err(|weakness| {
        Invalid(format!("{variable} is refused: {weakness}; `openssl rand -hex 32` makes a good one"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_none() {
        assert!(given("X", None, None).unwrap().is_none());
        assert!(given("X", Some("".into()), None).unwrap().is_none());
        assert_eq!(given("X", Some("s".into()), None).unwrap().unwrap().expose_secret(), "s");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = given("X", None, Some(Path::new("no/such/file"))).unwrap_err().to_string();
        assert!(error.contains("no/such/file") && error.contains('X'), "{error}");
    }

    #[test]
    fn a_secret_in_the_place_of_its_file_is_not_told() {
        let error = given("X", None, Some(Path::new("hunter2pw"))).unwrap_err().to_string();
        assert!(!error.contains("hunter2pw") && error.contains("the secret itself"), "{error}");
    }

    #[test]
    fn a_secret_that_is_given_twice_is_refused() {
        let error = given("X", Some("s".into()), Some(Path::new("f"))).unwrap_err().to_string();
        assert!(error.contains("both"), "{error}");
    }

    #[test]
    fn a_weak_secret_is_refused_without_being_shown() {
        let error = strong("ROLLCALL_BOOTSTRAP_ADMIN_KEY", "hunter2").unwrap_err().to_string();
        assert!(error.contains("ROLLCALL_BOOTSTRAP_ADMIN_KEY") && error.contains("128 bits"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert!(strong("X", "0f3a9c71d2e84b5690a1c2d3e4f56789").is_ok());
    }
}
