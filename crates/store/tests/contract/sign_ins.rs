//! Who signs in as whom, and the rules on first sign-ins.

use futures_util::future::join_all;
use rollcall_store::{
    Conditions, Effect, Error, Protocol, ProvisioningRule, ResourceType, SignInLink, Store,
};
use serde_json::json;
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::{directory, id, insert, named, overwrite, user};

crate::on_both_databases!(
    a_link_leads_from_issuer_and_subject_to_the_user_of_the_directory,
    a_subject_and_a_user_are_linked_once,
    of_many_who_link_at_once_one_does,
    a_link_goes_with_its_user,
    candidates_are_found_by_name_and_by_address_with_who_claims_them,
    provisioning_rules_are_kept_in_order,
    the_choices_of_a_directory_are_kept,
    who_manages_a_user_is_kept,
);

fn link(user: u128, issuer: &str, subject: &str) -> SignInLink {
    SignInLink {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        user: id(user),
        protocol: Protocol::Saml,
        created: 5,
    }
}

async fn write(store: &dyn Store, directory: Uuid, link: &SignInLink) -> rollcall_store::Result<()> {
    let mut transaction = store.begin().await?;
    transaction.insert_link(directory, link).await?;
    transaction.save().await
}

async fn a_link_leads_from_issuer_and_subject_to_the_user_of_the_directory(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let ana = named(7, "ana");
    insert(&*store, &acme, &[ana.clone(), named(8, "ben")]).await;
    write(&*store, acme.id, &link(7, "idp", "17")).await.unwrap();
    let of = async |directory: Uuid, issuer: &str, subject: &str| {
        store.sign_ins().linked_user(directory, issuer, subject).await.unwrap()
    };
    assert_eq!(of(acme.id, "idp", "17").await, Some(ana.clone()));
    for (directory, issuer, subject) in
        [(acme.id, "idp", "18"), (acme.id, "IDP", "17"), (acme.id, "idp2", "17"), (other.id, "idp", "17")]
    {
        assert_eq!(of(directory, issuer, subject).await, None, "{issuer} {subject}");
    }
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.sign_ins().linked_user(acme.id, "idp", "17").await.unwrap(), Some(ana));
}

async fn a_subject_and_a_user_are_linked_once(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    insert(&*store, &acme, &[named(7, "ana"), named(8, "ben")]).await;
    insert(&*store, &other, &[named(9, "eve")]).await;
    write(&*store, acme.id, &link(7, "idp", "17")).await.unwrap();
    for taken in [link(8, "idp", "17"), link(7, "idp", "18"), link(7, "other", "17")] {
        let outcome = write(&*store, acme.id, &taken).await;
        assert!(matches!(outcome, Err(Error::Conflict(_))), "{taken:?}: {outcome:?}");
    }
    write(&*store, acme.id, &link(8, "other", "17")).await.unwrap();
    write(&*store, other.id, &link(9, "idp", "17")).await.unwrap();
}

async fn of_many_who_link_at_once_one_does(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    insert(&*store, &acme, &[named(7, "ana"), named(8, "ben")]).await;
    let subjects = (0..12).map(|number| link(7, "idp", &number.to_string()));
    let users = (0..12).map(|number| link(7 + number % 2, "other", "17"));
    for links in [subjects.collect::<Vec<_>>(), users.collect()] {
        let outcomes = join_all(links.iter().map(|link| write(&*store, acme.id, link))).await;
        let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let lost = outcomes.iter().filter(|outcome| matches!(outcome, Err(Error::Conflict(_)))).count();
        assert_eq!((made, lost), (1, 11), "{outcomes:?}");
        let mut transaction = store.begin().await.unwrap();
        let mut gone = Vec::new();
        for user in [7, 8] {
            gone.extend(transaction.delete_link_of(acme.id, id(user)).await.unwrap());
        }
        assert_eq!(gone.len(), 1);
        assert_eq!(gone[0].0, links[0].issuer);
        transaction.save().await.unwrap();
    }
}

async fn a_link_goes_with_its_user(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let ana = named(7, "ana");
    insert(&*store, &acme, std::slice::from_ref(&ana)).await;
    write(&*store, acme.id, &link(7, "idp", "17")).await.unwrap();
    let mut transaction = store.begin().await.unwrap();
    transaction.delete_resource(acme.id, ResourceType::User, ana.id).await.unwrap();
    assert_eq!(transaction.delete_link_of(acme.id, ana.id).await.unwrap(), None, "it is gone");
    transaction.save().await.unwrap();
    insert(&*store, &acme, &[ana]).await;
    assert_eq!(store.sign_ins().linked_user(acme.id, "idp", "17").await.unwrap(), None);
}

