//! The rules on which first sign-ins may create an account: what `ProvisioningRuleService` answers.

mod judge;
mod matching;

use rollcall_api::v1::provisioning_rule_service_server::ProvisioningRuleService;
use rollcall_api::v1::{
    self, AttributeCondition, CreateProvisioningRuleRequest, CreateProvisioningRuleResponse,
    DeleteProvisioningRuleRequest, DeleteProvisioningRuleResponse, ErrorReason, ListProvisioningRulesRequest,
    ListProvisioningRulesResponse, MoveProvisioningRuleRequest, MoveProvisioningRuleResponse,
    ProvisioningEffect,
};
use rollcall_store::{Directory, Effect, EventKind, ProvisioningRule, Transaction};
use serde_json::{Value, json};
use tonic::{Request, Response, Status};
use uuid::Uuid;

pub(crate) use matching::first_match;

use crate::Core;
use crate::caller::{Caller, no_directory};
use crate::credentials::timestamp;
use crate::error::{Error, Result, shortened};
use crate::sso::protocol_message;
use judge::require_reachable;

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct ProvisioningRules {
    core: Core,
}

/// A transaction during which nobody else changes the rules of the directory.
struct Changing {
    transaction: Box<dyn Transaction>,
    directory: Directory,
    rules: Vec<ProvisioningRule>,
}

impl ProvisioningRules {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn create(
        &self,
        caller: &Caller,
        request: CreateProvisioningRuleRequest,
    ) -> Result<CreateProvisioningRuleResponse> {
        let asked = request.rule.ok_or_else(|| Error::value("rule: it is missing"))?;
        let rule = ProvisioningRule {
            id: self.core.new_id(),
            effect: judge::effect(asked.effect)?,
            conditions: judge::conditions(&asked)?,
            description: judge::description(&asked.description)?,
            created: self.core.clock.now(),
        };
        let mut changing = self.begin(caller, &request.directory).await?;
        let last = changing.rules.len() + 1;
        let index = match request.position {
            0 => last - 1,
            position => index(position, last)?,
        };
        changing.rules.insert(index, rule.clone());
        require_reachable(&changing.rules, index)?;
        let facts = json!({ "rule": { "before": null, "after": facts(&rule, index) } });
        self.finish(caller, changing, EventKind::ProvisioningRuleCreated, rule.id, facts).await?;
        Ok(CreateProvisioningRuleResponse { rule: Some(message(&rule, index)) })
    }

    async fn list(
        &self,
        caller: &Caller,
        request: ListProvisioningRulesRequest,
    ) -> Result<ListProvisioningRulesResponse> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let rules = self.core.store.sign_ins().provisioning_rules(directory.id).await?;
        let rules = rules.iter().enumerate().map(|(index, rule)| message(rule, index));
        Ok(ListProvisioningRulesResponse { rules: rules.collect() })
    }

    async fn move_to(
        &self,
        caller: &Caller,
        request: MoveProvisioningRuleRequest,
    ) -> Result<MoveProvisioningRuleResponse> {
        let mut changing = self.begin(caller, &request.directory).await?;
        let from = find(&changing.rules, &request.id)?;
        let to = index(request.position, changing.rules.len())?;
        let rule = changing.rules.remove(from);
        changing.rules.insert(to, rule.clone());
        if from != to {
            require_reachable(&changing.rules, to)?;
            let facts = json!({ "position": { "before": from + 1, "after": to + 1 } });
            self.finish(caller, changing, EventKind::ProvisioningRuleMoved, rule.id, facts).await?;
        }
        Ok(MoveProvisioningRuleResponse { rule: Some(message(&rule, to)) })
    }

    async fn delete(
        &self,
        caller: &Caller,
        request: DeleteProvisioningRuleRequest,
    ) -> Result<DeleteProvisioningRuleResponse> {
        let mut changing = self.begin(caller, &request.directory).await?;
        let index = find(&changing.rules, &request.id)?;
        let rule = changing.rules.remove(index);
        let facts = json!({ "rule": { "before": facts(&rule, index), "after": null } });
        self.finish(caller, changing, EventKind::ProvisioningRuleDeleted, rule.id, facts).await?;
        Ok(DeleteProvisioningRuleResponse {})
    }

    async fn begin(&self, caller: &Caller, directory: &str) -> Result<Changing> {
        let name = caller.directory_to_change(&*self.core.store, directory).await?.name.clone();
        let mut transaction = self.core.store.begin().await?;
        let directory = transaction.directory(&name).await?.ok_or_else(|| no_directory(&name))?;
        let rules = transaction.sign_ins().provisioning_rules(directory.id).await?;
        Ok(Changing { transaction, directory, rules })
    }

    async fn finish(
        &self,
        caller: &Caller,
        changing: Changing,
        kind: EventKind,
        rule: Uuid,
        facts: Value,
    ) -> Result<()> {
        let Changing { mut transaction, directory, rules } = changing;
        transaction.set_provisioning_rules(directory.id, &rules).await?;
        let event = self.core.event(caller.origin(), Some(directory.id), kind, rule, facts);
        transaction.insert_event(&event).await?;
        Ok(transaction.save().await?)
    }
}

