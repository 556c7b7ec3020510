//! Sign-ins: what an application asks of the core of somebody whom an identity provider has named, under whatever rules. Each is
//! decided or refused, and what is explained beforehand is what is decided.

#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use rollcall_api::v1::directory_service_client::DirectoryServiceClient;
use rollcall_api::v1::provisioning_rule_service_client::ProvisioningRuleServiceClient;
use rollcall_api::v1::sso_service_client::SsoServiceClient;
use rollcall_api::v1::user::MultiValue;
use rollcall_api::v1::user_service_client::UserServiceClient;
use rollcall_api::v1::{
    AttributeCondition, AttributeValues, CreateProvisioningRuleRequest, CreateUserRequest,
    DeleteSignInLinkRequest, DeleteUserRequest, ErrorReason, ExplainSignInRequest, Profile, ProvisioningRule,
    SignInDecision, SignInRequest, UpdateDirectoryRequest, User,
};
use rollcall_fuzz::house::{self, ADMIN_KEY, House, judged};
use rollcall_fuzz::text::Text;

/// Steps of one input at most.
const STEPS: usize = 12;

#[derive(Debug, Arbitrary)]
enum Step<'a> {
    Choose {
        scim: Option<bool>,
        saml: Option<bool>,
        oidc: Option<bool>,
        jwt: Option<bool>,
        ldap: Option<bool>,
    },
    AddRule(Rule<'a>),
    AddUser {
        name: Text<'a>,
        email: Option<Text<'a>>,
        active: bool,
    },
    DeleteUser(u8),
    SignIn(Arrival<'a>),
    /// As the bytes of a message.
    Raw(&'a [u8]),
    Unlink(Text<'a>),
}

#[derive(Debug, Arbitrary)]
struct Rule<'a> {
    effect: i8,
    protocols: Vec<i8>,
    domains: Vec<Text<'a>>,
    groups: Vec<Text<'a>>,
    attributes: Vec<(Text<'a>, Text<'a>)>,
    position: i8,
}

#[derive(Debug, Arbitrary)]
struct Arrival<'a> {
    protocol: i8,
    issuer: Text<'a>,
    subject: Text<'a>,
    email: Text<'a>,
    verified: Option<bool>,
    attributes: Vec<(Text<'a>, Vec<Text<'a>>)>,
    groups: Vec<Text<'a>>,
}

fuzz_target!(|steps: Vec<Step<'_>>| {
    house::run(async |house| {
        let directory = house.directory(Profile::Generic).await.name;
        let mut ids = Vec::new();
        for step in steps.iter().take(STEPS) {
            step.take(house, &directory, &mut ids).await;
        }
    });
});

fn texts(texts: &[Text<'_>], ids: &[String]) -> Vec<String> {
    texts.iter().map(|text| text.text(ids).into_owned()).collect()
}

impl Step<'_> {
    async fn take(&self, house: &House, directory: &str, ids: &mut Vec<String>) {
        let way = house.way(ADMIN_KEY);
        let directory = directory.to_owned();
        match self {
            Self::Choose { scim, saml, oidc, jwt, ldap } => {
                let request = UpdateDirectoryRequest {
                    name: directory,
                    scim_enabled: *scim,
                    saml_provisioning: *saml,
                    oidc_provisioning: *oidc,
                    jwt_provisioning: *jwt,
                    ldap_provisioning: *ldap,
                    ..Default::default()
                };
                _ = judged(DirectoryServiceClient::new(way).update_directory(request).await);
            }
            Self::AddRule(rule) => {
                let request = rule.request(directory, ids);
                _ = judged(ProvisioningRuleServiceClient::new(way).create_provisioning_rule(request).await);
            }
            Self::AddUser { name, email, active } => {
                let email = email.as_ref().map(|email| MultiValue {
                    value: Some(email.text(ids).into_owned()),
                    ..Default::default()
                });
                let user = User {
                    user_name: Some(name.text(ids).into_owned()),
                    emails: email.into_iter().collect(),
                    active: Some(*active),
                    ..Default::default()
                };
                let request = CreateUserRequest { directory, user: Some(user), ..Default::default() };
                if let Ok(made) = judged(UserServiceClient::new(way).create_user(request).await) {
                    ids.extend(made.user.map(|user| user.id));
                }
            }
            Self::DeleteUser(at) if !ids.is_empty() => {
                let id = ids[usize::from(*at) % ids.len()].clone();
                let request = DeleteUserRequest { directory, id, ..Default::default() };
                _ = judged(UserServiceClient::new(way).delete_user(request).await);
            }
            Self::DeleteUser(_) => {}
            Self::SignIn(arrival) => sign_in(house, arrival.request(directory, ids), ids).await,
            Self::Raw(bytes) => {
                if let Ok(request) = SignInRequest::decode(*bytes) {
                    sign_in(house, SignInRequest { directory, ..request }, ids).await;
                }
            }
            Self::Unlink(id) => {
                let request = DeleteSignInLinkRequest { directory, user_id: id.text(ids).into_owned() };
                _ = judged(SsoServiceClient::new(way).delete_sign_in_link(request).await);
            }
        }
    }
}

