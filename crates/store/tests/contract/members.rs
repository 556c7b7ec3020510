//! Groups: members, what they are in, and conditions on both.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use rollcall_scim::filter::Filter;
use rollcall_scim::resolve::resolve;
use rollcall_scim::{Definition, Profile, Resource, builtin, evaluate, search_form};
use rollcall_store::{
    AddedMembers, Directory, Error, KnownMember, Member, MemberQuery, Membership, Paging, Provenance, Query,
    ResourceType, Selection, Store, StoredResource,
};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::{directory, draft, event, id, insert, named, search, user};

crate::on_both_databases!(
    members_are_added_once_and_removed_once,
    members_are_looked_at_in_pages_and_found_by_how_their_names_begin,
    members_come_in_order_and_in_parts,
    unknown_members_are_told,
    parallel_changes_of_one_group_merge,
    groups_come_into_one_another_side_by_side,
    groups_in_a_circle_are_deleted_side_by_side,
    groups_are_found_upwards_also_in_circles,
    whoever_is_deleted_leaves_every_group,
    a_deleted_group_takes_its_memberships_with_it,
    a_name_of_a_group_is_unique_only_where_that_is_wanted,
    filters_on_members_and_groups_answer_as_evaluation_does,
    one_list_holds_users_and_groups,
);

fn group(number: u128, name: &str) -> StoredResource {
    let resource = user(number, json!({ "displayName": name }));
    StoredResource { resource_type: ResourceType::Group, ..resource }
}

async fn insert_group(
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

async fn add(store: &dyn Store, directory: &Directory, group: u128, members: &[u128]) -> AddedMembers {
    let members: Vec<Uuid> = members.iter().map(|number| id(*number)).collect();
    let mut transaction = store.begin().await.unwrap();
    let mut added = transaction.add_members(directory.id, id(group), &members).await.unwrap();
    transaction.save().await.unwrap();
    added.added.sort_unstable();
    added
}

/// Users 1 to 9, and groups 101 to 104.
async fn people(store: &dyn Store) -> Directory {
    let acme = directory(store, 1).await;
    let users: Vec<_> = (1..=9)
        .map(|number| {
            user(number, json!({"userName": format!("u{number}"), "displayName": format!("User{number}")}))
        })
        .collect();
    insert(store, &acme, &users).await;
    for number in 101..=104 {
        insert_group(store, &acme, &group(number, &format!("Group{number}")), true).await.unwrap();
    }
    acme
}

fn ids(numbers: impl IntoIterator<Item = u128>) -> Vec<Uuid> {
    numbers.into_iter().map(id).collect()
}

async fn members_are_added_once_and_removed_once(database: &dyn Database) {
    let store = database.store().await;
    let acme = people(&*store).await;
    assert_eq!(add(&*store, &acme, 101, &[1, 2, 102]).await.added, ids([1, 2, 102]));
    assert_eq!(add(&*store, &acme, 101, &[2, 3]).await.added, ids([3]));
    let untold = Provenance::default();
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.touch_group(acme.id, id(101), 5, &untold).await.unwrap(), Some(2));
    assert_eq!(transaction.touch_group(acme.id, id(999), 5, &untold).await.unwrap(), None);
    let removed = transaction.remove_members(acme.id, id(101), &ids([1, 9])).await.unwrap();
    assert_eq!(removed, ids([1]));
    transaction.save().await.unwrap();
    let members = store.group_members(acme.id, id(101), None, 10).await.unwrap();
    let member = |number, resource_type, label: &str| Member {
        id: id(number),
        resource_type,
        label: Some(label.to_owned()),
    };
    assert_eq!(
        members,
        [
            member(2, ResourceType::User, "User2"),
            member(3, ResourceType::User, "User3"),
            member(102, ResourceType::Group, "Group102"),
        ]
    );
    let stored = store.resource(acme.id, ResourceType::Group, id(101)).await.unwrap().unwrap();
    assert_eq!(stored.version, 2);
    assert!(stored.modified >= 5);
    assert!(store.resource(acme.id, ResourceType::User, id(2)).await.unwrap().unwrap().groups.len() == 1);
    assert!(store.resource(acme.id, ResourceType::User, id(1)).await.unwrap().unwrap().groups.is_empty());
}

