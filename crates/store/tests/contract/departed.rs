//! Users who were deleted, until they return or are purged.

use rollcall_store::{
    Actor, Author, CredentialKind, DepartedQuery, DepartedUser, Directory, Namesake, Presence, Protocol,
    ResourceType, SignInLink, Store, StoredResource, UserOrigin,
};
use serde_json::json;
use uuid::Uuid;

use crate::databases::Database;
use crate::directories::credential;
use crate::fixture::{directory, id, insert, named, user};

crate::on_both_databases!(
    a_retired_user_is_nowhere_but_among_the_departed_and_taken_from_there_once,
    namesakes_are_found_by_each_key_wherever_they_are,
    whoever_is_called_so_is_known_by_the_beginning_of_each_name,
    departed_users_are_known_by_their_link_and_then_by_address_or_name,
    the_longest_departed_are_purged_first_and_nobody_of_another_directory,
    safeguards_come_back_as_they_were_written,
    departed_users_are_listed_from_the_last_one_back_with_who_deleted_them,
    departed_users_are_found_by_the_beginning_of_their_name_and_counted,
    a_departed_user_stays_managed_by_the_identity_provider,
);

async fn retire(store: &dyn Store, directory: Uuid, number: u128, deleted: i64) {
    retire_with(store, directory, number, deleted, None).await;
}

async fn retire_with(store: &dyn Store, directory: Uuid, number: u128, deleted: i64, address: Option<&str>) {
    let mut transaction = store.begin().await.unwrap();
    transaction.retire_user(directory, id(number), deleted, Actor::System, address).await.unwrap();
    transaction.save().await.unwrap();
}

async fn a_retired_user_is_nowhere_but_among_the_departed_and_taken_from_there_once(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let ana = user(
        7,
        json!({"userName": "Ana", "externalId": "e", "emails": [{"value": "ana@ex.com"}], "active": true}),
    );
    insert(&*store, &acme, std::slice::from_ref(&ana)).await;
    retire(&*store, acme.id, 7, 99_000).await;
    assert_eq!(store.resource(acme.id, ResourceType::User, id(7)).await.unwrap(), None);
    insert(&*store, &acme, &[named(8, "ana")]).await;

    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.take_departed_user(other.id, id(7)).await.unwrap(), None);
    let taken = transaction.take_departed_user(acme.id, id(7)).await.unwrap().unwrap();
    assert_eq!((taken.created, taken.modified, taken.version), (ana.created, 99_000, ana.version));
    assert_eq!((taken.attributes, taken.origin), (ana.attributes, ana.origin));
    assert_eq!(transaction.take_departed_user(acme.id, id(7)).await.unwrap(), None);
}

async fn whoever_is_called_so_is_known_by_the_beginning_of_each_name(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let group = user(5, json!({"displayName": "Émigrés", "externalId": "77"}));
    let group = StoredResource { resource_type: ResourceType::Group, ..group };
    let users = [
        user(1, json!({"userName": "Ana", "externalId": "E-1", "active": true})),
        user(2, json!({"userName": "ben", "emails": [{"value": "Anatol@ex.com"}], "active": true})),
        user(3, json!({"userName": "cleo", "externalId": "77", "active": false})),
        group,
    ];
    insert(&*store, &acme, &users).await;
    insert(&*store, &other, &[user(6, json!({"userName": "ana", "active": true}))]).await;
    retire(&*store, acme.id, 1, 9).await;
    for (beginning, found) in [
        ("ana", vec![1, 2]),
        ("ANATOL@", vec![2]),
        ("ana@", vec![]),
        ("E-", vec![1]),
        ("e-", vec![]),
        ("77", vec![3, 5]),
        ("émi", vec![5]),
        ("éa", vec![]),
    ] {
        let mut ids = store.ids_named(acme.id, beginning, 10).await.unwrap();
        ids.sort_unstable();
        assert_eq!(ids, found.iter().map(|number| id(*number)).collect::<Vec<_>>(), "{beginning}");
    }
    assert_eq!(store.ids_named(acme.id, "ana", 1).await.unwrap().len(), 1);
}

