//! The lists of users and of groups: search as one types, in words or by a SCIM filter.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use rollcall_api::client;
use rollcall_api::v1::{
    ErrorReason, Group, ListGroupsRequest, ListUsersRequest, SortOrder, User, UserOrigin,
};

use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::pages::{Parameters, done, given};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use crate::time::{Moment, count};
use crate::{Console, url};

/// Resources in a page.
const PAGE: i64 = 50;
/// How long a search may take that no index answers.
const LONGEST_SEARCH: Duration = Duration::from_secs(8);
/// Where words are looked for that may be anywhere in names.
const ANYWHERE: &str = "anywhere";

/// What is listed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    Users,
    Groups {
        /// Whether the directory has none.
        off: bool,
    },
}

impl What {
    fn is_users(self) -> bool {
        matches!(self, Self::Users)
    }

    fn is_off(self) -> bool {
        matches!(self, Self::Groups { off: true })
    }

    fn title(self) -> &'static str {
        if self.is_users() { "Users" } else { "Groups" }
    }

    fn one(self) -> &'static str {
        if self.is_users() { "user" } else { "group" }
    }

    fn lead(self) -> &'static str {
        if self.is_users() {
            "Everybody who may come in, whoever has provisioned them."
        } else {
            "As the identity provider pushes them."
        }
    }

    fn placeholder(self) -> &'static str {
        if self.is_users() {
            "Beginning of a name or e-mail address, or a filter such as  title eq \"Engineer\""
        } else {
            "Name, or a filter such as  externalId pr"
        }
    }

    fn none(self) -> &'static str {
        match self {
            Self::Users => "No users yet",
            Self::Groups { off: false } => "No groups yet",
            Self::Groups { off: true } => "Groups are off",
        }
    }

    fn none_hint(self) -> &'static str {
        match self {
            Self::Users => {
                "They appear here as the identity provider creates them, or when they first sign in."
            }
            Self::Groups { off: false } => "They appear here when the identity provider pushes them.",
            Self::Groups { off: true } => "This directory takes no groups; its settings switch them on.",
        }
    }

    /// The orders: what the form calls them, and in words.
    fn orders(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Users => &[
                ("", "Oldest first"),
                ("name", "By userName"),
                ("-name", "By userName, descending"),
                ("-modified", "Last changed first"),
                ("-created", "Newest first"),
            ],
            Self::Groups { .. } => &[
                ("", "Oldest first"),
                ("name", "By name"),
                ("-name", "By name, descending"),
                ("-modified", "Last changed first"),
                ("-created", "Newest first"),
            ],
        }
    }
}

/// What is searched for.
#[derive(Debug)]
struct Search {
    q: String,
    state: String,
    sort: String,
    token: String,
    /// Whether words are looked for anywhere in names, and not only where these begin.
    anywhere: bool,
}

impl Search {
    fn of(query: &Parameters) -> Self {
        let text = |name| given(query, name).trim().to_owned();
        let anywhere = given(query, "in") == ANYWHERE;
        Self { q: text("q"), state: text("state"), sort: text("sort"), token: text("page"), anywhere }
    }

    fn is_empty(&self) -> bool {
        self.q.is_empty() && self.state.is_empty() && self.token.is_empty()
    }

    /// The attribute to sort by, and the direction.
    fn order(&self, what: What) -> (String, SortOrder) {
        let (name, order) = match self.sort.strip_prefix('-') {
            Some(name) => (name, SortOrder::Descending),
            None => (self.sort.as_str(), SortOrder::Ascending),
        };
        let attribute = match name {
            "name" if what.is_users() => "userName",
            "name" => "displayName",
            "modified" => "meta.lastModified",
            "created" => "meta.created",
            _ => "",
        };
        (attribute.to_owned(), order)
    }

