//! Would this person come in?

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use rollcall_api::client;
use rollcall_api::v1::{AttributeValues, ExplainSignInRequest, ExplainSignInResponse, SignInDecision};

use super::{RulesPage, attributes, listed, protocol_of};
use crate::Console;
use crate::dress::render;
use crate::form::Submission;
use crate::problem::Problem;

/// Who nobody is: stands for a person who has never signed in.
const STRANGER: &str = "rollcall-console-dry-run";

/// What was tried, to be tried again.
#[derive(Debug, Default)]
pub(super) struct Tried {
    pub(super) email: String,
    pub(super) protocol: String,
    pub(super) unverified: bool,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) groups: String,
    pub(super) attributes: String,
}

impl Tried {
    fn of(form: &Submission) -> Self {
        let text = |field: &str| form.text(field).to_owned();
        Self {
            email: text("email"),
            protocol: text("protocol"),
            unverified: form.has("unverified"),
            issuer: text("issuer"),
            subject: text("subject"),
            groups: text("groups"),
            attributes: text("attributes"),
        }
    }

    /// Whether more is said of the person than the first fields ask for.
    pub(super) fn has_details(&self) -> bool {
        [&self.issuer, &self.subject, &self.groups, &self.attributes]
            .into_iter()
            .any(|field| !field.is_empty())
    }

    /// The question. Errors: for lines that say no attribute.
    fn question(&self, directory: &str) -> Result<ExplainSignInRequest, Problem> {
        let or_stranger = |field: &String| if field.is_empty() { STRANGER.to_owned() } else { field.clone() };
        let protocol = protocol_of(&self.protocol)
            .ok_or_else(|| Problem::value("Say by which protocol the person comes."))?;
        let mut values: BTreeMap<String, AttributeValues> = BTreeMap::new();
        for (name, value) in attributes(&self.attributes)? {
            values.entry(name).or_default().values.push(value);
        }
        Ok(ExplainSignInRequest {
            directory: directory.to_owned(),
            protocol: protocol.into(),
            issuer: or_stranger(&self.issuer),
            subject: or_stranger(&self.subject),
            email: self.email.clone(),
            email_verified: Some(!self.unverified),
            attributes: values,
            groups: listed(&self.groups),
        })
    }
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) good: bool,
    pub(super) title: &'static str,
    pub(super) explanation: String,
    /// What decided.
    pub(super) rule: String,
}

pub(crate) async fn dry_run(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let tried = Tried::of(&form);
    let answered = async {
        let request = form.session.message(tried.question(&name)?);
        console.answered(client::sso(console.core()).explain_sign_in(request)).await
    };
    let (answered, page) = tokio::join!(answered, console.rules_page(&form.session, &name));
    let mut page = RulesPage { tried, ..page? };
    match answered {
        Ok(answer) => {
            for rule in &mut page.rules {
                rule.decided = rule.id == answer.provisioning_rule_id;
            }
            let position = page.rules.iter().find(|rule| rule.decided).map(|rule| rule.position);
            page.verdict = Some(verdict(answer, position));
        }
        Err(problem) => page.try_error = Some(problem.correctable()?),
    }
    Ok(render(&page))
}

fn verdict(answer: ExplainSignInResponse, position: Option<i32>) -> Verdict {
    let (good, title) = match answer.decision() {
        SignInDecision::Existing => (true, "Comes in, as a user that is there"),
        SignInDecision::Created => (true, "Comes in: an account would be created"),
        SignInDecision::RefusedDeactivated => (false, "Refused: the user is deactivated"),
        SignInDecision::RefusedNotProvisioned | SignInDecision::Unspecified => {
            (false, "Refused: nobody has provisioned an account")
        }
    };
    let rule = match position {
        Some(position) => format!("rule {position} of the list"),
        None => answer
            .rule()
            .as_str_name()
            .trim_start_matches("SIGN_IN_RULE_")
            .to_lowercase()
            .replace('_', " ")
            .replace("scim", "SCIM"),
    };
    Verdict { good, title, explanation: answer.explanation, rule }
}
