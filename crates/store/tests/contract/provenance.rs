//! Which event last changed which attribute.

use rollcall_store::{
    Actor, AttributeOrigin, Author, Credential, CredentialKind, Draft, Event, Provenance, ResourceType,
    StoredResource,
};
use serde_json::json;
use uuid::Uuid;

use crate::databases::Database;
use crate::directories::credential;
use crate::fixture::{directory, event, id, search, user};

crate::on_both_databases!(
    the_last_event_that_changed_an_attribute_is_known,
    the_origin_of_an_attribute_outlives_the_event,
    what_is_not_there_has_no_origins,
);

fn token() -> Credential {
    credential(70, CredentialKind::ScimToken, Some(Uuid::from_u128(1)))
}

fn by_token(time: i64, subject: Uuid) -> Event {
    Event { actor: Actor::Credential(token().id), ..event(time, subject) }
}

/// A user whose name and title the events changed last, in this order.
async fn changed_user(database: &dyn Database) -> [Event; 3] {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let events = [event(1, id(1)), by_token(2, id(1)), by_token(3, id(1))];
    let mut user = user(1, json!({"userName": "ana", "title": "Boss", "active": true}));
    let definition = rollcall_scim::builtin::user();
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_credential(&token()).await.unwrap();
    let form = search(&user.attributes, definition);
    let provenance = Provenance::of_new(&events[0]);
    let draft = Draft { resource: &user, search: &form, unique: true, provenance: &provenance };
    transaction.insert_resource(acme.id, draft).await.unwrap();
    for (event, names) in [(&events[1], vec!["userName", "title"]), (&events[2], vec!["title"])] {
        let before = user.attributes.clone();
        for name in &names {
            user.attributes.insert((*name).to_owned(), json!(event.time.to_string()));
        }
        user.version += 1;
        let form = search(&user.attributes, definition);
        let provenance = Provenance::of(event, names);
        let draft = Draft { resource: &user, search: &form, unique: true, provenance: &provenance };
        transaction.update_resource(acme.id, draft, &before).await.unwrap();
    }
    for event in &events {
        transaction.insert_event(event).await.unwrap();
    }
    transaction.save().await.unwrap();
    while store.number_events(Some(acme.id)).await.unwrap() {}
    events
}

fn origins(events: &[Event; 3], numbers: [Option<i64>; 3]) -> Vec<AttributeOrigin> {
    let token = token();
    let author = Author { id: token.id, kind: token.kind, prefix: token.prefix };
    let origin = |attribute: Option<&str>, which: usize, author| AttributeOrigin {
        attribute: attribute.map(str::to_owned),
        event: events[which].id,
        number: numbers[which],
        time: events[which].time,
        actor: events[which].actor,
        author,
    };
    vec![
        origin(None, 0, None),
        origin(Some("title"), 2, Some(author.clone())),
        origin(Some("userName"), 1, Some(author)),
    ]
}

fn sorted(mut origins: Vec<AttributeOrigin>) -> Vec<AttributeOrigin> {
    origins.sort_by(|one, other| one.attribute.cmp(&other.attribute));
    origins
}

async fn the_last_event_that_changed_an_attribute_is_known(database: &dyn Database) {
    let events = changed_user(database).await;
    let store = database.open().await;
    let expected = origins(&events, [Some(1), Some(2), Some(3)]);
    assert_eq!(sorted(store.provenance(Uuid::from_u128(1), id(1)).await.unwrap().unwrap()), expected);
}

async fn the_origin_of_an_attribute_outlives_the_event(database: &dyn Database) {
    let events = changed_user(database).await;
    let store = database.open().await;
    store.expire_events(Some(Uuid::from_u128(1)), 3).await.unwrap();
    let expected = origins(&events, [None, None, Some(3)]);
    assert_eq!(sorted(store.provenance(Uuid::from_u128(1), id(1)).await.unwrap().unwrap()), expected);
}

async fn what_is_not_there_has_no_origins(database: &dyn Database) {
    changed_user(database).await;
    let store = database.open().await;
    assert_eq!(store.provenance(Uuid::from_u128(1), id(9)).await.unwrap(), None);
    assert_eq!(store.provenance(Uuid::from_u128(2), id(1)).await.unwrap(), None);
}

/// Who comes and goes changes `members` of the group, and nothing else.
mod groups {
    use super::*;

    crate::on_both_databases!(a_group_knows_who_changed_its_members);

    async fn a_group_knows_who_changed_its_members(database: &dyn Database) {
        let store = database.store().await;
        let acme = directory(&*store, 1).await;
        let resource = user(101, json!({"displayName": "Ops"}));
        let group = StoredResource { resource_type: ResourceType::Group, ..resource };
        let definition = rollcall_scim::builtin::group();
        let (made, joined) = (event(1, group.id), event(2, group.id));
        let form = search(&group.attributes, definition);
        let provenance = Provenance::of_new(&made);
        let draft = Draft { resource: &group, search: &form, unique: true, provenance: &provenance };
        let mut transaction = store.begin().await.unwrap();
        transaction.insert_resource(acme.id, draft).await.unwrap();
        let provenance = Provenance::of(&joined, ["members"]);
        transaction.touch_group(acme.id, group.id, 2, &provenance).await.unwrap();
        transaction.save().await.unwrap();
        let origins = sorted(store.provenance(acme.id, group.id).await.unwrap().unwrap());
        let told: Vec<_> = origins.iter().map(|origin| (origin.attribute.as_deref(), origin.event)).collect();
        assert_eq!(told, [(None, made.id), (Some("members"), joined.id)]);
    }
}