async fn departed_users_are_known_by_their_link_and_then_by_address_or_name(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    insert(&*store, &acme, &[named(1, "Ana"), named(2, "ben"), named(3, "cleo"), named(4, "dan")]).await;
    insert(&*store, &other, &[named(5, "Ana")]).await;
    let mut transaction = store.begin().await.unwrap();
    let link = SignInLink {
        issuer: "https://idp.example".to_owned(),
        subject: "17".to_owned(),
        user: id(2),
        protocol: Protocol::Saml,
        created: 1,
    };
    transaction.insert_link(acme.id, &link).await.unwrap();
    transaction.save().await.unwrap();
    for (number, deleted, address) in
        [(1, 10, None), (2, 20, None), (3, 30, Some("x@ex.com")), (4, 40, Some("x@ex.com"))]
    {
        retire_with(&*store, acme.id, number, deleted, address).await;
    }
    let known = async |directory: &Directory, subject: &str, address: Option<&str>| {
        let issuer = "https://idp.example";
        let found = store.sign_ins().departed_arrival(directory.id, issuer, subject, address).await.unwrap();
        let mut transaction = store.begin().await.unwrap();
        let again =
            transaction.sign_ins().departed_arrival(directory.id, issuer, subject, address).await.unwrap();
        assert_eq!(found, again);
        found.map(|user| user.id)
    };
    assert_eq!(known(&acme, "17", None).await, Some(id(2)));
    assert_eq!(known(&acme, "17", Some("ana")).await, Some(id(2)), "the link counts before the name");
    assert_eq!(known(&acme, "18", Some("ana")).await, Some(id(1)));
    assert_eq!(known(&acme, "18", Some("x@ex.com")).await, Some(id(4)), "the last one who was deleted");
    assert_eq!(known(&acme, "18", None).await, None);
    assert_eq!(known(&acme, "18", Some("nobody")).await, None);
    assert_eq!(known(&other, "17", Some("ana")).await, None);
    let mut transaction = store.begin().await.unwrap();
    transaction.take_departed_user(acme.id, id(2)).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(known(&acme, "17", None).await, None);
}

async fn namesakes_are_found_by_each_key_wherever_they_are(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let users = [
        user(1, json!({"userName": "Ana", "externalId": "e", "active": true})),
        user(2, json!({"userName": "ben", "externalId": "e", "active": true})),
        user(3, json!({"userName": "cleo", "externalId": "E", "active": true})),
        user(4, json!({"userName": "dan", "active": false})),
    ];
    insert(&*store, &acme, &users).await;
    insert(&*store, &other, &[user(5, json!({"userName": "ana", "externalId": "e", "active": true}))]).await;
    retire(&*store, acme.id, 1, 9).await;
    let namesake = |number: u128, external_id: Option<&str>, has_user_name, presence| Namesake {
        id: id(number),
        attributes: users.iter().find(|user| user.id == id(number)).unwrap().attributes.clone(),
        external_id: external_id.map(str::to_owned),
        has_user_name,
        presence,
    };
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(
        transaction.namesakes(acme.id, Some("e"), "ANA").await.unwrap(),
        [namesake(1, Some("e"), true, Presence::Departed), namesake(2, Some("e"), false, Presence::Active)]
    );
    assert_eq!(
        transaction.namesakes(acme.id, None, "Dan").await.unwrap(),
        [namesake(4, None, true, Presence::Inactive)]
    );
    assert_eq!(transaction.namesakes(acme.id, None, "eve").await.unwrap(), []);
}

async fn the_longest_departed_are_purged_first_and_nobody_of_another_directory(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let users: Vec<_> = (1..=5).map(|number| named(number, &format!("user{number}"))).collect();
    insert(&*store, &acme, &users).await;
    insert(&*store, &other, &[named(9, "user9")]).await;
    for (number, deleted) in [(1, 30), (2, 10), (3, 20), (4, 41)] {
        retire(&*store, acme.id, number, deleted).await;
    }
    retire(&*store, other.id, 9, 1).await;
    let mut purged = Vec::new();
    for _ in 0..3 {
        let mut transaction = store.begin().await.unwrap();
        let mut some = transaction.purge_departed_users(acme.id, 40, 2).await.unwrap();
        some.sort();
        purged.push(some);
        transaction.save().await.unwrap();
    }
    assert_eq!(purged, [vec![id(2), id(3)], vec![id(1)], vec![]]);
    let mut transaction = store.begin().await.unwrap();
    assert!(transaction.take_departed_user(acme.id, id(4)).await.unwrap().is_some());
    assert!(transaction.take_departed_user(other.id, id(9)).await.unwrap().is_some());
}

