//! Users, as an identity provider makes, changes and ends them.

use rollcall_api::v1::{
    ErrorReason, EventType, GetUserRequest, PasswordHandling, Profile, Scope, SetAdministratorRequest,
    UpdateDirectoryRequest, VerifyPasswordRequest, verify_password_request,
};
use serde_json::{Value, json};

use crate::house::{Answered as _, ENTERPRISE, House, id, texts};
use crate::on_both_databases;

async fn what_is_sent_is_what_is_read(house: &House) {
    let scim = house.default().scim;
    let sent = json!({
        "userName": "Ana@example.com",
        "externalId": "e-1",
        "name": { "givenName": "Ana", "familyName": "López" },
        "emails": [{ "value": "ana@example.com", "type": "work", "primary": true }],
        "title": "Boss",
        ENTERPRISE: { "department": "Sales", "manager": { "value": "7" } },
    });
    let ana = scim.create_user(sent.clone()).await;
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(&ana[name.as_str()], value, "{name}");
    }
    assert_eq!(ana["active"], true);
    assert_eq!(ana["meta"]["resourceType"], "User");
    assert_eq!(scim.read_user(&ana).await, ana);
}

async fn two_users_cannot_differ_in_case_alone_and_nothing_is_left_of_the_second(house: &House) {
    let scim = house.default().scim;
    let ana = scim.user("ana").await;
    let second = crate::house::body_of(crate::house::USER, json!({ "userName": "ANA" }));
    scim.post("/Users", second).await.refused(409, "uniqueness");
    let ben = scim.user("ben").await;
    let rename = json!([{ "op": "replace", "path": "userName", "value": "Ana" }]);
    scim.patch(&format!("/Users/{}", id(&ben)), rename).await.refused(409, "uniqueness");
    assert_eq!(scim.read_user(&ben).await, ben);
    assert_eq!(scim.find("userName pr").await, ["ana", "ben"]);
    assert_eq!(scim.find("userName eq \"aNA\"").await, ["ana"]);
    assert_eq!(scim.read_user(&ana).await, ana);
}

async fn a_replace_clears_what_is_not_sent_but_keeps_active(house: &House) {
    let scim = house.default().scim;
    let ana = scim.create_user(json!({ "userName": "ana", "title": "Boss", "active": false })).await;
    let replaced = scim.replace_user(&ana, json!({ "userName": "ana", "nickName": "A" })).await;
    assert_eq!(replaced["title"], Value::Null);
    assert_eq!((&replaced["nickName"], &replaced["active"]), (&json!("A"), &json!(false)));
    assert_ne!(replaced["meta"]["version"], ana["meta"]["version"]);
    assert_eq!(replaced["meta"]["created"], ana["meta"]["created"]);
    let active = scim.replace_user(&ana, json!({ "userName": "ana", "active": true })).await;
    assert_eq!(active["active"], true);
}

async fn a_change_that_changes_nothing_moves_neither_version_nor_time_and_is_no_event(house: &House) {
    let directory = house.default();
    let scim = &directory.scim;
    let ana = scim.create_user(json!({ "userName": "ana", "title": "Boss" })).await;
    let same = json!([{ "op": "replace", "path": "title", "value": "Boss" }]);
    assert_eq!(scim.change_user(&ana, same).await, ana);
    assert_eq!(scim.replace_user(&ana, json!({ "userName": "ana", "title": "Boss" })).await, ana);
    let changed =
        scim.change_user(&ana, json!([{ "op": "replace", "path": "title", "value": "Chef" }])).await;
    assert_eq!(changed["title"], "Chef");
    assert_ne!(changed["meta"]["lastModified"], ana["meta"]["lastModified"]);
    let told = house.told("default", id(&ana)).await;
    let kinds: Vec<_> = told.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [EventType::UserCreated, EventType::UserUpdated]);
    assert_eq!(told[1].1, ["title"]);
}

