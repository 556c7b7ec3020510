//! Rows to begin with.

use std::collections::BTreeMap;

use rollcall_scim::{Definition, Profile, Resource, builtin, resource, search_form};
use rollcall_store::{
    Directory, Draft, NoticeSettings, PasswordHandling, ResourceType, Store, StoredResource, Transaction,
    UserOrigin,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// An id that sorts by its number.
pub(crate) fn id(number: u128) -> Uuid {
    Uuid::from_u128((1 << 100) + number)
}

/// Makes a directory with this number.
pub(crate) async fn directory(store: &dyn Store, number: u128) -> Directory {
    let directory = Directory {
        id: Uuid::from_u128(number),
        name: format!("directory-{number}"),
        profile: Profile::Generic,
        scim_enabled: true,
        groups_enabled: true,
        rule_settings: BTreeMap::new(),
        password_handling: PasswordHandling::Discard,
        notices: NoticeSettings::default(),
        schemas_version: 0,
        created: 1,
        modified: 1,
    };
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_directory(&directory).await.unwrap();
    transaction.save().await.unwrap();
    directory
}

/// A user with this number and these attributes, in canonical form.
pub(crate) fn user(number: u128, attributes: Value) -> StoredResource {
    let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
    let time = i64::try_from(number).unwrap() * 1_000;
    StoredResource {
        resource_type: ResourceType::User,
        id: id(number),
        version: 1,
        created: time,
        modified: time,
        attributes,
        is_member: false,
        administrator: false,
        origin: Some(UserOrigin::Scim),
    }
}

/// A user with nothing but a name.
pub(crate) fn named(number: u128, user_name: &str) -> StoredResource {
    user(number, json!({ "userName": user_name, "active": true }))
}

/// What filters are answered from.
pub(crate) fn search(attributes: &Resource, definition: &Definition) -> Resource {
    let mut form = search_form::of(attributes, definition);
    let schemas = resource::schemas_of(attributes, definition).into_iter().map(Value::from).collect();
    form.insert("schemas".to_owned(), Value::Array(schemas));
    form
}

/// Adds users in one transaction.
pub(crate) async fn insert(store: &dyn Store, directory: &Directory, users: &[StoredResource]) {
    let mut transaction = store.begin().await.unwrap();
    for user in users {
        add(&mut *transaction, directory.id, user).await.unwrap();
    }
    transaction.save().await.unwrap();
}

/// Adds a user within a transaction.
pub(crate) async fn add(
    transaction: &mut dyn Transaction,
    directory: Uuid,
    user: &StoredResource,
) -> rollcall_store::Result<()> {
    let search = search(&user.attributes, builtin::user());
    transaction.insert_resource(directory, Draft { resource: user, search: &search, unique: true }).await
}

/// Overwrites a user within a transaction.
pub(crate) async fn overwrite(
    transaction: &mut dyn Transaction,
    directory: Uuid,
    user: &StoredResource,
    before: &Resource,
) -> rollcall_store::Result<()> {
    let search = search(&user.attributes, builtin::user());
    transaction
        .update_resource(directory, Draft { resource: user, search: &search, unique: true }, before)
        .await
}
