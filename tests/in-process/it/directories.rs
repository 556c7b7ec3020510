//! Directories, as administrators make, set and delete them; their schemas, and what is audited.

use rollcall_api::v1::{
    AuditRecord, CreateDirectoryRequest, DeleteDirectoryRequest, DeleteSchemaRequest, ErrorReason,
    GetDirectoryRequest, ListAuditRecordsRequest, ListDirectoriesRequest, Profile, RuleSetting, RuleSettings,
    UpdateDirectoryRequest,
};
use serde_json::{Value, json};

use crate::house::{Answered as _, House, id};
use crate::on_both_databases;

async fn names(house: &House) -> Vec<String> {
    let request = ListDirectoriesRequest::default();
    let listed = house.admin().directories().list_directories(request).await.answer().directories;
    listed.into_iter().map(|directory| directory.name).collect()
}

async fn audited(house: &House, directory: &str) -> Vec<AuditRecord> {
    let request = ListAuditRecordsRequest { directory: directory.to_owned(), ..Default::default() };
    house.admin().audit().list_audit_records(request).await.answer().records
}

async fn a_directory_is_made_read_and_listed_by_its_name(house: &House) {
    let okta = house.directory(Profile::Okta).await;
    let request = GetDirectoryRequest { name: okta.name.clone() };
    let read = house.admin().directories().get_directory(request).await.answer().directory.unwrap();
    assert_eq!((read.name.as_str(), read.profile()), ("okta", Profile::Okta));
    assert!(read.scim_enabled && read.groups_enabled);
    let rules = read.rules.unwrap();
    assert!(rules.restore_returning_users && rules.put_keeps_members && rules.unique_group_names);
    assert_eq!(names(house).await, ["default", "okta"]);
    for name in ["okta", "", "Not A Name"] {
        let profile = Profile::Okta.into();
        let again = CreateDirectoryRequest { name: name.to_owned(), profile, ..Default::default() };
        let refused = house.admin().directories().create_directory(again).await;
        let reason = if name == "okta" { ErrorReason::Uniqueness } else { ErrorReason::InvalidValue };
        refused.refused(reason);
    }
    assert_eq!(names(house).await, ["default", "okta"]);
    let request = GetDirectoryRequest { name: "none".to_owned() };
    house.admin().directories().get_directory(request).await.refused(ErrorReason::NotFound);
}

async fn a_rule_that_is_set_counts_instead_of_the_profiles(house: &House) {
    let directory = house.default();
    let scim = &directory.scim;
    scim.group("Team", &[]).await;
    let setting = |unique: RuleSetting| UpdateDirectoryRequest {
        name: "default".to_owned(),
        rule_settings: Some(RuleSettings { unique_group_names: unique.into(), ..Default::default() }),
        ..Default::default()
    };
    let set = house.set(setting(RuleSetting::On)).await;
    assert!(set.rules.unwrap().unique_group_names);
    let second = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Team" });
    scim.post("/Groups", second.clone()).await.refused(409, "uniqueness");
    let set = house.set(setting(RuleSetting::Profile)).await;
    assert!(!set.rules.unwrap().unique_group_names);
    scim.post("/Groups", second).await.created();
}

async fn what_is_not_named_stays_as_it_was_set(house: &House) {
    let retention_days = Some(7);
    house
        .set(UpdateDirectoryRequest { name: "default".to_owned(), retention_days, ..Default::default() })
        .await;
    let role = Some("chief".to_owned());
    let set = house
        .set(UpdateDirectoryRequest {
            name: "default".to_owned(),
            administrator_role: role,
            ..Default::default()
        })
        .await;
    assert_eq!((set.retention_days, set.administrator_role.as_str()), (7, "chief"));
    let wrong =
        UpdateDirectoryRequest { name: "default".to_owned(), retention_days: Some(-1), ..Default::default() };
    house.admin().directories().update_directory(wrong).await.refused(ErrorReason::InvalidValue);
    let request = GetDirectoryRequest { name: "default".to_owned() };
    let read = house.admin().directories().get_directory(request).await.answer().directory.unwrap();
    assert_eq!(read, set);
    let records = audited(house, "default").await;
    let changed: Vec<Vec<&str>> = records
        .iter()
        .filter(|record| record.kind == "directory.updated")
        .map(|record| record.changes.iter().map(|change| change.name.as_str()).collect())
        .collect();
    assert_eq!(changed, [vec!["administrator_role"], vec!["retention_days"]]);
    assert!(records[0].actor.is_some());
}

