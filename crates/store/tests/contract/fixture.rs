//! Rows to begin with.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rollcall_scim::{Definition, Profile, Resource, builtin, resource, search_form};
use rollcall_store::{
    ActivitySettings, Actor, Directory, Draft, Event, EventKind, NoticeSettings, PasswordHandling,
    Provenance, ProvisioningChoices, ResourceType, Safeguards, Store, StoredResource, Transaction,
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
        activity: ActivitySettings::default(),
        administrator_role: None,
        importing: false,
        notices: NoticeSettings::default(),
        safeguards: Safeguards::default(),
        provisioning: ProvisioningChoices::default(),
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
        groups: Vec::new(),
        administrator: false,
        origin: Some(UserOrigin::Scim),
        scim_managed: true,
    }
}

/// A user as it is stored.
pub(crate) async fn stored(store: &dyn Store, directory: Uuid, user: Uuid) -> Option<StoredResource> {
    let found = store.resource(directory, ResourceType::User, user).await.unwrap();
    found.map(|document| document.read().unwrap())
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
    transaction.insert_resource(directory, draft(user, &search, true)).await
}

/// Overwrites a user within a transaction.
pub(crate) async fn overwrite(
    transaction: &mut dyn Transaction,
    directory: Uuid,
    user: &StoredResource,
    before: &Resource,
) -> rollcall_store::Result<()> {
    let search = search(&user.attributes, builtin::user());
    transaction.update_resource(directory, draft(user, &search, true), before).await
}

/// What becomes of a transaction whose last write was answered so: what is refused is told then, or when it is saved.
pub(crate) async fn saved(
    transaction: Box<dyn Transaction>,
    answered: rollcall_store::Result<()>,
) -> rollcall_store::Result<()> {
    answered?;
    transaction.save().await
}

/// A draft that tells nothing of where the attributes came from.
pub(crate) fn draft<'a>(resource: &'a StoredResource, search: &'a Resource, unique: bool) -> Draft<'a> {
    static UNTOLD: LazyLock<Provenance> = LazyLock::new(Provenance::default);
    Draft { resource, search, unique, provenance: &UNTOLD }
}

/// An event of this time about this subject.
pub(crate) fn event(time: i64, subject: Uuid) -> Event {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    Event {
        id: Uuid::from_u128((1 << 110) + u128::from(NUMBER.fetch_add(1, Ordering::Relaxed))),
        directory: Some(Uuid::from_u128(1)),
        kind: EventKind::UserUpdated,
        subject,
        version: None,
        time,
        actor: Actor::System,
        person: None,
        request_id: "a request".to_owned(),
        changes: json!({ "title": { "before": null, "after": "Boss" } }),
    }
}
