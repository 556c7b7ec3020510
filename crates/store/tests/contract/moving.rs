//! All of a directory, read as it was at one moment and written as it was.

use rollcall_scim::{Profile, builtin};
use rollcall_store::{
    Actor, Conditions, Directory, Draft, Effect, Error, Event, EventKind, EventQuery, ImportMark,
    MovedDeparted, MovedDirectory, MovedMember, MovedResource, Protocol, Provenance, ProvisioningRule,
    ResourceType, SignInLink, Snapshot, Store, StoredResource, UserKey,
};
use serde_json::json;
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::{directory, event, id, insert, named, search, user};

crate::on_both_databases!(
    all_of_a_directory_is_read_and_written_as_it_was,
    what_is_read_is_of_one_moment,
    what_is_read_goes_on_behind_a_key,
    a_directory_is_made_with_its_settings_or_overwritten_but_for_its_name,
    an_import_is_marked_until_it_is_over,
    what_would_change_a_marked_directory_is_refused,
    an_import_waits_for_those_who_write_as_it_begins,
    a_directory_says_that_it_is_being_imported,
    a_connection_that_was_frozen_is_used_again,
    events_are_read_with_and_without_a_number_and_follow_what_is_there,
);

/// All that a snapshot has of a directory.
#[derive(Debug, Default, PartialEq)]
struct All {
    users: Vec<MovedResource>,
    groups: Vec<MovedResource>,
    members: Vec<MovedMember>,
    links: Vec<SignInLink>,
    rules: Vec<ProvisioningRule>,
    departed: Vec<MovedDeparted>,
}

async fn all(snapshot: &mut dyn Snapshot, directory: Uuid) -> All {
    All {
        users: snapshot.resources(directory, ResourceType::User, None, 100).await.unwrap(),
        groups: snapshot.resources(directory, ResourceType::Group, None, 100).await.unwrap(),
        members: snapshot.members(directory, None, 100).await.unwrap(),
        links: snapshot.links(directory, None, 100).await.unwrap(),
        rules: snapshot.provisioning_rules(directory).await.unwrap(),
        departed: snapshot.departed_users(directory, None, 100).await.unwrap(),
    }
}

async fn write(store: &dyn Store, directory: Uuid, all: &All) {
    let searched = |moved: &MovedResource| {
        let definition = match moved.resource.resource_type {
            ResourceType::User => builtin::user(),
            ResourceType::Group => builtin::group(),
        };
        (moved.clone(), search(&moved.resource.attributes, definition))
    };
    let resources: Vec<_> = all.users.iter().chain(&all.groups).map(searched).collect();
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_moved_resources(directory, &resources).await.unwrap();
    transaction.insert_moved_members(directory, &all.members).await.unwrap();
    transaction.insert_moved_links(directory, &all.links).await.unwrap();
    transaction.set_provisioning_rules(directory, &all.rules).await.unwrap();
    transaction.insert_departed_users(directory, &all.departed).await.unwrap();
    transaction.save().await.unwrap();
}

fn group(number: u128, name: &str) -> StoredResource {
    let group = user(number, json!({ "displayName": name }));
    StoredResource { resource_type: ResourceType::Group, origin: None, ..group }
}

/// A directory with some of everything.
async fn furnished(store: &dyn Store) -> Directory {
    let acme = directory(store, 1).await;
    let boss = StoredResource { administrator: true, scim_managed: false, ..named(2, "Ben") };
    let ana = user(
        1,
        json!({
            "userName": "Ana", "externalId": "e1", "active": false, "displayName": "Ana A",
            "name": {"familyName": "Ångström"}, "emails": [{"value": "Ana@ex.com"}], "roles": [{"value": "Chief"}],
        }),
    );
    insert(store, &acme, &[ana, boss, named(3, "cleo"), named(4, "dan")]).await;
    let mut transaction = store.begin().await.unwrap();
    let made = event(5, id(11));
    let provenance = Provenance::of_new(&made).and(&event(6, id(11)), ["displayName", "active"]);
    for (number, name, unique) in [(11, "Ops", true), (12, "Everybody", false)] {
        let group = group(number, name);
        let search = search(&group.attributes, builtin::group());
        let draft = Draft { resource: &group, search: &search, unique, provenance: &provenance };
        transaction.insert_resource(acme.id, draft).await.unwrap();
    }
    transaction.add_members(acme.id, id(11), &[id(1), id(2)]).await.unwrap();
    transaction.add_members(acme.id, id(12), &[id(11), id(3)]).await.unwrap();
    transaction.set_password(acme.id, id(1), "$argon2id$x").await.unwrap();
    for (user, issuer, subject) in [(1, "https://b", "1"), (2, "https://a", "2"), (4, "https://a", "1")] {
        let link = SignInLink {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            user: id(user),
            protocol: Protocol::Oidc,
            created: 9,
        };
        transaction.insert_link(acme.id, &link).await.unwrap();
    }
    let rule = ProvisioningRule {
        id: id(50),
        effect: Effect::Refuse,
        conditions: Conditions { protocols: [Protocol::Saml].into(), ..Conditions::default() },
        description: "none by SAML".to_owned(),
        created: 8,
    };
    transaction.set_provisioning_rules(acme.id, &[rule]).await.unwrap();
    transaction.retire_user(acme.id, id(4), 99, Actor::Credential(id(77)), Some("dan@ex.com")).await.unwrap();
    transaction.save().await.unwrap();
    acme
}

