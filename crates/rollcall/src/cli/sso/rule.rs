//! `rollcall sso rule`: exceptions to what a directory has chosen for a protocol.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use rollcall_api::client;
use rollcall_api::v1::{
    AttributeCondition, CreateProvisioningRuleRequest, DeleteProvisioningRuleRequest,
    ListProvisioningRulesRequest, MoveProvisioningRuleRequest, Protocol as ProtocolMessage,
    ProvisioningEffect, ProvisioningRule,
};
use serde_json::{Value, json};

use super::{Protocol, attribute};
use crate::cli::time::exact_time;
use crate::client::{Client, present};
use crate::output::{self, Cell, Table};

const ADD_EXAMPLES: &str = "\
Examples:
  Let a partner's people in while SCIM is on:
    rollcall sso rule add allow --directory acme --protocol saml --email-domain partner.example

  Keep contractors out, whatever is said behind:
    rollcall sso rule add refuse --directory acme --group Contractors --position 1";

#[derive(Debug, Subcommand)]
pub(super) enum Rule {
    /// Add a rule: a first sign-in that fulfils each kind of condition that is given may, or may not, create an account
    #[command(after_help = ADD_EXAMPLES)]
    Add(Add),
    /// List the rules in order: the first that matches decides
    List {
        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
    /// Move a rule to another position
    Move {
        /// Id of the rule
        id: String,

        /// Where it is to stand, from 1 on
        #[arg(value_parser = clap::value_parser!(i32).range(1..))]
        position: i32,

        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
    /// Delete a rule
    Delete {
        /// Id of the rule
        id: String,

        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// What becomes of a first sign-in that the rule matches
    effect: Effect,

    /// Name of the directory
    #[arg(long)]
    directory: String,

    /// It comes by one of these; several by comma
    #[arg(long = "protocol", value_delimiter = ',')]
    protocols: Vec<Protocol>,

    /// Its e-mail address is in one of these domains; several by comma
    #[arg(long = "email-domain", value_name = "DOMAIN", value_delimiter = ',')]
    email_domains: Vec<String>,

    /// It names one of these groups; give the flag again for more
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,

    /// It has this attribute with this value; give the flag again for more, which it must all have
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = attribute)]
    attributes: Vec<(String, String)>,

    /// Where it is to stand, from 1 on; without it, last
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..))]
    position: Option<i32>,

    /// What it is for
    #[arg(long, default_value = "", hide_default_value = true)]
    description: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Effect {
    /// It creates an account
    Allow,
    /// It does not
    Refuse,
}

impl Rule {
    pub(super) async fn run(self, client: &Client, json: bool) -> Result<()> {
        let mut rules = client::provisioning_rules(client.channel());
        match self {
            Self::Add(add) => {
                let answer = rules.create_provisioning_rule(client.request(add.request())).await;
                let answer = answer.map_err(|status| client.explain(&status))?.into_inner();
                show(&present(answer.rule)?, json)
            }
            Self::List { directory } => {
                let request = client.request(ListProvisioningRulesRequest { directory });
                let answer = rules.list_provisioning_rules(request).await;
                let rules = answer.map_err(|status| client.explain(&status))?.into_inner().rules;
                if json {
                    output::json(&json!({ "rules": rules.iter().map(as_json).collect::<Vec<_>>() }))
                } else {
                    output::table(&as_table(&rules))
                }
            }
            Self::Move { id, position, directory } => {
                let request = client.request(MoveProvisioningRuleRequest { directory, id, position });
                let answer = rules.move_provisioning_rule(request).await;
                let answer = answer.map_err(|status| client.explain(&status))?.into_inner();
                show(&present(answer.rule)?, json)
            }
            Self::Delete { id, directory } => {
                let request = client.request(DeleteProvisioningRuleRequest { directory, id: id.clone() });
                rules.delete_provisioning_rule(request).await.map_err(|status| client.explain(&status))?;
                if json {
                    output::json(&json!({ "id": id, "deleted": true }))
                } else {
                    output::remark("The rule is deleted.");
                    Ok(())
                }
            }
        }
    }
}