    /// The SCIM filter underneath.
    fn filter(&self, what: What) -> String {
        let state = match self.state.as_str() {
            "active" => "active eq true",
            "inactive" => "active eq false",
            _ => "",
        };
        let typed = if self.q.is_empty() {
            String::new()
        } else if is_filter(&self.q) {
            self.q.clone()
        } else {
            let attributes: &[&str] = match what {
                What::Users => &["userName", "displayName", "name.familyName", "emails.value"],
                What::Groups { .. } => &["displayName"],
            };
            let operator = if self.begins(what) { "sw" } else { "co" };
            let quoted = serde_json::Value::from(self.q.as_str()).to_string();
            let terms: Vec<String> =
                attributes.iter().map(|name| format!("{name} {operator} {quoted}")).collect();
            terms.join(" or ")
        };
        match (typed.is_empty(), state.is_empty()) {
            (false, false) => format!("({typed}) and {state}"),
            _ => format!("{typed}{state}"),
        }
    }

    /// Whether words are looked for where names begin: indexes lead there, however many users there are. Of groups there are
    /// fewer, and one word of theirs is as good as another.
    fn begins(&self, what: What) -> bool {
        what.is_users() && !self.anywhere
    }

    /// Whether the same words may be found elsewhere in names.
    fn may_widen(&self, what: What) -> bool {
        self.begins(what) && !self.q.is_empty() && !is_filter(&self.q)
    }

    fn address(&self, page: &str, token: &str) -> String {
        self.address_in(page, token, self.anywhere)
    }

    /// The same search, anywhere in names.
    fn widened(&self, page: &str) -> String {
        self.address_in(page, "", true)
    }

    fn address_in(&self, page: &str, token: &str, anywhere: bool) -> String {
        let query = [
            ("q", self.q.as_str()),
            ("in", if anywhere { ANYWHERE } else { "" }),
            ("state", &self.state),
            ("sort", &self.sort),
            ("page", token),
        ];
        format!("{page}{}", url::query(&query))
    }
}

/// Whether a text is a filter rather than words to look for: it has an operator with something before it.
fn is_filter(text: &str) -> bool {
    const OPERATORS: [&str; 10] = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"];
    let mut words = text.split_whitespace();
    let begins = words.next().is_some_and(|word| word.eq_ignore_ascii_case("not") || word.starts_with('('));
    begins
        || words.any(|word| {
            OPERATORS.iter().any(|operator| word.trim_end_matches(')').eq_ignore_ascii_case(operator))
        })
}

/// One line.
#[derive(Debug)]
struct Row {
    path: String,
    title: String,
    sub: String,
    active: bool,
    administrator: bool,
    origin: &'static str,
    external_id: String,
    modified: Option<Moment>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "users.html")]
struct ListPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    base: String,
    page: String,
    what: What,
    search: Search,
    rows: Vec<Row>,
    summary: String,
    filter: String,
    first: String,
    next: String,
    error: Option<Failure>,
}

/// Its results alone.
#[derive(Debug, Template)]
#[template(path = "users_results.html")]
struct ResultsPart<'a> {
    base: &'a str,
    page: &'a str,
    what: What,
    search: &'a Search,
    rows: &'a [Row],
    summary: &'a str,
    filter: &'a str,
    first: &'a str,
    next: &'a str,
    error: &'a Option<Failure>,
}

/// Where a user came from, in words.
pub(crate) fn origin_name(origin: UserOrigin) -> &'static str {
    match origin {
        UserOrigin::Scim => "Provisioned by SCIM",
        UserOrigin::Sso => "Created by a sign-in",
        UserOrigin::Admin => "Created by an administrator",
        UserOrigin::Unspecified => "",
    }
}

