//! OAuth 2.0 clients and their access tokens.

use prost_types::Timestamp;
use rollcall_api::v1::{
    AddSecretRequest, CreateClientRequest, CreateClientResponse, CredentialKind, DeleteClientRequest,
    ErrorReason, EventType, IssueAccessTokenRequest, ListClientsRequest, RevokeSecretRequest, Scope,
    WhoAmIRequest,
};
use rollcall_core::Clock as _;

use crate::house::{Answered as _, DAY, HOUR, House, MINUTE};
use crate::on_both_databases;

fn ask(client: &str, secret: &str) -> IssueAccessTokenRequest {
    IssueAccessTokenRequest {
        client_id: client.to_owned(),
        client_secret: secret.to_owned(),
        scope: String::new(),
    }
}

async fn a_client_gets_access_tokens_that_end_by_themselves_or_with_its_secret(house: &House) {
    let create = CreateClientRequest {
        directory: "default".to_owned(),
        name: "Entra".to_owned(),
        ..Default::default()
    };
    let made = house.admin().oauth().create_client(create).await.answer();
    let client = made.client.unwrap();
    let issue =
        async |secret: &str| house.stranger().oauth().issue_access_token(ask(&client.id, secret)).await;
    let token = issue(&made.client_secret).await.answer().access_token;
    let who = async |token: &str| house.caller(token).identity().who_am_i(WhoAmIRequest {}).await;
    let known = who(&token).await.answer();
    assert_eq!((known.kind(), known.directory.as_str()), (CredentialKind::AccessToken, "default"));
    house.scim(&token).user("ana").await;
    house.clock.pass(25 * HOUR);
    who(&token).await.refused(ErrorReason::CredentialInvalid);
    house.later(2 * DAY).await;
    let add = AddSecretRequest {
        directory: "default".to_owned(),
        client_id: client.id.clone(),
        ..Default::default()
    };
    let second = house.admin().oauth().add_secret(add).await.answer();
    let (of_first, of_second) = (
        issue(&made.client_secret).await.answer().access_token,
        issue(&second.client_secret).await.answer().access_token,
    );
    let secret = client.secrets[0].id.clone();
    let revoke = RevokeSecretRequest { directory: "default".to_owned(), secret };
    house.admin().oauth().revoke_secret(revoke).await.answer();
    issue(&made.client_secret).await.refused(ErrorReason::CredentialInvalid);
    who(&of_first).await.refused(ErrorReason::CredentialInvalid);
    who(&of_second).await.answer();
    issue("rc_client_wrong").await.refused(ErrorReason::CredentialInvalid);
    let delete = DeleteClientRequest { directory: "default".to_owned(), client_id: client.id.clone() };
    house.admin().oauth().delete_client(delete).await.answer();
    who(&of_second).await.refused(ErrorReason::CredentialInvalid);
    let list = ListClientsRequest { directory: "default".to_owned() };
    assert_eq!(house.admin().oauth().list_clients(list).await.answer().clients, Vec::new());
}

async fn client(house: &House, expires: Option<i64>) -> CreateClientResponse {
    let expires = expires.map(|micros| Timestamp { seconds: micros / 1_000_000, nanos: 0 });
    let create = CreateClientRequest { directory: "default".to_owned(), name: "Entra".to_owned(), expires };
    house.admin().oauth().create_client(create).await.answer()
}

async fn an_access_token_reaches_as_far_as_the_scope_that_was_asked_for(house: &House) {
    let made = client(house, None).await;
    let id = made.client.unwrap().id;
    let issue = async |scope: &str| {
        let request = IssueAccessTokenRequest { scope: scope.to_owned(), ..ask(&id, &made.client_secret) };
        house.stranger().oauth().issue_access_token(request).await
    };
    let whole = issue("").await.answer();
    assert_eq!(
        (whole.scope.as_str(), whole.expires_in.unwrap().seconds),
        ("directory.read directory.write", 3600)
    );
    let reading = issue("directory.read").await.answer();
    assert_eq!(reading.scope, "directory.read");
    let scim = house.scim(&reading.access_token);
    scim.get("/Users").await.listing();
    let body = crate::house::body_of(crate::house::USER, serde_json::json!({ "userName": "ana" }));
    scim.post("/Users", body.clone()).await.refused(403, "");
    let writing = house.scim(&issue("directory.write").await.answer().access_token);
    writing.get("/Users").await.refused(403, "");
    writing.post("/Users", body).await.created();
    issue("admin").await.refused(ErrorReason::InvalidValue).naming(&["admin", "directory.read"]);
    let who = house.caller(&reading.access_token).identity().who_am_i(WhoAmIRequest {}).await.answer();
    assert_eq!(who.scopes, [i32::from(Scope::DirectoryRead)]);
    house.clock.pass(HOUR - MINUTE);
    scim.get("/Users").await.listing();
    house.clock.pass(2 * MINUTE);
    scim.get("/Users").await.refused(401, "");
}

