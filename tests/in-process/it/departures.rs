//! Users who leave: what holds them back, what is kept of them, and how they return.

use prost_types::Duration;
use rollcall_api::v1::{
    ApproveHoldRequest, ErrorReason, EventType, GuardRail, HoldState, ListDeletedUsersRequest,
    ListHoldsRequest, Profile, RejectHoldRequest, RestoreUserRequest, UpdateDirectoryRequest,
};
use serde_json::{Value, json};

use crate::house::{Answered as _, DAY, Directory, HOUR, House, id};
use crate::on_both_databases;

async fn deleted(house: &House) -> Vec<String> {
    let request = ListDeletedUsersRequest { directory: "default".to_owned(), ..Default::default() };
    let listed = house.admin().users().list_deleted_users(request).await.answer();
    assert_eq!(usize::try_from(listed.total_results).unwrap(), listed.users.len());
    listed.users.into_iter().map(|user| user.user.unwrap().user_name.unwrap()).collect()
}

fn restore(user: &Value) -> RestoreUserRequest {
    RestoreUserRequest { directory: "default".to_owned(), id: id(user).to_owned() }
}

async fn retain(house: &House, days: i32) {
    let retention_days = Some(days);
    house
        .set(UpdateDirectoryRequest { name: "default".to_owned(), retention_days, ..Default::default() })
        .await;
}

async fn a_deleted_user_is_kept_for_the_retention_and_then_forgotten(house: &House) {
    let scim = house.default().scim;
    retain(house, 30).await;
    let (ana, ben) = (scim.user("ana").await, scim.user("ben").await);
    scim.delete_user(&ana).await;
    house.later(DAY).await;
    scim.delete_user(&ben).await;
    assert_eq!(deleted(house).await, ["ben", "ana"]);
    house.later(29 * DAY).await;
    assert_eq!(deleted(house).await, ["ben"]);
    house.admin().users().restore_user(restore(&ana)).await.refused(ErrorReason::NotFound);
    let told: Vec<_> = house.told("default", id(&ana)).await.into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(told, [EventType::UserCreated, EventType::UserDeleted, EventType::UserPurged]);
    house.later(2 * DAY).await;
    assert_eq!(deleted(house).await, Vec::<String>::new());
}

async fn an_administrator_brings_a_deleted_user_back_as_it_was(house: &House) {
    let scim = house.default().scim;
    retain(house, 30).await;
    let ana = scim.create_user(json!({ "userName": "ana", "title": "Boss", "externalId": "e" })).await;
    scim.group("Team", &[&ana]).await;
    scim.delete_user(&ana).await;
    let identity_provider = house.caller(crate::house::SCIM_TOKEN);
    identity_provider.users().restore_user(restore(&ana)).await.refused(ErrorReason::Forbidden);
    house.admin().users().restore_user(restore(&ana)).await.answer();
    let back = scim.read_user(&ana).await;
    assert_eq!(
        (&back["title"], &back["externalId"], &back["groups"]),
        (&json!("Boss"), &json!("e"), &Value::Null)
    );
    assert_ne!(back["meta"]["version"], ana["meta"]["version"]);
    assert_eq!(deleted(house).await, Vec::<String>::new());
    house.admin().users().restore_user(restore(&ana)).await.refused(ErrorReason::Uniqueness);
    assert_eq!(house.told("default", id(&ana)).await.last().unwrap().0, EventType::UserRestored);
    // Whose name is taken stays where they are.
    scim.delete_user(&ana).await;
    let other = scim.user("ANA").await;
    let refused = house.admin().users().restore_user(restore(&ana)).await.refused(ErrorReason::Uniqueness);
    refused.naming(&[id(&other)]);
    assert_eq!(deleted(house).await, ["ana"]);
}

async fn a_directory_that_keeps_nobody_restores_nobody(house: &House) {
    let scim = house.default().scim;
    retain(house, 0).await;
    let ana = scim.user("ana").await;
    scim.delete_user(&ana).await;
    assert_eq!(deleted(house).await, Vec::<String>::new());
    house.admin().users().restore_user(restore(&ana)).await.refused(ErrorReason::Forbidden);
}

async fn who_returns_gets_the_old_id_where_the_profile_wants_it(house: &House) {
    let okta = house.directory(Profile::Okta).await.scim;
    let ana = okta.create_user(json!({ "userName": "ana", "externalId": "e", "title": "Boss" })).await;
    okta.delete_user(&ana).await;
    let back = okta.create_user(json!({ "userName": "ana", "externalId": "e", "nickName": "A" })).await;
    assert_eq!((&back["id"], &back["nickName"], &back["title"]), (&ana["id"], &json!("A"), &Value::Null));
    assert_eq!(house.told("okta", id(&ana)).await.last().unwrap().0, EventType::UserRestored);
    okta.change_user(&ana, json!([{ "op": "replace", "path": "active", "value": false }])).await;
    let awake = okta.create_user(json!({ "userName": "ana", "externalId": "e" })).await;
    assert_eq!((&awake["id"], &awake["active"]), (&ana["id"], &json!(true)));
    let generic = house.directory(Profile::Generic).await.scim;
    let ben = generic.create_user(json!({ "userName": "ben", "externalId": "e" })).await;
    generic.delete_user(&ben).await;
    let new = generic.create_user(json!({ "userName": "ben", "externalId": "e" })).await;
    assert_ne!(new["id"], ben["id"]);
}

