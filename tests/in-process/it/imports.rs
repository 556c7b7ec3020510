//! Directories that are being imported: until all is there, nobody else changes them.

use std::fmt::Debug;

use futures_util::stream::iter;
use rollcall_api::v1::{
    ApplyBulkRequest, ApplyHeldChangeRequest, ApproveHoldRequest, CreateGroupRequest,
    CreateProvisioningRuleRequest, CreateUserRequest, DeleteDirectoryRequest, DeleteGroupRequest,
    DeleteProvisioningRuleRequest, DeleteSchemaRequest, DeleteSignInLinkRequest, DeleteUserRequest,
    ErrorReason, ExplainSignInRequest, GetDirectoryRequest, GetUserRequest, Group, ListDirectoriesRequest,
    ListDirectoryStatusesRequest, MoveProvisioningRuleRequest, PatchGroupRequest, PatchUserRequest, Protocol,
    ProvisioningEffect, ProvisioningRule, RegisterSchemaRequest, RejectHoldRequest, ReplaceGroupRequest,
    ReplaceUserRequest, RestoreUserRequest, Schema, Scope, SetAdministratorRequest, SignInRequest,
    UpdateDirectoryRequest, User,
};
use rollcall_core::moving::{Beside, FORMAT, Header, Id, Importing, Line, Record, User as Imported};
use serde_json::{Map, Value, json};
use tonic::{Response, Status};
use uuid::Uuid;

use crate::house::{Answered as _, House, id};
use crate::on_both_databases;

const ACME: &str = "acme";
const ANA: Uuid = Uuid::from_u128(0x0190_f5e2_0000_7000_8000_0000_0000_0001);

fn header() -> Header {
    Header {
        format: FORMAT,
        version: "0".to_owned(),
        passwords: false,
        events: false,
        directory: ACME.to_owned(),
        profile: "generic".to_owned(),
        scim: true,
        groups: true,
        settings: Map::new(),
        created: 1,
        modified: 2,
    }
}

fn user(key: Uuid, name: &str) -> Line {
    let Value::Object(attributes) = json!({ "userName": name, "active": true }) else { panic!() };
    let Value::Object(provenance) = json!({ "*": [ANA.to_string(), 1] }) else { panic!() };
    let record = Record { id: Id(key), version: 1, created: 1, modified: 1, attributes, provenance };
    Line::User(Imported {
        record,
        origin: "scim".to_owned(),
        administrator: false,
        scim_managed: true,
        password_hash: None,
    })
}

/// An import that has begun, with one user.
async fn begun(house: &House) -> Importing {
    let mut importing = house.core.import(ACME, header(), "digest", false).await.unwrap();
    importing.write(vec![user(ANA, "ana")]).await.unwrap();
    importing
}

#[track_caller]
fn is_refused<T: Debug>(answer: Result<Response<T>, Status>) {
    answer.refused(ErrorReason::Forbidden).naming(&[
        "is being imported",
        "--resume",
        "rollcall directory delete acme --confirm acme",
    ]);
}

fn named(name: &str) -> User {
    User { user_name: Some(name.to_owned()), ..Default::default() }
}

fn sign_in() -> SignInRequest {
    SignInRequest {
        directory: ACME.to_owned(),
        protocol: Protocol::Saml.into(),
        issuer: "https://idp.example.com".to_owned(),
        subject: "s".to_owned(),
        email: "ben@example.com".to_owned(),
        email_verified: Some(true),
        ..Default::default()
    }
}

