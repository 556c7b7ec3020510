//! Sessions of the console.

use rollcall_store::{Credential, CredentialKind, Session, Store};
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::id;

crate::on_both_databases!(
    a_session_is_found_by_its_hash_with_that_of_its_credential,
    a_session_whose_credential_is_not_there_is_none,
    the_use_of_a_session_is_noted_and_never_goes_back,
    sessions_are_deleted_one_by_one_or_all_of_a_credential,
    sessions_that_have_ended_are_deleted,
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
    }
}

async fn credential(store: &dyn Store, number: u8) -> Uuid {
    let credential = Credential {
        id: id(1000 + u128::from(number)),
        kind: CredentialKind::AdminKey,
        directory: None,
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
    let ana = session(7, key);
    insert(&*store, std::slice::from_ref(&ana)).await;
    assert_eq!(store.session(&[7; 32]).await.unwrap(), Some((ana, [101; 32])));
    assert_eq!(store.session(&[8; 32]).await.unwrap(), None);
}

async fn a_session_whose_credential_is_not_there_is_none(database: &dyn Database) {
    let store = database.store().await;
    insert(&*store, &[session(7, id(9999))]).await;
    assert_eq!(store.session(&[7; 32]).await.unwrap(), None);
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
    assert_eq!(names(store.sessions(mine).await.unwrap()), ["session 3", "session 2", "session 1"]);

    let mut transaction = store.begin().await.unwrap();
    assert!(!transaction.delete_session(theirs, id(1)).await.unwrap(), "it is another credential's");
    assert!(transaction.delete_session(mine, id(1)).await.unwrap());
    assert!(!transaction.delete_session(mine, id(1)).await.unwrap());
    let mut ended = transaction.delete_sessions(mine).await.unwrap();
    ended.sort_unstable();
    assert_eq!(ended, [id(2), id(3)]);
    transaction.save().await.unwrap();
    assert_eq!(names(store.sessions(mine).await.unwrap()), Vec::<String>::new());
    assert_eq!(names(store.sessions(theirs).await.unwrap()), ["session 4"]);
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
    let left = store.sessions(key).await.unwrap();
    assert_eq!(left.iter().map(|session| session.id).collect::<Vec<_>>(), [id(3)]);
}
