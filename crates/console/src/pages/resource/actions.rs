//! What an administrator does to a user.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use rollcall_api::client;
use rollcall_api::v1::patch_operation::Kind;
use rollcall_api::v1::{PatchOperation, PatchUserRequest, SetAdministratorRequest, value};

use crate::form::Submission;
use crate::pages::to_page;
use crate::problem::Problem;
use crate::shell::directory_path;
use crate::{Console, url};

/// Activates or deactivates a user.
pub(crate) async fn set_active(
    State(console): State<Arc<Console>>,
    Path((name, id)): Path<(String, String)>,
    form: Submission,
) -> Result<Response, Problem> {
    let active = form.text("active") == "true";
    let operation = PatchOperation {
        kind: Kind::Replace.into(),
        path: Some("active".to_owned()),
        value: Some(rollcall_api::v1::Value { kind: Some(value::Kind::BoolValue(active)) }),
        ..PatchOperation::default()
    };
    let request = form.session.message(PatchUserRequest {
        directory: name.clone(),
        id: id.clone(),
        operations: vec![operation],
        ..PatchUserRequest::default()
    });
    console.answered(client::users(console.core()).patch_user(request)).await?;
    let page = format!("{}/users/{}", directory_path(&name), url::escape(&id));
    Ok(to_page(&page, if active { "reactivated" } else { "deactivated" }))
}

/// Makes a user an administrator, or none.
pub(crate) async fn set_administrator(
    State(console): State<Arc<Console>>,
    Path((name, id)): Path<(String, String)>,
    form: Submission,
) -> Result<Response, Problem> {
    let administrator = form.text("administrator") == "true";
    let request = form.session.message(SetAdministratorRequest {
        directory: name.clone(),
        id: id.clone(),
        administrator,
    });
    console.answered(client::users(console.core()).set_administrator(request)).await?;
    let page = format!("{}/users/{}", directory_path(&name), url::escape(&id));
    Ok(to_page(&page, if administrator { "administrator-on" } else { "administrator-off" }))
}
