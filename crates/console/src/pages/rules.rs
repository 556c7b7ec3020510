//! Sign-in rules: who may come in by a first sign-in, a dry run, and the notice of it.

mod dry_run;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use rollcall_api::client;
use rollcall_api::v1::{
    AttributeCondition, CreateProvisioningRuleRequest, DeleteProvisioningRuleRequest, Directory,
    ListProvisioningRulesRequest, MoveProvisioningRuleRequest, Protocol, ProvisioningChoice,
    ProvisioningEffect, ProvisioningOverride, ProvisioningRule, SendTestNoticeRequest,
    UpdateDirectoryRequest,
};

use crate::Console;
use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::form::Submission;
use crate::pages::{Parameters, done, given, to_page};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use dry_run::{Tried, Verdict};

pub(crate) use dry_run::dry_run;

/// The protocols: what forms call them, and people.
const PROTOCOLS: [(Protocol, &str, &str); 4] = [
    (Protocol::Saml, "saml", "SAML"),
    (Protocol::Oidc, "oidc", "OpenID Connect"),
    (Protocol::Jwt, "jwt", "JWT"),
    (Protocol::Ldap, "ldap", "LDAP"),
];

/// Whether first sign-ins by a protocol create accounts.
#[derive(Debug)]
struct ProtocolRow {
    key: &'static str,
    title: &'static str,
    stored: bool,
    effective: bool,
    overridden: bool,
}

/// One rule.
#[derive(Debug)]
struct RuleRow {
    id: String,
    position: i32,
    allows: bool,
    description: String,
    conditions: Vec<String>,
    /// Whether the dry run was decided by it.
    decided: bool,
}

/// A rule as it was typed, to be typed on.
#[derive(Debug, Default)]
struct Draft {
    effect: String,
    domains: String,
    groups: String,
    attributes: String,
    protocols: Vec<String>,
    description: String,
}

impl Draft {
    fn of(form: &Submission) -> Self {
        Self {
            effect: form.text("effect").to_owned(),
            domains: form.text("domains").to_owned(),
            groups: form.text("rule-groups").to_owned(),
            attributes: form.text("rule-attributes").to_owned(),
            protocols: form.all("protocol").map(str::to_owned).collect(),
            description: form.text("description").to_owned(),
        }
    }

    /// Whether the box of a protocol is ticked.
    fn has(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|ticked| ticked == protocol)
    }

    /// The rule. Errors: for lines that say no attribute.
    fn rule(&self) -> Result<ProvisioningRule, Problem> {
        let effect = match self.effect.as_str() {
            "refuse" => ProvisioningEffect::Refuse,
            _ => ProvisioningEffect::Allow,
        };
        let condition = |(name, value)| AttributeCondition { name, value };
        Ok(ProvisioningRule {
            effect: effect.into(),
            protocols: self.protocols.iter().filter_map(|key| protocol_of(key)).map(i32::from).collect(),
            email_domains: listed(&self.domains),
            groups: listed(&self.groups),
            attributes: attributes(&self.attributes)?.into_iter().map(condition).collect(),
            description: self.description.clone(),
            ..ProvisioningRule::default()
        })
    }
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "rules.html")]
struct RulesPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    page: String,
    protocols: Vec<ProtocolRow>,
    rules: Vec<RuleRow>,
    tried: Tried,
    verdict: Option<Verdict>,
    try_error: Option<String>,
    notify: bool,
    emails: String,
    mail_error: Option<String>,
    dialog: String,
    draft: Draft,
    add_error: Option<String>,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path(name): Path<String>,
    query: Parameters,
) -> Result<Response, Problem> {
    let page = console.rules_page(&session, &name).await?;
    Ok(render(&RulesPage {
        shell: page.shell.with_notice(done(&query)),
        dialog: given(&query, "dialog").to_owned(),
        ..page
    }))
}

/// Chooses by which protocols first sign-ins create accounts.
pub(crate) async fn choose(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = form.session.message(UpdateDirectoryRequest {
        name: name.clone(),
        saml_provisioning: Some(form.has("saml")),
        oidc_provisioning: Some(form.has("oidc")),
        jwt_provisioning: Some(form.has("jwt")),
        ldap_provisioning: Some(form.has("ldap")),
        ..UpdateDirectoryRequest::default()
    });
    console.answered(client::directories(console.core()).update_directory(request)).await?;
    Ok(to_page(&path(&name), "saved"))
}

/// Switches the first sign-in notice.
pub(crate) async fn notify(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = form.session.message(UpdateDirectoryRequest {
        name: name.clone(),
        notify_admins_on_first_sso_sign_in: Some(form.has("notify")),
        ..UpdateDirectoryRequest::default()
    });
    console.answered(client::directories(console.core()).update_directory(request)).await?;
    Ok(to_page(&path(&name), "saved"))
}

/// Sends a test to everybody who gets notices.
pub(crate) async fn test_email(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = form.session.message(SendTestNoticeRequest { directory: name.clone() });
    match console.answered(client::notices(console.core()).send_test_notice(request)).await {
        Ok(_) => Ok(to_page(&path(&name), "email-sent")),
        Err(problem) => {
            let error = problem.correctable()?;
            let page = console.rules_page(&form.session, &name).await?;
            let page = RulesPage { mail_error: Some(error), ..page };
            Ok((StatusCode::BAD_REQUEST, render(&page)).into_response())
        }
    }
}

