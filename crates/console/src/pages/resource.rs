//! One user, one group.

mod actions;
mod attributes;
mod history;
mod memberships;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;
use rollcall_api::client;
use rollcall_api::json::Json;
use rollcall_api::v1::{GetGroupRequest, GetUserRequest, UserOrigin};

use crate::Console;
use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::pages::list::origin_name;
use crate::pages::{Parameters, done, given};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use crate::url;

pub(crate) use actions::{set_active, set_administrator};
use attributes::{AttributeSection, Fact, record, sections};
use history::{About, History};
use memberships::Links;

/// What is said of users alone.
#[derive(Debug)]
struct Person {
    active: bool,
    administrator: bool,
    /// Whether a role makes them one, which nobody here takes away.
    by_role: bool,
    origin: &'static str,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "user.html")]
struct ResourcePage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    title: String,
    page: String,
    list: String,
    list_title: &'static str,
    /// What is said of users alone.
    person: Option<Person>,
    scim_enabled: bool,
    sections: Vec<AttributeSection>,
    links: Links,
    record: Vec<Fact>,
    history: History,
    dialog: String,
}

pub(crate) async fn user(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path((name, id)): Path<(String, String)>,
    query: Parameters,
) -> Result<Response, Problem> {
    let request = session.message(GetUserRequest {
        directory: name.clone(),
        id: id.clone(),
        ..GetUserRequest::default()
    });
    let user = async { console.answered(client::users(console.core()).get_user(request)).await };
    let shell = console.directory_shell(&session, Section::Users, &name);
    let origins = console.origins(&session, &name, &id);
    let ((shell, directory), user, origins) = tokio::try_join!(shell, user, origins)?;
    let user = user.user.ok_or(Problem::NoPage)?;
    let base = directory_path(&name);
    let page = format!("{base}/users/{}", url::escape(&id));
    let about =
        About { directory: &name, id: &id, page: &page, came_by_sign_in: user.origin() == UserOrigin::Sso };
    let history = console.history(&session, &about, given(&query, "before")).await?;
    let json = serde_json::to_value(Json::new(&user, "")).unwrap_or_default();
    let called =
        user.display_name.clone().or_else(|| user.name.as_ref().and_then(|name| name.formatted.clone()));
    Ok(render(&ResourcePage {
        assets: shell.assets,
        theme: shell.theme,
        shell: shell.with_notice(done(&query)),
        title: called.or_else(|| user.user_name.clone()).unwrap_or_default(),
        list: format!("{base}/users"),
        list_title: "Users",
        person: Some(Person {
            active: user.active.unwrap_or(true),
            administrator: user.administrator,
            by_role: user.administrator_by_role,
            origin: origin_name(user.origin()),
        }),
        scim_enabled: directory.scim_enabled,
        sections: origins.beside(sections(json), console.now()),
        links: Links::of_user(&user, &base, &page, given(&query, "groups")),
        record: record(&user.id, user.meta.as_ref(), console.now()),
        dialog: given(&query, "dialog").to_owned(),
        history,
        page,
    }))
}

pub(crate) async fn group(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path((name, id)): Path<(String, String)>,
    headers: HeaderMap,
    query: Parameters,
) -> Result<Response, Problem> {
    let base = directory_path(&name);
    let page = format!("{base}/groups/{}", url::escape(&id));
    let (q, token) = (given(&query, "member").trim(), given(&query, "members"));
    let about = About { directory: &name, id: &id, page: &page, came_by_sign_in: false };
    let members = console.members(&session, &about, q, token);
    if headers.contains_key("x-partial") {
        return Ok(render(&members.await?));
    }
    let request = session.message(GetGroupRequest {
        directory: name.clone(),
        id: id.clone(),
        ..GetGroupRequest::default()
    });
    let group = async { console.answered(client::groups(console.core()).get_group(request)).await };
    let shell = console.directory_shell(&session, Section::Groups, &name);
    let origins = console.origins(&session, &name, &id);
    let history = console.history(&session, &about, given(&query, "before"));
    let ((shell, directory), group, links, origins, history) =
        tokio::try_join!(shell, group, members, origins, history)?;
    let group = group.group.ok_or(Problem::NoPage)?;
    let json = serde_json::to_value(Json::new(&group, "")).unwrap_or_default();
    Ok(render(&ResourcePage {
        assets: shell.assets,
        theme: shell.theme,
        shell: shell.with_notice(done(&query)),
        title: group.display_name.clone().unwrap_or_default(),
        list: format!("{base}/groups"),
        list_title: "Groups",
        person: None,
        scim_enabled: directory.scim_enabled,
        sections: origins.beside(sections(json), console.now()),
        links,
        record: record(&group.id, group.meta.as_ref(), console.now()),
        dialog: String::new(),
        history,
        page,
    }))
}
