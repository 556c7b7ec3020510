//! The list of directories.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::StatusCode;
use rollcall_api::client;
use rollcall_api::v1::{CreateDirectoryRequest, Directory, ListDirectoriesRequest, Profile};

use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::form::Submission;
use crate::pages::{Parameters, done, given};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use crate::time::Moment;
use crate::{Console, PATH, url};

/// Directories in a page.
const PAGE: i32 = 50;

/// One line of the list.
#[derive(Debug)]
struct Row {
    name: String,
    path: String,
    profile: &'static str,
    scim: bool,
    groups: bool,
    created: Option<Moment>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "directories.html")]
struct DirectoriesPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    rows: Vec<Row>,
    next: String,
    open_create: bool,
    error: Option<String>,
    name: String,
    profile: String,
}

/// The name of a profile, as the identity provider's makers write it.
pub(crate) fn profile_name(profile: Profile) -> &'static str {
    match profile {
        Profile::Okta => "Okta",
        Profile::Entra => "Microsoft Entra ID",
        Profile::Generic | Profile::Unspecified => "Generic SCIM 2.0",
    }
}

/// The name of a profile in forms and addresses.
pub(crate) fn profile_key(profile: Profile) -> &'static str {
    match profile {
        Profile::Okta => "okta",
        Profile::Entra => "entra",
        Profile::Generic | Profile::Unspecified => "generic",
    }
}

/// The profile that a form names.
pub(crate) fn profile_of(key: &str) -> Result<Profile, Problem> {
    match key {
        "okta" => Ok(Profile::Okta),
        "entra" => Ok(Profile::Entra),
        "generic" => Ok(Profile::Generic),
        _ => Err(Problem::value("There is no such identity provider; choose one of the list.")),
    }
}

/// `/admin`: the one directory, or all of them.
pub(crate) async fn first(
    State(console): State<Arc<Console>>,
    session: SignedIn,
) -> Result<Response, Problem> {
    let shell = console.shell(&session, Section::Directories).await?;
    let to = match shell.directories.as_slice() {
        [one] => directory_path(one),
        _ => format!("{PATH}/directories"),
    };
    Ok(Redirect::to(&to).into_response())
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    query: Parameters,
) -> Result<Response, Problem> {
    let page = console.directories_page(&session, given(&query, "page")).await?;
    Ok(render(&DirectoriesPage {
        shell: page.shell.with_notice(done(&query)),
        open_create: given(&query, "dialog") == "create",
        ..page
    }))
}

pub(crate) async fn create(
    State(console): State<Arc<Console>>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = CreateDirectoryRequest {
        name: form.text("name").to_owned(),
        profile: profile_of(form.text("profile"))?.into(),
        ..CreateDirectoryRequest::default()
    };
    let request = form.session.message(request);
    match console.answered(client::directories(console.core()).create_directory(request)).await {
        Ok(_) => {
            let path = directory_path(form.text("name"));
            Ok(Redirect::to(&format!("{path}/provisioning?done=created")).into_response())
        }
        Err(problem) => {
            let error = problem.correctable()?;
            let page = console.directories_page(&form.session, "").await?;
            let page = DirectoriesPage {
                open_create: true,
                error: Some(error),
                name: form.text("name").to_owned(),
                profile: form.text("profile").to_owned(),
                ..page
            };
            Ok((StatusCode::BAD_REQUEST, render(&page)).into_response())
        }
    }
}

impl Console {
    async fn directories_page(&self, session: &SignedIn, token: &str) -> Result<DirectoriesPage, Problem> {
        let request = ListDirectoriesRequest { page_size: PAGE, page_token: token.to_owned() };
        let listed = async {
            self.answered(client::directories(self.core()).list_directories(session.message(request))).await
        };
        let (shell, listed) = tokio::try_join!(self.shell(session, Section::Directories), listed)?;
        let now = self.now();
        let next = match listed.next_page_token.as_str() {
            "" => String::new(),
            token => format!("{PATH}/directories{}", url::query(&[("page", token)])),
        };
        Ok(DirectoriesPage {
            assets: shell.assets,
            theme: shell.theme,
            shell,
            rows: listed.directories.iter().map(|directory| row(directory, now)).collect(),
            next,
            open_create: false,
            error: None,
            name: String::new(),
            profile: String::new(),
        })
    }
}

fn row(directory: &Directory, now: i64) -> Row {
    Row {
        name: directory.name.clone(),
        path: directory_path(&directory.name),
        profile: profile_name(directory.profile()),
        scim: directory.scim_enabled,
        groups: directory.groups_enabled,
        created: Moment::of(directory.created.as_ref(), now),
    }
}