async fn all_of_a_directory_is_read_and_written_as_it_was(database: &dyn Database) {
    let store = database.store().await;
    let (acme, copy) = (furnished(&*store).await, directory(&*store, 2).await);
    let read = all(&mut *store.snapshot().await.unwrap(), acme.id).await;
    assert_eq!((read.users.len(), read.groups.len(), read.members.len()), (3, 2, 4));
    assert_eq!((read.links.len(), read.rules.len(), read.departed.len()), (2, 1, 1));
    assert_eq!(read.users[0].password.as_deref(), Some("$argon2id$x"));
    assert_eq!(read.groups.iter().map(|group| group.unique).collect::<Vec<_>>(), [true, false]);
    assert_eq!(read.departed[0].link, Some(("https://a".to_owned(), "1".to_owned())));
    assert!(read.groups[0].provenance.to_json().keys().is_sorted());

    write(&*store, copy.id, &read).await;
    assert_eq!(all(&mut *store.snapshot().await.unwrap(), copy.id).await, read);
    assert_eq!(store.user_id(copy.id, UserKey::Name("ANA")).await.unwrap(), Some(id(1)));
    let found = store.sign_ins().sign_in_candidates(copy.id, "ana@ex.com", 9).await.unwrap();
    assert_eq!(found.len(), 1, "by the address");
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.count_resources(copy.id, ResourceType::User).await.unwrap(), 3);
    assert_eq!(transaction.count_resources(copy.id, ResourceType::Group).await.unwrap(), 2);
    assert_eq!(transaction.namesakes(copy.id, None, "Dan").await.unwrap().len(), 1);
}

async fn what_is_read_is_of_one_moment(database: &dyn Database) {
    let store = database.store().await;
    let acme = furnished(&*store).await;
    let mut snapshot = store.snapshot().await.unwrap();
    let before = snapshot.resources(acme.id, ResourceType::User, None, 1).await.unwrap();
    insert(&*store, &acme, &[named(5, "eve")]).await;
    let after = all(&mut *snapshot, acme.id).await;
    assert_eq!((after.users.len(), &after.users[0]), (3, &before[0]));
    assert_eq!(all(&mut *store.snapshot().await.unwrap(), acme.id).await.users.len(), 4);
}

async fn what_is_read_goes_on_behind_a_key(database: &dyn Database) {
    let store = database.store().await;
    let acme = furnished(&*store).await;
    let mut snapshot = store.snapshot().await.unwrap();
    let whole = all(&mut *snapshot, acme.id).await;
    let users = snapshot.resources(acme.id, ResourceType::User, Some(id(1)), 1).await.unwrap();
    assert_eq!(users, whole.users[1..2]);
    let members = snapshot.members(acme.id, Some((id(11), id(2))), 1).await.unwrap();
    assert_eq!(members, whole.members[2..3]);
    let links = snapshot.links(acme.id, Some(("https://a", "2")), 9).await.unwrap();
    assert_eq!(links, whole.links[1..]);
    assert_eq!(snapshot.departed_users(acme.id, Some(id(4)), 9).await.unwrap(), []);
    let other = directory(&*store, 2).await;
    let mut snapshot = store.snapshot().await.unwrap();
    assert_eq!(all(&mut *snapshot, other.id).await, All::default());
}