async fn an_access_token_ends_with_the_secret_that_expires(house: &House) {
    let made = client(house, Some(house.clock.now() + 2 * HOUR)).await;
    let id = made.client.unwrap().id;
    let issue = async || house.stranger().oauth().issue_access_token(ask(&id, &made.client_secret)).await;
    house.clock.pass(HOUR + 30 * MINUTE);
    let short = issue().await.answer();
    let left = short.expires_in.unwrap().seconds;
    assert!((1790..=1800).contains(&left), "{left}");
    house.clock.pass(31 * MINUTE);
    house.scim(&short.access_token).get("/Users").await.refused(401, "");
    issue().await.refused(ErrorReason::CredentialInvalid);
}

async fn a_secret_is_good_for_its_client_alone_and_cannot_be_guessed_without_an_end(house: &House) {
    let (one, other) = (client(house, None).await, client(house, None).await);
    let (id, foreign) = (one.client.unwrap().id, other.client.unwrap().id);
    let issue = async |client: &str, secret: &str| {
        house.stranger().oauth().issue_access_token(ask(client, secret)).await
    };
    issue(&foreign, &one.client_secret).await.refused(ErrorReason::CredentialInvalid);
    issue(&id, crate::house::SCIM_TOKEN).await.refused(ErrorReason::CredentialInvalid);
    issue("no client", &one.client_secret).await.refused(ErrorReason::CredentialInvalid);
    house
        .caller(&one.client_secret)
        .identity()
        .who_am_i(WhoAmIRequest {})
        .await
        .refused(ErrorReason::CredentialInvalid);
    for _ in 0..30 {
        issue(&id, &one.client_secret).await.answer();
    }
    for _ in 0..19 {
        issue(&id, "wrong").await.refused(ErrorReason::CredentialInvalid);
    }
    let refused = issue(&id, "wrong").await.refused(ErrorReason::RateLimited);
    assert!(refused.retry_after.is_some());
    // Whoever has the right one is not kept out by the guesses of others.
    issue(&id, &one.client_secret).await.answer();
    issue(&foreign, &other.client_secret).await.answer();
    house.clock.pass(MINUTE);
    issue(&id, "wrong").await.refused(ErrorReason::CredentialInvalid);
}

async fn clients_are_listed_with_their_secrets_and_what_was_done_with_them_is_told(house: &House) {
    let expires = house.clock.now() + 20 * DAY;
    let (one, other) = (client(house, Some(expires)).await, client(house, None).await);
    let (one, other) = (one.client.unwrap(), other.client.unwrap());
    assert_eq!((one.name.as_str(), one.directory.as_str()), ("Entra", "default"));
    assert_eq!(one.secrets[0].expires.unwrap().seconds, expires / 1_000_000);
    let list = ListClientsRequest { directory: "default".to_owned() };
    let listed = async || house.admin().oauth().list_clients(list.clone()).await.answer().clients;
    let clients = listed().await;
    assert_eq!(clients.len(), 2);
    assert!(clients.contains(&one) && clients.contains(&other), "{clients:?}");
    let add = |client: &str| AddSecretRequest {
        directory: "default".to_owned(),
        client_id: client.to_owned(),
        ..Default::default()
    };
    let added = house.admin().oauth().add_secret(add(&one.id)).await.answer().secret.unwrap();
    house.admin().oauth().add_secret(add("none")).await.refused(ErrorReason::NotFound).naming(&["none"]);
    let revoke =
        |secret: &str| RevokeSecretRequest { directory: "default".to_owned(), secret: secret.to_owned() };
    house.admin().oauth().revoke_secret(revoke("")).await.refused(ErrorReason::InvalidValue);
    house.admin().oauth().revoke_secret(revoke("none")).await.refused(ErrorReason::NotFound);
    let revoked = house.admin().oauth().revoke_secret(revoke(&added.prefix)).await.answer().secret.unwrap();
    assert_eq!((&revoked.id, revoked.revoked.is_some()), (&added.id, true));
    let secrets = listed().await.into_iter().find(|client| client.id == one.id).unwrap().secrets;
    assert_eq!(secrets.len(), 2);
    let delete = |id: &str| DeleteClientRequest { directory: "default".to_owned(), client_id: id.to_owned() };
    house.admin().oauth().delete_client(delete(&one.id)).await.answer();
    house.admin().oauth().delete_client(delete(&one.id)).await.refused(ErrorReason::NotFound);
    assert_eq!(listed().await, [other]);
    let told: Vec<_> = house.told("default", &one.id).await;
    let name = || vec!["name".to_owned()];
    assert_eq!(told, [(EventType::OauthClientCreated, name()), (EventType::OauthClientDeleted, name())]);
}

on_both_databases![
    a_client_gets_access_tokens_that_end_by_themselves_or_with_its_secret,
    an_access_token_reaches_as_far_as_the_scope_that_was_asked_for,
    an_access_token_ends_with_the_secret_that_expires,
    a_secret_is_good_for_its_client_alone_and_cannot_be_guessed_without_an_end,
    clients_are_listed_with_their_secrets_and_what_was_done_with_them_is_told,
];
