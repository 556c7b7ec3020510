//! The users who were deleted, and are kept for a while.

use anyhow::{Result, anyhow, bail};
use rollcall_api::client;
use rollcall_api::error::reason_from;
use rollcall_api::v1::{
    DeletedUser, ErrorReason, ListDeletedUsersRequest, ListDeletedUsersResponse, RestoreUserRequest, User,
};
use serde_json::{Value, json};

use super::super::event::{actor_json, by};
use super::super::time::{exact_time, short_time};
use super::super::wanted::Wanted;
use super::as_json;
use crate::client::{Client, present};
use crate::output::{self, Cell, Table};

/// Users that are asked for at once.
const PAGE: usize = 500;

/// Lists those who were deleted last.
pub(super) async fn list(client: &Client, directory: &str, wanted: usize, json: bool) -> Result<()> {
    let (users, total) = wanted_users(client, directory, "", wanted).await?;
    if json {
        let users = users.iter().map(deleted_json).collect::<Result<Vec<_>>>()?;
        return output::json(&json!({ "totalResults": total, "users": users }));
    }
    output::table(&as_table(&users))?;
    Wanted::remark(users.len(), total, "users");
    Ok(())
}

/// Restores the deleted user who has this id, or had this userName.
pub(super) async fn restore(client: &Client, directory: String, name: &str) -> Result<User> {
    let users = client::users(client.channel());
    let request = RestoreUserRequest { directory: directory.clone(), id: name.to_owned() };
    let by_id = match users.clone().restore_user(client.request(request)).await {
        Ok(answer) => return present(answer.into_inner().user),
        Err(status) => status,
    };
    if reason_from(&by_id) != ErrorReason::NotFound {
        return Err(client.explain(&by_id));
    }
    let id = id_of(client, &directory, name).await?;
    let request = RestoreUserRequest { directory, id };
    let answer = users.clone().restore_user(client.request(request)).await;
    present(answer.map_err(|status| client.explain(&status))?.into_inner().user)
}

/// The id of the one deleted user who had this userName, whatever its case.
async fn id_of(client: &Client, directory: &str, name: &str) -> Result<String> {
    let (users, _) = wanted_users(client, directory, name, usize::MAX).await?;
    let had_name = |user: &&User| {
        let own = user.user_name.as_deref().unwrap_or_default();
        own.to_lowercase() == name.to_lowercase()
    };
    let found: Vec<&User> =
        users.iter().filter_map(|deleted| deleted.user.as_ref()).filter(had_name).collect();
    match found.as_slice() {
        [] => {
            Err(anyhow!("the directory {directory:?} keeps no deleted user with the id or userName {name:?}"))
        }
        [one] => Ok(one.id.clone()),
        several => {
            let ids: Vec<_> = several.iter().map(|user| user.id.as_str()).collect();
            bail!("several deleted users had the userName {name:?}: {}; give the id of one", ids.join(", "))
        }
    }
}

/// The wanted users whose userNames begin so, page by page, and how many there are.
pub(super) async fn wanted_users(
    client: &Client,
    directory: &str,
    prefix: &str,
    wanted: usize,
) -> Result<(Vec<DeletedUser>, i64)> {
    let mut users: Vec<DeletedUser> = Vec::new();
    let mut request = ListDeletedUsersRequest {
        directory: directory.to_owned(),
        page_size: i32::try_from(wanted.min(PAGE)).unwrap_or(i32::MAX),
        page_token: String::new(),
        user_name_prefix: prefix.to_owned(),
    };
    loop {
        let page = page(client, request.clone()).await?;
        users.extend(page.users);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() || users.len() >= wanted {
            users.truncate(wanted);
            return Ok((users, page.total_results));
        }
    }
}

async fn page(client: &Client, request: ListDeletedUsersRequest) -> Result<ListDeletedUsersResponse> {
    let answer = client::users(client.channel()).list_deleted_users(client.request(request)).await;
    Ok(answer.map_err(|status| client.explain(&status))?.into_inner())
}

/// The user as `user list` has it, and what is known of its deletion.
fn deleted_json(deleted: &DeletedUser) -> Result<Value> {
    let mut user = as_json(&deleted.user.clone().unwrap_or_default())?;
    user["deleted"] = exact_time(deleted.deleted_time).into();
    user["keptUntil"] = exact_time(deleted.purge_time).into();
    user["deletedBy"] = actor_json(deleted.deleted_by.as_ref());
    Ok(user)
}

fn as_table(users: &[DeletedUser]) -> Table {
    let mut table = Table::new(&["USERNAME", "DISPLAY NAME", "DELETED", "BY", "KEPT UNTIL", "ID"]);
    for deleted in users {
        let user = deleted.user.clone().unwrap_or_default();
        table.row([
            Cell::optional(user.user_name),
            Cell::optional(user.display_name),
            Cell::optional(short_time(deleted.deleted_time)),
            Cell::optional(deleted.deleted_by.as_ref().map(|actor| by(Some(actor)))),
            Cell::optional(short_time(deleted.purge_time)),
            user.id.into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::{CredentialKind, EventActor};

    use super::*;

    #[test]
    fn who_deleted_a_user_is_told_where_it_is_known() {
        let user = User { id: "17".to_owned(), user_name: Some("ada".to_owned()), ..User::default() };
        let unknown = DeletedUser { user: Some(user), ..DeletedUser::default() };
        let actor = EventActor { prefix: "rc_scim_K7Qm".to_owned(), ..EventActor::default() };
        let known = DeletedUser { deleted_by: Some(actor), ..unknown.clone() };
        let text = as_table(&[unknown.clone(), known.clone()]).render(false);
        let row = |number| text.lines().nth(number).unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(row(1), ["ada", "-", "-", "-", "-", "17"]);
        assert_eq!(row(2)[3], "rc_scim_K7Qm");
        assert_eq!(deleted_json(&unknown).unwrap()["deletedBy"], Value::Null);
        assert_eq!(deleted_json(&known).unwrap()["deletedBy"]["prefix"], "rc_scim_K7Qm");
        assert_eq!(CredentialKind::Unspecified, known.deleted_by.unwrap().kind());
    }
}
