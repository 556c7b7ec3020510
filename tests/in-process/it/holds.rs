//! What guard rails hold, and what administrators make of it.

use prost_types::Duration;
use rollcall_api::v1::held_change::{Kind, Outcome};
use rollcall_api::v1::{
    ApplyHeldChangeRequest, ApproveHoldRequest, DeleteUserRequest, ErrorReason, EventType, GetHoldRequest,
    GetHoldResponse, GuardRail, HeldChange, Hold, HoldState, ListHoldsRequest, RejectHoldRequest,
    SetAdministratorRequest, UpdateDirectoryRequest,
};
use serde_json::{Value, json};

use crate::house::{Answered as _, HOUR, House, MINUTE, SCIM_TOKEN, Scim, id};
use crate::on_both_databases;

/// A directory of which two users may leave within an hour, with these users, who have been there for longer.
async fn railed<const COUNT: usize>(house: &House, names: [&str; COUNT]) -> (Scim, [Value; COUNT]) {
    let window = Some(Duration { seconds: 3600, nanos: 0 });
    let guard_rail = Some(GuardRail { enabled: true, users: 2, percent: 1, window });
    house.set(UpdateDirectoryRequest { name: "default".to_owned(), guard_rail, ..Default::default() }).await;
    let scim = house.default().scim;
    let mut users = Vec::new();
    for name in names {
        users.push(scim.user(name).await);
    }
    house.clock.pass(2 * HOUR);
    (scim, users.try_into().unwrap())
}

fn delete(user: &Value) -> DeleteUserRequest {
    DeleteUserRequest { directory: "default".to_owned(), id: id(user).to_owned(), ..Default::default() }
}

/// The identity provider wants to delete a user, and is told to wait for so many seconds.
async fn held_for(house: &House, user: &Value) -> u64 {
    let refused = house.caller(SCIM_TOKEN).users().delete_user(delete(user)).await;
    let refused = refused.refused(ErrorReason::Held).naming(&[id(user)]);
    refused.retry_after.unwrap().as_secs()
}

async fn holds(house: &House) -> Vec<Hold> {
    let request = ListHoldsRequest { directory: "default".to_owned(), ..Default::default() };
    house.admin().holds().list_holds(request).await.answer().holds
}

async fn read(house: &House, hold: &Hold, page_size: i32, page_token: &str) -> GetHoldResponse {
    let request = GetHoldRequest {
        directory: "default".to_owned(),
        id: hold.id.clone(),
        page_size,
        page_token: page_token.to_owned(),
    };
    house.admin().holds().get_hold(request).await.answer()
}

fn one(hold: &Hold, user: &Value) -> ApplyHeldChangeRequest {
    ApplyHeldChangeRequest { directory: "default".to_owned(), id: hold.id.clone(), user: id(user).to_owned() }
}

async fn apply(house: &House, hold: &Hold, user: &Value) -> HeldChange {
    house.admin().holds().apply_held_change(one(hold, user)).await.answer().change.unwrap()
}

fn approve(hold: &Hold) -> ApproveHoldRequest {
    ApproveHoldRequest { directory: "default".to_owned(), id: hold.id.clone() }
}

async fn what_is_held_is_told_with_who_asked_for_it_and_how_often(house: &House) {
    let (scim, [ana, ben, cleo, dan]) = railed(house, ["ana", "ben", "cleo", "dan"]).await;
    scim.delete_user(&ana).await;
    scim.delete_user(&ben).await;
    let wait = held_for(house, &cleo).await;
    assert!((3599..=3600).contains(&wait), "until the window of the hold ends: {wait}");
    house.clock.pass(30 * MINUTE);
    let wait = held_for(house, &cleo).await;
    assert!((1799..=1800).contains(&wait), "{wait}");
    let path = format!("/Users/{}", id(&dan));
    let leave = json!([{ "op": "replace", "value": { "active": false, "title": "Gone" } }]);
    assert!(scim.patch(&path, leave).await.status.is_client_error());
    assert_eq!(scim.read_user(&dan).await, dan);
    let hold = holds(house).await.remove(0);
    assert_eq!((hold.changes, hold.waiting, hold.active_users), (2, 2, 4));
    assert_eq!((hold.guard_rail.as_str(), hold.decided_by.as_str(), hold.decided), ("2,1%,1h", "", None));
    let (created, ends) = (hold.created.unwrap(), hold.window_ends.unwrap());
    assert_eq!(ends.seconds - created.seconds, 3600);
    let first = read(house, &hold, 1, "").await;
    let second = read(house, &hold, 1, &first.next_page_token).await;
    assert_eq!((first.changes.len(), second.next_page_token.as_str()), (1, ""));
    let whole = read(house, &hold, 0, "").await;
    assert_eq!(whole.hold, Some(hold));
    assert_eq!(whole.changes, [first.changes, second.changes].concat());
    let of = |user: &Value| whole.changes.iter().find(|change| change.user == id(user)).unwrap();
    let cleo = of(&cleo);
    assert_eq!((cleo.kind(), cleo.user_name.as_str(), cleo.times_asked), (Kind::Deletion, "cleo", 2));
    assert_eq!((cleo.outcome(), cleo.reason.as_str()), (Outcome::Pending, ""));
    assert_eq!(cleo.last_asked.unwrap().seconds - cleo.first_asked.unwrap().seconds, 1800);
    assert!(!cleo.token_prefix.is_empty() && SCIM_TOKEN.starts_with(&cleo.token_prefix), "{cleo:?}");
    let dan = of(&dan);
    assert_eq!((dan.kind(), dan.times_asked), (Kind::Deactivation, 1));
    let mut names: Vec<_> = dan.changes.iter().map(|change| change.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["active", "title"]);
}