async fn operations_happen_together_or_not_at_all(house: &House) {
    let scim = house.default().scim;
    let ana = scim.create_user(json!({ "userName": "ana", "title": "Boss" })).await;
    let path = format!("/Users/{}", id(&ana));
    let operations = json!([
        { "op": "replace", "path": "title", "value": "Chef" },
        { "op": "replace", "path": "id", "value": "7" },
    ]);
    scim.patch(&path, operations).await.refused(400, "mutability");
    assert_eq!(scim.read_user(&ana).await, ana);
    let missing = json!([{ "op": "remove", "path": "emails[type eq \"work\"]" }, { "op": "remove", "path": "userName" }]);
    assert!(scim.patch(&path, missing).await.status.is_client_error());
    assert_eq!(scim.read_user(&ana).await, ana);
}

async fn a_change_asks_for_the_version_that_it_was_made_for(house: &House) {
    let scim = house.default().scim;
    let ana = scim.user("ana").await;
    let old = ana["meta"]["version"].as_str().unwrap();
    let ben = scim.change_user(&ana, json!([{ "op": "add", "path": "title", "value": "Boss" }])).await;
    let new = ben["meta"]["version"].as_str().unwrap();
    let path = format!("/Users/{}", id(&ana));
    let body = crate::house::body_of(crate::house::USER, json!({ "userName": "ana" }));
    scim.send(&format!("PUT {path}"), &[("if-match", old)], Some(&body)).await.refused(412, "");
    scim.send(&format!("DELETE {path}"), &[("if-match", old)], None).await.refused(412, "");
    assert_eq!(scim.read_user(&ana).await, ben);
    scim.send(&format!("PUT {path}"), &[("if-match", new)], Some(&body)).await.ok();
    assert_eq!(scim.read_user(&ana).await["title"], Value::Null);
    scim.send(&format!("DELETE {path}"), &[("if-match", "*")], None).await.no_content();
    scim.get(&path).await.refused(404, "");
}

async fn a_deleted_user_is_gone_from_lists_groups_and_for_every_verb(house: &House) {
    let directory = house.default();
    let scim = &directory.scim;
    let (ana, ben) = (scim.user("ana").await, scim.user("ben").await);
    let team = scim.group("Team", &[&ana, &ben]).await;
    scim.delete_user(&ana).await;
    let path = format!("/Users/{}", id(&ana));
    scim.get(&path).await.refused(404, "");
    scim.delete(&path).await.refused(404, "");
    scim.patch(&path, json!([{ "op": "add", "path": "title", "value": "x" }])).await.refused(404, "");
    assert_eq!(scim.find("userName pr").await, ["ben"]);
    assert_eq!(texts(&scim.read_group(&team).await["members"], "value"), [id(&ben)]);
    let told = house.told("default", id(&ana)).await;
    assert_eq!(told.last().unwrap().0, EventType::UserDeleted);
    let told = house.told("default", id(&team)).await;
    assert_eq!(told.last().unwrap(), &(EventType::GroupUpdated, vec!["members".to_owned()]));
    let again = scim.user("ana").await;
    assert_ne!(again["id"], ana["id"]);
}

async fn lists_are_filtered_sorted_and_paged(house: &House) {
    let scim = house.default().scim;
    for (name, title) in [("ana", "b"), ("ben", "a"), ("cleo", "b"), ("dan", "c")] {
        scim.create_user(json!({ "userName": name, "title": title, "active": name != "dan" })).await;
    }
    assert_eq!(scim.find("title eq \"B\"").await, ["ana", "cleo"]);
    assert_eq!(scim.find("active eq false").await, ["dan"]);
    assert_eq!(scim.find("userName sw \"C\" or title eq \"a\"").await, ["ben", "cleo"]);
    assert_eq!(scim.find("not (title eq \"b\")").await, ["ben", "dan"]);
    let page = scim.get("/Users?sortBy=userName&sortOrder=descending&startIndex=2&count=2").await.listing();
    assert_eq!(texts(&page["Resources"], "userName"), ["cleo", "ben"]);
    assert_eq!((&page["totalResults"], &page["startIndex"]), (&json!(4), &json!(2)));
    let mut seen = Vec::new();
    let mut cursor = String::new();
    for _ in 0..3 {
        let page = scim.get(&format!("/Users?count=2&cursor={cursor}")).await.listing();
        seen.extend(texts(&page["Resources"], "userName"));
        page["nextCursor"].as_str().unwrap_or_default().clone_into(&mut cursor);
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["ana", "ben", "cleo", "dan"]);
    scim.get("/Users?filter=title xx 1").await.refused(400, "invalidFilter");
    scim.get("/Users?cursor=nonsense").await.refused(400, "invalidCursor");
}

