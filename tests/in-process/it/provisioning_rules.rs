//! The rules on which first sign-ins make an account.

use rollcall_api::v1::{
    AttributeCondition, AttributeValues, CreateProvisioningRuleRequest, DeleteProvisioningRuleRequest,
    ErrorReason, EventType, ListProvisioningRulesRequest, MoveProvisioningRuleRequest, Protocol,
    ProvisioningEffect, ProvisioningRule, SignInDecision, SignInRequest, SignInResponse, SignInRule,
    UpdateDirectoryRequest,
};
use rollcall_api::value;
use serde_json::{Value, json};

use crate::house::{Answered as _, House};
use crate::on_both_databases;

fn allow(description: &str) -> ProvisioningRule {
    let effect = ProvisioningEffect::Allow.into();
    ProvisioningRule { effect, description: description.to_owned(), ..Default::default() }
}

fn for_group(group: &str) -> ProvisioningRule {
    ProvisioningRule { groups: vec![group.to_owned()], ..allow(group) }
}

fn at(position: i32, rule: ProvisioningRule) -> CreateProvisioningRuleRequest {
    CreateProvisioningRuleRequest { directory: "default".to_owned(), rule: Some(rule), position }
}

async fn create(house: &House, position: i32, rule: ProvisioningRule) -> ProvisioningRule {
    let created = house.admin().provisioning_rules().create_provisioning_rule(at(position, rule)).await;
    created.answer().rule.unwrap()
}

async fn rules(house: &House) -> Vec<ProvisioningRule> {
    let request = ListProvisioningRulesRequest { directory: "default".to_owned() };
    house.admin().provisioning_rules().list_provisioning_rules(request).await.answer().rules
}

async fn order(house: &House) -> Vec<(i32, String)> {
    rules(house).await.into_iter().map(|rule| (rule.position, rule.description)).collect()
}

fn places(names: &[&str]) -> Vec<(i32, String)> {
    (1..).zip(names).map(|(position, name)| (position, (*name).to_owned())).collect()
}

fn move_to(rule: &ProvisioningRule, position: i32) -> MoveProvisioningRuleRequest {
    MoveProvisioningRuleRequest { directory: "default".to_owned(), id: rule.id.clone(), position }
}

fn delete(rule: &ProvisioningRule) -> DeleteProvisioningRuleRequest {
    DeleteProvisioningRuleRequest { directory: "default".to_owned(), id: rule.id.clone() }
}

/// The changes of the last event about a rule, each before and after.
async fn last_told(house: &House, rule: &ProvisioningRule) -> (EventType, Vec<(String, Value, Value)>) {
    let request = rollcall_api::v1::ListEventsRequest {
        directory: "default".to_owned(),
        subject: rule.id.clone(),
        ..Default::default()
    };
    let mut events = house.admin().events().list_events(request).await.answer().events;
    let event = events.pop().unwrap();
    let json = |part: Option<rollcall_api::v1::Value>| value::from_message(part.unwrap());
    let kind = event.r#type();
    let changes = event.changes.into_iter();
    (kind, changes.map(|change| (change.name, json(change.before), json(change.after))).collect())
}

