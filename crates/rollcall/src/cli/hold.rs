//! `rollcall hold`: what guard rails stopped.

use anyhow::Result;
use clap::{Args, Subcommand};
use rollcall_api::v1::held_change::{Kind, Outcome};
use rollcall_api::v1::{
    ApplyHeldChangeRequest, ApproveHoldRequest, GetHoldRequest, HeldChange, Hold as Message, HoldState,
    ListHoldsRequest, RejectHoldRequest,
};
use rollcall_api::{client, value};
use serde_json::{Map, Value, json};

use super::time::{exact_time, short_time};
use crate::client::{Client, Connection, present};
use crate::output::{self, Cell, Table};

/// What is asked for at once.
const PAGE: i32 = 1000;

/// `rollcall hold`.
#[derive(Debug, Args)]
pub(super) struct Hold {
    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List what guard rails stopped in a directory, newest first
    #[command(after_help = "Example:\n  rollcall hold list --directory acme")]
    List(Of),
    /// Show one hold with every change in it
    #[command(
        after_help = "Example:\n  rollcall hold show 01970000-0000-7000-8000-000000000000 --directory acme"
    )]
    Show(One),
    /// Make every held change, and let further ones pass until the window ends
    #[command(
        after_help = "Example:\n  rollcall hold approve 01970000-0000-7000-8000-000000000000 --directory acme"
    )]
    Approve(One),
    /// Drop the held changes; the identity provider gets 403 when it repeats them before the window ends
    #[command(
        after_help = "Example:\n  rollcall hold reject 01970000-0000-7000-8000-000000000000 --directory acme"
    )]
    Reject(One),
    /// Make one held change, and leave the others
    #[command(
        after_help = "Example:\n  rollcall hold apply 01970000-0000-7000-8000-000000000000 --directory acme --user ada@example.com"
    )]
    Apply(Apply),
}

#[derive(Debug, Args)]
struct Of {
    /// Name of the directory
    #[arg(long)]
    directory: String,
}

#[derive(Debug, Args)]
struct One {
    /// The id of the hold
    id: String,

    #[command(flatten)]
    of: Of,
}

#[derive(Debug, Args)]
struct Apply {
    #[command(flatten)]
    one: One,

    /// The id or userName of the user whose change it is
    #[arg(long, value_name = "ID|USERNAME")]
    user: String,
}

impl Hold {
    pub(super) async fn run(self) -> Result<()> {
        let client = Client::connect(&self.connection).await?;
        let json = self.connection.json;
        match self.action {
            Action::List(of) => {
                let holds = all(&client, of.directory).await?;
                if json {
                    let holds: Vec<Value> = holds.iter().map(as_json).collect();
                    return output::json(&json!({ "holds": holds }));
                }
                output::table(&as_table(&holds))
            }
            Action::Show(one) => show_one(&client, one, json).await,
            Action::Approve(one) => {
                let request = ApproveHoldRequest { directory: one.of.directory.clone(), id: one.id.clone() };
                let answer = client::holds(client.channel()).approve_hold(client.request(request)).await;
                answer.map_err(|status| client.explain(&status))?;
                show_one(&client, one, json).await
            }
            Action::Reject(one) => {
                let request = RejectHoldRequest { directory: one.of.directory.clone(), id: one.id.clone() };
                let answer = client::holds(client.channel()).reject_hold(client.request(request)).await;
                answer.map_err(|status| client.explain(&status))?;
                show_one(&client, one, json).await
            }
            Action::Apply(apply) => {
                let change = apply.run(&client).await?;
                if json {
                    return output::json(&change_json(&change));
                }
                output::table(&changes_table(std::slice::from_ref(&change)))
            }
        }
    }
}

impl Apply {
    async fn run(self, client: &Client) -> Result<HeldChange> {
        let user = super::user::find(client, &self.one.of.directory, &self.user).await?.id;
        let request = ApplyHeldChangeRequest { directory: self.one.of.directory, id: self.one.id, user };
        let answer = client::holds(client.channel()).apply_held_change(client.request(request)).await;
        present(answer.map_err(|status| client.explain(&status))?.into_inner().change)
    }
}

async fn all(client: &Client, directory: String) -> Result<Vec<Message>> {
    let mut holds = Vec::new();
    let mut request = ListHoldsRequest { directory, page_size: PAGE, page_token: String::new() };
    loop {
        let answer = client::holds(client.channel()).list_holds(client.request(request.clone())).await;
        let page = answer.map_err(|status| client.explain(&status))?.into_inner();
        holds.extend(page.holds);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(holds);
        }
    }
}

/// A hold with all its changes.
async fn get(client: &Client, one: One) -> Result<(Message, Vec<HeldChange>)> {
    let mut changes = Vec::new();
    let mut request = GetHoldRequest {
        directory: one.of.directory,
        id: one.id,
        page_size: PAGE,
        page_token: String::new(),
    };
    loop {
        let answer = client::holds(client.channel()).get_hold(client.request(request.clone())).await;
        let page = answer.map_err(|status| client.explain(&status))?.into_inner();
        changes.extend(page.changes);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok((present(page.hold)?, changes));
        }
    }
}

