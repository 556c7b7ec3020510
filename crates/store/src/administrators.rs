//! The administrators of the application among the users.

use async_trait::async_trait;
use uuid::Uuid;

use crate::Result;

/// An active administrator of the application, among the users of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// The user.
    pub id: Uuid,
    /// The userName.
    pub user_name: String,
    /// What people call them: the displayName.
    pub display_name: Option<String>,
    /// The primary e-mail address, else the first.
    pub email: Option<String>,
}

/// What is read and written of administrators in a transaction.
#[async_trait]
pub trait AdministratorWriting {
    /// Makes a user that this transaction has read an administrator of the application, or takes that away.
    async fn set_administrator(&mut self, directory: Uuid, user: Uuid, administrator: bool) -> Result<()>;

    /// The active administrators among the users of a directory, in order of their ids: those who are marked, and those who
    /// have this role. They are not locked.
    async fn administrators(&mut self, directory: Uuid, role: Option<&str>) -> Result<Vec<Administrator>>;
}