async fn members_are_looked_at_in_pages_and_found_by_how_their_names_begin(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let users = [
        user(1, json!({"userName": "GRACE", "displayName": "Grace Hopper", "active": true})),
        user(2, json!({"userName": "ben", "name": {"familyName": "Graham"}, "active": false})),
        user(3, json!({"userName": "cleo", "emails": [{"value": "graz@ex.com"}], "active": true})),
        user(4, json!({"userName": "dan", "displayName": "Danny", "active": true})),
        user(5, json!({"userName": "grant", "active": true})),
    ];
    insert(&*store, &acme, &users).await;
    insert(&*store, &other, &[user(9, json!({"userName": "grace", "active": true}))]).await;
    for (number, name) in [(101, "All"), (102, "Graphic designers"), (103, "Empty")] {
        insert_group(&*store, &acme, &group(number, name), true).await.unwrap();
    }
    add(&*store, &acme, 101, &[1, 2, 3, 4, 102]).await;
    let long = "g".repeat(3000);
    let found = async |group, name_prefix, after: Option<u128>, limit| {
        let query = MemberQuery { name_prefix, after: after.map(id), limit };
        let members = store.known_members(acme.id, id(group), &query).await.unwrap();
        let count = store.count_members(acme.id, id(group), &query).await.unwrap();
        (members.into_iter().map(|known| known.member.id).collect::<Vec<_>>(), count)
    };
    assert_eq!(found(101, "", None, 10).await, (ids([1, 2, 3, 4, 102]), 5));
    assert_eq!(found(101, "", None, 2).await, (ids([1, 2]), 5));
    assert_eq!(found(101, "", Some(2), 2).await, (ids([3, 4]), 5));
    assert_eq!(found(101, "gRa", None, 10).await, (ids([1, 2, 3, 102]), 4), "but not who is no member");
    assert_eq!(found(101, "gra", Some(1), 2).await, (ids([2, 3]), 4));
    assert_eq!(found(101, "danny", None, 9).await, (ids([4]), 1));
    assert_eq!(found(101, "rac", None, 9).await, (ids([]), 0));
    assert_eq!(found(101, &long, None, 9).await, (ids([]), 0));
    assert_eq!(found(103, "", None, 9).await, (ids([]), 0));
    let query = MemberQuery { name_prefix: "", after: None, limit: 10 };
    let known = store.known_members(acme.id, id(101), &query).await.unwrap();
    let facts = |known: &KnownMember| (known.user_name.clone(), known.member.label.clone(), known.active);
    assert_eq!(facts(&known[0]), (Some("GRACE".to_owned()), Some("Grace Hopper".to_owned()), true));
    assert_eq!(facts(&known[1]), (Some("ben".to_owned()), None, false));
    assert_eq!(facts(&known[4]), (None, Some("Graphic designers".to_owned()), true));
}

async fn members_come_in_order_and_in_parts(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let users: Vec<_> = (1..=1234).map(|number| named(number, &format!("user{number}"))).collect();
    insert(&*store, &acme, &users).await;
    insert_group(&*store, &acme, &group(5000, "all"), true).await.unwrap();
    let everybody: Vec<u128> = (1..=1234).rev().collect();
    assert_eq!(add(&*store, &acme, 5000, &everybody).await.added.len(), 1234);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let part = store.group_members(acme.id, id(5000), after, 500).await.unwrap();
        let Some(last) = part.last() else { break };
        after = Some(last.id);
        seen.extend(part.into_iter().map(|member| member.id));
    }
    assert_eq!(seen, ids(1..=1234));
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(
        transaction.member_ids(acme.id, id(5000), None, Some(id(1000)), 2).await.unwrap(),
        ids([1001, 1002])
    );
    assert_eq!(transaction.remove_members(acme.id, id(5000), &seen).await.unwrap().len(), 1234);
}

async fn unknown_members_are_told(database: &dyn Database) {
    let store = database.store().await;
    let acme = people(&*store).await;
    let other = directory(&*store, 2).await;
    insert(&*store, &other, &[named(77, "stranger")]).await;
    add(&*store, &acme, 101, &[1]).await;
    let outcome = add(&*store, &acme, 101, &[1, 77, 2, 500]).await;
    assert_eq!(outcome, AddedMembers { added: ids([2]), unknown: ids([77, 500]) });
}

