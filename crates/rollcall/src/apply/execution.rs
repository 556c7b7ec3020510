//! Doing what a plan says.

use anyhow::Result;
use rollcall_api::client as clients;
use rollcall_api::error::reason_from;
use rollcall_api::v1::{DeleteDirectoryRequest, ErrorReason};
use tonic::Status;

use super::plan::{Kind, Part, Plan, Step};
use crate::client::Client;

/// What became of a plan.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// What was refused, and how far it had come: a sentence for each directory.
    pub(crate) refused: Vec<String>,
    /// What does not achieve what it is for, for people.
    pub(crate) warnings: Vec<String>,
    /// The parts that were done to their end, by their place in the plan.
    pub(super) done: Vec<usize>,
}

/// Does what a plan says, directory by directory. Where something is refused, a directory that was to be made is not, and one that
/// was there keeps what had been done; the others go on.
pub(crate) async fn execute(client: &Client, plan: &Plan) -> Applied {
    let mut applied = Applied::default();
    for (place, part) in plan.parts.iter().enumerate() {
        if let Some(refused) = part.refused() {
            applied.refused.push(refused);
            continue;
        }
        match do_all(client, part, &mut applied.warnings).await {
            Ok(()) => applied.done.push(place),
            Err(refused) => applied.refused.push(refused),
        }
    }
    applied
}

async fn do_all(client: &Client, part: &Part, warnings: &mut Vec<String>) -> Result<(), String> {
    let title = part.title();
    for (done, step) in part.work.steps.iter().enumerate() {
        let status = match call(client, step).await {
            Ok(said) => {
                warnings.extend(said.into_iter().map(|warning| format!("{title}: {warning}")));
                continue;
            }
            Err(status) => status,
        };
        let why = explained(client, &status, part);
        return Err(match (part.kind, done) {
            (_, 0) => format!("{title}: nothing was changed: {why}"),
            (Kind::Made, _) => match take_back(client, &part.directory).await {
                Ok(()) => format!("{title}: it was not made: {why}"),
                Err(_) => format!("{title}: it was made, and not all that belongs to it: {why}"),
            },
            (_, done) => {
                let steps = part.work.steps.len();
                format!("{title}: {done} of {steps} changes were made, and then: {why}")
            }
        });
    }
    Ok(())
}

/// Why a call was refused, and what can be done.
fn explained(client: &Client, status: &Status, part: &Part) -> String {
    let name = &part.directory;
    match (part.kind, reason_from(status)) {
        (Kind::Deleted, ErrorReason::NotEmpty) => format!(
            "somebody came into it just now: `rollcall directory delete {name} --confirm {name}` deletes it with everything in it"
        ),
        _ => client.explain(status).to_string(),
    }
}

/// Deletes a directory that was made just now, in which nobody is.
async fn take_back(client: &Client, name: &str) -> Result<(), Status> {
    let request = DeleteDirectoryRequest { name: name.to_owned(), confirm_name: String::new() };
    clients::directories(client.channel()).delete_directory(client.request(request)).await.map(drop)
}

/// Makes a call, and returns what the core warns of.
async fn call(client: &Client, step: &Step) -> Result<Vec<String>, Status> {
    let channel = || client.channel();
    match step.clone() {
        Step::CreateDirectory(request) => {
            let answer = clients::directories(channel()).create_directory(client.request(*request)).await?;
            return Ok(answer.into_inner().warnings);
        }
        Step::UpdateDirectory(request) => {
            let answer = clients::directories(channel()).update_directory(client.request(*request)).await?;
            return Ok(answer.into_inner().warnings);
        }
        Step::DeleteDirectory(request) => {
            clients::directories(channel()).delete_directory(client.request(request)).await.map(drop)
        }
        Step::RegisterSchema(request) => {
            clients::schemas(channel()).register_schema(client.request(request)).await.map(drop)
        }
        Step::DeleteSchema(request) => {
            clients::schemas(channel()).delete_schema(client.request(request)).await.map(drop)
        }
        Step::CreateRule(request) => {
            let mut rules = clients::provisioning_rules(channel());
            rules.create_provisioning_rule(client.request(request)).await.map(drop)
        }
        Step::MoveRule(request) => {
            let mut rules = clients::provisioning_rules(channel());
            rules.move_provisioning_rule(client.request(request)).await.map(drop)
        }
        Step::DeleteRule(request) => {
            let mut rules = clients::provisioning_rules(channel());
            rules.delete_provisioning_rule(client.request(request)).await.map(drop)
        }
        Step::CreateKey(request) => {
            clients::service_keys(channel()).create_service_key(client.request(request)).await.map(drop)
        }
        Step::RevokeKey(request) => {
            clients::service_keys(channel()).revoke_service_key(client.request(request)).await.map(drop)
        }
    }?;
    Ok(Vec::new())
}
