//! Tokens, keys and sessions: who comes in, and until when.

use prost_types::{Duration, Timestamp};
use rollcall_api::v1::{
    CreateSessionRequest, CreateTokenRequest, EndSessionRequest, ErrorReason, GetSessionRequest,
    ListTokensRequest, ListUsersRequest, RevokeTokenRequest, RotateTokenRequest, Scope,
    UpdateDirectoryRequest, WhoAmIRequest,
};
use rollcall_core::{Clock as _, Limits};

use crate::house::{Answered as _, HOUR, House, MINUTE, SCIM_TOKEN};
use crate::on_both_databases;

async fn comes_in(house: &House, secret: &str) -> bool {
    match house.caller(secret).identity().who_am_i(WhoAmIRequest {}).await {
        Ok(_) => true,
        refused => {
            refused.refused(ErrorReason::CredentialInvalid);
            false
        }
    }
}

async fn a_rotated_token_stays_for_the_overlap_and_not_longer(house: &House) {
    let rotate = |seconds| RotateTokenRequest {
        directory: "default".to_owned(),
        token: String::new(),
        overlap: Some(Duration { seconds, nanos: 0 }),
    };
    let second = house.admin().tokens().rotate_token(rotate(3600)).await.answer().secret;
    assert!(comes_in(house, SCIM_TOKEN).await && comes_in(house, &second).await);
    house.clock.pass(HOUR - MINUTE);
    assert!(comes_in(house, SCIM_TOKEN).await);
    house.clock.pass(2 * MINUTE);
    assert!(!comes_in(house, SCIM_TOKEN).await && comes_in(house, &second).await);
    let third = house.admin().tokens().rotate_token(rotate(0)).await.answer().secret;
    assert!(!comes_in(house, &second).await && comes_in(house, &third).await);
    house.admin().tokens().rotate_token(rotate(31 * 24 * 3600)).await.refused(ErrorReason::InvalidValue);
    assert!(comes_in(house, &third).await);
}

async fn a_token_ends_when_it_expires_or_is_revoked(house: &House) {
    let expires = Some(Timestamp { seconds: (house.clock.now() + HOUR) / 1_000_000, nanos: 0 });
    let request = CreateTokenRequest { directory: "default".to_owned(), expires, ..Default::default() };
    let short = house.admin().tokens().create_token(request).await.answer().secret;
    let long = house.token("default").await;
    house.clock.pass(HOUR - MINUTE);
    assert!(comes_in(house, &short).await);
    house.clock.pass(2 * MINUTE);
    assert!(!comes_in(house, &short).await && comes_in(house, &long).await);
    let list = ListTokensRequest { directory: "default".to_owned() };
    let tokens = house.admin().tokens().list_tokens(list.clone()).await.answer().tokens;
    assert_eq!(tokens.len(), 3);
    let token = tokens.iter().find(|token| long.starts_with(&token.prefix)).unwrap();
    let revoke = RevokeTokenRequest { directory: "default".to_owned(), token: token.id.clone() };
    house.admin().tokens().revoke_token(revoke).await.answer();
    assert!(!comes_in(house, &long).await);
    let tokens = house.admin().tokens().list_tokens(list).await.answer().tokens;
    assert_eq!(tokens.iter().filter(|token| token.revoked.is_some()).count(), 1);
}

async fn the_last_use_of_a_token_is_written_down(house: &House) {
    let list = ListTokensRequest { directory: "default".to_owned() };
    let used = async || house.admin().tokens().list_tokens(list.clone()).await.answer().tokens[0].last_used;
    assert_eq!(used().await, None);
    house.default().scim.user("ana").await;
    let now = house.clock.now();
    house.core.write_down().await;
    let used = used().await.unwrap();
    assert!((now / 1_000_000 - used.seconds).abs() <= 1, "{used:?}");
}