async fn rules_stand_where_they_are_put_moved_and_left(house: &House) {
    let (a, b) = (create(house, 0, for_group("a")).await, create(house, 0, for_group("b")).await);
    assert_eq!((a.position, b.position), (1, 2));
    let c = create(house, 1, for_group("c")).await;
    let d = create(house, 4, for_group("d")).await;
    assert_eq!(order(house).await, places(&["c", "a", "b", "d"]));
    let service = || house.admin().provisioning_rules();
    for wrong in [-1, 6] {
        let refused = service().create_provisioning_rule(at(wrong, for_group("e"))).await;
        refused.refused(ErrorReason::InvalidValue).naming(&["from 1 to 5"]);
    }
    let moved = service().move_provisioning_rule(move_to(&d, 2)).await.answer().rule.unwrap();
    assert_eq!(moved, ProvisioningRule { position: 2, ..d.clone() });
    assert_eq!(order(house).await, places(&["c", "d", "a", "b"]));
    let told = last_told(house, &d).await;
    let from_to = vec![("position".to_owned(), json!(4), json!(2))];
    assert_eq!(told, (EventType::ProvisioningRuleMoved, from_to));
    service().move_provisioning_rule(move_to(&d, 2)).await.answer();
    service().move_provisioning_rule(move_to(&c, 4)).await.answer();
    assert_eq!(order(house).await, places(&["d", "a", "b", "c"]));
    assert_eq!(house.told("default", &d.id).await.len(), 2, "who stays has not moved");
    for wrong in [0, 5] {
        service().move_provisioning_rule(move_to(&a, wrong)).await.refused(ErrorReason::InvalidValue);
    }
    service().delete_provisioning_rule(delete(&a)).await.answer();
    assert_eq!(order(house).await, places(&["d", "b", "c"]));
    let (kind, told) = last_told(house, &a).await;
    assert_eq!(kind, EventType::ProvisioningRuleDeleted);
    assert_eq!((&told[0].1["position"], &told[0].2), (&json!(2), &Value::Null));
    service().delete_provisioning_rule(delete(&a)).await.refused(ErrorReason::NotFound).naming(&[&a.id]);
    service().move_provisioning_rule(move_to(&a, 1)).await.refused(ErrorReason::NotFound);
}

async fn a_rule_is_listed_and_told_as_it_was_made(house: &House) {
    let rule = ProvisioningRule {
        effect: ProvisioningEffect::Refuse.into(),
        protocols: vec![Protocol::Saml.into(), Protocol::Oidc.into()],
        email_domains: vec!["Example.COM".to_owned()],
        groups: vec!["Staff".to_owned()],
        attributes: vec![AttributeCondition { name: "Site".to_owned(), value: "Bern".to_owned() }],
        ..allow("for Bern")
    };
    let made = create(house, 0, rule.clone()).await;
    assert!(made.created.is_some());
    let expected = ProvisioningRule {
        id: made.id.clone(),
        created: made.created,
        position: 1,
        email_domains: vec!["example.com".to_owned()],
        groups: vec!["staff".to_owned()],
        ..rule
    };
    assert_eq!(made, expected);
    assert_eq!(rules(house).await, [expected]);
    let (kind, told) = last_told(house, &made).await;
    assert_eq!(kind, EventType::ProvisioningRuleCreated);
    let facts = json!({
        "position": 1, "effect": "refuse", "protocols": ["saml", "oidc"], "emailDomains": ["example.com"],
        "groups": ["staff"], "attributes": [{ "name": "Site", "value": "Bern" }], "description": "for Bern",
    });
    assert_eq!(told, [("rule".to_owned(), Value::Null, facts)]);
}

async fn a_rule_that_could_not_be_meant_is_refused(house: &House) {
    let many = |count: usize| (0..count).map(|number| format!("g{number}")).collect::<Vec<_>>();
    let texts = |length: usize| ProvisioningRule { description: "é".repeat(length), ..for_group("a") };
    let refused = async |rule: ProvisioningRule, reason| {
        let answer = house.admin().provisioning_rules().create_provisioning_rule(at(0, rule)).await;
        answer.refused(reason)
    };
    refused(allow("nobody"), ErrorReason::InvalidValue).await;
    refused(ProvisioningRule { effect: 0, ..for_group("a") }, ErrorReason::InvalidValue).await;
    refused(texts(201), ErrorReason::InvalidValue).await.naming(&["description"]);
    refused(ProvisioningRule { description: "a\0b".to_owned(), ..for_group("a") }, ErrorReason::InvalidValue)
        .await;
    refused(ProvisioningRule { groups: many(101), ..allow("") }, ErrorReason::TooMany)
        .await
        .naming(&["groups", "101"]);
    let missing = CreateProvisioningRuleRequest { rule: None, ..at(0, allow("")) };
    let answer = house.admin().provisioning_rules().create_provisioning_rule(missing).await;
    answer.refused(ErrorReason::InvalidValue);
    assert_eq!(rules(house).await, []);
    create(house, 0, texts(200)).await;
    create(house, 0, ProvisioningRule { groups: many(100), ..allow("") }).await;
    for number in 0..98 {
        create(house, 1, for_group(&format!("team {number}"))).await;
    }
    refused(for_group("one more"), ErrorReason::TooMany).await.naming(&["100"]);
}

