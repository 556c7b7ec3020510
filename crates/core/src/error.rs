//! What went wrong, said once for the caller and once for the log.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use rollcall_api::error as table;
use rollcall_api::secrets::hide_own_secrets;
use rollcall_api::v1::ErrorReason;
use rollcall_store::ResourceType;
use tonic::{Code, Status};

use crate::stopped::Stopped;

/// How many characters of a client's own text are repeated to it.
pub(crate) const LONGEST_ECHO: usize = 100;

/// The result of a call to the core.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of the core: a reason out of the one table, a message for the caller and, apart from it, the cause for
/// the log.
#[derive(Debug)]
pub struct Error {
    reason: ErrorReason,
    message: String,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    /// What a guard rail stopped, until it is recorded.
    stopped: Option<Box<Stopped>>,
}

impl Error {
    /// An error that the caller can mend.
    pub fn new(reason: ErrorReason, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), retry_after: None, source: None, stopped: None }
    }

    /// A fault of the server. The caller learns no more than that it happened.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            reason: ErrorReason::Internal,
            message: "the server failed; its log has the cause under the id of this request".to_owned(),
            retry_after: None,
            source: Some(source.into()),
            stopped: None,
        }
    }

    /// `INVALID_VALUE`.
    pub fn value(message: impl Into<String>) -> Self {
        Self::new(ErrorReason::InvalidValue, message)
    }

    /// `NOT_FOUND` of a resource. It says the same whether the id never existed, was deleted, or is another
    /// directory's.
    pub fn not_found(resource_type: &str, id: &str) -> Self {
        Self::new(
            ErrorReason::NotFound,
            format!("there is no {resource_type} with the id {:?}", shortened(id)),
        )
    }

    /// The same, with how long to wait before trying again.
    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// The same, with where it happened in front of what is said.
    pub(crate) fn at(self, place: &str) -> Self {
        Self { message: format!("{place}: {}", self.message), ..self }
    }

    /// The same, of a mistake in the operation of a PATCH at this position, where it is known.
    pub(crate) fn of_operation(self, index: Option<usize>) -> Self {
        match (index, self.reason) {
            (Some(index), ErrorReason::InvalidValue) => {
                Self { message: format!("Operations[{index}]: {}", self.message), ..self }
            }
            _ => self,
        }
    }

    /// The same, with what a guard rail stopped.
    pub(crate) fn stopping(self, stopped: Stopped) -> Self {
        Self { stopped: Some(Box::new(stopped)), ..self }
    }

    /// What a guard rail stopped, or the error, if it is another one.
    pub(crate) fn into_stopped(self) -> Result<Stopped> {
        match self.stopped {
            Some(stopped) => Ok(*stopped),
            None => Err(self),
        }
    }

    /// The reason.
    pub fn reason(&self) -> ErrorReason {
        self.reason
    }
}

/// What a client wrote, as it may be repeated to it: without secrets of ours, which people paste where an id belongs, and
/// short, since a status travels in headers, whose size is limited.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    let shown = hide_own_secrets(text);
    match shown.char_indices().nth(LONGEST_ECHO).map(|(end, _)| end) {
        None => shown,
        Some(end) => Cow::Owned(format!("{}…", shown.get(..end).unwrap_or_default())),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl From<rollcall_scim::Error> for Error {
    fn from(error: rollcall_scim::Error) -> Self {
        Self::new(table::reason_of(error.scim_type), error.detail)
    }
}

impl From<rollcall_store::Error> for Error {
    fn from(error: rollcall_store::Error) -> Self {
        use rollcall_store::Error as Store;
        let (reason, message) = match &error {
            Store::NameTaken(resource_type) => {
                let (attribute, other) = match resource_type {
                    ResourceType::User => ("userName", "user"),
                    ResourceType::Group => ("displayName", "group"),
                };
                return Self::new(
                    ErrorReason::Uniqueness,
                    format!("{attribute}: another {other} of the directory has it, whatever its case"),
                );
            }
            Store::ValueTaken(resource_type, attribute) => {
                let other = resource_type.as_str().to_lowercase();
                return Self::new(
                    ErrorReason::Uniqueness,
                    format!("{attribute}: another {other} of the directory has this value"),
                );
            }
            Store::DirectoryNameTaken => {
                return Self::new(ErrorReason::Uniqueness, "name: it is taken by another directory");
            }
            Store::SecretTaken => {
                return Self::new(ErrorReason::Uniqueness, "this secret is already in use");
            }
            Store::Conflict(_) => {
                (ErrorReason::Conflict, "the change lost against another one; send it again")
            }
            Store::Unavailable(_) => {
                (ErrorReason::Unavailable, "the database cannot be reached; send the request again later")
            }
            Store::Driver(_) | Store::Damaged(_) | Store::Migration(_) | Store::Url(_) => {
                return Self::internal(error);
            }
        };
        Self {
            reason,
            message: message.to_owned(),
            retry_after: None,
            source: Some(Box::new(error)),
            stopped: None,
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let status = table::status_with_retry(error.reason, error.message, error.retry_after);
        if let Some(source) = error.source {
            if status.code() == Code::Internal {
                tracing::error!(cause = &*source, "a request failed in the server");
            } else {
                tracing::warn!(cause = &*source, "a request failed");
            }
        }
        status
    }
}
