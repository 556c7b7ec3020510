//! Who of those that a provider knows is an administrator.

use rollcall_api::v1::Person;
use serde_json::{Map, Value};

use super::invalid_settings::InvalidSettings;
use super::refusal::{Refusal, Refused, Who};

/// What a provider says of somebody.
pub(super) type Claims = Map<String, Value>;

/// The longest text that the core takes of a person.
const LONGEST: usize = 400;

/// The rules: one that holds is enough.
#[derive(Debug)]
pub(super) struct Administrators {
    /// Verified addresses, in lower case.
    emails: Vec<String>,
    claims: Vec<ClaimRule>,
}

/// A claim that makes an administrator.
#[derive(Debug, PartialEq, Eq)]
struct ClaimRule {
    name: String,
    value: String,
}

impl Administrators {
    /// Reads rules: addresses, and claims as `NAME=VALUE`. Errors: there are none, or one is none.
    pub(super) fn new(emails: &[String], claims: &[String]) -> Result<Self, InvalidSettings> {
        let mut rules = Self { emails: Vec::new(), claims: Vec::new() };
        for email in emails.iter().map(|email| email.trim()).filter(|email| !email.is_empty()) {
            let is_address = email.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && !domain.is_empty() && !email.contains(char::is_whitespace)
            });
            if !is_address {
                return Err(InvalidSettings(format!(
                    "oidc-admin-email: {email:?} is no address; give one such as ana@example.com"
                )));
            }
            rules.emails.push(email.to_lowercase());
        }
        for claim in claims.iter().map(|claim| claim.trim()).filter(|claim| !claim.is_empty()) {
            let parts = claim.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
            let Some((name, value)) = parts.filter(|(name, value)| !name.is_empty() && !value.is_empty())
            else {
                return Err(InvalidSettings(format!(
                    "oidc-admin-claim: {claim:?} is no claim with a value; give NAME=VALUE, such as roles=rollcall-admin"
                )));
            };
            rules.claims.push(ClaimRule { name: name.to_owned(), value: value.to_owned() });
        }
        if rules.emails.is_empty() && rules.claims.is_empty() {
            return Err(InvalidSettings(
                "oidc-issuer needs to know who is an administrator: set oidc-admin-email, such as ana@example.com, or \
                 oidc-admin-claim, such as roles=rollcall-admin, or both"
                    .to_owned(),
            ));
        }
        Ok(rules)
    }

    /// Whether somebody is an administrator.
    pub(super) fn judge(&self, claims: &Claims) -> Result<(), Refused> {
        if self.claims.iter().any(|rule| rule.holds(claims)) {
            return Ok(());
        }
        let email = text(claims, "email");
        if !self.emails.contains(&email.to_lowercase()) {
            let who = [email, text(claims, "preferred_username"), text(claims, "sub")];
            let who = who.into_iter().find(|who| !who.is_empty()).unwrap_or_default();
            return Err(
                Refusal::NotAdministrator(Who(who.to_owned())).because("no rule holds for the claims")
            );
        }
        if is_verified(claims) {
            return Ok(());
        }
        Err(Refusal::Unverified(Who(email.to_owned())).because("email_verified is not true"))
    }
}

impl ClaimRule {
    /// Whether the claim is the value, or a list with it.
    fn holds(&self, claims: &Claims) -> bool {
        match found(claims, &self.name) {
            Some(Value::Array(values)) => values.iter().any(|value| self.is(value)),
            Some(value) => self.is(value),
            None => false,
        }
    }

    fn is(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => *text == self.value,
            Value::Bool(truth) => self.value == if *truth { "true" } else { "false" },
            Value::Number(number) => self.value == number.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        }
    }
}

/// A claim by its name, which may have dots in it, or by a path with dots.
fn found<'a>(claims: &'a Claims, name: &str) -> Option<&'a Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let mut ways = name.match_indices('.').filter_map(|(at, _)| Some((name.get(..at)?, name.get(at + 1..)?)));
    ways.find_map(|(first, rest)| found(claims.get(first)?.as_object()?, rest))
}

/// Whether there is something that people would know somebody by.
pub(super) fn is_named(claims: &Claims) -> bool {
    (is_verified(claims) && !text(claims, "email").is_empty()) || !text(claims, "name").is_empty()
}

/// Who it is, for the core.
pub(super) fn person(issuer: &str, claims: &Claims) -> Person {
    let email = if is_verified(claims) { text(claims, "email") } else { "" };
    let names = [text(claims, "name"), text(claims, "preferred_username")];
    let name = names.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
    Person {
        issuer: issuer.to_owned(),
        subject: text(claims, "sub").to_owned(),
        email: plain(email),
        name: plain(name),
    }
}

/// A text that the core takes.
fn plain(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(LONGEST).collect()
}