/// Checks rules that come from elsewhere, as those in requests are. Errors: `INVALID_VALUE`; `TOO_MANY`.
pub(crate) fn judge_rules(rules: &[ProvisioningRule]) -> Result<()> {
    judge::require_few(rules)?;
    for (index, rule) in rules.iter().enumerate() {
        judge::conditions(&message(rule, index))
            .and_then(|_| judge::description(&rule.description))
            .map_err(|error| Error::value(format!("the rule {}: {error}", rule.id)))?;
    }
    Ok(())
}

/// The index of a position, of which there are so many. Errors: `INVALID_VALUE`.
fn index(position: i32, last: usize) -> Result<usize> {
    let index = usize::try_from(position).ok().and_then(|position| position.checked_sub(1));
    index
        .filter(|index| *index < last)
        .ok_or_else(|| Error::value(format!("position: give one from 1 to {last}; {position} is none")))
}

/// Where a rule is. Errors: `NOT_FOUND`.
fn find(rules: &[ProvisioningRule], id: &str) -> Result<usize> {
    rules.iter().position(|rule| rule.id.to_string() == id).ok_or_else(|| {
        Error::new(
            ErrorReason::NotFound,
            format!("there is no provisioning rule with the id {:?}", shortened(id)),
        )
    })
}

/// A rule as events tell it.
fn facts(rule: &ProvisioningRule, index: usize) -> Value {
    let attributes: Vec<Value> = rule
        .conditions
        .attributes
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    json!({
        "position": index + 1,
        "effect": rule.effect.as_str(),
        "protocols": rule.conditions.protocols.iter().map(|protocol| protocol.as_str()).collect::<Vec<_>>(),
        "emailDomains": rule.conditions.email_domains,
        "groups": rule.conditions.groups,
        "attributes": attributes,
        "description": rule.description,
    })
}

fn message(rule: &ProvisioningRule, index: usize) -> v1::ProvisioningRule {
    let effect = match rule.effect {
        Effect::Allow => ProvisioningEffect::Allow,
        Effect::Refuse => ProvisioningEffect::Refuse,
    };
    let conditions = &rule.conditions;
    let attribute =
        |(name, value): &(String, String)| AttributeCondition { name: name.clone(), value: value.clone() };
    v1::ProvisioningRule {
        id: rule.id.to_string(),
        position: i32::try_from(index + 1).unwrap_or(i32::MAX),
        effect: effect.into(),
        protocols: conditions.protocols.iter().map(|known| protocol_message(*known).into()).collect(),
        email_domains: conditions.email_domains.iter().cloned().collect(),
        groups: conditions.groups.iter().cloned().collect(),
        attributes: conditions.attributes.iter().map(attribute).collect(),
        description: rule.description.clone(),
        created: Some(timestamp(rule.created)),
    }
}

#[tonic::async_trait]
impl ProvisioningRuleService for ProvisioningRules {
    async fn create_provisioning_rule(
        &self,
        request: Request<CreateProvisioningRuleRequest>,
    ) -> Result<Response<CreateProvisioningRuleResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.create(Caller::of(&extensions)?, message).await?))
    }

    async fn list_provisioning_rules(
        &self,
        request: Request<ListProvisioningRulesRequest>,
    ) -> Result<Response<ListProvisioningRulesResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list(Caller::of(&extensions)?, message).await?))
    }

    async fn move_provisioning_rule(
        &self,
        request: Request<MoveProvisioningRuleRequest>,
    ) -> Result<Response<MoveProvisioningRuleResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.move_to(Caller::of(&extensions)?, message).await?))
    }

    async fn delete_provisioning_rule(
        &self,
        request: Request<DeleteProvisioningRuleRequest>,
    ) -> Result<Response<DeleteProvisioningRuleResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.delete(Caller::of(&extensions)?, message).await?))
    }
}