fn acme_as_it_comes() -> MovedDirectory {
    MovedDirectory {
        id: id(1),
        name: "acme".to_owned(),
        profile: Profile::Okta,
        scim_enabled: false,
        groups_enabled: true,
        settings: r#"{"password":"store"}"#.to_owned(),
        importing: false,
        created: 3,
        modified: 4,
    }
}

async fn a_directory_is_made_with_its_settings_or_overwritten_but_for_its_name(database: &dyn Database) {
    let store = database.store().await;
    let mut moved = acme_as_it_comes();
    let put = async |moved: &MovedDirectory| {
        let mut transaction = store.begin().await.unwrap();
        transaction.put_moved_directory(moved).await?;
        transaction.save().await
    };
    put(&moved).await.unwrap();
    assert_eq!(store.snapshot().await.unwrap().directory("acme").await.unwrap(), Some(moved.clone()));
    moved.scim_enabled = true;
    moved.modified = 5;
    put(&MovedDirectory { name: "other".to_owned(), ..moved.clone() }).await.unwrap();
    assert_eq!(store.snapshot().await.unwrap().directory("acme").await.unwrap(), Some(moved.clone()));
    assert_eq!(store.snapshot().await.unwrap().directory("other").await.unwrap(), None);
    let taken = put(&MovedDirectory { id: id(2), ..moved.clone() }).await;
    assert!(matches!(taken, Err(Error::DirectoryNameTaken)), "{taken:?}");
    let damaged = put(&MovedDirectory { settings: "[".to_owned(), ..moved }).await;
    assert!(matches!(damaged, Err(Error::Damaged(_))), "{damaged:?}");
}

async fn an_import_is_marked_until_it_is_over(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    assert_eq!(store.import(acme.id).await.unwrap(), None);
    for lines in [1, 500] {
        let mark = ImportMark { digest: "ab".to_owned(), lines };
        let mut transaction = store.begin().await.unwrap();
        transaction.set_import(acme.id, Some(&mark)).await.unwrap();
        assert_eq!(transaction.import(acme.id).await.unwrap(), Some(mark.clone()));
        transaction.save().await.unwrap();
        assert_eq!(store.import(acme.id).await.unwrap(), Some(mark));
    }
    let mut transaction = store.begin().await.unwrap();
    transaction.set_import(acme.id, None).await.unwrap();
    transaction.save().await.unwrap();
    assert_eq!(store.import(acme.id).await.unwrap(), None);
}

async fn mark(store: &dyn Store, directory: Uuid, mark: Option<&ImportMark>) {
    let mut transaction = store.begin().await.unwrap();
    transaction.set_import(directory, mark).await.unwrap();
    transaction.save().await.unwrap();
}

async fn tell(store: &dyn Store, event: &Event) -> Result<(), Error> {
    let mut transaction = store.begin().await?;
    transaction.insert_event(event).await?;
    transaction.save().await
}

async fn what_would_change_a_marked_directory_is_refused(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    mark(&*store, acme.id, Some(&ImportMark { digest: "ab".to_owned(), lines: 1 })).await;
    for (number, kind) in (1..).zip(EventKind::ALL) {
        let event = Event { kind: *kind, directory: Some(acme.id), ..event(number, id(1)) };
        let told = tell(&*store, &event).await;
        let is_refused = matches!(told, Err(Error::Conflict(_)));
        assert!(is_refused || told.is_ok(), "{kind:?}: {told:?}");
        assert_eq!(is_refused, kind.waits_for_imports(), "{kind:?}");
    }
    // So is one that is written together with something else.
    let mut transaction = store.begin().await.unwrap();
    let new = named(1, "ana");
    let (search, made) =
        (search(&new.attributes, builtin::user()), Event { directory: Some(acme.id), ..event(101, id(1)) });
    let provenance = Provenance::of_new(&made);
    let draft = Draft { resource: &new, search: &search, unique: true, provenance: &provenance };
    let written = async {
        transaction.insert_resource(acme.id, draft).await?;
        transaction.insert_event(&made).await?;
        transaction.save().await
    };
    assert!(matches!(written.await, Err(Error::Conflict(_))));
    assert_eq!(store.user_id(acme.id, UserKey::Name("ana")).await.unwrap(), None);

    tell(&*store, &Event { directory: Some(other.id), ..event(102, id(1)) }).await.unwrap();
    mark(&*store, acme.id, None).await;
    tell(&*store, &made).await.unwrap();
}