pub(crate) async fn users(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path(name): Path<String>,
    headers: HeaderMap,
    query: Parameters,
) -> Result<Response, Problem> {
    let (shell, _) = console.directory_shell(&session, Section::Users, &name).await?;
    let (search, what) = (Search::of(&query), What::Users);
    let (sort_by, order) = search.order(what);
    let request = session.message(ListUsersRequest {
        directory: name.clone(),
        filter: search.filter(what),
        sort_by,
        sort_order: order.into(),
        page_size: Some(PAGE),
        page_token: search.token.clone(),
        ..ListUsersRequest::default()
    });
    let now = console.now();
    let base = format!("{}/users", directory_path(&name));
    let listed =
        console.answered_within(LONGEST_SEARCH, client::users(console.core()).list_users(request)).await;
    let listed = listed.map(|listed| {
        listed.map(|listed| Listed {
            rows: listed.users.into_iter().map(|user| user_row(user, &base, now)).collect(),
            total: listed.total_results,
            next: listed.next_page_token,
        })
    });
    page(shell, &query, &headers, what, search, listed)
}

pub(crate) async fn groups(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path(name): Path<String>,
    headers: HeaderMap,
    query: Parameters,
) -> Result<Response, Problem> {
    let (shell, directory) = console.directory_shell(&session, Section::Groups, &name).await?;
    let (search, what) = (Search::of(&query), What::Groups { off: !directory.groups_enabled });
    let (sort_by, order) = search.order(what);
    let request = session.message(ListGroupsRequest {
        directory: name.clone(),
        filter: search.filter(what),
        sort_by,
        sort_order: order.into(),
        page_size: Some(PAGE),
        page_token: search.token.clone(),
        ..ListGroupsRequest::default()
    });
    let now = console.now();
    let base = format!("{}/groups", directory_path(&name));
    let listed =
        console.answered_within(LONGEST_SEARCH, client::groups(console.core()).list_groups(request)).await;
    let listed = listed.map(|listed| {
        listed.map(|listed| Listed {
            rows: listed.groups.into_iter().map(|group| group_row(group, &base, now)).collect(),
            total: listed.total_results,
            next: listed.next_page_token,
        })
    });
    page(shell, &query, &headers, what, search, listed)
}

/// Why nothing is listed.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    title: &'static str,
    message: String,
}

fn too_long() -> String {
    format!(
        "It was given up after {} seconds. A filter that compares with eq or sw a userName, a displayName, an externalId or an \
         e-mail address is answered at once; one that looks inside of texts reads every user.",
        LONGEST_SEARCH.as_secs()
    )
}

/// What the core listed.
#[derive(Default)]
struct Listed {
    rows: Vec<Row>,
    total: i64,
    next: String,
}

/// The page, or its results alone; a filter that cannot be read is told where the results would be.
fn page(
    shell: Shell,
    query: &Parameters,
    headers: &HeaderMap,
    what: What,
    search: Search,
    listed: Result<Option<Listed>, Problem>,
) -> Result<Response, Problem> {
    let (listed, error) = match listed {
        Ok(Some(listed)) => (listed, None),
        Ok(None) => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let failure = Failure { status, title: "This search takes too long", message: too_long() };
            (Listed::default(), Some(failure))
        }
        Err(Problem::Refused {
            reason:
                ErrorReason::InvalidFilter
                | ErrorReason::InvalidPath
                | ErrorReason::InvalidValue
                | ErrorReason::TooMany,
            message,
        }) => {
            let status = StatusCode::BAD_REQUEST;
            (Listed::default(), Some(Failure { status, title: "This filter cannot be read", message }))
        }
        Err(problem) => return Err(problem),
    };
    let base = shell.base();
    let page = format!("{base}/{}s", what.one());
    let total = u64::try_from(listed.total).unwrap_or_default();
    let list = ListPage {
        assets: shell.assets,
        theme: shell.theme,
        summary: count(total, what.one()),
        filter: search.filter(what),
        first: if search.token.is_empty() { String::new() } else { search.address(&page, "") },
        next: if listed.next.is_empty() { String::new() } else { search.address(&page, &listed.next) },
        rows: listed.rows,
        shell: shell.with_notice(done(query)),
        base,
        page,
        what,
        search,
        error,
    };
    if headers.contains_key("x-partial") {
        return Ok(render(&ResultsPart {
            base: &list.base,
            page: &list.page,
            what,
            search: &list.search,
            rows: &list.rows,
            summary: &list.summary,
            filter: &list.filter,
            first: &list.first,
            next: &list.next,
            error: &list.error,
        }));
    }
    let status = list.error.as_ref().map_or(StatusCode::OK, |error| error.status);
    Ok((status, render(&list)).into_response())
}