async fn held_changes_are_made_one_by_one_and_each_once(house: &House) {
    let names = ["ana", "ben", "cleo", "dan", "eve", "fay"];
    let (scim, [ana, ben, cleo, dan, eve, fay]) = railed(house, names).await;
    scim.delete_user(&ana).await;
    scim.delete_user(&ben).await;
    let leave = json!([{ "op": "replace", "value": { "active": false, "title": "Gone" } }]);
    assert!(scim.patch(&format!("/Users/{}", id(&cleo)), leave).await.status.is_client_error());
    for user in [&dan, &eve, &fay] {
        held_for(house, user).await;
    }
    let hold = holds(house).await.remove(0);
    scim.change_user(&cleo, json!([{ "op": "add", "path": "nickName", "value": "C" }])).await;
    assert_eq!(apply(house, &hold, &cleo).await.outcome(), Outcome::Applied);
    let changed = scim.read_user(&cleo).await;
    assert_eq!(
        (&changed["active"], &changed["title"], &changed["nickName"]),
        (&json!(false), &json!("Gone"), &json!("C"))
    );
    assert_eq!(apply(house, &hold, &cleo).await.outcome(), Outcome::Applied);
    assert_eq!(scim.read_user(&cleo).await, changed);
    let told = house.told("default", id(&cleo)).await;
    assert_eq!(told.len(), 3, "made, changed and held: {told:?}");
    let now = holds(house).await.remove(0);
    assert_eq!((now.state(), now.changes, now.waiting), (HoldState::Pending, 4, 3));
    assert_eq!(apply(house, &hold, &dan).await.outcome(), Outcome::Applied);
    scim.get(&format!("/Users/{}", id(&dan))).await.refused(404, "");
    // Somebody who is gone already, and the last administrator, cannot leave.
    house.admin().users().delete_user(delete(&eve)).await.answer();
    let failed = apply(house, &hold, &eve).await;
    assert_eq!(failed.outcome(), Outcome::Failed);
    assert!(failed.reason.contains(id(&eve)), "{}", failed.reason);
    house
        .admin()
        .users()
        .set_administrator(SetAdministratorRequest {
            directory: "default".to_owned(),
            id: id(&fay).to_owned(),
            administrator: true,
        })
        .await
        .answer();
    let failed = apply(house, &hold, &fay).await;
    assert_eq!(failed.outcome(), Outcome::Failed);
    assert!(failed.reason.contains("last active administrator"), "{}", failed.reason);
    let again = house.admin().holds().apply_held_change(one(&hold, &fay)).await;
    again.refused(ErrorReason::HoldDecided).naming(&[id(&fay)]);
    assert_eq!(scim.read_user(&fay).await, fay);
    let missing = house.admin().holds().apply_held_change(one(&hold, &ana)).await;
    missing.refused(ErrorReason::NotFound).naming(&[id(&ana)]);
    let approved = house.admin().holds().approve_hold(approve(&hold)).await.answer().hold.unwrap();
    assert_eq!((approved.state(), approved.waiting), (HoldState::Approved, 0));
    let nowhere = Hold { id: id(&fay).to_owned(), ..hold };
    house.admin().holds().approve_hold(approve(&nowhere)).await.refused(ErrorReason::NotFound);
    let nothing = house.admin().holds().apply_held_change(one(&nowhere, &fay)).await;
    nothing.refused(ErrorReason::NotFound).naming(&["hold"]);
}

