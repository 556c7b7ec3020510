//! Names of groups, which must be unique from the moment on at which their directory wants it.

use rollcall_scim::builtin;
use rollcall_store::{Directory, Error, ResourceType, Store, StoredResource};
use serde_json::json;

use crate::databases::Database;
use crate::fixture::{directory, draft, search, user};

crate::on_both_databases!(
    groups_that_share_a_name_keep_it_when_names_become_unique,
    a_name_that_was_given_freely_is_taken_once_names_are_unique,
    a_name_is_free_again_when_names_need_not_be_unique_any_more,
);

fn group(number: u128, name: &str) -> StoredResource {
    let resource = user(number, json!({ "displayName": name }));
    StoredResource { resource_type: ResourceType::Group, ..resource }
}

async fn insert(
    store: &dyn Store,
    directory: &Directory,
    group: &StoredResource,
    unique: bool,
) -> rollcall_store::Result<()> {
    let search = search(&group.attributes, builtin::group());
    let mut transaction = store.begin().await?;
    transaction.insert_resource(directory.id, draft(group, &search, unique)).await?;
    transaction.save().await
}

/// Gives a group other attributes.
async fn update(
    store: &dyn Store,
    directory: &Directory,
    before: &StoredResource,
    attributes: serde_json::Value,
    unique: bool,
) -> rollcall_store::Result<()> {
    let after = user(1, attributes);
    let mut transaction = store.begin().await?;
    let stored = transaction.resource(directory.id, before.resource_type, before.id).await?.unwrap();
    let after =
        StoredResource { attributes: after.attributes, version: stored.version + 1, ..before.clone() };
    let search = search(&after.attributes, builtin::group());
    let draft = draft(&after, &search, unique);
    transaction.update_resource(directory.id, draft, &before.attributes).await?;
    transaction.save().await
}

fn is_taken(outcome: &rollcall_store::Result<()>) -> bool {
    matches!(outcome, Err(Error::NameTaken(ResourceType::Group)))
}

async fn groups_that_share_a_name_keep_it_when_names_become_unique(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let twins = [group(1, "Ops"), group(2, "OPS")];
    for twin in &twins {
        insert(&*store, &acme, twin, false).await.unwrap();
    }
    for twin in &twins {
        let name = &twin.attributes["displayName"];
        update(&*store, &acme, twin, json!({"displayName": name, "externalId": "7"}), true).await.unwrap();
    }
    update(&*store, &acme, &twins[0], json!({"displayName": "ops"}), true).await.unwrap();
}

async fn a_name_that_was_given_freely_is_taken_once_names_are_unique(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let (dev, web) = (group(2, "Dev"), group(3, "Web"));
    insert(&*store, &acme, &group(1, "Ops"), false).await.unwrap();
    insert(&*store, &acme, &dev, true).await.unwrap();
    insert(&*store, &acme, &web, false).await.unwrap();
    assert!(is_taken(&insert(&*store, &acme, &group(4, "oPS"), true).await));
    assert!(is_taken(&insert(&*store, &acme, &group(4, "dev"), true).await));
    assert!(is_taken(&update(&*store, &acme, &dev, json!({"displayName": "ops"}), true).await));
    assert!(is_taken(&update(&*store, &acme, &web, json!({"displayName": "DEV"}), true).await));
    insert(&*store, &other, &group(4, "Ops"), true).await.unwrap();
}

async fn a_name_is_free_again_when_names_need_not_be_unique_any_more(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let (ops, dev) = (group(1, "Ops"), group(2, "Dev"));
    for group in [&ops, &dev] {
        insert(&*store, &acme, group, true).await.unwrap();
    }
    insert(&*store, &acme, &group(3, "Ops"), false).await.unwrap();
    update(&*store, &acme, &dev, json!({"displayName": "ops"}), false).await.unwrap();
    update(&*store, &acme, &ops, json!({"displayName": "Ops", "externalId": "7"}), true).await.unwrap();
}
