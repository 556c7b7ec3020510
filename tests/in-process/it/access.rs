//! What each rpc asks of whoever calls it.

use std::array::IntoIter;

use futures_util::stream::{Iter, iter};
use rollcall_api::v1::{ErrorReason, GetServiceProviderConfigRequest, Scope};
use rollcall_core::Limits;
use tonic::Request;

use crate::house::{Answered as _, House, SCIM_TOKEN};
use crate::on_both_databases;

/// Calls each rpc without a credential, and with one that has another scope.
macro_rules! each {
    ($stranger:ident, $key:ident: $($client:ident: $($rpc:ident($request:expr)),*;)*) => {$($(
        $stranger.$client().$rpc($request).await.refused(ErrorReason::CredentialMissing);
        $key.$client().$rpc($request).await.refused(ErrorReason::ScopeMissing);
    )*)*};
}

async fn no_rpc_answers_without_the_scope_that_it_asks_for(house: &House) {
    let stranger = house.stranger();
    let key = house.service("default", &[Scope::PasswordVerify]).await;
    each! { stranger, key:
        users: create_user(one()), get_user(one()), list_users(one()), replace_user(one()), patch_user(one()),
            delete_user(one()), list_deleted_users(one()), restore_user(one()), set_administrator(one());
        groups: create_group(some()), get_group(one()), list_groups(one()), list_group_members(one()),
            list_members(one()), replace_group(some()), patch_group(some()), delete_group(one());
        search: search_resources(one());
        bulk: apply_bulk(some());
        directories: create_directory(one()), get_directory(one()), list_directories(one()), update_directory(one()),
            delete_directory(one());
        schemas: register_schema(one()), list_registered_schemas(one()), delete_schema(one());
        notices: list_notices(one()), get_notice(one()), retry_notice(one()), send_test_notice(one());
        sso: sign_in(one()), explain_sign_in(one()), delete_sign_in_link(one());
        provisioning_rules: create_provisioning_rule(one()), list_provisioning_rules(one()),
            move_provisioning_rule(one()), delete_provisioning_rule(one());
        tokens: create_token(one()), list_tokens(one()), rotate_token(one()), revoke_token(one());
        holds: list_holds(one()), get_hold(one()), approve_hold(one()), apply_held_change(one()), reject_hold(one());
        activity: list_activity(one()), get_activity(one()), watch_activity(one()), summarize_activity(one()),
            get_connection_health(one());
        audit: list_audit_records(one());
        oauth: create_client(one()), list_clients(one()), add_secret(one()), revoke_secret(one()), delete_client(one());
        events: list_events(one()), watch_events(one()), get_attribute_origins(one());
        service_keys: create_service_key(one()), list_service_keys(one()), rotate_service_key(one()),
            revoke_service_key(one());
        sessions: create_session(one()), list_sessions(one()), end_session(one()), end_all_sessions(one());
    }
    stranger.users().verify_password(one()).await.refused(ErrorReason::CredentialMissing);
}

async fn what_the_service_supports_is_told_with_the_limits_that_hold(house: &House) {
    let house = house.limited(Limits { max_bulk_operations: 7, ..Limits::default() }).await;
    let request = GetServiceProviderConfigRequest::default();
    let token = house.caller(SCIM_TOKEN);
    let config = token.discovery().get_service_provider_config(request).await.answer().config.unwrap();
    assert_eq!(config.bulk_max_operations, 7);
    let shown = house.default().scim.get("/ServiceProviderConfig").await.ok();
    assert_eq!(shown["bulk"]["maxOperations"], 7);
}

/// An empty request.
fn one<T: Default>() -> Request<T> {
    Request::new(T::default())
}

/// A stream of one empty request.
fn some<T: Default>() -> Iter<IntoIter<T, 1>> {
    iter([T::default()])
}

on_both_databases![
    no_rpc_answers_without_the_scope_that_it_asks_for,
    what_the_service_supports_is_told_with_the_limits_that_hold,
];
