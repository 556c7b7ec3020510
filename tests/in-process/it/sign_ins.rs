//! Sign-ins: who may come in, and why not.

use rollcall_api::v1::{
    AdminEmails, DeleteSignInLinkRequest, ExplainSignInRequest, Protocol, SignInDecision, SignInRequest,
    SignInResponse, SignInRule, UpdateDirectoryRequest, UserOrigin,
};
use serde_json::{Value, json};

use crate::house::{Answered as _, House, Postbox, id};
use crate::on_both_databases;

fn ask(subject: &str, email: &str) -> SignInRequest {
    SignInRequest {
        directory: "default".to_owned(),
        protocol: Protocol::Oidc.into(),
        issuer: "https://idp.example.com".to_owned(),
        subject: subject.to_owned(),
        email: email.to_owned(),
        email_verified: Some(true),
        ..Default::default()
    }
}

async fn sign_in(house: &House, subject: &str, email: &str) -> SignInResponse {
    house.admin().sso().sign_in(ask(subject, email)).await.answer()
}

async fn let_in(house: &House, on: bool) {
    let oidc_provisioning = Some(on);
    house
        .set(UpdateDirectoryRequest { name: "default".to_owned(), oidc_provisioning, ..Default::default() })
        .await;
}

fn person(name: &str) -> Value {
    json!({ "userName": name, "emails": [{ "value": name, "type": "work", "primary": true }] })
}

async fn a_provisioned_user_is_linked_once_and_known_by_the_link(house: &House) {
    let scim = house.default().scim;
    let ana = scim.create_user(person("ana@example.com")).await;
    let first = sign_in(house, "s-1", "ANA@example.com").await;
    assert_eq!((first.decision(), first.user_id.as_str()), (SignInDecision::Existing, id(&ana)));
    assert!(first.linked);
    let again = sign_in(house, "s-1", "other@example.com").await;
    assert_eq!((again.decision(), again.rule()), (SignInDecision::Existing, SignInRule::Linked));
    assert_eq!(again.user_id, id(&ana));
    let thief = sign_in(house, "s-2", "ana@example.com").await;
    assert_eq!(
        (thief.decision(), thief.rule()),
        (SignInDecision::RefusedNotProvisioned, SignInRule::AlreadyClaimed)
    );
    let unlink = DeleteSignInLinkRequest { directory: "default".to_owned(), user_id: id(&ana).to_owned() };
    let unlinked = house.admin().sso().delete_sign_in_link(unlink).await.answer();
    assert_eq!(unlinked.subject, "s-1");
    assert_eq!(sign_in(house, "s-2", "ana@example.com").await.user_id, id(&ana));
    scim.change_user(&ana, json!([{ "op": "replace", "path": "active", "value": false }])).await;
    let out = sign_in(house, "s-2", "ana@example.com").await;
    assert_eq!((out.decision(), out.rule()), (SignInDecision::RefusedDeactivated, SignInRule::Deactivated));
}

async fn a_first_sign_in_makes_an_account_where_that_is_on(house: &House) {
    let scim = house.default().scim;
    let_in(house, false).await;
    let refused = sign_in(house, "s-1", "ana@example.com").await;
    assert_eq!(refused.decision(), SignInDecision::RefusedNotProvisioned);
    assert_eq!(refused.rule(), SignInRule::ProvisioningOff);
    assert_eq!(scim.find("userName pr").await, Vec::<String>::new());
    let_in(house, true).await;
    let explain = ExplainSignInRequest {
        directory: "default".to_owned(),
        protocol: Protocol::Oidc.into(),
        issuer: "https://idp.example.com".to_owned(),
        subject: "s-1".to_owned(),
        email: "ana@example.com".to_owned(),
        email_verified: Some(true),
        ..Default::default()
    };
    let explained = house.admin().sso().explain_sign_in(explain).await.answer();
    assert_eq!(explained.decision(), SignInDecision::Created);
    assert_eq!(scim.find("userName pr").await, Vec::<String>::new(), "it was only asked");
    let made = sign_in(house, "s-1", "ana@example.com").await;
    assert_eq!((made.decision(), made.rule()), (SignInDecision::Created, SignInRule::ProvisioningOn));
    assert_eq!(scim.find("userName pr").await, ["ana@example.com"]);
    let request = rollcall_api::v1::GetUserRequest {
        directory: "default".to_owned(),
        id: made.user_id.clone(),
        ..Default::default()
    };
    let user = house.admin().users().get_user(request).await.answer().user.unwrap();
    assert_eq!(user.origin(), UserOrigin::Sso);
    let again = sign_in(house, "s-1", "ana@example.com").await;
    assert_eq!((again.decision(), again.user_id), (SignInDecision::Existing, made.user_id));
}

async fn an_address_that_is_not_proven_links_and_makes_nobody(house: &House) {
    let scim = house.default().scim;
    let_in(house, true).await;
    scim.create_user(person("ana@example.com")).await;
    let unverified = SignInRequest { email_verified: Some(false), ..ask("s-1", "ana@example.com") };
    let refused = house.admin().sso().sign_in(unverified).await.answer();
    assert_eq!(refused.rule(), SignInRule::EmailNotVerified);
    let missing = sign_in(house, "s-1", "").await;
    assert_eq!(missing.rule(), SignInRule::EmailMissing);
    assert_eq!(scim.find("userName pr").await, ["ana@example.com"]);
}

async fn administrators_are_told_of_a_first_sign_in(house: &House) {
    let postbox = Postbox::open().await;
    let house = house.mailing(&postbox).await;
    house
        .set(UpdateDirectoryRequest {
            name: "default".to_owned(),
            oidc_provisioning: Some(true),
            notify_admins_on_first_sso_sign_in: Some(true),
            admin_emails: Some(AdminEmails { addresses: vec!["it@example.com".to_owned()] }),
            ..Default::default()
        })
        .await;
    let made = sign_in(&house, "s-1", "ana@example.com").await;
    sign_in(&house, "s-1", "ana@example.com").await;
    house.work().await;
    let mails = postbox.taken();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "it@example.com");
    assert!(mails[0].subject().contains("ana@example.com"), "{}", mails[0].subject());
    assert!(mails[0].text().contains(&made.user_id), "{}", mails[0].text());
}

on_both_databases![
    a_provisioned_user_is_linked_once_and_known_by_the_link,
    a_first_sign_in_makes_an_account_where_that_is_on,
    an_address_that_is_not_proven_links_and_makes_nobody,
    administrators_are_told_of_a_first_sign_in,
];