async fn a_key_does_what_its_scopes_say_and_nothing_else(house: &House) {
    let list = ListUsersRequest { directory: "default".to_owned(), ..Default::default() };
    let reader = house.service("default", &[Scope::DirectoryRead]).await;
    reader.users().list_users(list.clone()).await.answer();
    let delete =
        rollcall_api::v1::DeleteUserRequest { directory: "default".to_owned(), ..Default::default() };
    reader.users().delete_user(delete.clone()).await.refused(ErrorReason::ScopeMissing);
    let writer = house.service("default", &[Scope::DirectoryWrite]).await;
    writer.users().list_users(list.clone()).await.refused(ErrorReason::ScopeMissing);
    writer.users().delete_user(delete).await.refused(ErrorReason::NotFound);
    let follower = house.service("default", &[Scope::EventsRead]).await;
    follower.users().list_users(list.clone()).await.refused(ErrorReason::ScopeMissing);
    let tokens = ListTokensRequest { directory: "default".to_owned() };
    for caller in [&reader, &writer, &follower, &house.caller(SCIM_TOKEN)] {
        caller.tokens().list_tokens(tokens.clone()).await.refused(ErrorReason::ScopeMissing);
    }
    house.service("default", &[Scope::Admin]).await.tokens().list_tokens(tokens).await.answer();
    let of_all = house.service("", &[Scope::DirectoryRead]).await;
    of_all.users().list_users(ListUsersRequest::default()).await.refused(ErrorReason::InvalidValue);
    of_all.users().list_users(list).await.answer();
}

async fn a_session_lasts_while_it_is_used_and_not_beyond_its_life(house: &House) {
    let limits = Limits {
        session_idle: std::time::Duration::from_hours(1),
        session_lifetime: std::time::Duration::from_hours(3),
        ..Limits::default()
    };
    let house = house.limited(limits).await;
    let begin = async || {
        let request = CreateSessionRequest { name: "Firefox".to_owned(), person: None };
        house.admin().sessions().create_session(request).await.answer()
    };
    let idle = begin().await.secret;
    let used = begin().await.secret;
    for _ in 0..3 {
        house.clock.pass(50 * MINUTE);
        assert!(comes_in(&house, &used).await);
    }
    assert!(!comes_in(&house, &idle).await, "nobody used it for more than an hour");
    house.clock.pass(40 * MINUTE);
    assert!(!comes_in(&house, &used).await, "it is older than three hours");
    let ended = begin().await;
    let session = house
        .caller(&ended.secret)
        .sessions()
        .get_session(GetSessionRequest {})
        .await
        .answer()
        .session
        .unwrap();
    assert!(session.current);
    assert_eq!(session.name, "Firefox");
    let end = EndSessionRequest { id: session.id, ..Default::default() };
    house.admin().sessions().end_session(end).await.answer();
    assert!(!comes_in(&house, &ended.secret).await);
}

async fn an_identity_provider_is_held_to_its_pace_and_services_are_not(house: &House) {
    let house = house.limited(Limits { max_requests_per_second: Some(3), ..Limits::default() }).await;
    let list = ListUsersRequest { directory: "default".to_owned(), ..Default::default() };
    let scim = house.scim(SCIM_TOKEN);
    for _ in 0..3 {
        scim.get("/Users").await.listing();
    }
    let answer = scim.get("/Users").await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "1"));
    assert_eq!(house.core.measures().rate_limited, 1);
    for _ in 0..10 {
        house.admin().users().list_users(list.clone()).await.answer();
    }
    house.clock.pass(1_000_000);
    scim.get("/Users").await.listing();
}

async fn scim_that_is_switched_off_answers_nobody(house: &House) {
    let scim = house.default().scim;
    let ana = scim.user("ana").await;
    let switch = |on| UpdateDirectoryRequest {
        name: "default".to_owned(),
        scim_enabled: Some(on),
        ..Default::default()
    };
    house.set(switch(false)).await;
    assert!(scim.get("/Users").await.status.is_client_error());
    assert!(scim.delete(&format!("/Users/{}", crate::house::id(&ana))).await.status.is_client_error());
    house.set(switch(true)).await;
    assert_eq!(scim.read_user(&ana).await, ana);
}

on_both_databases![
    a_rotated_token_stays_for_the_overlap_and_not_longer,
    a_token_ends_when_it_expires_or_is_revoked,
    the_last_use_of_a_token_is_written_down,
    a_key_does_what_its_scopes_say_and_nothing_else,
    a_session_lasts_while_it_is_used_and_not_beyond_its_life,
    an_identity_provider_is_held_to_its_pace_and_services_are_not,
    scim_that_is_switched_off_answers_nobody,
];