async fn parallel_changes_of_one_group_merge(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let users: Vec<_> = (1..=40).map(|number| named(number, &format!("user{number}"))).collect();
    insert(&*store, &acme, &users).await;
    insert_group(&*store, &acme, &group(101, "all"), true).await.unwrap();
    join_all((1..=40).map(|number| {
        let (store, acme) = (&store, &acme);
        async move {
            let mut transaction = store.begin().await.unwrap();
            transaction.touch_group(acme.id, id(101), 1, &Provenance::default()).await.unwrap();
            transaction.add_members(acme.id, id(101), &[id(number)]).await.unwrap();
            transaction.save().await.unwrap();
        }
    }))
    .await;
    assert_eq!(store.group_members(acme.id, id(101), None, 100).await.unwrap().len(), 40);
    let stored = store.resource(acme.id, ResourceType::Group, id(101)).await.unwrap().unwrap();
    assert_eq!(stored.version, 41);
}

async fn groups_come_into_one_another_side_by_side(database: &dyn Database) {
    let store = database.store().await;
    let acme = people(&*store).await;
    let all_hold_their_group = Barrier::new(database.writers());
    let nest = async |group, member| {
        let mut transaction = store.begin().await?;
        transaction.resource(acme.id, ResourceType::Group, id(group)).await?;
        all_hold_their_group.wait().await;
        transaction.add_members(acme.id, id(group), &[id(member)]).await?;
        transaction.touch_group(acme.id, id(group), 1, &Provenance::default()).await?;
        transaction.save().await
    };
    for outcome in <[_; 2]>::from(tokio::join!(nest(101, 102), nest(102, 101))) {
        outcome.unwrap();
    }
    assert_eq!(groups_of(&*store, acme.id, &[id(101)]).await.len(), 2);
}

async fn groups_in_a_circle_are_deleted_side_by_side(database: &dyn Database) {
    let store = database.store().await;
    let acme = people(&*store).await;
    let delete = async |group| {
        let mut transaction = store.begin().await?;
        let held = transaction.hold_groups_of(acme.id, id(group)).await?;
        assert!(!held.contains(&id(group)));
        transaction.resource_to_delete(acme.id, ResourceType::Group, id(group)).await?;
        transaction.leave_groups(acme.id, id(group), &held, &mut |group| event(9, group)).await?;
        transaction.delete_resource(acme.id, ResourceType::Group, id(group)).await?;
        transaction.save().await
    };
    for _ in 0..10 {
        add(&*store, &acme, 101, &[102]).await;
        add(&*store, &acme, 102, &[101]).await;
        for outcome in <[_; 2]>::from(tokio::join!(delete(101), delete(102))) {
            outcome.unwrap();
        }
        for group in [101, 102] {
            assert_eq!(store.resource(acme.id, ResourceType::Group, id(group)).await.unwrap(), None);
            insert_group(&*store, &acme, &self::group(group, &format!("Group{group}")), true).await.unwrap();
        }
    }
}

/// The groups of some users or groups, as they are read.
async fn groups_of(store: &dyn Store, directory: Uuid, members: &[Uuid]) -> Vec<Membership> {
    let mut read = Vec::new();
    for id in members {
        for resource_type in [ResourceType::User, ResourceType::Group] {
            read.extend(store.resource(directory, resource_type, *id).await.unwrap());
        }
    }
    let read: Vec<_> = read.iter().map(|resource| (resource.id, resource.groups.as_slice())).collect();
    store.memberships(directory, &read).await.unwrap()
}

async fn groups_are_found_upwards_also_in_circles(database: &dyn Database) {
    let store = database.store().await;
    let acme = people(&*store).await;
    add(&*store, &acme, 101, &[1, 102]).await;
    add(&*store, &acme, 102, &[2, 103]).await;
    add(&*store, &acme, 103, &[1, 101]).await;
    let of = async |number| {
        let found = groups_of(&*store, acme.id, &[id(number)]).await;
        assert!(found.iter().all(|membership| membership.member == id(number)));
        found.into_iter().map(|membership| (membership.group, membership.is_direct)).collect::<Vec<_>>()
    };
    assert_eq!(of(1).await, [(id(101), true), (id(102), false), (id(103), true)]);
    assert_eq!(of(2).await, [(id(101), false), (id(102), true), (id(103), false)]);
    assert_eq!(of(3).await, []);
    let both = groups_of(&*store, acme.id, &ids([1, 2])).await;
    assert_eq!(both.len(), 6);
    assert_eq!(
        both[0],
        Membership { member: id(1), group: id(101), label: Some("Group101".to_owned()), is_direct: true }
    );
}

