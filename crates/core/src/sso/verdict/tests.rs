use rollcall_store::Conditions;
use serde_json::json;

use super::super::tests::{address, arrival, directory, user};
use super::*;

fn free(user: StoredResource) -> Candidate {
    Candidate { user, claimed_by: None }
}

fn claimed(user: StoredResource, subject: &str) -> Candidate {
    Candidate { user, claimed_by: Some((arrival().issuer, subject.to_owned())) }
}

fn ana(id: u128) -> StoredResource {
    user(id, json!({ "userName": "Ana@Example.com", "active": true }))
}

fn verdict(candidates: Vec<Candidate>) -> Option<(SignInRule, SignInDecision)> {
    let verdict = of_matches(&arrival(), &address("ana@example.com"), candidates)?;
    Some((verdict.rule, verdict.decision()))
}

#[test]
fn one_free_match_is_linked_and_nobody_else() {
    use SignInDecision::{Existing, RefusedDeactivated, RefusedNotProvisioned};
    assert_eq!(verdict(Vec::new()), None);
    let by_address = |kind: &str| {
        user(
            2,
            json!({ "userName": "u", "active": true, "emails": [{ "value": "ANA@example.com", "type": kind }] }),
        )
    };
    assert_eq!(verdict(vec![free(ana(1))]), Some((SignInRule::MatchedUserName, Existing)));
    assert_eq!(verdict(vec![free(by_address("work"))]), Some((SignInRule::MatchedEmail, Existing)));
    assert_eq!(verdict(vec![free(by_address("home"))]), None);
    assert_eq!(
        verdict(vec![free(ana(1)), free(by_address("work"))]),
        Some((SignInRule::SeveralMatches, RefusedNotProvisioned))
    );
    assert_eq!(
        verdict(vec![free(ana(1)), claimed(by_address("work"), "18")]),
        Some((SignInRule::SeveralMatches, RefusedNotProvisioned))
    );
    assert_eq!(
        verdict(vec![claimed(ana(1), "18")]),
        Some((SignInRule::AlreadyClaimed, RefusedNotProvisioned))
    );
    for active in [json!({ "active": false }), json!({})] {
        let mut gone = ana(1);
        gone.attributes.shift_remove("active");
        gone.attributes.extend(active.as_object().cloned().unwrap_or_default());
        assert_eq!(verdict(vec![free(gone)]), Some((SignInRule::Deactivated, RefusedDeactivated)));
    }
}

#[test]
fn who_was_linked_while_they_were_looked_for_is_known() {
    let found =
        of_matches(&arrival(), &address("ana@example.com"), vec![free(ana(1)), claimed(ana(2), "17")]);
    let found = found.unwrap();
    assert_eq!(found.rule, SignInRule::Linked);
    assert_eq!(found.outcome, Outcome::Known(ana(2)));
}

#[test]
fn more_users_than_are_looked_at_are_several_matches() {
    let other = user(9, json!({ "userName": "u", "active": true }));
    let many = vec![free(other); MOST_CANDIDATES as usize];
    assert_eq!(verdict(many), Some((SignInRule::SeveralMatches, SignInDecision::RefusedNotProvisioned)));
}

#[test]
fn the_primary_work_address_is_the_one_that_is_marked_or_the_only_one() {
    let found = |emails: Value| {
        let user = user(1, json!({ "emails": emails }));
        primary_work_address(&user.attributes).map(str::to_owned)
    };
    let email =
        |value: &str, kind: &str, primary: bool| json!({ "value": value, "type": kind, "primary": primary });
    assert_eq!(found(json!([email("a", "home", false), email("b", "Work", true)])).as_deref(), Some("b"));
    assert_eq!(found(json!([{ "value": "a", "type": "work" }])).as_deref(), Some("a"));
    assert_eq!(found(json!([email("a", "work", false), email("b", "home", true)])), None);
    assert_eq!(found(json!([email("a", "work", false), email("b", "work", false)])), None);
    assert_eq!(found(json!([{ "value": "a", "primary": true }])), None);
    assert_eq!(found(json!([])), None);
}

#[test]
fn scim_overrides_saml_alone_and_a_rule_overrides_both() {
    let decided = |scim: bool, on: bool, protocol: Protocol, rules: &[ProvisioningRule]| {
        let mut directory = directory(scim);
        directory.provisioning.set(protocol, on);
        let mut person = arrival();
        person.protocol = protocol;
        let verdict = of_nobody(&directory, &person, rules);
        (verdict.rule, verdict.outcome == Outcome::Created)
    };
    for protocol in Protocol::ALL {
        let is_saml = protocol == Protocol::Saml;
        let expected = if is_saml { SignInRule::OverriddenByScim } else { SignInRule::ProvisioningOn };
        assert_eq!(decided(true, true, protocol, &[]), (expected, !is_saml));
        let expected = if is_saml { SignInRule::OverriddenByScim } else { SignInRule::ProvisioningOff };
        assert_eq!(decided(true, false, protocol, &[]), (expected, false));
        assert_eq!(decided(false, true, protocol, &[]), (SignInRule::ProvisioningOn, true));
        assert_eq!(decided(false, false, protocol, &[]), (SignInRule::ProvisioningOff, false));
        for effect in [Effect::Allow, Effect::Refuse] {
            let conditions = Conditions { protocols: [protocol].into(), ..Conditions::default() };
            let (id, description) = (Uuid::nil(), String::new());
            let rule = ProvisioningRule { id, effect, conditions, description, created: 0 };
            for (scim, on) in [(true, true), (true, false), (false, true), (false, false)] {
                let decided = decided(scim, on, protocol, std::slice::from_ref(&rule));
                assert_eq!(decided, (SignInRule::ProvisioningRule, effect == Effect::Allow));
            }
        }
    }
}

#[test]
fn every_rule_has_a_sentence() {
    for number in 1..=13 {
        let rule = SignInRule::try_from(number).unwrap();
        let verdict = Verdict { outcome: Outcome::NotProvisioned, rule, own_rule: Some((Uuid::nil(), 3)) };
        assert!(verdict.explanation(Protocol::Saml).len() > 20, "{rule:?}");
    }
    assert!(SignInRule::try_from(14).is_err());
}
