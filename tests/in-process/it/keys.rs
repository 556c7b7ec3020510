//! Service keys and tokens: how they are made, named, rotated and revoked.

use futures_util::future::join_all;
use prost_types::{Duration, Timestamp};
use rollcall_api::v1::{
    CreateServiceKeyRequest, CreateTokenRequest, CredentialKind, ErrorReason, EventType,
    ListServiceKeysRequest, ListTokensRequest, ListUsersRequest, Profile, RevokeServiceKeyRequest,
    RevokeTokenRequest, RotateServiceKeyRequest, RotateTokenRequest, Scope, ServiceKey, WhoAmIRequest,
    WhoAmIResponse,
};
use rollcall_core::bootstrap::BootstrapSecrets;
use rollcall_core::{Clock as _, Secret};

use crate::house::{Answered as _, DAY, HOUR, House, MINUTE, SCIM_TOKEN, id};
use crate::on_both_databases;

fn at(micros: i64) -> Timestamp {
    Timestamp { seconds: micros / 1_000_000, nanos: i32::try_from(micros % 1_000_000 * 1000).unwrap() }
}

fn micros(time: &Timestamp) -> i64 {
    time.seconds * 1_000_000 + i64::from(time.nanos) / 1000
}

async fn who(house: &House, secret: &str) -> WhoAmIResponse {
    house.caller(secret).identity().who_am_i(WhoAmIRequest {}).await.answer()
}

async fn is_out(house: &House, secret: &str) -> bool {
    let refused = house.caller(secret).identity().who_am_i(WhoAmIRequest {}).await;
    refused.is_err_and(|status| rollcall_api::error::reason_from(&status) == ErrorReason::CredentialInvalid)
}

async fn keys(house: &House, directory: &str) -> Vec<ServiceKey> {
    let request = ListServiceKeysRequest { directory: directory.to_owned() };
    house.admin().service_keys().list_service_keys(request).await.answer().service_keys
}

fn key(directory: &str, scopes: &[Scope]) -> CreateServiceKeyRequest {
    CreateServiceKeyRequest {
        name: "billing".to_owned(),
        directory: directory.to_owned(),
        scopes: scopes.iter().map(|scope| i32::from(*scope)).collect(),
        ..Default::default()
    }
}

fn rotate(name: &str, overlap: Option<i64>) -> RotateServiceKeyRequest {
    let overlap = overlap.map(|seconds| Duration { seconds, nanos: 0 });
    RotateServiceKeyRequest { service_key: name.to_owned(), overlap }
}

async fn a_rotated_key_has_a_successor_that_is_like_it(house: &House) {
    let ana = house.default().scim.user("ana").await;
    let expires = Some(at(house.clock.now() + 10 * DAY));
    let scopes = [Scope::DirectoryRead, Scope::EventsRead, Scope::DirectoryRead];
    let new = CreateServiceKeyRequest { expires, user: "ANA".to_owned(), ..key("default", &scopes) };
    let made = house.admin().service_keys().create_service_key(new).await.answer();
    let first = made.service_key.unwrap();
    assert_eq!(first.scopes, [i32::from(Scope::DirectoryRead), i32::from(Scope::EventsRead)]);
    assert_eq!((first.directory.as_str(), first.user_id.as_str()), ("default", id(&ana)));
    let known = who(house, &made.secret).await;
    assert_eq!(
        (known.kind(), &known.prefix, &known.scopes),
        (CredentialKind::ServiceKey, &first.prefix, &first.scopes)
    );
    assert_eq!((known.directory.as_str(), known.user_id.as_str()), ("default", id(&ana)));
    house.clock.pass(4 * DAY);
    let rotated = house.admin().service_keys().rotate_service_key(rotate(&first.prefix, None)).await.answer();
    let (second, old) = (rotated.service_key.unwrap(), rotated.previous.unwrap());
    let expected = ServiceKey {
        id: second.id.clone(),
        prefix: second.prefix.clone(),
        created: second.created,
        expires: second.expires,
        ..first.clone()
    };
    assert_eq!(second, expected);
    let lasts = |key: &ServiceKey| micros(&key.expires.unwrap()) - micros(&key.created.unwrap());
    assert!((lasts(&second) - lasts(&first)).abs() < MINUTE, "it lasts as long as the first did");
    assert_eq!((&old.id, old.revoked), (&first.id, None));
    let now = house.clock.now();
    assert!((micros(&old.expires.unwrap()) - now - DAY).abs() < MINUTE, "a day is left to the old one");
    house.clock.pass(DAY - MINUTE);
    assert!(!is_out(house, &made.secret).await);
    house.clock.pass(2 * MINUTE);
    assert!(is_out(house, &made.secret).await && !is_out(house, &rotated.secret).await);
    let again = house.admin().service_keys().rotate_service_key(rotate(&first.id, None)).await;
    again.refused(ErrorReason::NotFound).naming(&["already ended"]);
    // An overlap does not let a key live longer than it would have.
    house.clock.pass(9 * DAY - HOUR);
    let rotated =
        house.admin().service_keys().rotate_service_key(rotate(&second.id, Some(2 * 86400))).await.answer();
    assert_eq!(rotated.previous.unwrap().expires, second.expires);
    let third = rotated.service_key.unwrap();
    let rotated = house.admin().service_keys().rotate_service_key(rotate(&third.id, Some(0))).await.answer();
    let old = rotated.previous.unwrap();
    assert_eq!((old.expires, old.revoked.is_some()), (third.expires, true));
    let told: Vec<_> = house.told("default", &third.id).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(told, [EventType::CredentialCreated, EventType::CredentialEnded]);
}

