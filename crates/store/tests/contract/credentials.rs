//! How credentials are used and end, and the clients of OAuth 2.0 that some are of.

use rollcall_store::{Credential, CredentialKind, LastUse, OAuthClient, Store, Transaction};
use uuid::Uuid;

use crate::databases::Database;
use crate::directories::credential;
use crate::fixture::directory;

crate::on_both_databases!(
    the_last_use_of_a_credential_is_kept_and_never_goes_back,
    what_ends_soon_is_found_until_it_has_ended_or_is_revoked,
    administrators_are_warned_once_for_each_number_of_days,
    clients_are_listed_newest_first_and_go_with_all_that_is_theirs,
    access_tokens_end_with_the_secret_that_they_were_issued_for,
    access_tokens_that_expired_are_deleted_and_nothing_else,
);

async fn write(store: &dyn Store, change: impl AsyncFnOnce(&mut dyn Transaction)) {
    let mut transaction = store.begin().await.unwrap();
    change(&mut *transaction).await;
    transaction.save().await.unwrap();
}

async fn insert(store: &dyn Store, credentials: &[Credential]) {
    write(store, async |transaction| {
        for credential in credentials {
            transaction.insert_credential(credential).await.unwrap();
        }
    })
    .await;
}

async fn found(store: &dyn Store, number: u8) -> Option<Credential> {
    store.credential(&[number; 32]).await.unwrap().map(|(credential, _)| credential)
}

async fn the_last_use_of_a_credential_is_kept_and_never_goes_back(database: &dyn Database) {
    let store = database.store().await;
    let [one, two] = [1, 2].map(|number| credential(number, CredentialKind::AdminKey, None));
    insert(&*store, &[one.clone(), two.clone()]).await;
    let from = |time, address: Option<&str>| LastUse { time, address: address.map(str::to_owned) };
    for (uses, last) in [
        (vec![(one.id, from(10, Some("192.0.2.1"))), (two.id, from(5, None))], from(10, Some("192.0.2.1"))),
        (vec![(one.id, from(9, Some("192.0.2.2")))], from(10, Some("192.0.2.1"))),
        (vec![(one.id, from(11, None)), (Uuid::from_u128(99), from(12, None))], from(11, None)),
    ] {
        write(&*store, async |transaction| transaction.note_uses(&uses).await.unwrap()).await;
        assert_eq!(found(&*store, 1).await.unwrap().last_use, Some(last));
    }
    assert_eq!(found(&*store, 2).await.unwrap().last_use, Some(from(5, None)));
}

fn ending(number: u8, kind: CredentialKind, directory: Uuid, expires: i64) -> Credential {
    Credential { expires: Some(expires), ..credential(number, kind, Some(directory)) }
}

async fn what_ends_soon_is_found_until_it_has_ended_or_is_revoked(database: &dyn Database) {
    use CredentialKind as K;
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let revoked = Credential { revoked: Some(1), ..ending(8, K::ScimToken, acme.id, 15) };
    insert(
        &*store,
        &[
            ending(1, K::ScimToken, acme.id, 20),
            ending(2, K::ServiceKey, acme.id, 11),
            ending(3, K::ClientSecret, acme.id, 15),
            ending(4, K::ScimToken, acme.id, 10),
            ending(5, K::ScimToken, acme.id, 21),
            ending(6, K::AdminKey, acme.id, 15),
            ending(7, K::AccessToken, acme.id, 15),
            revoked,
            credential(9, K::ScimToken, Some(acme.id)),
            Credential { expires: Some(15), ..credential(10, K::ServiceKey, None) },
        ],
    )
    .await;
    let found = store.expiring_credentials(10, 20).await.unwrap();
    let prefixes: Vec<_> = found.iter().map(|(credential, ..)| credential.prefix.as_str()).collect();
    assert_eq!(prefixes, ["rc_2", "rc_3", "rc_1"]);
    assert!(found.iter().all(|(_, directory, warned)| *directory == acme && warned.is_none()));
}