async fn show_one(client: &Client, one: One, json: bool) -> Result<()> {
    let directory = one.of.directory.clone();
    let (hold, changes) = get(client, one).await?;
    if json {
        let mut json = as_json(&hold);
        json["changes"] = changes.iter().map(change_json).collect();
        return output::json(&json);
    }
    output::table(&as_table(std::slice::from_ref(&hold)))?;
    output::table(&changes_table(&changes))?;
    if hold.state() == HoldState::Pending {
        let id = &hold.id;
        output::remark(&format!(
            "\nDecide with:\n  rollcall hold approve {id} --directory {directory}\n  rollcall hold reject {id} \
             --directory {directory}"
        ));
    }
    Ok(())
}

fn as_table(holds: &[Message]) -> Table {
    let mut table =
        Table::new(&["CREATED", "STATE", "CHANGES", "WAITING", "GUARD RAIL", "WINDOW ENDS", "ID"]);
    for hold in holds {
        table.row([
            Cell::optional(short_time(hold.created)),
            state_name(hold).into(),
            hold.changes.to_string().into(),
            hold.waiting.to_string().into(),
            hold.guard_rail.as_str().into(),
            Cell::optional(short_time(hold.window_ends)),
            hold.id.as_str().into(),
        ]);
    }
    table
}

fn changes_table(changes: &[HeldChange]) -> Table {
    let mut table =
        Table::new(&["USERNAME", "CHANGE", "OUTCOME", "TIMES", "LAST ASKED", "TOKEN", "USER", "WHY"]);
    for change in changes {
        table.row([
            change.user_name.as_str().into(),
            kind_name(change).into(),
            outcome_name(change).into(),
            change.times_asked.to_string().into(),
            Cell::optional(short_time(change.last_asked)),
            Cell::optional(Some(change.token_prefix.as_str()).filter(|prefix| !prefix.is_empty())),
            change.user.as_str().into(),
            Cell::optional(Some(change.reason.as_str()).filter(|reason| !reason.is_empty())),
        ]);
    }
    table
}

fn as_json(hold: &Message) -> Value {
    json!({
        "id": hold.id,
        "state": state_name(hold),
        "guard_rail": hold.guard_rail,
        "active_users": hold.active_users,
        "created": exact_time(hold.created),
        "window_ends": exact_time(hold.window_ends),
        "decided": exact_time(hold.decided),
        "decided_by": Some(&hold.decided_by).filter(|id| !id.is_empty()),
        "held": hold.changes,
        "waiting": hold.waiting,
    })
}

fn change_json(change: &HeldChange) -> Value {
    let mut attributes = Map::new();
    for part in &change.changes {
        let json = |value: &Option<_>| value.clone().map_or(Value::Null, value::from_message);
        attributes
            .insert(part.name.clone(), json!({ "before": json(&part.before), "after": json(&part.after) }));
    }
    json!({
        "user": change.user,
        "user_name": change.user_name,
        "change": kind_name(change),
        "attributes": attributes,
        "token": change.token_prefix,
        "token_id": change.token,
        "request_id": change.request_id,
        "first_asked": exact_time(change.first_asked),
        "last_asked": exact_time(change.last_asked),
        "times_asked": change.times_asked,
        "outcome": outcome_name(change),
        "reason": Some(&change.reason).filter(|reason| !reason.is_empty()),
    })
}

fn state_name(hold: &Message) -> &'static str {
    match hold.state() {
        HoldState::Pending => "pending",
        HoldState::Approved => "approved",
        HoldState::Rejected => "rejected",
        HoldState::Unspecified => "unknown",
    }
}

fn kind_name(change: &HeldChange) -> &'static str {
    match change.kind() {
        Kind::Deactivation => "deactivation",
        Kind::Deletion => "deletion",
        Kind::Unspecified => "unknown",
    }
}

fn outcome_name(change: &HeldChange) -> &'static str {
    match change.outcome() {
        Outcome::Pending => "pending",
        Outcome::Applied => "applied",
        Outcome::Rejected => "rejected",
        Outcome::Failed => "failed",
        Outcome::Unspecified => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_change_is_an_object_for_machines_and_a_row_for_people() {
        let change = HeldChange {
            user: "17".to_owned(),
            user_name: "ada".to_owned(),
            kind: Kind::Deactivation.into(),
            outcome: Outcome::Failed.into(),
            reason: "gone".to_owned(),
            times_asked: 3,
            ..HeldChange::default()
        };
        let json = change_json(&change);
        assert_eq!(json["change"], "deactivation");
        assert_eq!(json["outcome"], "failed");
        assert_eq!(json["reason"], "gone");
        let text = changes_table(&[change]).render(false);
        let row: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(row, ["ada", "deactivation", "failed", "3", "-", "-", "17", "gone"]);
    }

    #[test]
    fn nobody_who_has_not_decided_is_named() {
        let hold = Message { id: "17".to_owned(), state: HoldState::Pending.into(), ..Message::default() };
        let json = as_json(&hold);
        assert_eq!(json["state"], "pending");
        assert_eq!(json["decided_by"], Value::Null);
        assert_eq!(json["decided"], Value::Null);
    }
}