async fn what_follows_a_key_lives_as_long_as_that_was_made_for_also_when_it_is_rotated_again(house: &House) {
    let made = house.admin().service_keys().create_service_key(key("default", &[Scope::DirectoryRead])).await;
    let first = made.answer().service_key.unwrap();
    let rotated = house.admin().service_keys().rotate_service_key(rotate(&first.id, Some(3 * 86400))).await;
    let end = rotated.answer().previous.unwrap().expires;
    let again = house.admin().service_keys().rotate_service_key(rotate(&first.id, None)).await.answer();
    assert_eq!(again.service_key.unwrap().expires, None, "an overlap is not what it was made for");
    assert_eq!(again.previous.unwrap().expires, end, "what was promised is kept where nobody says otherwise");
    let sooner = house.admin().service_keys().rotate_service_key(rotate(&first.id, Some(60))).await.answer();
    assert!(micros(&sooner.previous.unwrap().expires.unwrap()) < micros(&end.unwrap()));
}

async fn a_key_is_listed_and_revoked_where_it_belongs(house: &House) {
    house.directory(Profile::Okta).await;
    let mut ids = Vec::new();
    for directory in ["", "default", "okta"] {
        let made = house.admin().service_keys().create_service_key(key(directory, &[Scope::Admin])).await;
        ids.push(made.answer());
    }
    let named = |keys: Vec<ServiceKey>| {
        let mut names: Vec<_> = keys.into_iter().map(|key| key.directory).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(named(keys(house, "").await), ["", "default", "okta"]);
    assert_eq!(named(keys(house, "okta").await), ["okta"]);
    let bound = house.caller(&ids[2].secret);
    let own = bound.service_keys().list_service_keys(ListServiceKeysRequest::default()).await.answer();
    assert_eq!(named(own.service_keys), ["okta"]);
    let made = bound.service_keys().create_service_key(key("", &[Scope::Admin])).await.answer();
    assert_eq!(made.service_key.unwrap().directory, "okta");
    bound
        .service_keys()
        .create_service_key(key("default", &[Scope::Admin]))
        .await
        .refused(ErrorReason::NotFound);
    let revoke = |name: &str| RevokeServiceKeyRequest { service_key: name.to_owned() };
    let foreign = ids[1].service_key.clone().unwrap();
    bound.service_keys().revoke_service_key(revoke(&foreign.id)).await.refused(ErrorReason::NotFound);
    bound.service_keys().rotate_service_key(rotate(&foreign.id, None)).await.refused(ErrorReason::NotFound);
    bound.service_keys().revoke_service_key(revoke("")).await.refused(ErrorReason::InvalidValue);
    bound.service_keys().rotate_service_key(rotate("", None)).await.refused(ErrorReason::InvalidValue);
    let revoked = house.admin().service_keys().revoke_service_key(revoke(&foreign.prefix)).await.answer();
    let revoked = revoked.service_key.unwrap();
    assert_eq!(revoked.directory, "default");
    assert!(revoked.revoked.is_some() && is_out(house, &ids[1].secret).await);
    house.clock.pass(HOUR);
    let again = house.admin().service_keys().revoke_service_key(revoke(&foreign.id)).await.answer();
    assert_eq!(again.service_key.unwrap().revoked, revoked.revoked, "it keeps its time");
    let of_all = ids[0].service_key.clone().unwrap();
    let rotated =
        house.admin().service_keys().rotate_service_key(rotate(&of_all.id, Some(60))).await.answer();
    assert_eq!(rotated.service_key.unwrap().directory, "");
}

async fn a_key_that_many_revoke_at_once_ends_once(house: &House) {
    let made =
        house.admin().service_keys().create_service_key(key("default", &[Scope::Admin])).await.answer();
    let id = made.service_key.unwrap().id;
    let revoke = async || {
        let request = RevokeServiceKeyRequest { service_key: id.clone() };
        house.admin().service_keys().revoke_service_key(request).await.answer().service_key.unwrap().revoked
    };
    let ends = join_all((0..6).map(|_| revoke())).await;
    assert!(ends.iter().all(|end| end.is_some() && *end == ends[0]), "{ends:?}");
    let told: Vec<_> = house.told("default", &id).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(told, [EventType::CredentialCreated, EventType::CredentialEnded]);
}

async fn a_key_that_says_too_little_or_too_much_is_refused(house: &House) {
    let refused = async |request: CreateServiceKeyRequest, reason| {
        house.admin().service_keys().create_service_key(request).await.refused(reason)
    };
    let read = || key("default", &[Scope::DirectoryRead]);
    let name = |name: &str| CreateServiceKeyRequest { name: name.to_owned(), ..read() };
    refused(name(" "), ErrorReason::InvalidValue).await.naming(&["name"]);
    refused(name(&"x".repeat(201)), ErrorReason::InvalidValue).await.naming(&["name"]);
    refused(name("a\nb"), ErrorReason::InvalidValue).await.naming(&["name"]);
    refused(key("default", &[]), ErrorReason::InvalidValue).await.naming(&["scopes", "directory.read"]);
    refused(key("default", &[Scope::Public]), ErrorReason::InvalidValue).await.naming(&["scopes"]);
    let user = CreateServiceKeyRequest { user: "ana".to_owned(), ..read() };
    refused(user.clone(), ErrorReason::NotFound).await.naming(&["ana"]);
    let of_all = CreateServiceKeyRequest { directory: String::new(), ..user };
    refused(of_all, ErrorReason::InvalidValue).await.naming(&["user"]);
    let over = CreateServiceKeyRequest { expires: Some(at(house.clock.now())), ..read() };
    refused(over, ErrorReason::InvalidValue).await.naming(&["expires"]);
    let never = Timestamp { seconds: i64::MAX, nanos: 0 };
    refused(CreateServiceKeyRequest { expires: Some(never), ..read() }, ErrorReason::InvalidValue).await;
    assert_eq!(keys(house, "default").await, []);
    let longest =
        CreateServiceKeyRequest { expires: Some(at(house.clock.now() + 60)), ..name(&"é".repeat(200)) };
    house.admin().service_keys().create_service_key(longest).await.answer();
}

async fn a_token_is_named_by_its_id_or_prefix_or_is_the_newest(house: &House) {
    let ana = house.default().scim.user("ana").await;
    let new = |user: &str| CreateTokenRequest {
        directory: "default".to_owned(),
        user: user.to_owned(),
        description: "Okta".to_owned(),
        ..Default::default()
    };
    house.clock.pass(MINUTE);
    let second = house.admin().tokens().create_token(new(id(&ana))).await.answer();
    let token = second.token.unwrap();
    assert_eq!((token.user_id.as_str(), token.description.as_str()), (id(&ana), "Okta"));
    assert_eq!((token.directory.as_str(), token.revoked, token.expires), ("default", None, None));
    assert!(second.secret.starts_with(&token.prefix) && token.prefix.len() < second.secret.len());
    house.admin().tokens().create_token(new("nobody")).await.refused(ErrorReason::NotFound);
    let name = |name: &str| RotateTokenRequest {
        directory: "default".to_owned(),
        token: name.to_owned(),
        overlap: Some(Duration { seconds: 0, nanos: 0 }),
    };
    let rotated = house.admin().tokens().rotate_token(name("")).await.answer();
    assert_eq!(rotated.previous.unwrap().id, token.id);
    assert_eq!(rotated.token.unwrap().user_id, id(&ana));
    assert!(is_out(house, &second.secret).await && !is_out(house, SCIM_TOKEN).await);
    house.admin().tokens().rotate_token(name(&token.prefix)).await.refused(ErrorReason::NotFound);
    house.admin().tokens().rotate_token(name("rc_none")).await.refused(ErrorReason::NotFound);
    let revoke = |name: &str| RevokeTokenRequest { directory: "default".to_owned(), token: name.to_owned() };
    house.admin().tokens().revoke_token(revoke("")).await.refused(ErrorReason::InvalidValue);
    let list = ListTokensRequest { directory: "default".to_owned() };
    for token in house.admin().tokens().list_tokens(list).await.answer().tokens {
        house.admin().tokens().revoke_token(revoke(&token.id)).await.answer();
    }
    assert!(is_out(house, SCIM_TOKEN).await && is_out(house, &rotated.secret).await);
    house
        .admin()
        .tokens()
        .rotate_token(name(""))
        .await
        .refused(ErrorReason::NotFound)
        .naming(&["no live token"]);
}

async fn a_key_says_whose_it_is_and_acts_within_that(house: &House) {
    house.directory(Profile::Okta).await;
    let admin = who(house, crate::house::ADMIN_KEY).await;
    assert_eq!((admin.kind(), admin.directory.as_str()), (CredentialKind::AdminKey, ""));
    assert!(admin.scopes.contains(&Scope::Admin.into()) && admin.scopes.len() > 3, "{admin:?}");
    let token = who(house, SCIM_TOKEN).await;
    assert_eq!((token.kind(), token.directory.as_str()), (CredentialKind::ScimToken, "default"));
    assert_eq!(token.scopes, [i32::from(Scope::DirectoryRead), i32::from(Scope::DirectoryWrite)]);
    let bound = house.service("default", &[Scope::Admin]).await;
    let list = |name: &str| ListUsersRequest { directory: name.to_owned(), ..Default::default() };
    bound.users().list_users(list("default")).await.answer();
    let foreign = bound.users().list_users(list("okta")).await.refused(ErrorReason::NotFound);
    let nowhere = house.admin().users().list_users(list("nowhere")).await.refused(ErrorReason::NotFound);
    assert_eq!(foreign.message.replace("okta", "nowhere"), nowhere.message);
    house.admin().users().list_users(list("No Name")).await.refused(ErrorReason::NotFound);
    let create = rollcall_api::v1::CreateDirectoryRequest { name: "new".to_owned(), ..Default::default() };
    bound.directories().create_directory(create).await.refused(ErrorReason::Forbidden).naming(&["default"]);
}

async fn the_key_of_gateways_that_is_brought_along_is_used_where_there_has_been_none(house: &House) {
    let texts = ["0f3a9c71d2e84b5690a1c2d3e4f56789", "98765f4e3d2c1a0965b48e2d17c9a3f0"];
    for text in texts {
        let gateway_key = Some(Secret::from_outside(text).unwrap());
        let secrets = BootstrapSecrets { gateway_key, ..BootstrapSecrets::default() };
        house.core.first_start(&secrets, false).await.unwrap();
    }
    let scopes: Vec<_> = keys(house, "").await.into_iter().map(|key| key.scopes).collect();
    assert_eq!(scopes, [[i32::from(Scope::ActivityWrite)]]);
    assert_eq!(who(house, texts[0]).await.kind(), CredentialKind::ServiceKey);
    assert!(is_out(house, texts[1]).await);
}

on_both_databases![
    a_rotated_key_has_a_successor_that_is_like_it,
    what_follows_a_key_lives_as_long_as_that_was_made_for_also_when_it_is_rotated_again,
    a_key_is_listed_and_revoked_where_it_belongs,
    a_key_that_many_revoke_at_once_ends_once,
    a_key_that_says_too_little_or_too_much_is_refused,
    a_token_is_named_by_its_id_or_prefix_or_is_the_newest,
    a_key_says_whose_it_is_and_acts_within_that,
    the_key_of_gateways_that_is_brought_along_is_used_where_there_has_been_none,
];