async fn a_rule_behind_others_that_decide_for_it_is_refused(house: &House) {
    let wide = create(house, 0, for_group("staff")).await;
    let narrow = ProvisioningRule { email_domains: vec!["example.com".to_owned()], ..for_group("staff") };
    let service = || house.admin().provisioning_rules();
    let refused = service().create_provisioning_rule(at(0, narrow.clone())).await;
    refused.refused(ErrorReason::InvalidValue).naming(&[
        "position 2",
        "the rule at position 1",
        "decides on",
    ]);
    let narrow = create(house, 1, narrow).await;
    let refused = service().move_provisioning_rule(move_to(&narrow, 2)).await;
    refused.refused(ErrorReason::InvalidValue);
    let refused = service().move_provisioning_rule(move_to(&wide, 1)).await;
    refused.refused(ErrorReason::InvalidValue).naming(&[&narrow.id, "position 2"]);
    create(house, 0, for_group("guests")).await;
    let both =
        ProvisioningRule { groups: vec!["guests".to_owned(), "staff".to_owned()], ..allow("for both") };
    let refused = service().create_provisioning_rule(at(0, both)).await;
    refused.refused(ErrorReason::InvalidValue).naming(&["the rules at positions 2, 3", "decide on"]);
    assert_eq!(rules(house).await.len(), 3);
}

async fn the_first_rule_that_matches_decides_on_a_first_sign_in(house: &House) {
    let oidc_provisioning = Some(false);
    house
        .set(UpdateDirectoryRequest { name: "default".to_owned(), oidc_provisioning, ..Default::default() })
        .await;
    let site = vec![AttributeCondition { name: "site".to_owned(), value: "Bern".to_owned() }];
    let bern = create(house, 0, ProvisioningRule { attributes: site, ..allow("Bern") }).await;
    let refusing = ProvisioningRule { effect: ProvisioningEffect::Refuse.into(), ..for_group("guests") };
    let guests = create(house, 0, refusing).await;
    let domain = ProvisioningRule { email_domains: vec!["example.com".to_owned()], ..allow("") };
    let domain = create(house, 0, domain).await;
    let sign_in = async |subject: &str, domain: &str, groups: &[&str], site: &str| -> SignInResponse {
        let site = AttributeValues { values: vec![site.to_owned()] };
        let request = SignInRequest {
            directory: "default".to_owned(),
            protocol: Protocol::Oidc.into(),
            issuer: "https://idp.example.com".to_owned(),
            subject: subject.to_owned(),
            email: format!("{subject}@{domain}"),
            email_verified: Some(true),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            attributes: [("site".to_owned(), site)].into(),
        };
        house.admin().sso().sign_in(request).await.answer()
    };
    let (created, refused) = (SignInDecision::Created, SignInDecision::RefusedNotProvisioned);
    for (subject, mail, groups, site, decision, rule) in [
        ("ana", "other.example", &["Guests"][..], "Bern", created, &bern),
        ("ben", "example.com", &["GUESTS"], "Rome", refused, &guests),
        ("cleo", "EXAMPLE.com", &["staff"], "Rome", created, &domain),
    ] {
        let signed_in = sign_in(subject, mail, groups, site).await;
        assert_eq!((signed_in.decision(), signed_in.rule()), (decision, SignInRule::ProvisioningRule));
        assert_eq!(signed_in.provisioning_rule_id, rule.id, "{subject}");
    }
    let left = sign_in("dan", "other.example", &[], "Rome").await;
    assert_eq!((left.decision(), left.provisioning_rule_id.as_str()), (refused, ""));
    assert_eq!(left.rule(), SignInRule::ProvisioningOff);
    let found = house.default().scim.find("userName pr").await;
    assert_eq!(found.len(), 2, "{found:?}");
}

on_both_databases![
    rules_stand_where_they_are_put_moved_and_left,
    a_rule_is_listed_and_told_as_it_was_made,
    a_rule_that_could_not_be_meant_is_refused,
    a_rule_behind_others_that_decide_for_it_is_refused,
    the_first_rule_that_matches_decides_on_a_first_sign_in,
];
