//! `rollcall sso`: who may come in by single sign-on, and why.

mod rule;

use std::collections::BTreeMap;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use rollcall_api::client;
use rollcall_api::v1::{
    AttributeValues, DeleteSignInLinkRequest, DeleteSignInLinkResponse, ExplainSignInRequest,
    ExplainSignInResponse, Protocol as ProtocolMessage, SignInDecision, SignInRequest, SignInResponse,
    SignInRule,
};
use serde_json::{Value, json};

use crate::client::{Client, Connection};
use crate::output::{self, Cell, Table};

const EXPLAIN_EXAMPLE: &str = "\
Example:
  rollcall sso explain --directory acme --protocol saml --issuer https://idp.example \\
    --subject 4711 --email ana@partner.example --group Staff";

/// `rollcall sso`.
#[derive(Debug, Args)]
pub(super) struct Sso {
    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Sign a person in, as the application's login code does: it may link them to a user, or create one
    SignIn(Person),
    /// Say what would become of a sign-in, and why, and change nothing
    #[command(after_help = EXPLAIN_EXAMPLE)]
    Explain(Person),
    /// Delete the link by which somebody signs in as a user, so that the next sign-in is a first one again
    Unlink {
        /// Id of the user
        user_id: String,

        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
    /// Make, see, order and delete the rules on which first sign-ins may create an account
    #[command(subcommand)]
    Rule(rule::Rule),
}

#[derive(Debug, Args)]
struct Person {
    /// Name of the directory
    #[arg(long)]
    directory: String,

    /// How the person signs in
    #[arg(long)]
    protocol: Protocol,

    /// Who speaks for the person: the SAML entity id, the `iss` of a token, the LDAP server
    #[arg(long)]
    issuer: String,

    /// Who the issuer says it is: the SAML `NameID`, the `sub` of a token, the `entryUUID` in LDAP
    #[arg(long)]
    subject: String,

    /// The person's e-mail address
    #[arg(long, default_value = "", hide_default_value = true)]
    email: String,

    /// The address is not verified: it leads to no account, and creates none
    #[arg(long, requires = "email")]
    unverified_email: bool,

    /// What the issuer says of the person; give the flag again for more
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = attribute)]
    attributes: Vec<(String, String)>,

    /// A group that the issuer says the person is in; give the flag again for more
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
}

/// How a person signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Protocol {
    /// SAML 2.0
    Saml,
    /// OpenID Connect
    Oidc,
    /// A signed token that the application itself understands
    Jwt,
    /// A bind to an LDAP directory
    Ldap,
}

impl Protocol {
    fn message(self) -> ProtocolMessage {
        match self {
            Self::Saml => ProtocolMessage::Saml,
            Self::Oidc => ProtocolMessage::Oidc,
            Self::Jwt => ProtocolMessage::Jwt,
            Self::Ldap => ProtocolMessage::Ldap,
        }
    }
}

