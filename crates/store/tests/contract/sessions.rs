//! Sessions of the console.

use rollcall_store::{Credential, CredentialKind, Person, Session, SessionHolder, Store};
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::{directory, id};

crate::on_both_databases!(
    a_session_is_found_by_its_hash_with_that_of_its_credential,
    a_session_whose_credential_is_not_there_is_none,
    all_sessions_are_listed_newest_first_whoever_has_them,
    the_use_of_a_session_is_noted_and_never_goes_back,
    sessions_are_deleted_one_by_one_or_all_of_a_credential,
    sessions_that_have_ended_are_deleted,
    a_person_has_the_sessions_begun_for_them_with_credentials_of_the_same_reach,
);

fn session(number: u8, credential: Uuid) -> Session {
    Session {
        id: id(u128::from(number)),
        credential,
        hash: [number; 32],
        name: format!("session {number}"),
        created: i64::from(number),
        used: 100,
        expires: 1000,
        person: None,
    }
}

fn person(subject: &str) -> Person {
    Person {
        issuer: "https://op.example".to_owned(),
        subject: subject.to_owned(),
        email: format!("{subject}@example.com"),
        name: String::new(),
    }
}

async fn credential(store: &dyn Store, number: u8) -> Uuid {
    credential_of(store, number, None).await
}

async fn credential_of(store: &dyn Store, number: u8, directory: Option<Uuid>) -> Uuid {
    let credential = Credential {
        id: id(1000 + u128::from(number)),
        kind: CredentialKind::AdminKey,
        directory,
        name: String::new(),
        prefix: String::new(),
        hash: [100 + number; 32],
        scopes: Vec::new(),
        created: 1,
        expires: None,
        revoked: None,
        user: None,
        client: None,
        secret: None,
        last_use: None,
    };
    let mut transaction = store.begin().await.unwrap();
    transaction.insert_credential(&credential).await.unwrap();
    transaction.save().await.unwrap();
    credential.id
}

async fn insert(store: &dyn Store, sessions: &[Session]) {
    let mut transaction = store.begin().await.unwrap();
    for session in sessions {
        transaction.insert_session(session).await.unwrap();
    }
    transaction.save().await.unwrap();
}

async fn a_session_is_found_by_its_hash_with_that_of_its_credential(database: &dyn Database) {
    let store = database.store().await;
    let key = credential(&*store, 1).await;
    let ana = Session { person: Some(person("ana")), ..session(7, key) };
    insert(&*store, std::slice::from_ref(&ana)).await;
    assert_eq!(store.session(&[7; 32]).await.unwrap(), Some((ana, [101; 32])));
    assert_eq!(store.session(&[8; 32]).await.unwrap(), None);
}

async fn a_session_whose_credential_is_not_there_is_none(database: &dyn Database) {
    let store = database.store().await;
    insert(&*store, &[session(7, id(9999))]).await;
    assert_eq!(store.session(&[7; 32]).await.unwrap(), None);
}

async fn all_sessions_are_listed_newest_first_whoever_has_them(database: &dyn Database) {
    let store = database.store().await;
    let (one, two) = (credential(&*store, 1).await, credential(&*store, 2).await);
    let (old, new) = (session(7, one), Session { person: Some(person("ana")), ..session(8, two) });
    insert(&*store, &[old.clone(), new.clone()]).await;
    assert_eq!(store.all_sessions().await.unwrap(), [new, old]);
}

async fn the_use_of_a_session_is_noted_and_never_goes_back(database: &dyn Database) {
    let store = database.store().await;
    let key = credential(&*store, 1).await;
    insert(&*store, &[session(7, key)]).await;
    for (now, seen) in [(200, 200), (150, 200), (300, 300)] {
        let mut transaction = store.begin().await.unwrap();
        transaction.touch_session(id(7), now).await.unwrap();
        transaction.save().await.unwrap();
        assert_eq!(store.session(&[7; 32]).await.unwrap().unwrap().0.used, seen);
    }
}