async fn administrators_are_warned_once_for_each_number_of_days(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let token = ending(1, CredentialKind::ScimToken, acme.id, 20);
    let revoked = Credential { revoked: Some(1), ..ending(2, CredentialKind::ScimToken, acme.id, 20) };
    insert(&*store, &[token.clone(), revoked.clone()]).await;
    for (id, days, is_noted, known) in [
        (token.id, 30, true, 30),
        (token.id, 30, false, 30),
        (token.id, 31, false, 30),
        (token.id, 7, true, 7),
        (revoked.id, 1, false, 7),
        (Uuid::from_u128(99), 1, false, 7),
    ] {
        write(&*store, async |transaction| {
            assert_eq!(transaction.note_warning(id, days).await.unwrap(), is_noted, "{days}");
        })
        .await;
        assert_eq!(store.expiring_credentials(0, 99).await.unwrap()[0].2, Some(known));
    }
}

fn client(number: u128, directory: Uuid) -> OAuthClient {
    let created = i64::try_from(number).unwrap();
    OAuthClient { id: Uuid::from_u128(100 + number), directory, name: format!("client {number}"), created }
}

fn secret(number: u8, client: &OAuthClient) -> Credential {
    Credential {
        client: Some(client.id),
        ..credential(number, CredentialKind::ClientSecret, Some(client.directory))
    }
}

fn access_token(number: u8, secret: &Credential, expires: i64) -> Credential {
    Credential {
        client: secret.client,
        secret: Some(secret.id),
        expires: Some(expires),
        ..credential(number, CredentialKind::AccessToken, secret.directory)
    }
}

async fn clients_are_listed_newest_first_and_go_with_all_that_is_theirs(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let [first, second] = [1, 2].map(|number| client(number, acme.id));
    let strange = client(3, other.id);
    let (of_first, of_second) = (secret(1, &first), secret(2, &second));
    write(&*store, async |transaction| {
        for client in [&first, &second, &strange] {
            transaction.insert_oauth_client(client).await.unwrap();
        }
        assert_eq!(transaction.oauth_clients(other.id).await.unwrap(), std::slice::from_ref(&strange));
    })
    .await;
    let tokens = [access_token(3, &of_first, 9), access_token(4, &of_second, 9)];
    insert(&*store, &[of_first, of_second]).await;
    insert(&*store, &tokens).await;
    assert_eq!(store.oauth_clients(acme.id).await.unwrap(), [second.clone(), first.clone()]);
    write(&*store, async |transaction| transaction.delete_oauth_client(first.id).await.unwrap()).await;
    assert_eq!(store.oauth_clients(acme.id).await.unwrap(), [second]);
    assert_eq!(store.oauth_clients(other.id).await.unwrap(), [strange]);
    let mut left = Vec::new();
    for number in 1..=4 {
        left.extend(found(&*store, number).await.map(|_| number));
    }
    assert_eq!(left, [2, 4]);
}

/// A directory with a client that has two secrets, 1 and 2.
async fn two_secrets(store: &dyn Store) -> [Credential; 2] {
    let acme = directory(store, 1).await;
    let client = client(1, acme.id);
    write(store, async |transaction| transaction.insert_oauth_client(&client).await.unwrap()).await;
    let secrets = [secret(1, &client), secret(2, &client)];
    insert(store, &secrets).await;
    secrets
}

async fn access_tokens_end_with_the_secret_that_they_were_issued_for(database: &dyn Database) {
    let store = database.store().await;
    let [one, two] = two_secrets(&*store).await;
    let ended = Credential { revoked: Some(5), ..access_token(5, &one, 90) };
    insert(&*store, &[access_token(3, &one, 90), access_token(4, &two, 90), ended]).await;
    write(&*store, async |transaction| transaction.revoke_access_tokens(one.id, 7).await.unwrap()).await;
    let mut revoked = Vec::new();
    for number in 1..=5 {
        revoked.push(found(&*store, number).await.unwrap().revoked);
    }
    assert_eq!(revoked, [None, None, Some(7), None, Some(5)]);
}

async fn access_tokens_that_expired_are_deleted_and_nothing_else(database: &dyn Database) {
    let store = database.store().await;
    let [one, two] = two_secrets(&*store).await;
    let ended = ending(6, CredentialKind::ScimToken, one.directory.unwrap(), 1);
    insert(&*store, &[access_token(3, &one, 9), access_token(4, &two, 10), access_token(5, &one, 11), ended])
        .await;
    write(&*store, async |transaction| transaction.delete_access_tokens(10).await.unwrap()).await;
    let mut left = Vec::new();
    for number in 1..=6 {
        left.extend(found(&*store, number).await.map(|_| number));
    }
    assert_eq!(left, [1, 2, 4, 5, 6]);
}