async fn no_user_is_changed_meanwhile(house: &House) {
    let importing = begun(house).await;
    let (directory, ana) = (|| ACME.to_owned(), || ANA.to_string());
    let users = || house.admin().users();
    let get = GetUserRequest { directory: directory(), id: ana(), ..Default::default() };
    assert_eq!(users().get_user(get).await.answer().user.unwrap().user_name(), "ana");

    let create = CreateUserRequest { directory: directory(), user: Some(named("ben")), ..Default::default() };
    is_refused(users().create_user(create.clone()).await);
    let replace = ReplaceUserRequest {
        directory: directory(),
        id: ana(),
        user: Some(named("eve")),
        ..Default::default()
    };
    is_refused(users().replace_user(replace).await);
    let patch = PatchUserRequest { directory: directory(), id: ana(), ..Default::default() };
    is_refused(users().patch_user(patch).await);
    let delete = DeleteUserRequest { directory: directory(), id: ana(), ..Default::default() };
    is_refused(users().delete_user(delete).await);
    is_refused(users().restore_user(RestoreUserRequest { directory: directory(), id: ana() }).await);
    let mark = SetAdministratorRequest { directory: directory(), id: ana(), administrator: true };
    is_refused(users().set_administrator(mark).await);
    // So are those who have a key of this directory alone.
    let service = house.service(ACME, &[Scope::DirectoryRead, Scope::DirectoryWrite]).await;
    is_refused(service.users().create_user(create.clone()).await);

    importing.finish().await.unwrap();
    users().create_user(create).await.answer();
}

async fn no_group_is_changed_meanwhile(house: &House) {
    let _importing = begun(house).await;
    let (directory, key) = (|| ACME.to_owned(), || ANA.to_string());
    let groups = || house.admin().groups();
    let group = Some(Group { display_name: Some("Team".to_owned()), ..Default::default() });
    let create = CreateGroupRequest { directory: directory(), group: group.clone(), ..Default::default() };
    is_refused(groups().create_group(iter([create])).await);
    let replace = ReplaceGroupRequest { directory: directory(), id: key(), group, ..Default::default() };
    is_refused(groups().replace_group(iter([replace])).await);
    let patch = PatchGroupRequest { directory: directory(), id: key(), ..Default::default() };
    is_refused(groups().patch_group(iter([patch])).await);
    let delete = DeleteGroupRequest { directory: directory(), id: key(), ..Default::default() };
    is_refused(groups().delete_group(delete).await);
    let bulk = ApplyBulkRequest { directory: directory(), ..Default::default() };
    let refused = house.admin().bulk().apply_bulk(iter([bulk])).await.map(|_| Response::new(()));
    is_refused(refused);
}

async fn nobody_signs_in_meanwhile(house: &House) {
    let importing = begun(house).await;
    let sso = || house.admin().sso();
    is_refused(sso().sign_in(sign_in()).await);
    let SignInRequest { directory, protocol, issuer, subject, email, email_verified, .. } = sign_in();
    let asked = ExplainSignInRequest {
        directory,
        protocol,
        issuer,
        subject,
        email,
        email_verified,
        ..Default::default()
    };
    is_refused(sso().explain_sign_in(asked).await);
    let unlink = DeleteSignInLinkRequest { directory: ACME.to_owned(), user_id: ANA.to_string() };
    is_refused(sso().delete_sign_in_link(unlink).await);
    importing.finish().await.unwrap();
    sso().sign_in(sign_in()).await.answer();
}

