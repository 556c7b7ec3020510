//! Registered schemas, and the values that are unique by them.

use futures_util::future::join_all;
use rollcall_scim::registration;
use rollcall_scim::unique::UniqueValue;
use rollcall_store::{Directory, Error, RegisteredSchema, ResourceType, Store};
use serde_json::json;

use crate::databases::Database;
use crate::fixture::{directory, id, insert, named, user};

crate::on_both_databases!(
    schemas_are_listed_in_order_replaced_and_deleted,
    the_version_of_schemas_moves_with_each_change,
    values_of_a_schema_are_noticed,
    a_unique_value_is_one_resource_s,
    of_several_who_want_one_value_one_gets_it,
    unique_values_go_with_their_resource,
    whoever_holds_the_schemas_keeps_them_from_changing,
);

fn schema(urn: &str, created: i64) -> RegisteredSchema {
    let schema = json!({"id": urn, "attributes": [{"name": "number", "uniqueness": "server"}]});
    RegisteredSchema {
        resource_type: ResourceType::User,
        required: false,
        created,
        schema: registration::read(schema).unwrap(),
    }
}

async fn put(store: &dyn Store, directory: &Directory, schema: &RegisteredSchema) {
    let mut transaction = store.begin().await.unwrap();
    transaction.directory(&directory.name).await.unwrap().unwrap();
    transaction.put_schema(directory.id, schema).await.unwrap();
    transaction.save().await.unwrap();
}

async fn version(store: &dyn Store, directory: &Directory) -> i64 {
    store.directory(&directory.name).await.unwrap().unwrap().schemas_version
}

async fn schemas_are_listed_in_order_replaced_and_deleted(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let (first, second) = (schema("urn:example:Z", 1), schema("urn:example:A", 2));
    put(&*store, &acme, &second).await;
    put(&*store, &acme, &first).await;
    assert_eq!(store.schemas(acme.id).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(store.schemas(other.id).await.unwrap(), []);

    let replaced = RegisteredSchema { required: true, created: 9, ..schema("urn:EXAMPLE:z", 9) };
    put(&*store, &acme, &replaced).await;
    let kept = RegisteredSchema { created: 1, ..replaced };
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.schemas(acme.id).await.unwrap(), [kept, second.clone()]);
    transaction.delete_schema(acme.id, "URN:example:z").await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(store.schemas(acme.id).await.unwrap(), [second]);
}

async fn the_version_of_schemas_moves_with_each_change(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    assert_eq!(version(&*store, &acme).await, 0);
    put(&*store, &acme, &schema("urn:example:a", 1)).await;
    assert_eq!(version(&*store, &acme).await, 1);
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.hold_schemas(acme.id).await.unwrap(), Some(1));
    assert_eq!(transaction.hold_schemas(id(9)).await.unwrap(), None);
    transaction.delete_schema(acme.id, "urn:example:a").await.unwrap();
    transaction.update_directory(&acme).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(version(&*store, &acme).await, 2, "a change of settings leaves it");
    assert_eq!(version(&*store, &other).await, 0);
}

async fn values_of_a_schema_are_noticed(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let enterprise = rollcall_scim::schema::ENTERPRISE_USER;
    insert(&*store, &other, &[user(7, json!({"userName": "ana", enterprise: {"department": "x"}}))]).await;
    insert(&*store, &acme, &[named(8, "ben")]).await;
    let mut transaction = store.begin().await.unwrap();
    for (directory, resource_type, urn, expected) in [
        (other.id, ResourceType::User, enterprise, true),
        (other.id, ResourceType::Group, enterprise, false),
        (other.id, ResourceType::User, "urn:example:a", false),
        (acme.id, ResourceType::User, enterprise, false),
    ] {
        let has_values = transaction.has_schema_values(directory, resource_type, urn).await.unwrap();
        assert_eq!(has_values, expected, "{resource_type:?} {urn}");
    }
}

fn values(pairs: &[(&str, &str)]) -> Vec<UniqueValue> {
    let value = |(attribute, value): &(&str, &str)| UniqueValue {
        attribute: (*attribute).to_owned(),
        value: (*value).to_owned(),
    };
    pairs.iter().map(value).collect()
}

async fn set(
    store: &dyn Store,
    directory: &Directory,
    resource_type: ResourceType,
    resource: u128,
    pairs: &[(&str, &str)],
) -> rollcall_store::Result<()> {
    let mut transaction = store.begin().await?;
    transaction.set_unique_values(directory.id, resource_type, id(resource), &values(pairs)).await?;
    transaction.save().await
}

async fn a_unique_value_is_one_resource_s(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let user = ResourceType::User;
    set(&*store, &acme, user, 1, &[("a", "7"), ("b", "7")]).await.unwrap();
    set(&*store, &acme, user, 1, &[("a", "7"), ("b", "8")]).await.unwrap();
    let error = set(&*store, &acme, user, 2, &[("a", "6"), ("b", "8")]).await.unwrap_err();
    assert!(matches!(&error, Error::ValueTaken(ResourceType::User, name) if name == "b"), "{error}");
    set(&*store, &acme, user, 2, &[("a", "6"), ("b", "7")]).await.unwrap();
    set(&*store, &acme, ResourceType::Group, 3, &[("a", "7")]).await.unwrap();
    set(&*store, &other, user, 4, &[("a", "7")]).await.unwrap();
}

async fn of_several_who_want_one_value_one_gets_it(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let outcomes =
        join_all((1..=8).map(|number| set(&*store, &acme, ResourceType::User, number, &[("a", "7")]))).await;
    let (winners, losers): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(winners.len(), 1);
    assert!(losers.iter().all(|lost| matches!(lost, Err(Error::ValueTaken(..)))), "{losers:?}");
}

async fn unique_values_go_with_their_resource(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let ana = named(7, "ana");
    insert(&*store, &acme, std::slice::from_ref(&ana)).await;
    set(&*store, &acme, ResourceType::User, 7, &[("a", "7")]).await.unwrap();
    let mut transaction = store.begin().await.unwrap();
    transaction.delete_resource(acme.id, ResourceType::User, ana.id).await.unwrap();
    transaction.save().await.unwrap();
    set(&*store, &acme, ResourceType::User, 8, &[("a", "7")]).await.unwrap();
}

async fn whoever_holds_the_schemas_keeps_them_from_changing(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let mut writer = store.begin().await.unwrap();
    assert_eq!(writer.hold_schemas(acme.id).await.unwrap(), Some(0));
    let ana = user(7, json!({"userName": "ana", "urn:example:a": {"number": "7"}}));
    let change = async {
        let mut transaction = store.begin().await.unwrap();
        transaction.directory(&acme.name).await.unwrap().unwrap();
        let seen = transaction.schemas(acme.id).await.unwrap().len();
        let user_is_there =
            transaction.resource(acme.id, ResourceType::User, ana.id).await.unwrap().is_some();
        transaction.put_schema(acme.id, &schema("urn:example:a", 1)).await.unwrap();
        transaction.save().await.unwrap();
        (seen, user_is_there)
    };
    let write = async {
        tokio::task::yield_now().await;
        crate::fixture::add(&mut *writer, acme.id, &ana).await.unwrap();
        writer.save().await.unwrap();
    };
    let (changed, ()) = tokio::join!(change, write);
    assert_eq!(changed, (0, true), "the change waited for the writer");
}
