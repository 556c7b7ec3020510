//! Why a call to the database failed.

use crate::ResourceType;

/// The result of a call to the database.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What the driver of a database says of an error.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a call to the database failed. That something is not there is no error, but `None`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another resource of the type has this name, whatever its case.
    #[error("the name of the {} is taken", .0.as_str())]
    NameTaken(ResourceType),
    /// Another resource of the type has a value that is unique by a registered schema; this is the attribute.
    #[error("the value of {1} is taken by another {kind}", kind = .0.as_str())]
    ValueTaken(ResourceType, String),
    /// Another directory has this name.
    #[error("the name of the directory is taken")]
    DirectoryNameTaken,
    /// Another credential has this secret.
    #[error("the secret is in use")]
    SecretTaken,
    /// The transaction lost against another one; run again it may succeed.
    #[error("the change lost against another one")]
    Conflict(#[source] Cause),
    /// The database cannot be reached, has no connection or no room to spare, does not answer in time, or takes no changes.
    #[error("the database is not available: {0}")]
    Unavailable(Cause),
    /// The database refused a statement, or holds what this version cannot read.
    #[error("the database failed: {0}")]
    Driver(Cause),
    /// A stored value is not what this version wrote.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    /// The migrations could not be applied.
    #[error("the database could not be migrated: {0}")]
    Migration(String),
    /// The database URL is none that Rollcall understands.
    #[error("{0}")]
    Url(String),
}

impl Error {
    /// Of which kind it is, in a word that says nothing of what was stored.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::NameTaken(_) => "name_taken",
            Self::ValueTaken(..) => "value_taken",
            Self::DirectoryNameTaken => "directory_name_taken",
            Self::SecretTaken => "secret_taken",
            Self::Conflict(_) => "conflict",
            Self::Unavailable(_) => "unavailable",
            Self::Driver(_) => "driver",
            Self::Damaged(_) => "damaged",
            Self::Migration(_) => "migration",
            Self::Url(_) => "url",
        }
    }

    /// The same, of a statement that wrote a resource of this type.
    pub(crate) fn of(self, resource_type: ResourceType) -> Self {
        match self {
            Self::NameTaken(_) => Self::NameTaken(resource_type),
            error => error,
        }
    }
}