async fn no_setting_rule_or_schema_is_changed_meanwhile(house: &House) {
    let importing = begun(house).await;
    let directory = || ACME.to_owned();
    let update = UpdateDirectoryRequest {
        name: directory(),
        scim_enabled: Some(true),
        retention_days: Some(7),
        ..Default::default()
    };
    is_refused(house.admin().directories().update_directory(update).await);
    let effect = ProvisioningEffect::Allow.into();
    let rule = ProvisioningRule { groups: vec!["staff".to_owned()], effect, ..Default::default() };
    let (rules, key) = (|| house.admin().provisioning_rules(), || ANA.to_string());
    let create = CreateProvisioningRuleRequest { directory: directory(), rule: Some(rule), position: 0 };
    is_refused(rules().create_provisioning_rule(create).await);
    let to = MoveProvisioningRuleRequest { directory: directory(), id: key(), position: 1 };
    is_refused(rules().move_provisioning_rule(to).await);
    let delete = DeleteProvisioningRuleRequest { directory: directory(), id: key() };
    is_refused(rules().delete_provisioning_rule(delete).await);
    let schema = Some(Schema { id: "urn:example:badge".to_owned(), ..Default::default() });
    let register = RegisterSchemaRequest { directory: directory(), schema, ..Default::default() };
    let schemas = || house.admin().schemas();
    let told = schemas().register_schema(register).await;
    // A schema without attributes is none, which is said first.
    assert!(told.is_err());
    let delete = DeleteSchemaRequest { directory: directory(), id: "urn:example:badge".to_owned() };
    is_refused(schemas().delete_schema(delete).await);
    let holds = || house.admin().holds();
    is_refused(holds().approve_hold(ApproveHoldRequest { directory: directory(), id: key() }).await);
    is_refused(holds().reject_hold(RejectHoldRequest { directory: directory(), id: key() }).await);
    let apply = ApplyHeldChangeRequest { directory: directory(), id: key(), user: key() };
    is_refused(holds().apply_held_change(apply).await);
    importing.finish().await.unwrap();
    let scim = house.scim(&house.token(ACME).await);
    assert_eq!(scim.get("/Users").await.listing()["totalResults"], 1);
}

async fn tokens_are_made_scim_is_off_and_it_can_be_deleted(house: &House) {
    let mut importing = begun(house).await;
    let token = house.token(ACME).await;
    let get = GetUserRequest { id: ANA.to_string(), ..Default::default() };
    house.caller(&token).users().get_user(get).await.refused(ErrorReason::ScimOff);
    let delete = DeleteDirectoryRequest { name: ACME.to_owned(), confirm_name: ACME.to_owned() };
    assert_eq!(house.admin().directories().delete_directory(delete).await.answer().users, 1);
    assert!(importing.write(vec![user(Uuid::from_u128(2), "ben")]).await.is_err());
}

async fn how_far_it_is_stands_with_the_directory(house: &House) {
    let importing = begun(house).await;
    let lines = async || {
        let get = GetDirectoryRequest { name: ACME.to_owned() };
        let one = house.admin().directories().get_directory(get).await.answer().directory.unwrap();
        let list = house.admin().directories().list_directories(ListDirectoriesRequest::default()).await;
        assert!(list.answer().directories.contains(&one));
        let statuses = ListDirectoryStatusesRequest::default();
        let statuses = house.admin().directories().list_directory_statuses(statuses).await.answer().statuses;
        assert!(statuses.iter().any(|status| status.directory.as_ref() == Some(&one)));
        one.imported_lines
    };
    assert_eq!(lines().await, Some(2));
    let exported = house.core.export(ACME, Beside { passwords: false, events: false }).await.unwrap_err();
    assert!(exported.to_string().contains("is being imported, and 2 lines are in: go on with"), "{exported}");
    importing.finish().await.unwrap();
    assert_eq!(lines().await, None);
}

async fn a_directory_that_somebody_writes_into_is_not_imported_into(house: &House) {
    let default = house.default();
    let ana = default.scim.user("ana").await;
    let refused = house.core.import("default", header(), "digest", false).await.unwrap_err();
    assert_eq!(refused.reason(), ErrorReason::Forbidden);
    // It goes on as if nobody had asked.
    let title = json!([{ "op": "replace", "path": "title", "value": "Boss" }]);
    assert_eq!(default.scim.change_user(&ana, title).await["id"], id(&ana));
}

on_both_databases!(
    no_user_is_changed_meanwhile,
    no_group_is_changed_meanwhile,
    nobody_signs_in_meanwhile,
    no_setting_rule_or_schema_is_changed_meanwhile,
    tokens_are_made_scim_is_off_and_it_can_be_deleted,
    how_far_it_is_stands_with_the_directory,
    a_directory_that_somebody_writes_into_is_not_imported_into,
);
