//! Types of events, and their names.

use crate::v1::EventType;

/// The name of a type, such as `user.created`; `None` for the one that stands for none.
pub fn type_name(event_type: EventType) -> Option<&'static str> {
    let name = match event_type {
        EventType::Unspecified => return None,
        EventType::UserCreated => "user.created",
        EventType::UserUpdated => "user.updated",
        EventType::UserDeleted => "user.deleted",
        EventType::UserAdministratorChanged => "user.administrator_changed",
        EventType::UserRestored => "user.restored",
        EventType::UserPurged => "user.purged",
        EventType::UserAdopted => "user.adopted",
        EventType::GroupCreated => "group.created",
        EventType::GroupUpdated => "group.updated",
        EventType::GroupDeleted => "group.deleted",
        EventType::DirectoryCreated => "directory.created",
        EventType::DirectoryUpdated => "directory.updated",
        EventType::DirectoryDeleted => "directory.deleted",
        EventType::SchemaRegistered => "schema.registered",
        EventType::SchemaDeleted => "schema.deleted",
        EventType::CredentialCreated => "credential.created",
        EventType::CredentialEnded => "credential.ended",
        EventType::OauthClientCreated => "oauth_client.created",
        EventType::OauthClientDeleted => "oauth_client.deleted",
        EventType::SignInLinked => "sign_in.linked",
        EventType::SignInUnlinked => "sign_in.unlinked",
        EventType::ProvisioningRuleCreated => "provisioning_rule.created",
        EventType::ProvisioningRuleMoved => "provisioning_rule.moved",
        EventType::ProvisioningRuleDeleted => "provisioning_rule.deleted",
        EventType::HoldCreated => "hold.created",
        EventType::HoldApproved => "hold.approved",
        EventType::HoldRejected => "hold.rejected",
        EventType::SessionCreated => "session.created",
        EventType::SessionEnded => "session.ended",
        EventType::NoticeRetried => "notice.retried",
        EventType::NoticeTested => "notice.tested",
    };
    Some(name)
}

/// Every type that has a name.
pub fn types() -> impl Iterator<Item = EventType> {
    (0..1000).filter_map(|number| EventType::try_from(number).ok()).filter(|one| type_name(*one).is_some())
}

/// The type of a name; unspecified, there is none.
pub fn type_from_name(name: &str) -> EventType {
    types().find(|one| type_name(*one) == Some(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_types_are_one_to_one() {
        for one in types() {
            assert_eq!(type_name(one).map(type_from_name), Some(one));
        }
        assert_eq!(type_from_name("user.forgotten"), EventType::Unspecified);
    }
}
