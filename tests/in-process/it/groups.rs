//! Groups and their members.

use rollcall_api::v1::{EventType, Profile};
use serde_json::{Value, json};

use crate::house::{House, Scim, id, texts};
use crate::on_both_databases;

/// The ids of the members of a group, in order.
async fn members(scim: &Scim, group: &Value) -> Vec<String> {
    let mut ids = texts(&scim.read_group(group).await["members"], "value");
    ids.sort();
    ids
}

fn ids(resources: &[&Value]) -> Vec<String> {
    let mut ids: Vec<String> = resources.iter().map(|resource| id(resource).to_owned()).collect();
    ids.sort();
    ids
}

async fn members_come_and_go_one_by_one_and_together(house: &House) {
    let scim = house.default().scim;
    let (ana, ben, cleo) = (scim.user("ana").await, scim.user("ben").await, scim.user("cleo").await);
    let team = scim.group("Team", &[&ana]).await;
    assert_eq!(members(&scim, &team).await, ids(&[&ana]));
    let add =
        json!([{ "op": "add", "path": "members", "value": [{ "value": id(&ben) }, { "value": id(&ana) }] }]);
    let changed = scim.change_group(&team, add.clone()).await;
    assert_eq!(members(&scim, &team).await, ids(&[&ana, &ben]));
    assert_ne!(changed["meta"]["version"], team["meta"]["version"]);
    assert_eq!(
        scim.change_group(&team, add).await["meta"]["version"],
        changed["meta"]["version"],
        "nothing changed"
    );
    scim.change_group(
        &team,
        json!([{ "op": "remove", "path": format!("members[value eq \"{}\"]", id(&ana)) }]),
    )
    .await;
    assert_eq!(members(&scim, &team).await, ids(&[&ben]));
    let replace = json!([{ "op": "replace", "path": "members", "value": [{ "value": id(&cleo) }, { "value": id(&ana) }] }]);
    scim.change_group(&team, replace).await;
    assert_eq!(members(&scim, &team).await, ids(&[&ana, &cleo]));
    scim.change_group(&team, json!([{ "op": "remove", "path": "members" }])).await;
    assert_eq!(members(&scim, &team).await, Vec::<String>::new());
    let told = house.told("default", id(&team)).await;
    // The first members, one more, one less, one less and two more, and two less.
    assert_eq!(told.len(), 7, "{told:?}");
    assert!(told[1..].iter().all(|(kind, names)| *kind == EventType::GroupUpdated && names == &["members"]));
}

async fn a_user_shows_the_groups_that_it_is_in_and_those_above_them(house: &House) {
    let scim = house.default().scim;
    let ana = scim.user("ana").await;
    let team = scim.group("Team", &[&ana]).await;
    let company = scim.group("Company", &[&team]).await;
    let shown = scim.read_user(&ana).await;
    let mut groups: Vec<_> =
        texts(&shown["groups"], "value").into_iter().zip(texts(&shown["groups"], "type")).collect();
    groups.sort();
    let mut expected =
        vec![(id(&team).to_owned(), "direct".to_owned()), (id(&company).to_owned(), "indirect".to_owned())];
    expected.sort();
    assert_eq!(groups, expected);
    assert_eq!(shown["meta"]["version"], ana["meta"]["version"], "the groups are derived");
    assert_eq!(scim.find(&format!("groups.value eq \"{}\"", id(&team))).await, ["ana"]);
    scim.delete_group(&team).await;
    assert_eq!(scim.read_user(&ana).await["groups"], Value::Null);
    assert_eq!(members(&scim, &company).await, Vec::<String>::new());
}

async fn groups_that_contain_one_another_are_read_to_an_end(house: &House) {
    let scim = house.default().scim;
    let ana = scim.user("ana").await;
    let inner = scim.group("Inner", &[&ana]).await;
    let outer = scim.group("Outer", &[&inner]).await;
    let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id(&outer) }] }]);
    scim.change_group(&inner, add).await;
    assert_eq!(members(&scim, &inner).await, ids(&[&ana, &outer]));
    let shown = scim.read_user(&ana).await;
    let mut groups = texts(&shown["groups"], "value");
    groups.sort();
    assert_eq!(groups, ids(&[&inner, &outer]));
    scim.delete_group(&outer).await;
    assert_eq!(members(&scim, &inner).await, ids(&[&ana]));
}

async fn an_unknown_member_is_refused_or_passed_over_as_the_profile_has_it(house: &House) {
    let unknown = "01890000-0000-7000-8000-000000000000";
    let (generic, okta) = (house.directory(Profile::Generic).await, house.directory(Profile::Okta).await);
    for directory in [&generic, &okta] {
        let scim = &directory.scim;
        let ana = scim.user("ana").await;
        let team = scim.group("Team", &[]).await;
        let add = json!([{ "op": "add", "path": "members", "value": [{ "value": id(&ana) }, { "value": unknown }] }]);
        let answer = scim.patch(&format!("/Groups/{}", id(&team)), add).await;
        if directory.name == "generic" {
            assert!(answer.refused(400, "invalidValue").contains(unknown));
            assert_eq!(members(scim, &team).await, Vec::<String>::new());
        } else {
            assert!(answer.status.is_success(), "{answer:?}");
            assert_eq!(members(scim, &team).await, ids(&[&ana]));
        }
    }
}