async fn whoever_is_deleted_leaves_every_group(database: &dyn Database) {
    let store = database.store().await;
    let acme = people(&*store).await;
    add(&*store, &acme, 102, &[1, 2]).await;
    add(&*store, &acme, 101, &[1]).await;
    let mut transaction = store.begin().await.unwrap();
    let held = transaction.hold_groups_of(acme.id, id(1)).await.unwrap();
    assert_eq!(held, ids([101, 102]));
    let lost = transaction.leave_groups(acme.id, id(1), &held[..1], &mut |group| event(9, group)).await;
    assert!(matches!(lost, Err(Error::Conflict(_))), "{lost:?}");
    let events = transaction.leave_groups(acme.id, id(1), &held, &mut |group| event(9, group)).await.unwrap();
    let left: Vec<_> = events.iter().map(|event| (event.subject, event.version)).collect();
    assert_eq!(left, [(id(101), Some(2)), (id(102), Some(2))]);
    transaction.delete_resource(acme.id, ResourceType::User, id(1)).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(store.group_members(acme.id, id(101), None, 9).await.unwrap(), []);
    assert_eq!(store.group_members(acme.id, id(102), None, 9).await.unwrap().len(), 1);
}

async fn a_deleted_group_takes_its_memberships_with_it(database: &dyn Database) {
    let store = database.store().await;
    let acme = people(&*store).await;
    add(&*store, &acme, 101, &[1, 2]).await;
    let mut transaction = store.begin().await.unwrap();
    transaction.delete_resource(acme.id, ResourceType::Group, id(101)).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(groups_of(&*store, acme.id, &ids([1, 2])).await, []);
    assert!(store.resource(acme.id, ResourceType::User, id(1)).await.unwrap().unwrap().groups.is_empty());
    // Were they still there, a group of this id would have them.
    insert_group(&*store, &acme, &group(101, "Group101"), true).await.unwrap();
    assert_eq!(store.group_members(acme.id, id(101), None, 100).await.unwrap(), []);
}

async fn a_name_of_a_group_is_unique_only_where_that_is_wanted(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    insert_group(&*store, &acme, &group(1, "Ops"), true).await.unwrap();
    let error = insert_group(&*store, &acme, &group(2, "OPS"), true).await.unwrap_err();
    assert!(matches!(error, Error::NameTaken(ResourceType::Group)), "{error}");
    insert_group(&*store, &acme, &group(3, "ops"), false).await.unwrap();
    insert(&*store, &acme, &[named(4, "ops")]).await;
}

/// A resource as evaluation sees it, with what is derived.
fn matches(
    resource: &StoredResource,
    derived: (&str, Value),
    filter: &Filter,
    definition: &Definition,
) -> bool {
    let mut attributes = resource.attributes.clone();
    attributes.insert(derived.0.to_owned(), derived.1);
    let search: Resource = search_form::of(&attributes, definition);
    let view = evaluate::View {
        id: &resource.id.to_string(),
        resource_type: resource.resource_type.as_str(),
        version: "W/\"1\"",
        created: resource.created,
        modified: resource.modified,
        search: &search,
    };
    evaluate::matches(&resolve(filter, definition).unwrap(), &view)
}

async fn found(
    store: &dyn Store,
    acme: &Directory,
    resource_type: ResourceType,
    filter: &Filter,
    definition: &Definition,
) -> BTreeSet<Uuid> {
    let condition = resolve(filter, definition).unwrap();
    let selections = [Selection { resource_type, condition: Some(&condition), sort: None }];
    let query = Query { selections: &selections, descending: false, paging: Paging::Offset(0), limit: 100 };
    let listing = store.resources(acme.id, &query).await.unwrap_or_else(|error| panic!("{filter}: {error}"));
    listing.page.resources.into_iter().map(|resource| resource.id).collect()
}