/// A directory with four users, of whom two may leave within an hour.
async fn railed(house: &House) -> (Directory, Vec<Value>) {
    let directory = house.default();
    let window = Some(Duration { seconds: 3600, nanos: 0 });
    let guard_rail = Some(GuardRail { enabled: true, users: 2, percent: 1, window });
    house.set(UpdateDirectoryRequest { name: "default".to_owned(), guard_rail, ..Default::default() }).await;
    let mut users = Vec::new();
    for name in ["ana", "ben", "cleo", "dan"] {
        users.push(directory.scim.user(name).await);
    }
    house.clock.pass(2 * HOUR);
    (directory, users)
}

async fn holds(house: &House) -> Vec<rollcall_api::v1::Hold> {
    let request = ListHoldsRequest { directory: "default".to_owned(), ..Default::default() };
    house.admin().holds().list_holds(request).await.answer().holds
}

async fn the_third_who_leaves_is_held_and_in_the_next_window_another_may_leave(house: &House) {
    let (directory, users) = railed(house).await;
    directory.scim.delete_user(&users[0]).await;
    directory
        .scim
        .change_user(&users[1], json!([{ "op": "replace", "path": "active", "value": false }]))
        .await;
    let path = format!("/Users/{}", id(&users[2]));
    let refused = directory.scim.delete(&path).await;
    assert!(refused.status.is_client_error(), "{refused:?}");
    assert_eq!(directory.scim.read_user(&users[2]).await, users[2]);
    let held = holds(house).await;
    assert_eq!(held.len(), 1);
    assert_eq!((held[0].state(), held[0].changes, held[0].waiting), (HoldState::Pending, 1, 1));
    // Who asks again adds nothing; in the next window another one may leave, but who is held stays so until that is decided.
    assert!(directory.scim.delete(&path).await.status.is_client_error());
    assert_eq!(holds(house).await[0].changes, 1);
    let other = format!("/Users/{}", id(&users[3]));
    assert!(directory.scim.delete(&other).await.status.is_client_error());
    assert_eq!(holds(house).await[0].changes, 2);
    let eve = directory.scim.user("eve").await;
    house.later(2 * HOUR).await;
    directory.scim.delete_user(&eve).await;
    assert!(directory.scim.delete(&path).await.status.is_client_error());
    assert_eq!(directory.scim.find("userName pr").await, ["ben", "cleo", "dan"]);
}

async fn an_approved_hold_is_applied_and_a_rejected_one_is_not(house: &House) {
    let (directory, users) = railed(house).await;
    directory.scim.delete_user(&users[0]).await;
    directory.scim.delete_user(&users[1]).await;
    let path = format!("/Users/{}", id(&users[2]));
    assert!(directory.scim.delete(&path).await.status.is_client_error());
    let hold = holds(house).await.remove(0).id;
    let approve = ApproveHoldRequest { directory: "default".to_owned(), id: hold.clone() };
    let approved = house.admin().holds().approve_hold(approve).await.answer().hold.unwrap();
    assert_eq!((approved.state(), approved.waiting), (HoldState::Approved, 0));
    directory.scim.get(&path).await.refused(404, "");
    let too_late = RejectHoldRequest { directory: "default".to_owned(), id: hold };
    house.admin().holds().reject_hold(too_late).await.refused(ErrorReason::HoldDecided);
    // In the next window another one is held, and rejected.
    house.later(3 * HOUR).await;
    let more = [
        directory.scim.user("eve").await,
        directory.scim.user("fay").await,
        directory.scim.user("gus").await,
    ];
    house.clock.pass(2 * HOUR);
    directory.scim.delete_user(&more[0]).await;
    directory.scim.delete_user(&more[1]).await;
    let path = format!("/Users/{}", id(&more[2]));
    assert!(directory.scim.delete(&path).await.status.is_client_error());
    let hold = holds(house).await.into_iter().find(|hold| hold.state() == HoldState::Pending).unwrap().id;
    let reject = RejectHoldRequest { directory: "default".to_owned(), id: hold };
    let rejected = house.admin().holds().reject_hold(reject).await.answer().hold.unwrap();
    assert_eq!(rejected.state(), HoldState::Rejected);
    assert!(directory.scim.delete(&path).await.status.is_client_error());
    assert_eq!(directory.scim.read_user(&more[2]).await, more[2]);
}

async fn a_dry_run_says_what_would_have_happened_and_changes_nothing(house: &House) {
    let scim = house.default().scim;
    let ana = scim.user("ana").await;
    let dry_run = Some(true);
    house.set(UpdateDirectoryRequest { name: "default".to_owned(), dry_run, ..Default::default() }).await;
    let path = format!("/Users/{}", id(&ana));
    assert!(scim.delete(&path).await.status.is_client_error());
    let change = json!([{ "op": "add", "path": "title", "value": "Boss" }]);
    assert!(scim.patch(&path, change).await.status.is_client_error());
    let ben = crate::house::body_of(crate::house::USER, json!({ "userName": "ben" }));
    assert!(scim.post("/Users", ben).await.status.is_client_error());
    assert_eq!(scim.read_user(&ana).await, ana);
    assert_eq!(scim.find("userName pr").await, ["ana"]);
    assert_eq!(house.told("default", id(&ana)).await.len(), 1);
}

on_both_databases![
    a_deleted_user_is_kept_for_the_retention_and_then_forgotten,
    an_administrator_brings_a_deleted_user_back_as_it_was,
    a_directory_that_keeps_nobody_restores_nobody,
    who_returns_gets_the_old_id_where_the_profile_wants_it,
    the_third_who_leaves_is_held_and_in_the_next_window_another_may_leave,
    an_approved_hold_is_applied_and_a_rejected_one_is_not,
    a_dry_run_says_what_would_have_happened_and_changes_nothing,
];