async fn safeguards_come_back_as_they_were_written(database: &dyn Database) {
    let store = database.store().await;
    let mut acme = directory(&*store, 1).await;
    assert_eq!(store.directory(&acme.name).await.unwrap().unwrap(), acme);
    acme.safeguards.retention_days = 0;
    let mut transaction = store.begin().await.unwrap();
    transaction.update_directory(&acme).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(store.directory(&acme.name).await.unwrap().unwrap(), acme);
}

/// Everybody, in pages of at most so many.
async fn listed(store: &dyn Store, directory: Uuid, limit: u32) -> Vec<DepartedUser> {
    let mut all: Vec<DepartedUser> = Vec::new();
    loop {
        let behind = all.last().map(|last| (last.user.modified, last.user.id));
        let query = DepartedQuery { deleted_after: 0, user_name_prefix: "", behind, limit };
        let page = store.departed_users(directory, &query).await.unwrap();
        assert!(page.len() <= limit as usize);
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

async fn departed_users_are_listed_from_the_last_one_back_with_who_deleted_them(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let users: Vec<_> = (1..=5).map(|number| named(number, &format!("user{number}"))).collect();
    insert(&*store, &acme, &users).await;
    insert(&*store, &other, &[named(9, "user9")]).await;
    let token = credential(50, CredentialKind::ScimToken, Some(acme.id));
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_credential(&token).await.unwrap();
    let (known, gone) = (Actor::Credential(token.id), Actor::Credential(id(404)));
    // Two were deleted at the same moment.
    for (number, deleted, by) in [(1, 30, known), (2, 10, gone), (3, 20, Actor::System), (4, 20, known)] {
        transaction.retire_user(acme.id, id(number), deleted, by, None).await.unwrap();
    }
    transaction.retire_user(other.id, id(9), 99, known, None).await.unwrap();
    transaction.save().await.unwrap();
    for limit in [1, 2, 3, 10] {
        let listed = listed(&*store, acme.id, limit).await;
        let ids: Vec<_> = listed.iter().map(|departed| departed.user.id).collect();
        assert_eq!(ids, [id(1), id(4), id(3), id(2)], "in pages of {limit}");
    }
    let listed = listed(&*store, acme.id, 10).await;
    let author = Author { id: token.id, kind: CredentialKind::ScimToken, prefix: token.prefix.clone() };
    assert_eq!((listed[0].deleted_by, &listed[0].author), (Some(token.id), &Some(author)));
    assert_eq!((listed[2].deleted_by, &listed[2].author), (None, &None));
    assert_eq!((listed[3].deleted_by, &listed[3].author), (Some(id(404)), &None));
    assert_eq!(listed[0].user.attributes, users[0].attributes);
    assert_eq!((listed[0].user.version, listed[0].user.modified), (users[0].version, 30));
}

async fn departed_users_are_found_by_the_beginning_of_their_name_and_counted(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let users = [named(1, "Ana"), named(2, "anna"), named(3, "ben"), named(4, "ÉMILE")];
    insert(&*store, &acme, &users).await;
    for number in 1..=4 {
        retire(&*store, acme.id, number, 10 * i64::try_from(number).unwrap()).await;
    }
    let found = async |prefix, deleted_after| {
        let query = DepartedQuery { deleted_after, user_name_prefix: prefix, behind: None, limit: 1 };
        let first = store.departed_users(acme.id, &query).await.unwrap();
        let count = store.count_departed_users(acme.id, &query).await.unwrap();
        (first.first().map(|departed| departed.user.id), count)
    };
    assert_eq!(found("", 0).await, (Some(id(4)), 4));
    assert_eq!(found("AN", 0).await, (Some(id(2)), 2));
    assert_eq!(found("é", 0).await, (Some(id(4)), 1));
    assert_eq!(found("an", 10).await, (Some(id(2)), 1));
    assert_eq!(found("", 40).await, (None, 0));
    assert_eq!(found("%", 0).await, (None, 0));
}

async fn a_departed_user_stays_managed_by_the_identity_provider(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    for (number, scim_managed) in [(1, true), (2, false)] {
        let user = StoredResource {
            origin: Some(UserOrigin::Sso),
            scim_managed,
            ..named(number, &number.to_string())
        };
        insert(&*store, &acme, std::slice::from_ref(&user)).await;
        retire(&*store, acme.id, number, 9).await;
        let mut transaction = store.begin().await.unwrap();
        let taken = transaction.take_departed_user(acme.id, id(number)).await.unwrap().unwrap();
        assert_eq!((taken.origin, taken.scim_managed), (Some(UserOrigin::Sso), scim_managed));
    }
}