async fn only_the_attributes_that_are_asked_for_are_shown(house: &House) {
    let scim = house.default().scim;
    let ana = scim.create_user(json!({ "userName": "ana", "title": "Boss", "nickName": "A" })).await;
    let shown = scim.get(&format!("/Users/{}?attributes=title", id(&ana))).await.ok();
    assert_eq!((&shown["title"], &shown["nickName"]), (&json!("Boss"), &Value::Null));
    let shown = scim.get(&format!("/Users/{}?excludedAttributes=title", id(&ana))).await.ok();
    assert_eq!((&shown["title"], &shown["nickName"]), (&Value::Null, &json!("A")));
    let page = scim.get("/Users?attributes=nickName").await.listing();
    assert_eq!(
        (&page["Resources"][0]["nickName"], &page["Resources"][0]["title"]),
        (&json!("A"), &Value::Null)
    );
}

async fn one_directory_does_not_see_another(house: &House) {
    let (one, other) = (house.default(), house.directory(Profile::Okta).await);
    let ana = one.scim.user("ana").await;
    let path = format!("/Users/{}", id(&ana));
    let foreign = other.scim.get(&path).await.refused(404, "");
    one.scim.delete_user(&ana).await;
    assert_eq!(foreign, one.scim.get(&path).await.refused(404, ""));
    assert_eq!(other.scim.find("userName pr").await, Vec::<String>::new());
    let request =
        GetUserRequest { directory: "default".to_owned(), id: "x".to_owned(), ..Default::default() };
    house.caller(&other.token).users().get_user(request).await.refused(ErrorReason::NotFound);
}

async fn verify(house: &House, user: &str, password: &str) -> bool {
    let request = VerifyPasswordRequest {
        directory: "default".to_owned(),
        user: Some(verify_password_request::User::UserName(user.to_owned())),
        password: password.to_owned(),
    };
    house.admin().users().verify_password(request).await.answer().verified
}

async fn a_password_is_verified_changed_and_never_shown(house: &House) {
    let scim = house.default().scim;
    let request = VerifyPasswordRequest {
        directory: "default".to_owned(),
        user: Some(verify_password_request::User::UserName("ana".to_owned())),
        password: "first".to_owned(),
    };
    house.admin().users().verify_password(request).await.refused(ErrorReason::Forbidden);
    house
        .set(UpdateDirectoryRequest {
            name: "default".to_owned(),
            password_handling: PasswordHandling::Store.into(),
            ..Default::default()
        })
        .await;
    let ana = scim.create_user(json!({ "userName": "ana", "password": "first" })).await;
    assert_eq!(ana["password"], Value::Null);
    assert!(verify(house, "ANA", "first").await);
    assert!(!verify(house, "ana", "second").await);
    assert!(!verify(house, "nobody", "first").await);
    let changed =
        scim.change_user(&ana, json!([{ "op": "replace", "path": "password", "value": "second" }])).await;
    assert_ne!(changed["meta"]["version"], ana["meta"]["version"]);
    assert!(verify(house, "ana", "second").await && !verify(house, "ana", "first").await);
    scim.change_user(&ana, json!([{ "op": "replace", "path": "active", "value": false }])).await;
    assert!(!verify(house, "ana", "second").await, "an inactive user has no password");
}