/// Whether the provider says that the address is theirs. Some write it as a text.
fn is_verified(claims: &Claims) -> bool {
    match claims.get("email_verified") {
        Some(Value::Bool(verified)) => *verified,
        Some(Value::String(verified)) => verified == "true",
        _ => false,
    }
}

fn text<'a>(claims: &'a Claims, name: &str) -> &'a str {
    claims.get(name).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(emails: &[&str], claims: &[&str]) -> Result<Administrators, InvalidSettings> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Administrators::new(&owned(emails), &owned(claims))
    }

    fn judge(rules: &Administrators, claims: &Value) -> Result<(), Refusal> {
        rules.judge(claims.as_object().unwrap()).map_err(|refused| refused.refusal)
    }

    #[test]
    fn an_address_counts_when_it_is_verified_whatever_its_case() {
        let rules = rules(&["Ana@Example.com"], &[]).unwrap();
        for verified in [json!(true), json!("true")] {
            let claims = json!({ "email": "aNA@example.COM", "email_verified": verified });
            assert_eq!(judge(&rules, &claims), Ok(()));
        }
        for unverified in [json!(false), json!("false"), json!(1), json!(null)] {
            let claims = json!({ "email": "ana@example.com", "email_verified": unverified });
            assert_eq!(judge(&rules, &claims), Err(Refusal::Unverified(Who("ana@example.com".to_owned()))));
        }
        let nobody = json!({ "sub": "1", "email_verified": true });
        assert_eq!(judge(&rules, &nobody), Err(Refusal::NotAdministrator(Who("1".to_owned()))));
        let other = json!({ "email": "ben@example.com", "email_verified": true });
        assert_eq!(judge(&rules, &other), Err(Refusal::NotAdministrator(Who("ben@example.com".to_owned()))));
    }

    #[test]
    fn a_claim_is_a_value_or_a_list_with_it() {
        let is = |rule: &str, claims: Value| judge(&rules(&[], &[rule]).unwrap(), &claims).is_ok();
        assert!(is("roles=admin", json!({ "roles": "admin" })));
        assert!(is("roles=admin", json!({ "roles": ["reader", "admin"] })));
        assert!(is("admin=true", json!({ "admin": true })));
        assert!(is("level=7", json!({ "level": 7 })));
        assert!(is("dn=cn=admins,dc=example", json!({ "dn": "cn=admins,dc=example" })));
        for no in [
            json!({}),
            json!({ "roles": "administrator" }),
            json!({ "roles": "Admin" }),
            json!({ "roles": "reader admin" }),
            json!({ "roles": [["admin"]] }),
            json!({ "roles": { "admin": true } }),
            json!({ "roles": null }),
        ] {
            assert!(!is("roles=admin", no.clone()), "{no}");
        }
    }

    #[test]
    fn a_claim_is_found_by_its_name_and_by_a_path() {
        let is = |rule: &str, claims: Value| judge(&rules(&[], &[rule]).unwrap(), &claims).is_ok();
        assert!(is("realm_access.roles=admin", json!({ "realm_access": { "roles": ["admin"] } })));
        assert!(is("https://example.com/roles=admin", json!({ "https://example.com/roles": ["admin"] })));
        assert!(is(
            "resource_access.roll.call.roles=a",
            json!({ "resource_access": { "roll.call": { "roles": "a" } } })
        ));
        assert!(!is("realm_access.roles=admin", json!({ "realm_access": "admin", "roles": "admin" })));
        assert!(!is("a.b=c", json!({ "a": { "b": { "c": true } } })));
    }

    #[test]
    fn rules_that_are_none_are_refused_and_so_are_no_rules() {
        for (emails, claims, said) in [
            (&[][..], &[][..], "oidc-admin-email"),
            (&[" "][..], &[""][..], "oidc-admin-claim"),
            (&["ana"][..], &[][..], "no address"),
            (&["@example.com"][..], &[][..], "no address"),
            (&[][..], &["roles"][..], "NAME=VALUE"),
            (&[][..], &["=admin"][..], "NAME=VALUE"),
            (&[][..], &["roles= "][..], "NAME=VALUE"),
        ] {
            let error = rules(emails, claims).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn a_person_has_an_address_only_when_it_is_verified() {
        let of = |claims: Value| person("https://op.example", claims.as_object().unwrap());
        let ana = of(json!({ "sub": "1", "email": "a@b.c", "email_verified": true, "name": "Ana\u{7}" }));
        assert_eq!((ana.subject.as_str(), ana.email.as_str(), ana.name.as_str()), ("1", "a@b.c", "Ana"));
        let ben = of(json!({ "sub": "2", "email": "a@b.c", "preferred_username": "ben" }));
        assert_eq!((ben.email.as_str(), ben.name.as_str()), ("", "ben"));
    }
}