async fn an_approval_lets_others_leave_until_its_window_is_over(house: &House) {
    let names = ["ana", "ben", "cleo", "dan", "eve", "fay", "gus", "hal", "ida"];
    let (scim, [ana, ben, cleo, dan, eve, fay, gus, hal, ida]) = railed(house, names).await;
    scim.delete_user(&ana).await;
    scim.delete_user(&ben).await;
    held_for(house, &cleo).await;
    let hold = holds(house).await.remove(0);
    house.clock.pass(30 * MINUTE);
    let approved = house.admin().holds().approve_hold(approve(&hold)).await.answer().hold.unwrap();
    let (decided, ends) = (approved.decided.unwrap(), approved.window_ends.unwrap());
    assert_eq!(ends.seconds - decided.seconds, 3600, "the window begins anew with the decision");
    assert!(!approved.decided_by.is_empty());
    let told = house.told("default", &hold.id).await;
    let kinds: Vec<_> = told.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [EventType::HoldCreated, EventType::HoldApproved]);
    house.admin().holds().approve_hold(approve(&hold)).await.answer();
    assert_eq!(house.told("default", &hold.id).await, told, "the same decision again is none");
    house.clock.pass(59 * MINUTE);
    scim.delete_user(&dan).await;
    scim.delete_user(&eve).await;
    // Those whom the approval let leave do not count.
    house.clock.pass(2 * MINUTE);
    scim.delete_user(&fay).await;
    scim.delete_user(&gus).await;
    held_for(house, &hal).await;
    held_for(house, &ida).await;
    let all = holds(house).await;
    assert_eq!(all.len(), 2);
    assert_eq!(
        (all[0].state(), all[0].changes, all[1].state()),
        (HoldState::Pending, 2, HoldState::Approved)
    );
    let page =
        |page_token: String| ListHoldsRequest { directory: "default".to_owned(), page_size: 1, page_token };
    let first = house.admin().holds().list_holds(page(String::new())).await.answer();
    let second = house.admin().holds().list_holds(page(first.next_page_token)).await.answer();
    assert_eq!([first.holds, second.holds].concat(), all);
    assert_eq!(second.next_page_token, "");
}

async fn a_rejection_counts_until_its_window_is_over(house: &House) {
    let (scim, [ana, ben, cleo, dan]) = railed(house, ["ana", "ben", "cleo", "dan"]).await;
    scim.delete_user(&ana).await;
    scim.delete_user(&ben).await;
    held_for(house, &cleo).await;
    held_for(house, &dan).await;
    let hold = holds(house).await.remove(0);
    house.clock.pass(2 * HOUR);
    assert_eq!(held_for(house, &cleo).await, 1, "it waits for its decision beyond its window");
    let reject = RejectHoldRequest { directory: "default".to_owned(), id: hold.id.clone() };
    let rejected = house.admin().holds().reject_hold(reject).await.answer().hold.unwrap();
    assert_eq!((rejected.state(), rejected.waiting), (HoldState::Rejected, 0));
    let outcomes: Vec<_> = read(house, &hold, 0, "").await.changes.iter().map(HeldChange::outcome).collect();
    assert_eq!(outcomes, [Outcome::Rejected, Outcome::Rejected]);
    assert_eq!(house.told("default", &hold.id).await.last().unwrap().0, EventType::HoldRejected);
    house.admin().holds().approve_hold(approve(&hold)).await.refused(ErrorReason::HoldDecided);
    let dropped = house.admin().holds().apply_held_change(one(&hold, &cleo)).await;
    dropped.refused(ErrorReason::HoldDecided);
    let token = house.caller(SCIM_TOKEN);
    house.clock.pass(59 * MINUTE);
    let refused = token.users().delete_user(delete(&cleo)).await.refused(ErrorReason::HoldRejected);
    refused.naming(&[&hold.id]);
    house.clock.pass(2 * MINUTE);
    token.users().delete_user(delete(&cleo)).await.answer();
    assert_eq!(scim.find("userName pr").await, ["dan"]);
}

async fn a_share_of_many_users_may_leave_and_services_are_not_counted(house: &House) {
    let names = ["ana", "ben", "cleo", "dan", "eve", "fay"];
    let (scim, [ana, ben, cleo, dan, eve, fay]) = railed(house, names).await;
    let window = Some(Duration { seconds: 3600, nanos: 0 });
    let guard_rail = Some(GuardRail { enabled: true, users: 1, percent: 50, window });
    house.set(UpdateDirectoryRequest { name: "default".to_owned(), guard_rail, ..Default::default() }).await;
    let gus = scim.user("gus").await;
    for user in [&ana, &gus, &ben] {
        scim.delete_user(user).await;
    }
    house.admin().users().delete_user(delete(&cleo)).await.answer();
    scim.delete_user(&dan).await;
    held_for(house, &eve).await;
    let hold = holds(house).await.remove(0);
    assert_eq!((hold.active_users, hold.changes), (6, 1), "gus was not there when the window began");
    house.admin().users().delete_user(delete(&fay)).await.answer();
    assert_eq!(scim.find("userName pr").await, ["eve"]);
}

on_both_databases![
    what_is_held_is_told_with_who_asked_for_it_and_how_often,
    held_changes_are_made_one_by_one_and_each_once,
    an_approval_lets_others_leave_until_its_window_is_over,
    a_rejection_counts_until_its_window_is_over,
    a_share_of_many_users_may_leave_and_services_are_not_counted,
];