/// Adds a rule at the end.
pub(crate) async fn add(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let draft = Draft::of(&form);
    let added = async {
        let rule = Some(draft.rule()?);
        let request = CreateProvisioningRuleRequest { directory: name.clone(), rule, position: 0 };
        let request = form.session.message(request);
        console.answered(client::provisioning_rules(console.core()).create_provisioning_rule(request)).await
    };
    match added.await {
        Ok(_) => Ok(to_page(&path(&name), "rule-added")),
        Err(problem) => {
            let error = problem.correctable()?;
            let page = RulesPage {
                dialog: "add".to_owned(),
                add_error: Some(error),
                draft,
                ..console.rules_page(&form.session, &name).await?
            };
            Ok((StatusCode::BAD_REQUEST, render(&page)).into_response())
        }
    }
}

/// Moves a rule to another position.
pub(crate) async fn move_rule(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let position =
        form.text("position").parse().map_err(|_| Problem::value("Say where the rule is to stand."))?;
    let request = form.session.message(MoveProvisioningRuleRequest {
        directory: name.clone(),
        id: form.text("rule").to_owned(),
        position,
    });
    console.answered(client::provisioning_rules(console.core()).move_provisioning_rule(request)).await?;
    Ok(to_page(&path(&name), "moved"))
}

pub(crate) async fn delete(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = form
        .session
        .message(DeleteProvisioningRuleRequest { directory: name.clone(), id: form.text("rule").to_owned() });
    console.answered(client::provisioning_rules(console.core()).delete_provisioning_rule(request)).await?;
    Ok(to_page(&path(&name), "rule-deleted"))
}

impl Console {
    async fn rules_page(&self, session: &SignedIn, name: &str) -> Result<RulesPage, Problem> {
        let rules = async {
            let request = session.message(ListProvisioningRulesRequest { directory: name.to_owned() });
            self.answered(client::provisioning_rules(self.core()).list_provisioning_rules(request)).await
        };
        let shell = self.directory_shell(session, Section::Rules, name);
        let ((shell, directory), rules) = tokio::try_join!(shell, rules)?;
        Ok(RulesPage {
            assets: shell.assets,
            theme: shell.theme,
            shell,
            page: path(name),
            protocols: protocols(&directory),
            rules: rules.rules.iter().map(row).collect(),
            tried: Tried::default(),
            verdict: None,
            try_error: None,
            notify: directory.notify_admins_on_first_sso_sign_in,
            emails: directory.admin_emails.join(", "),
            mail_error: None,
            dialog: String::new(),
            draft: Draft::default(),
            add_error: None,
        })
    }
}

fn path(name: &str) -> String {
    format!("{}/sign-in-rules", directory_path(name))
}

/// The protocol of a form.
fn protocol_of(key: &str) -> Option<Protocol> {
    PROTOCOLS.iter().find(|(_, name, _)| *name == key).map(|(protocol, ..)| *protocol)
}

fn protocols(directory: &Directory) -> Vec<ProtocolRow> {
    let provisioning = directory.provisioning.unwrap_or_default();
    let rows = PROTOCOLS.iter().map(|(protocol, key, title)| {
        let choice: ProvisioningChoice = match protocol {
            Protocol::Saml => provisioning.saml,
            Protocol::Oidc => provisioning.oidc,
            Protocol::Jwt => provisioning.jwt,
            _ => provisioning.ldap,
        }
        .unwrap_or_default();
        ProtocolRow {
            key,
            title,
            stored: choice.stored,
            effective: choice.effective,
            overridden: choice.overridden_by() == ProvisioningOverride::Scim,
        }
    });
    rows.collect()
}

fn row(rule: &ProvisioningRule) -> RuleRow {
    let names = |protocol: Protocol| {
        PROTOCOLS.iter().find(|(other, ..)| *other == protocol).map(|(_, _, title)| *title)
    };
    let mut conditions = Vec::new();
    if !rule.email_domains.is_empty() {
        conditions.push(format!("an address at {}", rule.email_domains.join(" or ")));
    }
    if !rule.groups.is_empty() {
        conditions.push(format!("the group {}", rule.groups.join(" or ")));
    }
    for attribute in &rule.attributes {
        conditions.push(format!("{} is {}", attribute.name, attribute.value));
    }
    if !rule.protocols.is_empty() {
        let names: Vec<&str> = rule.protocols().filter_map(names).collect();
        conditions.push(format!("by {}", names.join(" or ")));
    }
    RuleRow {
        id: rule.id.clone(),
        position: rule.position,
        allows: rule.effect() == ProvisioningEffect::Allow,
        description: rule.description.clone(),
        conditions,
        decided: false,
    }
}

/// The attributes of a text, each in a line such as `department=Sales`. Errors: for a line that says none.
fn attributes(text: &str) -> Result<Vec<(String, String)>, Problem> {
    let attribute = |line: &str| {
        let told =
            line.split_once('=').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
        told.filter(|(name, value)| !name.is_empty() && !value.is_empty()).ok_or_else(|| {
            Problem::value(format!(
                "{line:?} is no attribute: write its name and value, such as department=Sales"
            ))
        })
    };
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(attribute).collect()
}

/// The parts of a text between commas.
fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}