fn user_row(user: User, base: &str, now: i64) -> Row {
    let origin = origin_name(user.origin());
    let user_name = user.user_name.unwrap_or_default();
    let called = user.display_name.or_else(|| user.name.and_then(|name| name.formatted));
    let modified = user.meta.as_ref().and_then(|meta| Moment::of(meta.last_modified.as_ref(), now));
    Row {
        path: format!("{base}/{}", url::escape(&user.id)),
        sub: if called.is_some() { user_name.clone() } else { String::new() },
        title: called.unwrap_or(user_name),
        active: user.active.unwrap_or(true),
        administrator: user.administrator,
        origin,
        external_id: user.external_id.unwrap_or_default(),
        modified,
    }
}

fn group_row(group: Group, base: &str, now: i64) -> Row {
    Row {
        path: format!("{base}/{}", url::escape(&group.id)),
        title: group.display_name.unwrap_or_default(),
        sub: String::new(),
        active: true,
        administrator: false,
        origin: "",
        external_id: group.external_id.unwrap_or_default(),
        modified: group.meta.as_ref().and_then(|meta| Moment::of(meta.last_modified.as_ref(), now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(q: &str, state: &str) -> Search {
        Search {
            q: q.to_owned(),
            state: state.to_owned(),
            sort: String::new(),
            token: String::new(),
            anywhere: false,
        }
    }

    #[test]
    fn words_become_a_filter_and_a_filter_stays_one() {
        assert_eq!(
            search("an\"a", "").filter(What::Users),
            r#"userName sw "an\"a" or displayName sw "an\"a" or name.familyName sw "an\"a" or emails.value sw "an\"a""#
        );
        let anywhere = Search { anywhere: true, ..search("ana", "inactive") };
        assert_eq!(
            anywhere.filter(What::Users),
            r#"(userName co "ana" or displayName co "ana" or name.familyName co "ana" or emails.value co "ana") and active eq false"#
        );
        assert_eq!(search("eng", "").filter(What::Groups { off: false }), r#"displayName co "eng""#);
        assert_eq!(search("title eq \"x\"", "").filter(What::Users), "title eq \"x\"");
        assert_eq!(
            search("externalId pr", "inactive").filter(What::Users),
            "(externalId pr) and active eq false"
        );
        assert_eq!(search("", "active").filter(What::Users), "active eq true");
        assert_eq!(search("", "").filter(What::Users), "");
    }

    #[test]
    fn words_alone_may_be_looked_for_elsewhere() {
        let page = "/admin/d/a/users";
        assert!(search("ana", "active").may_widen(What::Users));
        assert_eq!(search("ana", "active").widened(page), "/admin/d/a/users?q=ana&in=anywhere&state=active");
        assert!(!search("title pr", "").may_widen(What::Users));
        assert!(!search("", "active").may_widen(What::Users));
        assert!(!search("ana", "").may_widen(What::Groups { off: false }));
        assert!(!Search { anywhere: true, ..search("ana", "") }.may_widen(What::Users));
    }

    #[test]
    fn a_name_with_two_letters_is_no_operator() {
        for words in ["ana", "Le Corbusier", "eq", "Anna co-operative"] {
            assert!(!is_filter(words), "{words}");
        }
        for filter in ["title pr", "not (title pr)", "(title pr)", "userName EQ \"a\""] {
            assert!(is_filter(filter), "{filter}");
        }
    }
}