async fn a_directory_is_deleted_with_all_that_is_in_it_by_whoever_names_it_twice(house: &House) {
    let okta = house.directory(Profile::Okta).await;
    let ana = okta.scim.user("ana").await;
    okta.scim.group("Team", &[&ana]).await;
    let delete =
        |confirm: &str| DeleteDirectoryRequest { name: "okta".to_owned(), confirm_name: confirm.to_owned() };
    assert!(house.admin().directories().delete_directory(delete("")).await.is_err());
    assert_eq!(okta.scim.read_user(&ana).await["id"], ana["id"]);
    let deleted = house.admin().directories().delete_directory(delete("okta")).await.answer();
    assert_eq!((deleted.users, deleted.groups), (1, 1));
    okta.scim.get("/Users").await.refused(401, "");
    house.work().await;
    assert_eq!(names(house).await, ["default"]);
    let records = audited(house, "okta").await;
    assert_eq!(records[0].kind, "directory.deleted");
    let nobodys = ListAuditRecordsRequest {
        directory: "okta".to_owned(),
        actor: "rc_svc_nobody".to_owned(),
        ..Default::default()
    };
    assert_eq!(house.admin().audit().list_audit_records(nobodys).await.answer().records, []);
    let again = house.directory(Profile::Okta).await;
    assert_eq!(again.scim.find("userName pr").await, Vec::<String>::new());
    again.scim.get(&format!("/Users/{}", id(&ana))).await.refused(404, "");
}

async fn what_an_administrator_does_is_audited_and_what_an_identity_provider_does_is_not(house: &House) {
    let before = audited(house, "default").await.len();
    let ana = house.default().scim.user("ana").await;
    assert_eq!(audited(house, "default").await.len(), before);
    let request = rollcall_api::v1::DeleteUserRequest {
        directory: "default".to_owned(),
        id: id(&ana).to_owned(),
        ..Default::default()
    };
    house.admin().users().delete_user(request).await.answer();
    let records = audited(house, "default").await;
    assert_eq!(records.len(), before + 1);
    assert_eq!((records[0].kind.as_str(), records[0].subject.as_str()), ("user.deleted", id(&ana)));
}

async fn a_registered_schema_is_kept_checked_and_told_until_it_is_deleted(house: &House) {
    let scim = house.default().scim;
    let urn = "urn:example:acme:2.0:User";
    let schema = rollcall_api::v1::Schema {
        id: urn.to_owned(),
        name: "Acme".to_owned(),
        attributes: vec![rollcall_api::v1::schema::Attribute {
            name: "badge".to_owned(),
            r#type: "integer".to_owned(),
            mutability: "readWrite".to_owned(),
            returned: "default".to_owned(),
            uniqueness: "none".to_owned(),
            ..Default::default()
        }],
        ..Default::default()
    };
    let request = rollcall_api::v1::RegisterSchemaRequest {
        directory: "default".to_owned(),
        schema: Some(schema),
        resource_type: "User".to_owned(),
        required: false,
    };
    house.admin().schemas().register_schema(request).await.answer();
    let ana = scim.create_user(json!({ "userName": "ana", urn: { "badge": 7 } })).await;
    assert_eq!(ana[urn]["badge"], 7);
    assert_eq!(scim.find(&format!("{urn}:badge gt 6")).await, ["ana"]);
    let wrong =
        crate::house::body_of(crate::house::USER, json!({ "userName": "ben", urn: { "badge": "x" } }));
    scim.post("/Users", wrong).await.refused(400, "invalidValue");
    assert_eq!(scim.get(&format!("/Schemas/{urn}")).await.ok()["id"], urn);
    let delete = DeleteSchemaRequest { directory: "default".to_owned(), id: urn.to_owned() };
    house.admin().schemas().delete_schema(delete.clone()).await.refused(ErrorReason::Forbidden);
    scim.change_user(&ana, json!([{ "op": "remove", "path": urn }])).await;
    house.admin().schemas().delete_schema(delete).await.answer();
    scim.get(&format!("/Schemas/{urn}")).await.refused(404, "");
    assert_eq!(scim.read_user(&ana).await[urn], Value::Null);
}

on_both_databases![
    a_directory_is_made_read_and_listed_by_its_name,
    a_rule_that_is_set_counts_instead_of_the_profiles,
    what_is_not_named_stays_as_it_was_set,
    a_directory_is_deleted_with_all_that_is_in_it_by_whoever_names_it_twice,
    what_an_administrator_does_is_audited_and_what_an_identity_provider_does_is_not,
    a_registered_schema_is_kept_checked_and_told_until_it_is_deleted,
];