async fn candidates_are_found_by_name_and_by_address_with_who_claims_them(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let with = |number, name: &str, address: &str| {
        user(number, json!({ "userName": name, "emails": [{ "value": address }] }))
    };
    let users = [
        with(7, "É@X.example", "É@x.example"),
        with(8, "ben", "É@X.EXAMPLE"),
        with(9, "eve", "eve@x.example"),
    ];
    insert(&*store, &acme, &users).await;
    insert(&*store, &other, &[with(10, "é@x.example", "é@x.example")]).await;
    write(&*store, acme.id, &link(8, "idp", "17")).await.unwrap();
    let found = store.sign_ins().sign_in_candidates(acme.id, "é@x.example", 10).await.unwrap();
    let seen: Vec<_> = found.iter().map(|found| (found.user.clone(), found.claimed_by.clone())).collect();
    let claim = Some(("idp".to_owned(), "17".to_owned()));
    assert_eq!(seen, [(users[0].clone(), None), (users[1].clone(), claim)]);
    assert_eq!(store.sign_ins().sign_in_candidates(acme.id, "é@x.example", 1).await.unwrap().len(), 1);
    assert_eq!(store.sign_ins().sign_in_candidates(acme.id, "É@x.example", 10).await.unwrap(), []);
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.sign_ins().sign_in_candidates(acme.id, "é@x.example", 10).await.unwrap(), found);
}

async fn provisioning_rules_are_kept_in_order(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let text = |value: &str| value.to_owned();
    let rule = |number, effect, conditions| ProvisioningRule {
        id: id(number),
        effect,
        conditions,
        description: format!("rule {number}"),
        created: 5,
    };
    let full = Conditions {
        protocols: [Protocol::Saml, Protocol::Ldap].into(),
        email_domains: [text("b.example"), text("a.example")].into(),
        groups: [text("é \"quoted\"")].into(),
        attributes: [(text("dept"), text("1")), (text("dept"), text("2"))].into(),
    };
    let rules = [rule(3, Effect::Refuse, full), rule(1, Effect::Allow, Conditions::default())];
    let set = async |rules: &[ProvisioningRule]| {
        let mut transaction = store.begin().await.unwrap();
        transaction.set_provisioning_rules(acme.id, rules).await.unwrap();
        assert_eq!(transaction.sign_ins().provisioning_rules(acme.id).await.unwrap(), rules);
        transaction.save().await.unwrap();
    };
    set(&rules).await;
    assert_eq!(store.sign_ins().provisioning_rules(acme.id).await.unwrap(), rules);
    assert_eq!(store.sign_ins().provisioning_rules(other.id).await.unwrap(), []);
    set(&[rules[1].clone(), rules[0].clone()]).await;
    assert_eq!(store.sign_ins().provisioning_rules(acme.id).await.unwrap()[0].id, id(1));
    set(&[]).await;
    assert_eq!(store.sign_ins().provisioning_rules(acme.id).await.unwrap(), []);
}

async fn the_choices_of_a_directory_are_kept(database: &dyn Database) {
    let store = database.store().await;
    let mut acme = directory(&*store, 1).await;
    assert!(Protocol::ALL.into_iter().all(|protocol| acme.provisioning.is_on(protocol)));
    acme.provisioning.set(Protocol::Saml, false);
    acme.provisioning.set(Protocol::Jwt, false);
    acme.provisioning.set(Protocol::Jwt, true);
    let mut transaction = store.begin().await.unwrap();
    transaction.update_directory(&acme).await.unwrap();
    transaction.save().await.unwrap();
    let read = store.directory(&acme.name).await.unwrap().unwrap();
    assert_eq!(read.provisioning.off().collect::<Vec<_>>(), [Protocol::Saml]);
    assert_eq!(read, acme);
}

async fn who_manages_a_user_is_kept(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let mut ana = named(7, "ana");
    ana.scim_managed = false;
    insert(&*store, &acme, std::slice::from_ref(&ana)).await;
    let read = async || store.resource(acme.id, ResourceType::User, ana.id).await.unwrap().unwrap();
    assert!(!read().await.scim_managed);
    let mut transaction = store.begin().await.unwrap();
    let mut held = transaction.resource(acme.id, ResourceType::User, ana.id).await.unwrap().unwrap();
    let before = held.attributes.clone();
    (held.version, held.scim_managed) = (2, true);
    overwrite(&mut *transaction, acme.id, &held, &before).await.unwrap();
    transaction.save().await.unwrap();
    assert!(read().await.scim_managed);
}