async fn an_import_waits_for_those_who_write_as_it_begins(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let mut transaction = store.begin().await.unwrap();
    assert!(transaction.hold_empty(acme.id).await.unwrap());
    drop(transaction);
    let mut writing = store.begin().await.unwrap();
    let new = named(1, "ana");
    let (search, made) =
        (search(&new.attributes, builtin::user()), Event { directory: Some(acme.id), ..event(1, id(1)) });
    let provenance = Provenance::of_new(&made);
    let draft = Draft { resource: &new, search: &search, unique: true, provenance: &provenance };
    writing.insert_resource(acme.id, draft).await.unwrap();
    writing.insert_event(&made).await.unwrap();
    writing.settle().await.unwrap();
    let beginning = async { store.begin().await.unwrap().hold_empty(acme.id).await.unwrap() };
    let ending = async {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        writing.save().await.unwrap();
    };
    let (is_empty, ()) = tokio::join!(beginning, ending);
    assert!(!is_empty);
}

async fn a_directory_says_that_it_is_being_imported(database: &dyn Database) {
    let store = database.store().await;
    let mut moved = acme_as_it_comes();
    for importing in [true, false] {
        moved.importing = importing;
        let mut transaction = store.begin().await.unwrap();
        transaction.put_moved_directory(&moved).await.unwrap();
        transaction.save().await.unwrap();
        assert_eq!(store.directory("acme").await.unwrap().unwrap().importing, importing);
    }
    let read = store.snapshot().await.unwrap().directory("acme").await.unwrap();
    assert_eq!(read, Some(moved));
}

async fn a_connection_that_was_frozen_is_used_again(database: &dyn Database) {
    let store = database.store().await;
    let acme = furnished(&*store).await;
    for number in 5..25 {
        let mut snapshot = store.snapshot().await.unwrap();
        let seen = snapshot.resources(acme.id, ResourceType::User, None, 100).await.unwrap().len();
        drop(snapshot);
        insert(&*store, &acme, &[named(number, &format!("user{number}"))]).await;
        let name = format!("user{number}");
        assert!(store.user_id(acme.id, UserKey::Name(&name)).await.unwrap().is_some(), "{seen}");
    }
}

async fn events_are_read_with_and_without_a_number_and_follow_what_is_there(database: &dyn Database) {
    let store = database.store().await;
    let (acme, copy) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let of = |directory: &Directory, time: i64| Event { directory: Some(directory.id), ..event(time, id(1)) };
    let happened: Vec<Event> = (1..=5).map(|time| of(&acme, time)).collect();
    for event in &happened {
        let mut transaction = store.begin().await.unwrap();
        transaction.insert_event(event).await.unwrap();
        transaction.save().await.unwrap();
        if event.time == 3 {
            while store.number_events(Some(acme.id)).await.unwrap() {}
        }
    }
    let mut snapshot = store.snapshot().await.unwrap();
    let mut read: Vec<(i64, Event)> = Vec::new();
    loop {
        let after = read.last().map_or(0, |(place, _)| *place);
        let page = snapshot.events(acme.id, after, 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        read.extend(page);
    }
    drop(snapshot);
    assert_eq!(read.into_iter().map(|(_, event)| event).collect::<Vec<_>>(), happened);

    let moved: Vec<Event> = (1..=3).map(|time| of(&copy, time)).collect();
    let known = Event { directory: Some(copy.id), ..happened[4].clone() };
    let mut transaction = store.begin().await.unwrap();
    assert!(!transaction.insert_moved_events(&[moved[0].clone(), known]).await.unwrap());
    assert!(!transaction.insert_moved_events(&[moved[0].clone(), moved[0].clone()]).await.unwrap());
    assert!(transaction.insert_moved_events(&moved).await.unwrap());
    transaction.save().await.unwrap();
    assert!(store.has_event(moved[0].id).await.unwrap() && store.has_event(happened[4].id).await.unwrap());
    assert!(!store.has_event(id(99)).await.unwrap());
    while store.number_events(Some(copy.id)).await.unwrap() {}
    let query = EventQuery { directory: Some(copy.id), until: i64::MAX, limit: 10, ..EventQuery::default() };
    let numbered = store.events(&query).await.unwrap();
    assert_eq!(numbered.iter().map(|event| event.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(numbered.into_iter().map(|event| event.event).collect::<Vec<_>>(), moved);
}