/// Asks what would be decided, and then for the decision; afterwards the person is known.
async fn sign_in(house: &House, request: SignInRequest, ids: &mut Vec<String>) {
    let mut sso = SsoServiceClient::new(house.way(ADMIN_KEY));
    let explain = ExplainSignInRequest {
        directory: request.directory.clone(),
        protocol: request.protocol,
        issuer: request.issuer.clone(),
        subject: request.subject.clone(),
        email: request.email.clone(),
        email_verified: request.email_verified,
        attributes: request.attributes.clone(),
        groups: request.groups.clone(),
    };
    let explained = judged(sso.explain_sign_in(explain).await);
    let decided = judged(sso.sign_in(request.clone()).await);
    let (explained, decided) = match (explained, decided) {
        (Ok(explained), Ok(decided)) => (explained, decided),
        (Err(explained), Err(decided)) => return assert_eq!(explained, decided),
        // Whether there is room for an account, or its name is taken, is found out by making it.
        (Ok(_), Err(ErrorReason::Conflict)) => return,
        (explained, decided) => panic!("{explained:?} but {decided:?} of {request:?}"),
    };
    assert_eq!((explained.decision, explained.rule), (decided.decision, decided.rule), "{request:?}");
    assert_eq!(explained.linked, decided.linked, "{request:?}");
    assert_eq!(explained.provisioning_rule_id, decided.provisioning_rule_id);
    if decided.decision() != SignInDecision::Created {
        assert_eq!(explained.user_id, decided.user_id);
    } else {
        assert!(!decided.user_id.is_empty() && decided.active);
        ids.push(decided.user_id.clone());
        let again = judged(sso.sign_in(request).await).expect("who has come in comes in again");
        assert_eq!((again.decision(), &again.user_id), (SignInDecision::Existing, &decided.user_id));
    }
}

impl Rule<'_> {
    fn request(&self, directory: String, ids: &[String]) -> CreateProvisioningRuleRequest {
        let condition = |(name, value): &(Text<'_>, Text<'_>)| AttributeCondition {
            name: name.text(ids).into_owned(),
            value: value.text(ids).into_owned(),
        };
        let rule = ProvisioningRule {
            effect: self.effect.into(),
            protocols: self.protocols.iter().map(|&protocol| protocol.into()).collect(),
            email_domains: texts(&self.domains, ids),
            groups: texts(&self.groups, ids),
            attributes: self.attributes.iter().map(condition).collect(),
            ..Default::default()
        };
        CreateProvisioningRuleRequest { directory, rule: Some(rule), position: self.position.into() }
    }
}

impl Arrival<'_> {
    fn request(&self, directory: String, ids: &[String]) -> SignInRequest {
        let attributes: BTreeMap<_, _> = self
            .attributes
            .iter()
            .map(|(name, values)| {
                (name.text(ids).into_owned(), AttributeValues { values: texts(values, ids) })
            })
            .collect();
        SignInRequest {
            directory,
            protocol: self.protocol.into(),
            issuer: self.issuer.text(ids).into_owned(),
            subject: self.subject.text(ids).into_owned(),
            email: self.email.text(ids).into_owned(),
            email_verified: self.verified,
            attributes,
            groups: texts(&self.groups, ids),
        }
    }
}