async fn sessions_are_deleted_one_by_one_or_all_of_a_credential(database: &dyn Database) {
    let store = database.store().await;
    let (mine, theirs) = (credential(&*store, 1).await, credential(&*store, 2).await);
    insert(&*store, &[session(1, mine), session(2, mine), session(3, mine), session(4, theirs)]).await;
    let names = |sessions: Vec<Session>| sessions.into_iter().map(|session| session.name).collect::<Vec<_>>();
    assert_eq!(
        names(store.sessions(SessionHolder::Credential(mine)).await.unwrap()),
        ["session 3", "session 2", "session 1"]
    );

    let mut transaction = store.begin().await.unwrap();
    assert!(
        !transaction.delete_session(SessionHolder::Credential(theirs), id(1)).await.unwrap(),
        "it is another credential's"
    );
    assert!(transaction.delete_session(SessionHolder::Credential(mine), id(1)).await.unwrap());
    assert!(!transaction.delete_session(SessionHolder::Credential(mine), id(1)).await.unwrap());
    let mut ended = transaction.delete_sessions(SessionHolder::Credential(mine)).await.unwrap();
    ended.sort_unstable();
    assert_eq!(ended, [id(2), id(3)]);
    transaction.save().await.unwrap();
    assert_eq!(names(store.sessions(SessionHolder::Credential(mine)).await.unwrap()), Vec::<String>::new());
    assert_eq!(names(store.sessions(SessionHolder::Credential(theirs)).await.unwrap()), ["session 4"]);
}

async fn sessions_that_have_ended_are_deleted(database: &dyn Database) {
    let store = database.store().await;
    let key = credential(&*store, 1).await;
    let expired = Session { expires: 500, ..session(1, key) };
    let idle = Session { used: 50, ..session(2, key) };
    insert(&*store, &[expired, idle, session(3, key)]).await;
    let mut transaction = store.begin().await.unwrap();
    transaction.delete_ended_sessions(500, 50).await.unwrap();
    transaction.save().await.unwrap();
    let left = store.sessions(SessionHolder::Credential(key)).await.unwrap();
    assert_eq!(left.iter().map(|session| session.id).collect::<Vec<_>>(), [id(3)]);
}

async fn a_person_has_the_sessions_begun_for_them_with_credentials_of_the_same_reach(
    database: &dyn Database,
) {
    let store = database.store().await;
    let (key, rotated) = (credential(&*store, 1).await, credential(&*store, 2).await);
    let bound = credential_of(&*store, 3, Some(directory(&*store, 77).await.id)).await;
    let of = |number, credential, subject: &str| Session {
        person: Some(person(subject)),
        ..session(number, credential)
    };
    let elsewhere = Person { issuer: "https://other.example".to_owned(), ..person("ana") };
    insert(
        &*store,
        &[
            of(1, key, "ana"),
            of(2, rotated, "ana"),
            of(3, bound, "ana"),
            of(4, key, "ben"),
            session(5, key),
            Session { person: Some(elsewhere), ..session(6, key) },
        ],
    )
    .await;
    let ana = person("ana");
    let ids = |sessions: Vec<Session>| sessions.iter().map(|session| session.id).collect::<Vec<_>>();
    let holder = SessionHolder::Person(&ana, key);
    assert_eq!(ids(store.sessions(holder).await.unwrap()), [id(2), id(1)]);
    assert_eq!(ids(store.sessions(SessionHolder::Person(&ana, bound)).await.unwrap()), [id(3)]);

    let mut transaction = store.begin().await.unwrap();
    for not_hers in [3, 4, 5, 6] {
        assert!(!transaction.delete_session(holder, id(not_hers)).await.unwrap(), "{not_hers}");
    }
    assert!(transaction.delete_session(holder, id(1)).await.unwrap());
    assert_eq!(transaction.delete_sessions(holder).await.unwrap(), [id(2)]);
    transaction.save().await.unwrap();
    let left = store.sessions(SessionHolder::Credential(key)).await.unwrap();
    assert_eq!(ids(left), [id(6), id(5), id(4)], "the key has them all, whoever they were begun for");
}
