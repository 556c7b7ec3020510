//! Users whom an administrator sends away, or lets in again.

use anyhow::Result;
use clap::Args;
use rollcall_api::client;
use rollcall_api::v1::patch_operation::Kind;
use rollcall_api::v1::{DeleteUserRequest, PatchOperation, PatchUserRequest, User, Value, value};

use super::find;
use crate::cli::ask;
use crate::client::{Client, present};
use crate::output;

/// A user, by name, and whether it has to be asked before anything is done.
#[derive(Debug, Args)]
pub(super) struct Leaving {
    /// The user's id or userName
    #[arg(value_name = "ID|USERNAME")]
    user: String,

    /// Name of the directory
    #[arg(long)]
    directory: String,

    /// Do not ask at a terminal
    #[arg(long)]
    yes: bool,
}

impl Leaving {
    /// Deactivates the user. Errors: there is none, and whoever sits at the terminal would rather not.
    pub(super) async fn deactivate(self, client: &Client) -> Result<User> {
        let user = find(client, &self.directory, &self.user).await?;
        if user.active != Some(false) {
            let name = name(&user);
            output::remark(&format!(
                "{name} cannot sign in any more from then on, and stays a member of groups."
            ));
            ask::whether_to_go_on(self.yes)?;
        }
        set_active(client, self.directory, user.id, false).await
    }

    /// Deletes the user. Errors: as of deactivating.
    pub(super) async fn delete(self, client: &Client) -> Result<User> {
        let user = find(client, &self.directory, &self.user).await?;
        let name = name(&user);
        output::remark(&format!(
            "{name} is deleted, leaves all groups, and can be brought back for as long as the directory keeps it."
        ));
        ask::whether_to_go_on(self.yes)?;
        let request = DeleteUserRequest {
            directory: self.directory,
            id: user.id.clone(),
            ..DeleteUserRequest::default()
        };
        let answer = client::users(client.channel()).delete_user(client.request(request)).await;
        answer.map_err(|status| client.explain(&status))?;
        Ok(user)
    }
}

/// Makes a user active, or inactive.
pub(super) async fn set_active(client: &Client, directory: String, id: String, active: bool) -> Result<User> {
    let operation = PatchOperation {
        kind: Kind::Replace.into(),
        path: Some("active".to_owned()),
        value: Some(Value { kind: Some(value::Kind::BoolValue(active)) }),
        ..PatchOperation::default()
    };
    let request =
        PatchUserRequest { directory, id, operations: vec![operation], ..PatchUserRequest::default() };
    let answer = client::users(client.channel()).patch_user(client.request(request)).await;
    present(answer.map_err(|status| client.explain(&status))?.into_inner().user)
}

fn name(user: &User) -> &str {
    user.user_name.as_deref().unwrap_or(&user.id)
}