impl Add {
    fn request(self) -> CreateProvisioningRuleRequest {
        let effect = match self.effect {
            Effect::Allow => ProvisioningEffect::Allow,
            Effect::Refuse => ProvisioningEffect::Refuse,
        };
        let attributes = self.attributes.into_iter().map(|(name, value)| AttributeCondition { name, value });
        let rule = ProvisioningRule {
            effect: effect.into(),
            protocols: self.protocols.into_iter().map(|protocol| protocol.message().into()).collect(),
            email_domains: self.email_domains,
            groups: self.groups,
            attributes: attributes.collect(),
            description: self.description,
            ..ProvisioningRule::default()
        };
        CreateProvisioningRuleRequest {
            directory: self.directory,
            rule: Some(rule),
            position: self.position.unwrap_or_default(),
        }
    }
}

fn show(rule: &ProvisioningRule, json: bool) -> Result<()> {
    if json { output::json(&as_json(rule)) } else { output::table(&as_table(std::slice::from_ref(rule))) }
}

fn as_table(rules: &[ProvisioningRule]) -> Table {
    let mut table = Table::new(&[
        "POSITION",
        "EFFECT",
        "PROTOCOLS",
        "E-MAIL DOMAINS",
        "GROUPS",
        "ATTRIBUTES",
        "DESCRIPTION",
        "ID",
    ]);
    let list = |values: &[String]| Cell::optional((!values.is_empty()).then(|| values.join(", ")));
    for rule in rules {
        let attributes: Vec<String> =
            rule.attributes.iter().map(|held| format!("{}={}", held.name, held.value)).collect();
        let protocols: Vec<String> = protocol_names(rule).into_iter().map(str::to_owned).collect();
        table.row([
            rule.position.to_string().into(),
            match rule.effect() {
                ProvisioningEffect::Allow => Cell::Good("allow".to_owned()),
                _ => effect_name(rule).into(),
            },
            list(&protocols),
            list(&rule.email_domains),
            list(&rule.groups),
            list(&attributes),
            Cell::optional((!rule.description.is_empty()).then_some(rule.description.as_str())),
            rule.id.as_str().into(),
        ]);
    }
    table
}

fn as_json(rule: &ProvisioningRule) -> Value {
    let attributes = rule.attributes.iter().map(|held| json!({ "name": held.name, "value": held.value }));
    json!({
        "id": rule.id,
        "position": rule.position,
        "effect": effect_name(rule),
        "protocols": protocol_names(rule),
        "email_domains": rule.email_domains,
        "groups": rule.groups,
        "attributes": attributes.collect::<Vec<_>>(),
        "description": rule.description,
        "created": exact_time(rule.created),
    })
}

fn effect_name(rule: &ProvisioningRule) -> &'static str {
    match rule.effect() {
        ProvisioningEffect::Allow => "allow",
        ProvisioningEffect::Refuse => "refuse",
        ProvisioningEffect::Unspecified => "unknown",
    }
}

fn protocol_names(rule: &ProvisioningRule) -> Vec<&'static str> {
    let name = |protocol| match protocol {
        ProtocolMessage::Saml => "saml",
        ProtocolMessage::Oidc => "oidc",
        ProtocolMessage::Jwt => "jwt",
        ProtocolMessage::Ldap => "ldap",
        ProtocolMessage::Unspecified => "unknown",
    };
    rule.protocols().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_a_row_for_people_and_an_object_for_machines() {
        let rule = ProvisioningRule {
            id: "17".to_owned(),
            position: 2,
            effect: ProvisioningEffect::Refuse.into(),
            protocols: vec![ProtocolMessage::Saml.into(), ProtocolMessage::Ldap.into()],
            email_domains: vec!["partner.example".to_owned()],
            attributes: vec![AttributeCondition { name: "dept".to_owned(), value: "Sales".to_owned() }],
            ..ProvisioningRule::default()
        };
        let text = as_table(std::slice::from_ref(&rule)).render(false);
        let row: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(row, ["2", "refuse", "saml,", "ldap", "partner.example", "-", "dept=Sales", "-", "17"]);
        let json = as_json(&rule);
        assert_eq!((&json["effect"], &json["position"]), (&json!("refuse"), &json!(2)));
        assert_eq!(json["protocols"], json!(["saml", "ldap"]));
        assert_eq!(json["attributes"], json!([{ "name": "dept", "value": "Sales" }]));
    }
}