async fn passwords_cannot_be_guessed_without_an_end(house: &House) {
    let scim = house.default().scim;
    let password_handling = PasswordHandling::Store.into();
    house
        .set(UpdateDirectoryRequest { name: "default".to_owned(), password_handling, ..Default::default() })
        .await;
    scim.create_user(json!({ "userName": "ana", "password": "right" })).await;
    let house =
        house.limited(rollcall_core::Limits { password_attempts_per_user: 2, ..Default::default() }).await;
    let key = house.service("default", &[Scope::PasswordVerify]).await;
    let ask = |password: &str| VerifyPasswordRequest {
        directory: String::new(),
        user: Some(verify_password_request::User::UserName("ana".to_owned())),
        password: password.to_owned(),
    };
    for _ in 0..2 {
        assert!(!key.users().verify_password(ask("wrong")).await.answer().verified);
    }
    let refused = key.users().verify_password(ask("right")).await.refused(ErrorReason::RateLimited);
    assert!(refused.retry_after.is_some());
    house.clock.pass(crate::house::MINUTE);
    assert!(key.users().verify_password(ask("right")).await.answer().verified);
}

async fn an_administrator_is_made_by_hand_or_by_a_role(house: &House) {
    let directory = house.default();
    let (ana, ben) = (directory.scim.user("ana").await, directory.scim.user("ben").await);
    let mark = |user: &Value, administrator| SetAdministratorRequest {
        directory: "default".to_owned(),
        id: id(user).to_owned(),
        administrator,
    };
    let is = async |user: &Value| {
        let request =
            GetUserRequest { directory: "default".to_owned(), id: id(user).to_owned(), ..Default::default() };
        let user = house.admin().users().get_user(request).await.answer().user.unwrap();
        (user.administrator, user.administrator_by_role)
    };
    let marked = house.admin().users().set_administrator(mark(&ana, true)).await.answer().user.unwrap();
    assert!(marked.administrator);
    assert_eq!((is(&ana).await, is(&ben).await), ((true, false), (false, false)));
    assert_eq!(directory.scim.read_user(&ana).await, ana, "neither attributes nor version move");
    // Nobody is left to administer, so an identity provider may not take the last one.
    let path = format!("/Users/{}", id(&ana));
    assert!(directory.scim.delete(&path).await.status.is_client_error());
    let off = json!([{ "op": "replace", "path": "active", "value": false }]);
    assert!(directory.scim.patch(&path, off).await.status.is_client_error());
    assert_eq!(directory.scim.read_user(&ana).await, ana);
    house
        .set(UpdateDirectoryRequest {
            name: "default".to_owned(),
            administrator_role: Some("chief".to_owned()),
            ..Default::default()
        })
        .await;
    directory
        .scim
        .change_user(&ben, json!([{ "op": "add", "path": "roles", "value": [{ "value": "chief" }] }]))
        .await;
    assert_eq!(is(&ben).await, (true, true));
    directory.scim.delete_user(&ana).await;
    let told: Vec<_> = house.told("default", id(&ben)).await.into_iter().map(|(kind, _)| kind).collect();
    assert!(told.contains(&EventType::UserAdministratorChanged), "{told:?}");
    let path = format!("/Users/{}", id(&ben));
    let lose = json!([{ "op": "remove", "path": "roles" }]);
    assert!(directory.scim.patch(&path, lose).await.status.is_client_error());
    assert_eq!(is(&ben).await, (true, true));
    house.admin().users().set_administrator(mark(&ana, true)).await.refused(ErrorReason::NotFound);
}

on_both_databases![
    what_is_sent_is_what_is_read,
    two_users_cannot_differ_in_case_alone_and_nothing_is_left_of_the_second,
    a_replace_clears_what_is_not_sent_but_keeps_active,
    a_change_that_changes_nothing_moves_neither_version_nor_time_and_is_no_event,
    operations_happen_together_or_not_at_all,
    a_change_asks_for_the_version_that_it_was_made_for,
    a_deleted_user_is_gone_from_lists_groups_and_for_every_verb,
    lists_are_filtered_sorted_and_paged,
    only_the_attributes_that_are_asked_for_are_shown,
    one_directory_does_not_see_another,
    a_password_is_verified_changed_and_never_shown,
    passwords_cannot_be_guessed_without_an_end,
    an_administrator_is_made_by_hand_or_by_a_role,
];
