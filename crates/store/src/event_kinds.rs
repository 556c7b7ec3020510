//! The kinds of event.

/// Makes the enum of what happens, with the name of each kind as it is stored and shown.
macro_rules! event_kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal,)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $($(#[$doc])* $kind,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            /// The name, such as `user.created`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                }
            }

            /// The kind of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
            }
        }
    };
}

event_kinds! {
    /// A user was created.
    UserCreated = "user.created",
    /// A user changed.
    UserUpdated = "user.updated",
    /// The identity provider wrote to a user whom it had not made, and manages it from then on.
    UserAdopted = "user.adopted",
    /// A user was deleted.
    UserDeleted = "user.deleted",
    /// A deleted or inactive user returned, with the same id.
    UserRestored = "user.restored",
    /// A deleted user was forgotten after the time for which it is kept.
    UserPurged = "user.purged",
    /// A guard rail held changes of the identity provider.
    HoldCreated = "hold.created",
    /// An administrator approved what is held.
    HoldApproved = "hold.approved",
    /// An administrator rejected what is held.
    HoldRejected = "hold.rejected",
    /// A user was made an administrator of the application, or is none any more.
    UserAdministratorChanged = "user.administrator_changed",
    /// A group was created.
    GroupCreated = "group.created",
    /// A group changed, or its members.
    GroupUpdated = "group.updated",
    /// A group was deleted.
    GroupDeleted = "group.deleted",
    /// A subject was linked to a user, as whom it signs in from then on.
    SignInLinked = "sign_in.linked",
    /// The link of a user was deleted.
    SignInUnlinked = "sign_in.unlinked",
    /// A rule on first sign-ins was made.
    ProvisioningRuleCreated = "provisioning_rule.created",
    /// A rule on first sign-ins was moved.
    ProvisioningRuleMoved = "provisioning_rule.moved",
    /// A rule on first sign-ins was deleted.
    ProvisioningRuleDeleted = "provisioning_rule.deleted",
    /// A directory was made.
    DirectoryCreated = "directory.created",
    /// The settings of a directory changed.
    DirectoryUpdated = "directory.updated",
    /// A directory was deleted, with everything in it.
    DirectoryDeleted = "directory.deleted",
    /// A schema was registered, or replaced.
    SchemaRegistered = "schema.registered",
    /// A schema was deleted.
    SchemaDeleted = "schema.deleted",
    /// A token or key was made.
    CredentialCreated = "credential.created",
    /// An OAuth 2.0 client was made.
    OAuthClientCreated = "oauth_client.created",
    /// An OAuth 2.0 client was deleted, with its secrets and access tokens.
    OAuthClientDeleted = "oauth_client.deleted",
    /// A token or key was given an end.
    CredentialEnded = "credential.ended",
    /// A parked notice was given another try.
    NoticeRetried = "notice.retried",
    /// Somebody tried whether notices arrive.
    NoticeTested = "notice.tested",
    /// Somebody signed in to the console.
    SessionCreated = "session.created",
    /// A session of the console was ended.
    SessionEnded = "session.ended",
}

impl EventKind {
    /// Whether it tells of a change that nobody makes while the directory is being imported: of users, groups, schemas, rules
    /// or settings, all of which come with the import.
    pub fn waits_for_imports(self) -> bool {
        match self {
            Self::UserCreated
            | Self::UserUpdated
            | Self::UserAdopted
            | Self::UserDeleted
            | Self::UserRestored
            | Self::UserPurged
            | Self::HoldCreated
            | Self::HoldApproved
            | Self::HoldRejected
            | Self::UserAdministratorChanged
            | Self::GroupCreated
            | Self::GroupUpdated
            | Self::GroupDeleted
            | Self::SignInLinked
            | Self::SignInUnlinked
            | Self::ProvisioningRuleCreated
            | Self::ProvisioningRuleMoved
            | Self::ProvisioningRuleDeleted
            | Self::DirectoryUpdated
            | Self::SchemaRegistered
            | Self::SchemaDeleted => true,
            Self::DirectoryCreated
            | Self::DirectoryDeleted
            | Self::CredentialCreated
            | Self::OAuthClientCreated
            | Self::OAuthClientDeleted
            | Self::CredentialEnded
            | Self::NoticeRetried
            | Self::NoticeTested
            | Self::SessionCreated
            | Self::SessionEnded => false,
        }
    }
}
