//! The operations of a request as the core does them: read from their messages once, when all of them have come.

use std::fmt;

use rollcall_api::patch;
use rollcall_api::v1::bulk_operation::{
    CreateGroup, CreateUser, DeleteResource, Operation as Message, PatchResource, ReplaceGroup, ReplaceUser,
};
use rollcall_api::v1::{self, ErrorReason};
use rollcall_scim::patch::Operation as PatchOperation;
use rollcall_scim::{Resource, Result};
use rollcall_store::{Directory, ResourceType};

use crate::implied_schemas::require_schemas;
use crate::{groups, users};

/// What stands in the list of a request.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// What the caller calls the operation; empty, nothing.
    pub(super) bulk_id: String,
    /// `None`, the caller does not say what is to be done.
    pub(super) operation: Option<Operation>,
}

/// An operation. Where a part of it cannot be read, the part is an error, with which it fails when its turn comes.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    Create(ResourceType, Whole),
    /// It is done to a resource that is there.
    Existing {
        resource_type: ResourceType,
        id: String,
        edit: Edit,
        if_match: Vec<String>,
    },
    /// It fails in its place, for this reason.
    Refused(ErrorReason, String),
}

/// What is done to a resource that is there.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    Replace(Whole),
    Patch {
        operations: Result<Vec<PatchOperation>>,
        /// How many there are, also where they cannot be read.
        count: usize,
    },
    Delete,
}

/// A user or group as it was sent, yet to be judged: a password may be among it, and `Debug` shows nothing of it.
#[derive(Clone)]
pub(super) struct Whole {
    pub(super) attributes: Result<Resource>,
    /// The ids of the members of a group; `None`, the caller does not speak of them.
    pub(super) members: Option<Vec<String>>,
}

impl fmt::Debug for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Whole").finish_non_exhaustive()
    }
}

impl Entry {
    /// Reads a message. An operation whose data lack `schemas` is refused where the directory does not let them be implied.
    pub(super) fn of(message: v1::BulkOperation, directory: &Directory) -> Self {
        let v1::BulkOperation { bulk_id, implied_schema, operation } = message;
        let implied = Some(implied_schema.as_str()).filter(|urn| !urn.is_empty());
        let operation = match require_schemas(directory, implied) {
            Ok(()) => operation.map(Operation::of),
            Err(error) => Some(Operation::Refused(error.reason(), error.to_string())),
        };
        Self { bulk_id, operation }
    }
}

impl Operation {
    fn of(message: Message) -> Self {
        use ResourceType::{Group, User};
        let existing =
            |resource_type, id, edit, if_match| Self::Existing { resource_type, id, edit, if_match };
        let whole_user = |user| Whole { attributes: users::sent(user), members: None };
        let whole_group = |group, members| Whole { attributes: groups::sent(group), members };
        match message {
            Message::CreateUser(CreateUser { user }) => Self::Create(User, whole_user(user)),
            Message::ReplaceUser(ReplaceUser { id, user, if_match }) => {
                existing(User, id, Edit::Replace(whole_user(user)), if_match)
            }
            Message::PatchUser(PatchResource { id, operations, if_match }) => {
                existing(User, id, Edit::patch(operations), if_match)
            }
            Message::DeleteUser(DeleteResource { id, if_match }) => {
                existing(User, id, Edit::Delete, if_match)
            }
            Message::CreateGroup(CreateGroup { group, members }) => {
                Self::Create(Group, whole_group(group, Some(members)))
            }
            Message::ReplaceGroup(ReplaceGroup { id, group, has_members, members, if_match }) => {
                let members = Some(members).filter(|members| has_members || !members.is_empty());
                existing(Group, id, Edit::Replace(whole_group(group, members)), if_match)
            }
            Message::PatchGroup(PatchResource { id, operations, if_match }) => {
                existing(Group, id, Edit::patch(operations), if_match)
            }
            Message::DeleteGroup(DeleteResource { id, if_match }) => {
                existing(Group, id, Edit::Delete, if_match)
            }
            Message::Refused(refused) => match refused.reason() {
                ErrorReason::Unspecified => Self::Refused(ErrorReason::InvalidSyntax, refused.message),
                reason => Self::Refused(reason, refused.message),
            },
        }
    }
}

impl Edit {
    fn patch(messages: Vec<v1::PatchOperation>) -> Self {
        let count = messages.iter().filter(|message| !message.continues).count();
        Self::Patch { operations: patch::from_messages(messages), count }
    }
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::patch_operation::Kind;
    use rollcall_api::value::to_message;
    use serde_json::json;

    use super::*;

    fn part(kind: Kind, continues: bool) -> v1::PatchOperation {
        let value = Some(to_message(json!(["u"])));
        v1::PatchOperation { kind: kind.into(), path: Some("members".to_owned()), value, continues }
    }

    #[test]
    fn the_parts_of_an_operation_are_one_and_are_counted_whatever_they_are() {
        let parts = vec![part(Kind::Add, false), part(Kind::Add, true), part(Kind::Remove, false)];
        let Edit::Patch { operations: Ok(operations), count: 2 } = Edit::patch(parts) else { panic!() };
        assert_eq!(operations[0].value, Some(json!(["u", "u"])));
        let malformed = vec![part(Kind::Unspecified, false), part(Kind::Add, false)];
        assert!(matches!(Edit::patch(malformed), Edit::Patch { operations: Err(_), count: 2 }));
    }
}