/// Reads `NAME=VALUE`.
fn attribute(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

impl Sso {
    pub(super) async fn run(self) -> Result<()> {
        let client = Client::connect(&self.connection).await?;
        let json = self.connection.json;
        match self.action {
            Action::SignIn(person) => {
                let request = client.request(person.sign_in());
                let answer = client::sso(client.channel()).sign_in(request).await;
                show(&answer.map_err(|status| client.explain(&status))?.into_inner(), json)
            }
            Action::Explain(person) => {
                let request = client.request(person.explain());
                let answer = client::sso(client.channel()).explain_sign_in(request).await;
                show(&as_sign_in(answer.map_err(|status| client.explain(&status))?.into_inner()), json)
            }
            Action::Unlink { user_id, directory } => unlink(&client, json, directory, user_id).await,
            Action::Rule(rule) => rule.run(&client, json).await,
        }
    }
}

async fn unlink(client: &Client, json: bool, directory: String, user_id: String) -> Result<()> {
    let request = client.request(DeleteSignInLinkRequest { directory, user_id: user_id.clone() });
    let answer = client::sso(client.channel()).delete_sign_in_link(request).await;
    let DeleteSignInLinkResponse { issuer, subject } =
        answer.map_err(|status| client.explain(&status))?.into_inner();
    if json {
        return output::json(&json!({ "user_id": user_id, "issuer": issuer, "subject": subject }));
    }
    output::remark(&format!("{subject:?} of {issuer:?} no longer signs in as this user."));
    Ok(())
}

impl Person {
    fn sign_in(self) -> SignInRequest {
        let mut attributes = BTreeMap::<String, AttributeValues>::new();
        for (name, value) in self.attributes {
            attributes.entry(name).or_default().values.push(value);
        }
        SignInRequest {
            directory: self.directory,
            protocol: self.protocol.message().into(),
            issuer: self.issuer,
            subject: self.subject,
            email: self.email,
            email_verified: Some(!self.unverified_email),
            attributes,
            groups: self.groups,
        }
    }

    fn explain(self) -> ExplainSignInRequest {
        let SignInRequest { directory, protocol, issuer, subject, email, email_verified, attributes, groups } =
            self.sign_in();
        ExplainSignInRequest {
            directory,
            protocol,
            issuer,
            subject,
            email,
            email_verified,
            attributes,
            groups,
        }
    }
}

fn as_sign_in(answer: ExplainSignInResponse) -> SignInResponse {
    SignInResponse {
        decision: answer.decision,
        rule: answer.rule,
        explanation: answer.explanation,
        provisioning_rule_id: answer.provisioning_rule_id,
        user_id: answer.user_id,
        active: answer.active,
        groups: answer.groups,
        linked: answer.linked,
    }
}

fn show(answer: &SignInResponse, json: bool) -> Result<()> {
    if json {
        return output::json(&as_json(answer));
    }
    output::table(&as_table(answer))?;
    output::remark(&format!("\nBecause {}.", answer.explanation));
    Ok(())
}

fn as_table(answer: &SignInResponse) -> Table {
    let mut table = Table::new(&["DECISION", "RULE", "ACTIVE", "GROUPS", "PROVISIONING RULE", "USER ID"]);
    let decision = decision_name(answer);
    let comes_in = matches!(answer.decision(), SignInDecision::Existing | SignInDecision::Created);
    let groups: Vec<&str> = answer.groups.iter().map(|group| group.display_name.as_str()).collect();
    table.row([
        if comes_in { Cell::Good(decision) } else { Cell::Faint(decision) },
        rule_name(answer).into(),
        if answer.active { "yes".into() } else { "no".into() },
        Cell::optional(Some(groups.join(", ")).filter(|groups| !groups.is_empty())),
        Cell::optional(present(&answer.provisioning_rule_id)),
        Cell::optional(present(&answer.user_id)),
    ]);
    table
}

fn as_json(answer: &SignInResponse) -> Value {
    let groups = answer
        .groups
        .iter()
        .map(|group| json!({ "id": group.id, "display_name": group.display_name, "direct": group.direct }));
    json!({
        "decision": decision_name(answer),
        "rule": rule_name(answer),
        "explanation": answer.explanation,
        "provisioning_rule_id": present(&answer.provisioning_rule_id),
        "user_id": present(&answer.user_id),
        "active": answer.active,
        "groups": groups.collect::<Vec<_>>(),
        "linked": answer.linked,
    })
}

fn present(id: &str) -> Option<&str> {
    Some(id).filter(|id| !id.is_empty())
}

fn decision_name(answer: &SignInResponse) -> String {
    name(answer.decision().as_str_name(), SignInDecision::Unspecified.as_str_name())
}

fn rule_name(answer: &SignInResponse) -> String {
    name(answer.rule().as_str_name(), SignInRule::Unspecified.as_str_name())
}

/// The name of an enum's value without what it shares with the others, small as everything on the command line.
fn name(value: &str, unspecified: &str) -> String {
    let shared = unspecified.trim_end_matches("UNSPECIFIED");
    value.trim_start_matches(shared).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_and_rules_have_small_names_for_machines() {
        let decisions = [
            (SignInDecision::Existing, "existing"),
            (SignInDecision::Created, "created"),
            (SignInDecision::RefusedNotProvisioned, "refused_not_provisioned"),
            (SignInDecision::RefusedDeactivated, "refused_deactivated"),
        ];
        for (decision, name) in decisions {
            let answer = SignInResponse {
                decision: decision.into(),
                rule: SignInRule::OverriddenByScim.into(),
                ..SignInResponse::default()
            };
            let json = as_json(&answer);
            assert_eq!((&json["decision"], &json["rule"]), (&json!(name), &json!("overridden_by_scim")));
            assert_eq!((&json["user_id"], &json["provisioning_rule_id"]), (&Value::Null, &Value::Null));
        }
    }

    #[test]
    fn an_attribute_may_be_given_more_than_once() {
        let person = Person {
            directory: "acme".to_owned(),
            protocol: Protocol::Saml,
            issuer: "idp".to_owned(),
            subject: "1".to_owned(),
            email: String::new(),
            unverified_email: false,
            attributes: ["dept=Sales", "dept=a=b"].map(|text| attribute(text).unwrap()).into(),
            groups: Vec::new(),
        };
        assert_eq!(person.sign_in().attributes["dept"].values, ["Sales", "a=b"]);
        assert!(attribute("=x").is_err() && attribute("x").is_err());
    }
}