async fn filters_on_members_and_groups_answer_as_evaluation_does(database: &dyn Database) {
    let store = database.store().await;
    let acme = people(&*store).await;
    add(&*store, &acme, 101, &[1, 2, 102]).await;
    add(&*store, &acme, 102, &[2, 3, 103]).await;
    add(&*store, &acme, 103, &[4, 101]).await;
    let tests = |attribute: &str, known: Uuid| {
        let mut tests = vec![
            format!("{attribute} pr"),
            format!("not ({attribute} pr)"),
            format!("{attribute}.display pr"),
            format!("{attribute}.value eq \"no-id\""),
            format!("{attribute}.value ne \"no-id\""),
            format!("{attribute}[value eq \"{known}\" and display ew \"1\"]"),
            format!("{attribute}[not (value eq \"{known}\")]"),
            format!("{attribute}[type pr and (display eq \"user2\" or display eq \"GROUP102\")]"),
        ];
        for operator in ["eq", "ne", "co", "sw", "ew", "gt", "le"] {
            tests.push(format!("{attribute} {operator} \"{known}\""));
            tests.push(format!("not ({attribute}.value {operator} \"{known}\")"));
            for text in ["user2", "GROUP102", "1"] {
                tests.push(format!("{attribute}.display {operator} \"{text}\""));
            }
            for text in ["User", "group", "direct", "indirect"] {
                tests.push(format!("{attribute}.type {operator} \"{text}\""));
                tests.push(format!("{attribute}[type {operator} \"{text}\"]"));
            }
        }
        tests
    };
    for number in 101..=104 {
        let stored = store.resource(acme.id, ResourceType::Group, id(number)).await.unwrap().unwrap();
        let stored = stored.read().unwrap();
        let members = store.group_members(acme.id, id(number), None, 100).await.unwrap();
        let members: Value = members
            .iter()
            .map(|member| json!({"value": member.id.to_string(), "type": member.resource_type.as_str(), "display": member.label}))
            .collect();
        for text in tests("members", id(2)) {
            let filter = Filter::parse(&text, Profile::Generic.rules()).unwrap();
            let found = found(&*store, &acme, ResourceType::Group, &filter, builtin::group()).await;
            let expected = matches(&stored, ("members", members.clone()), &filter, builtin::group());
            assert_eq!(found.contains(&id(number)), expected, "group {number}: {text}");
        }
    }
    for number in 1..=5 {
        let stored = store.resource(acme.id, ResourceType::User, id(number)).await.unwrap().unwrap();
        let stored = stored.read().unwrap();
        let groups = groups_of(&*store, acme.id, &[id(number)]).await;
        let groups: Value = groups
            .iter()
            .map(|group| {
                let kind = if group.is_direct { "direct" } else { "indirect" };
                json!({"value": group.group.to_string(), "type": kind, "display": group.label})
            })
            .collect();
        for text in tests("groups", id(102)) {
            let filter = Filter::parse(&text, Profile::Generic.rules()).unwrap();
            let found = found(&*store, &acme, ResourceType::User, &filter, builtin::user()).await;
            let expected = matches(&stored, ("groups", groups.clone()), &filter, builtin::user());
            assert_eq!(found.contains(&id(number)), expected, "user {number}: {text}");
        }
    }
}

async fn one_list_holds_users_and_groups(database: &dyn Database) {
    let store = database.store().await;
    let acme = people(&*store).await;
    let by_name = |definition| rollcall_scim::resolve::resolve_sort("displayName", definition).ok();
    let by_user = |definition| rollcall_scim::resolve::resolve_sort("userName", definition).ok();
    for (sort_user, sort_group) in [
        (None, None),
        (by_name(builtin::user()), by_name(builtin::group())),
        (by_user(builtin::user()), by_user(builtin::group())),
    ] {
        for descending in [false, true] {
            let selections = [
                Selection { resource_type: ResourceType::User, condition: None, sort: sort_user },
                Selection { resource_type: ResourceType::Group, condition: None, sort: sort_group },
            ];
            let query = |paging, limit| Query { selections: &selections, descending, paging, limit };
            let whole = store.resources(acme.id, &query(Paging::Offset(0), 100)).await.unwrap();
            assert_eq!((whole.total, whole.page.resources.len()), (13, 13));
            let (mut parts, mut after) = (Vec::new(), None);
            loop {
                let listing = store.resources(acme.id, &query(Paging::After(after), 4)).await.unwrap();
                assert_eq!(listing.total, 13);
                parts.extend(listing.page.resources);
                after = listing.page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(parts, whole.page.resources);
        }
    }
}
