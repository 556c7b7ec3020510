//! The administrators of the application among the users.

use uuid::Uuid;

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