async fn a_put_without_members_clears_or_keeps_them_as_the_profile_has_it(house: &House) {
    for (profile, keeps) in [(Profile::Generic, false), (Profile::Okta, true)] {
        let scim = house.directory(profile).await.scim;
        let ana = scim.user("ana").await;
        let team = scim.group("Team", &[&ana]).await;
        let replaced = scim.replace_group(&team, json!({ "displayName": "Crew" })).await;
        assert_eq!(replaced["displayName"], "Crew");
        assert_eq!(members(&scim, &team).await, if keeps { ids(&[&ana]) } else { Vec::new() });
        scim.replace_group(&team, json!({ "displayName": "Crew", "members": [{ "value": id(&ana) }] })).await;
        assert_eq!(members(&scim, &team).await, ids(&[&ana]));
        scim.replace_group(&team, json!({ "displayName": "Crew", "members": [] })).await;
        assert_eq!(members(&scim, &team).await, Vec::<String>::new());
    }
}

async fn names_of_groups_are_unique_where_the_profile_wants_it(house: &House) {
    let okta = house.directory(Profile::Okta).await.scim;
    okta.group("Team", &[]).await;
    let crew = okta.group("Crew", &[]).await;
    let rename = json!([{ "op": "replace", "path": "displayName", "value": "team" }]);
    okta.patch(&format!("/Groups/{}", id(&crew)), rename).await.refused(409, "uniqueness");
    assert_eq!(okta.read_group(&crew).await, crew);
    let generic = house.directory(Profile::Generic).await.scim;
    let one = generic.group("Team", &[]).await;
    assert_ne!(generic.group("Team", &[]).await["id"], one["id"]);
    let page = generic.get("/Groups?filter=displayName eq \"team\"").await.listing();
    assert_eq!(page["totalResults"], 2);
}

async fn a_change_of_a_group_asks_for_the_version_that_it_was_made_for(house: &House) {
    let scim = house.default().scim;
    let team = scim.group("Team", &[]).await;
    let old = team["meta"]["version"].as_str().unwrap();
    let crew =
        scim.change_group(&team, json!([{ "op": "replace", "path": "displayName", "value": "Crew" }])).await;
    let line = format!("DELETE /Groups/{}", id(&team));
    scim.send(&line, &[("if-match", old)], None).await.refused(412, "");
    assert_eq!(scim.read_group(&team).await, crew);
    scim.send(&line, &[("if-match", crew["meta"]["version"].as_str().unwrap())], None).await.no_content();
    scim.get(&format!("/Groups/{}", id(&team))).await.refused(404, "");
    assert_eq!(house.told("default", id(&team)).await.last().unwrap().0, EventType::GroupDeleted);
}

async fn a_bulk_request_knows_what_it_makes_and_says_what_became_of_each(house: &House) {
    let scim = house.default().scim;
    let ben = scim.user("ben").await;
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            { "method": "POST", "path": "/Groups", "bulkId": "g", "data": {
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Team",
                "members": [{ "value": "bulkId:u" }] } },
            { "method": "POST", "path": "/Users", "bulkId": "u", "data": {
                "schemas": [crate::house::USER], "userName": "ana" } },
            { "method": "POST", "path": "/Users", "bulkId": "x", "data": {
                "schemas": [crate::house::USER], "userName": "BEN" } },
            { "method": "DELETE", "path": format!("/Users/{}", id(&ben)) },
        ],
    });
    let answer = scim.post("/Bulk", body).await.ok();
    assert_eq!(texts(&answer["Operations"], "status"), ["201", "201", "409", "204"]);
    assert_eq!(scim.find("userName pr").await, ["ana"]);
    let ana = scim.get("/Users").await.listing()["Resources"][0].clone();
    let team = scim.get("/Groups").await.listing()["Resources"][0].clone();
    assert_eq!(members(&scim, &team).await, ids(&[&ana]));
}

on_both_databases![
    members_come_and_go_one_by_one_and_together,
    a_user_shows_the_groups_that_it_is_in_and_those_above_them,
    groups_that_contain_one_another_are_read_to_an_end,
    an_unknown_member_is_refused_or_passed_over_as_the_profile_has_it,
    a_put_without_members_clears_or_keeps_them_as_the_profile_has_it,
    names_of_groups_are_unique_where_the_profile_wants_it,
    a_change_of_a_group_asks_for_the_version_that_it_was_made_for,
    a_bulk_request_knows_what_it_makes_and_says_what_became_of_each,
];
