//! The pages, and their addresses.

mod account;
mod activity;
mod actor;
mod audit;
mod clients;
mod connection;
mod deleted;
mod directories;
mod holds;
mod keys;
mod list;
mod open_id;
mod overview;
mod provisioning;
mod resource;
mod rules;
mod secret;
mod settings;
mod sign_in;
mod strays;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::Query;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};

use crate::notice::Notice;
use crate::problem::Problem;
use crate::{Console, assets};

/// The parameters of a query.
pub(crate) type Parameters = Query<HashMap<String, String>>;

/// A parameter of a query; empty where there is none.
pub(crate) fn given<'a>(query: &'a Parameters, name: &str) -> &'a str {
    query.get(name).map_or("", String::as_str)
}

/// What a redirect to this page said that was done.
pub(crate) fn done(query: &Parameters) -> Option<Notice> {
    Notice::named(given(query, "done"))
}

/// Leads to a page that says what was done.
pub(crate) fn to_page(path: &str, done: &str) -> Response {
    Redirect::to(&format!("{path}?done={done}")).into_response()
}

/// Everything under `/admin`.
pub(crate) fn routes() -> Router<Arc<Console>> {
    Router::new()
        .route("/admin", get(directories::first))
        .route("/admin/", get(directories::first))
        .route("/admin/assets/{name}", get(assets::serve))
        .route("/admin/sign-in", get(sign_in::page).post(sign_in::sign_in))
        .route("/admin/oidc/start", get(open_id::start))
        .route("/admin/oidc/callback", get(open_id::callback))
        .route("/admin/sign-out", post(account::sign_out))
        .route("/admin/theme", post(account::theme))
        .route("/admin/directories", get(directories::page).post(directories::create))
        .route("/admin/d/{directory}", get(overview::page))
        .route("/admin/d/{directory}/provisioning", get(provisioning::page))
        .route("/admin/d/{directory}/provisioning/scim", post(provisioning::switch))
        .route("/admin/d/{directory}/provisioning/create", post(provisioning::create))
        .route("/admin/d/{directory}/provisioning/regenerate", post(provisioning::regenerate))
        .route("/admin/d/{directory}/provisioning/revoke", post(provisioning::revoke))
        .route("/admin/d/{directory}/clients", get(clients::page).post(clients::create))
        .route("/admin/d/{directory}/clients/revoke", post(clients::revoke_secret))
        .route("/admin/d/{directory}/clients/{id}/secret", post(clients::add_secret))
        .route("/admin/d/{directory}/clients/{id}/delete", post(clients::delete))
        .route("/admin/d/{directory}/users", get(list::users))
        .route("/admin/d/{directory}/users/deleted", get(deleted::page))
        .route("/admin/d/{directory}/users/deleted/{id}/restore", post(deleted::restore))
        .route("/admin/d/{directory}/users/{id}", get(resource::user))
        .route("/admin/d/{directory}/users/{id}/active", post(resource::set_active))
        .route("/admin/d/{directory}/users/{id}/administrator", post(resource::set_administrator))
        .route("/admin/d/{directory}/groups", get(list::groups))
        .route("/admin/d/{directory}/groups/{id}", get(resource::group))
        .route("/admin/keys", get(keys::page).post(keys::create))
        .route("/admin/keys/rotate", post(keys::rotate))
        .route("/admin/keys/revoke", post(keys::revoke))
        .route("/admin/session", get(account::page))
        .route("/admin/session/end", post(account::end))
        .route("/admin/session/end-all", post(account::end_all))
        .route("/admin/d/{directory}/settings", get(settings::page).post(settings::save))
        .route("/admin/d/{directory}/settings/delete", post(settings::delete))
        .route("/admin/d/{directory}/sign-in-rules", get(rules::page))
        .route("/admin/d/{directory}/sign-in-rules/protocols", post(rules::choose))
        .route("/admin/d/{directory}/sign-in-rules/add", post(rules::add))
        .route("/admin/d/{directory}/sign-in-rules/move", post(rules::move_rule))
        .route("/admin/d/{directory}/sign-in-rules/delete", post(rules::delete))
        .route("/admin/d/{directory}/sign-in-rules/dry-run", post(rules::dry_run))
        .route("/admin/d/{directory}/sign-in-rules/notice", post(rules::notify))
        .route("/admin/d/{directory}/sign-in-rules/test-email", post(rules::test_email))
        .route("/admin/d/{directory}/activity", get(activity::page))
        .route("/admin/d/{directory}/activity/stream", get(activity::stream))
        .route("/admin/d/{directory}/activity/{id}", get(activity::one))
        .route("/admin/d/{directory}/retry-notice", post(overview::retry_notice))
        .route("/admin/d/{directory}/holds/{id}", get(holds::page))
        .route("/admin/d/{directory}/holds/{id}/approve", post(holds::approve))
        .route("/admin/d/{directory}/holds/{id}/reject", post(holds::reject))
        .route("/admin/d/{directory}/holds/{id}/apply", post(holds::apply))
        .route("/admin/audit", get(audit::page))
        .route("/admin/{*path}", get(nothing).post(nothing))
}

async fn nothing() -> Problem {
    Problem::NoPage
}
