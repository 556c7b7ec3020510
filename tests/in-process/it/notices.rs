//! E-mails to administrators.

use prost_types::Timestamp;
use rollcall_api::v1::{
    AdminEmails, CreateTokenRequest, ErrorReason, ListHoldsRequest, ListNoticesRequest, Notice, NoticeKind,
    NoticeState, RetryNoticeRequest, SendTestNoticeRequest, UpdateDirectoryRequest,
};
use rollcall_core::Clock as _;

use crate::house::{Answered as _, DAY, HOUR, House, MINUTE, Postbox, id};
use crate::on_both_databases;

async fn tell(house: &House, address: &str) {
    let admin_emails = Some(AdminEmails { addresses: vec![address.to_owned()] });
    house
        .set(UpdateDirectoryRequest { name: "default".to_owned(), admin_emails, ..Default::default() })
        .await;
}

async fn notices(house: &House) -> Vec<Notice> {
    house.admin().notices().list_notices(ListNoticesRequest::default()).await.answer().notices
}

async fn test_notice(house: &House) {
    let request = SendTestNoticeRequest { directory: "default".to_owned() };
    assert_eq!(house.admin().notices().send_test_notice(request).await.answer().notices.len(), 1);
}

async fn a_notice_is_delivered_once(house: &House) {
    let postbox = Postbox::open().await;
    let house = house.mailing(&postbox).await;
    tell(&house, "it@example.com").await;
    test_notice(&house).await;
    assert_eq!(notices(&house).await[0].state(), NoticeState::Pending);
    house.work().await;
    house.later(HOUR).await;
    assert_eq!(postbox.subjects_to("it@example.com").len(), 1, "{:?}", postbox.taken());
    let sent = notices(&house).await;
    assert_eq!((sent[0].state(), sent[0].kind(), sent[0].attempts), (NoticeState::Sent, NoticeKind::Test, 1));
    house.later(31 * DAY).await;
    assert_eq!(notices(&house).await, Vec::new(), "what was sent is forgotten after a while");
}

async fn a_notice_is_tried_again_after_a_pause_when_the_server_will_not_yet(house: &House) {
    let postbox = Postbox::open().await;
    let house = house.mailing(&postbox).await;
    tell(&house, "it@example.com").await;
    postbox.refuse(Some("451 later"));
    test_notice(&house).await;
    house.work().await;
    house.work().await;
    assert_eq!(postbox.attempts(), (1, 1), "not before the pause is over");
    let waiting = notices(&house).await.remove(0);
    assert_eq!((waiting.state(), waiting.attempts), (NoticeState::Pending, 1));
    assert!(waiting.error.contains("451"), "{}", waiting.error);
    house.later(2 * MINUTE).await;
    assert_eq!(postbox.attempts().0, 2);
    postbox.refuse(None);
    house.later(HOUR).await;
    assert_eq!(postbox.taken().len(), 1);
    assert_eq!(notices(&house).await[0].state(), NoticeState::Sent);
}

async fn a_refused_notice_is_parked_until_somebody_tries_it_again(house: &House) {
    let mut postbox = Postbox::open().await;
    let house = house.mailing(&postbox).await;
    tell(&house, "it@example.com").await;
    postbox.refuse(Some("550 no such user"));
    test_notice(&house).await;
    house.work().await;
    house.later(DAY).await;
    assert_eq!(postbox.attempts().0, 1);
    let parked = notices(&house).await.remove(0);
    assert_eq!(parked.state(), NoticeState::Parked);
    assert!(parked.error.contains("550"), "{}", parked.error);
    postbox.refuse(None);
    let retry = RetryNoticeRequest { id: parked.id.clone() };
    house.admin().notices().retry_notice(retry.clone()).await.answer();
    house.work().await;
    assert_eq!(postbox.taken().len(), 1);
    house.admin().notices().retry_notice(retry).await.refused(ErrorReason::InvalidValue);
    // A server that is away gets it when it is back, or never.
    postbox.shut().await;
    test_notice(&house).await;
    house.work().await;
    assert_eq!(notices(&house).await[0].state(), NoticeState::Pending);
    for _ in 0..10 {
        house.later(DAY).await;
    }
    assert_eq!(notices(&house).await[0].state(), NoticeState::Parked);
}

async fn without_a_server_a_test_is_refused_and_with_nobody_to_tell_too(house: &House) {
    let request = SendTestNoticeRequest { directory: "default".to_owned() };
    let refused = house.admin().notices().send_test_notice(request.clone()).await;
    refused.refused(ErrorReason::Forbidden).naming(&["ROLLCALL_SMTP_URL"]);
    let postbox = Postbox::open().await;
    let house = house.mailing(&postbox).await;
    house.admin().notices().send_test_notice(request).await.refused(ErrorReason::InvalidValue);
    assert_eq!(notices(&house).await, Vec::new());
}

async fn administrators_are_warned_of_a_token_before_it_expires(house: &House) {
    let postbox = Postbox::open().await;
    let house = house.mailing(&postbox).await;
    tell(&house, "it@example.com").await;
    let expires = house.clock.now() + 20 * DAY;
    let request = CreateTokenRequest {
        directory: "default".to_owned(),
        description: "Okta".to_owned(),
        expires: Some(Timestamp { seconds: expires / 1_000_000, nanos: 0 }),
        ..Default::default()
    };
    house.admin().tokens().create_token(request).await.answer();
    let mut counts = Vec::new();
    for _ in 0..21 {
        house.later(DAY).await;
        house.work().await;
        counts.push(postbox.taken().len());
    }
    assert_eq!(counts.iter().max(), Some(&3), "one warning each at 14, 7 and 1 days: {counts:?}");
    assert_eq!((counts[4], counts[6], counts[11], counts[13], counts[17]), (0, 1, 1, 2, 2), "{counts:?}");
    let first = &postbox.taken()[0];
    assert!(first.subject().contains("14 days"), "{}", first.subject());
    assert!(first.text().contains("Okta"), "{}", first.text());
}

async fn administrators_are_told_once_of_a_hold(house: &House) {
    let postbox = Postbox::open().await;
    let house = house.mailing(&postbox).await;
    tell(&house, "it@example.com").await;
    let (scim, users) = house.railed().await;
    scim.delete_user(&users[0]).await;
    scim.delete_user(&users[1]).await;
    for user in &users[2..] {
        assert!(scim.delete(&format!("/Users/{}", id(user))).await.status.is_client_error());
    }
    house.work().await;
    assert_eq!(postbox.subjects_to("it@example.com"), ["Changes of default are held"]);
    let list = ListHoldsRequest { directory: "default".to_owned(), ..Default::default() };
    let hold = house.admin().holds().list_holds(list).await.answer().holds.remove(0);
    let text = postbox.taken()[0].text();
    for part in ["1 user", "2 users", "at most 2 users or 1 %", &hold.id] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

on_both_databases![
    a_notice_is_delivered_once,
    a_notice_is_tried_again_after_a_pause_when_the_server_will_not_yet,
    a_refused_notice_is_parked_until_somebody_tries_it_again,
    without_a_server_a_test_is_refused_and_with_nobody_to_tell_too,
    administrators_are_warned_of_a_token_before_it_expires,
    administrators_are_told_once_of_a_hold,
];
