//! The house itself: what the other tests stand on.

use rollcall_api::v1::{ErrorReason, WhoAmIRequest};
use serde_json::json;

use crate::house::{Answered as _, House};
use crate::on_both_databases;

async fn a_user_is_created_and_read_through_both_doors(house: &House) {
    let directory = house.default();
    let ana = directory.scim.create_user(json!({ "userName": "ana", "title": "Boss" })).await;
    assert_eq!(directory.scim.read_user(&ana).await, ana);
    let request = rollcall_api::v1::GetUserRequest {
        directory: "default".to_owned(),
        id: ana["id"].as_str().unwrap().to_owned(),
        ..Default::default()
    };
    let user = house.admin().users().get_user(request).await.answer().user.unwrap();
    assert_eq!((user.user_name.as_deref(), user.title.as_deref()), (Some("ana"), Some("Boss")));
}

async fn a_house_has_a_database_of_its_own(house: &House) {
    assert_eq!(house.default().scim.find("userName pr").await, Vec::<String>::new());
}

async fn nobody_comes_in_without_a_credential(house: &House) {
    let who = house.stranger().identity().who_am_i(WhoAmIRequest {}).await;
    who.refused(ErrorReason::CredentialMissing);
    house.scim_without_token().get("/Users").await.refused(401, "");
    let who = house.caller("rc_scim_unknown").identity().who_am_i(WhoAmIRequest {}).await;
    who.refused(ErrorReason::CredentialInvalid);
}

on_both_databases![
    a_user_is_created_and_read_through_both_doors,
    a_house_has_a_database_of_its_own,
    nobody_comes_in_without_a_credential,
];
