//! The list of directories: how each is doing, those first that need somebody.

mod attention;

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{HeaderMap, StatusCode};
use rollcall_api::client;
use rollcall_api::v1::{
    CreateDirectoryRequest, DirectoryOrder, DirectoryStatus, ListDirectoryStatusesRequest, Profile,
};

use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::form::Submission;
use crate::pages::{Parameters, done, given};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use crate::time::{Moment, count, grouped};
use crate::{Console, PATH, url};
use attention::{Need, connection_word, needs};

/// Directories in a page.
const PAGE: i32 = 50;
/// Failed requests of which the core says no more than that there are so many.
const MOST_FAILURES: i32 = 1_000;

/// The orders that the list has: what addresses call them, what people read, and what the core knows them by.
const ORDERS: [(&str, &str, DirectoryOrder); 4] = [
    ("", "What needs you first", DirectoryOrder::Attention),
    ("name", "By name", DirectoryOrder::Name),
    ("seen", "Last heard from first", DirectoryOrder::LastSeen),
    ("users", "Most users first", DirectoryOrder::Users),
];

/// One line of the list.
#[derive(Debug)]
struct Row {
    name: String,
    path: String,
    profile: &'static str,
    connection: (&'static str, &'static str),
    last_seen: Option<Moment>,
    active_users: String,
    users: String,
    /// Empty: none failed.
    failures: String,
    needs: Vec<Need>,
}

/// What is asked of the list.
#[derive(Debug, Default)]
struct Search {
    /// A part of the names.
    q: String,
    sort: String,
    token: String,
}

impl Search {
    fn of(query: &Parameters) -> Self {
        let text = |name| given(query, name).to_owned();
        Self { q: text("q"), sort: text("sort"), token: text("page") }
    }

    /// The address of the page that begins at a token.
    fn address(&self, token: &str) -> String {
        let all = [("q", self.q.as_str()), ("sort", self.sort.as_str()), ("page", token)];
        let said: Vec<_> = all.into_iter().filter(|(_, text)| !text.is_empty()).collect();
        format!("{PATH}/directories{}", url::query(&said))
    }

    fn message(&self) -> ListDirectoryStatusesRequest {
        let order = ORDERS.iter().find(|(key, ..)| *key == self.sort);
        ListDirectoryStatusesRequest {
            name_contains: self.q.trim().to_owned(),
            order: order.map_or(DirectoryOrder::Attention, |(.., order)| *order).into(),
            page_size: PAGE,
            page_token: self.token.clone(),
        }
    }
}

/// The lines of the list.
#[derive(Debug, Template)]
#[template(path = "directories_results.html")]
struct Results {
    search: Search,
    rows: Vec<Row>,
    summary: String,
    first: String,
    next: String,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "directories.html")]
struct DirectoriesPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    results: Results,
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
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let search = Search::of(&query);
    if headers.contains_key("x-partial") {
        return Ok(render(&console.directory_results(&session, search).await?));
    }
    let page = console.directories_page(&session, search).await?;
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
            let page = console.directories_page(&form.session, Search::default()).await?;
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
    async fn directories_page(&self, session: &SignedIn, search: Search) -> Result<DirectoriesPage, Problem> {
        let (shell, results) = tokio::try_join!(
            self.shell(session, Section::Directories),
            self.directory_results(session, search)
        )?;
        Ok(DirectoriesPage {
            assets: shell.assets,
            theme: shell.theme,
            shell,
            results,
            open_create: false,
            error: None,
            name: String::new(),
            profile: String::new(),
        })
    }

    async fn directory_results(&self, session: &SignedIn, search: Search) -> Result<Results, Problem> {
        let request = session.message(search.message());
        let listed = self.answered(client::directories(self.core()).list_directory_statuses(request)).await?;
        let now = self.now();
        let number = |number: i64| u64::try_from(number).unwrap_or_default();
        let all = match number(listed.total) {
            1 => "1 directory".to_owned(),
            total => format!("{} directories", grouped(total)),
        };
        let summary = match number(listed.total_needing_attention) {
            0 => format!("{all}, none needs you"),
            1 => format!("{all}, 1 needs you"),
            needing => format!("{all}, {} need you", grouped(needing)),
        };
        let next = match listed.next_page_token.as_str() {
            "" => String::new(),
            token => search.address(token),
        };
        Ok(Results {
            first: if search.token.is_empty() { String::new() } else { search.address("") },
            rows: listed.statuses.iter().filter_map(|status| row(status, now)).collect(),
            search,
            summary,
            next,
        })
    }
}

fn row(status: &DirectoryStatus, now: i64) -> Option<Row> {
    let directory = status.directory.as_ref()?;
    let connection = status.connection.clone().unwrap_or_default();
    let number = |number: i64| u64::try_from(number).unwrap_or_default();
    Some(Row {
        name: directory.name.clone(),
        path: directory_path(&directory.name),
        profile: profile_name(directory.profile()),
        connection: connection_word(connection.state()),
        last_seen: Moment::of(connection.last_seen.as_ref(), now),
        active_users: grouped(number(status.active_users)),
        users: count(number(status.users), "user"),
        failures: match status.recent_failures {
            ..=0 => String::new(),
            MOST_FAILURES.. => format!("{}+", grouped(1_000)),
            few => few.to_string(),
        },
        needs: needs(status, now),
    })
}
