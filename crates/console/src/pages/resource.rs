//! One user, one group.

mod history;

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use rollcall_api::client;
use rollcall_api::json::Json;
use rollcall_api::v1::patch_operation::Kind;
use rollcall_api::v1::{
    GetGroupRequest, GetUserRequest, ListGroupMembersRequest, Member, Meta, PatchOperation, PatchUserRequest,
    SetAdministratorRequest, value,
};
use serde_json::Value;

use crate::Console;
use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::form::Submission;
use crate::pages::audit::Change;
use crate::pages::list::origin_name;
use crate::pages::{Parameters, done, given, to_page};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use crate::time::Moment;
use crate::url;

/// Members of a group that its page shows.
const MEMBERS: usize = 200;

/// The attributes of one schema.
#[derive(Debug)]
struct AttributeSection {
    title: String,
    urn: String,
    facts: Vec<Fact>,
}

/// One attribute.
#[derive(Debug)]
struct Fact {
    name: String,
    values: Vec<String>,
    /// Where the value came from.
    source: String,
}

impl Fact {
    fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), values: vec![value.into()], source: String::new() }
    }
}

/// A member, or a group that somebody is in.
#[derive(Debug)]
struct Link {
    path: String,
    title: String,
    kind: &'static str,
}

/// What is said of users alone.
#[derive(Debug)]
struct Person {
    active: bool,
    administrator: bool,
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
    links_title: &'static str,
    links_none: &'static str,
    links: Vec<Link>,
    more_links: bool,
    record: Vec<Fact>,
    history: Vec<Step>,
    dialog: String,
}

/// One change in the history of a resource.
#[derive(Debug)]
struct Step {
    title: String,
    by: String,
    time: Option<Moment>,
    changes: Vec<Change>,
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
    let json = serde_json::to_value(Json::new(&user, "")).unwrap_or_default();
    let links = user.groups.iter().map(|group| Link {
        path: format!("{base}/groups/{}", url::escape(group.value.as_deref().unwrap_or_default())),
        title: group.display.clone().or_else(|| group.value.clone()).unwrap_or_default(),
        kind: if group.r#type.as_deref() == Some("indirect") { "through another group" } else { "" },
    });
    let called =
        user.display_name.clone().or_else(|| user.name.as_ref().and_then(|name| name.formatted.clone()));
    Ok(render(&ResourcePage {
        assets: shell.assets,
        theme: shell.theme,
        shell: shell.with_notice(done(&query)),
        title: called.or_else(|| user.user_name.clone()).unwrap_or_default(),
        page: format!("{base}/users/{}", url::escape(&id)),
        list: format!("{base}/users"),
        list_title: "Users",
        person: Some(Person {
            active: user.active.unwrap_or(true),
            administrator: user.administrator,
            origin: origin_name(user.origin()),
        }),
        scim_enabled: directory.scim_enabled,
        sections: origins.beside(sections(json), console.now()),
        history: console.history(&session, &name, &origins).await?,
        links_title: "Groups",
        links_none: "In no group of this directory.",
        links: links.collect(),
        more_links: false,
        record: record(&user.id, user.meta.as_ref(), console.now()),
        dialog: given(&query, "dialog").to_owned(),
    }))
}

pub(crate) async fn group(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path((name, id)): Path<(String, String)>,
    query: Parameters,
) -> Result<Response, Problem> {
    let request = session.message(GetGroupRequest {
        directory: name.clone(),
        id: id.clone(),
        ..GetGroupRequest::default()
    });
    let group = async { console.answered(client::groups(console.core()).get_group(request)).await };
    let shell = console.directory_shell(&session, Section::Groups, &name);
    let members = console.first_members(&session, &name, &id);
    let origins = console.origins(&session, &name, &id);
    let ((shell, directory), group, members, origins) = tokio::try_join!(shell, group, members, origins)?;
    let group = group.group.ok_or(Problem::NoPage)?;
    let base = directory_path(&name);
    let json = serde_json::to_value(Json::new(&group, "")).unwrap_or_default();
    let links = members.iter().take(MEMBERS).map(|member| {
        let (folder, kind) = match member.r#type.as_deref() {
            Some("Group") => ("groups", "group"),
            _ => ("users", ""),
        };
        Link {
            path: format!("{base}/{folder}/{}", url::escape(&member.value)),
            title: member.display.clone().unwrap_or_else(|| member.value.clone()),
            kind,
        }
    });
    Ok(render(&ResourcePage {
        assets: shell.assets,
        theme: shell.theme,
        shell: shell.with_notice(done(&query)),
        title: group.display_name.clone().unwrap_or_default(),
        page: format!("{base}/groups/{}", url::escape(&id)),
        list: format!("{base}/groups"),
        list_title: "Groups",
        person: None,
        scim_enabled: directory.scim_enabled,
        sections: origins.beside(sections(json), console.now()),
        history: console.history(&session, &name, &origins).await?,
        links_title: "Members",
        links_none: "Nobody is in this group.",
        links: links.collect(),
        more_links: members.len() > MEMBERS,
        record: record(&group.id, group.meta.as_ref(), console.now()),
        dialog: String::new(),
    }))
}

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

impl Console {
    /// The first members of a group, and one more where there are more.
    async fn first_members(
        &self,
        session: &SignedIn,
        directory: &str,
        id: &str,
    ) -> Result<Vec<Member>, Problem> {
        let request =
            session.message(ListGroupMembersRequest { directory: directory.to_owned(), id: id.to_owned() });
        let mut stream = self.answered(client::groups(self.core()).list_group_members(request)).await?;
        let mut members = Vec::new();
        while members.len() <= MEMBERS {
            match stream.message().await.map_err(|status| Problem::from_core(&status))? {
                Some(part) => members.extend(part.members),
                None => break,
            }
        }
        Ok(members)
    }
}

fn record(id: &str, meta: Option<&Meta>, now: i64) -> Vec<Fact> {
    let mut facts = vec![Fact::new("id", id)];
    let Some(meta) = meta else { return facts };
    let times = [("Created", meta.created.as_ref()), ("Last change", meta.last_modified.as_ref())];
    for (name, time) in times {
        facts.extend(
            Moment::of(time, now).map(|time| Fact::new(name, format!("{} ({})", time.words, time.exact))),
        );
    }
    facts.push(Fact::new("Version", meta.version.trim_start_matches("W/").trim_matches('"')));
    facts
}

/// The attributes of a resource, by schema. What the rest of the page shows is left out.
fn sections(resource: Value) -> Vec<AttributeSection> {
    let Value::Object(attributes) = resource else { return Vec::new() };
    let mut core = AttributeSection { title: "Attributes".to_owned(), urn: String::new(), facts: Vec::new() };
    let mut extensions = Vec::new();
    for (name, value) in attributes {
        match (name.as_str(), value) {
            ("schemas" | "id" | "meta" | "groups" | "active", _) => {}
            (urn, Value::Object(members)) if urn.starts_with("urn:") => extensions.push(AttributeSection {
                title: extension_title(urn),
                urn: urn.to_owned(),
                facts: members.into_iter().flat_map(|(name, value)| facts(&name, value)).collect(),
            }),
            (_, value) => core.facts.extend(facts(&name, value)),
        }
    }
    std::iter::once(core).chain(extensions).filter(|section| !section.facts.is_empty()).collect()
}

/// What people call an extension: the last word of its URN but the type of resource.
fn extension_title(urn: &str) -> String {
    if urn == "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User" {
        return "Enterprise".to_owned();
    }
    urn.rsplit(':').next().unwrap_or(urn).to_owned()
}

/// An attribute as lines: a complex one by its parts, a list by its elements.
fn facts(name: &str, value: Value) -> Vec<Fact> {
    match value {
        Value::Object(members) => {
            members.into_iter().flat_map(|(part, value)| facts(&format!("{name}.{part}"), value)).collect()
        }
        Value::Array(values) => {
            let values = values.into_iter().map(element).collect();
            vec![Fact { name: name.to_owned(), values, source: String::new() }]
        }
        value => vec![Fact::new(name, plain(&value))],
    }
}

/// One element of a list: its value, and beside it what kind it is.
fn element(value: Value) -> String {
    let Value::Object(members) = value else { return plain(&value) };
    let text = |name: &str| members.get(name).map(plain);
    let main = text("value").or_else(|| text("formatted")).unwrap_or_else(|| {
        let parts = members.iter().filter(|(name, _)| !matches!(name.as_str(), "type" | "primary"));
        parts.map(|(_, value)| plain(value)).collect::<Vec<_>>().join(", ")
    });
    let kind = text("type");
    let primary = (members.get("primary") == Some(&Value::Bool(true))).then(|| "primary".to_owned());
    let beside: Vec<String> = kind.into_iter().chain(primary).collect();
    if beside.is_empty() { main } else { format!("{main} ({})", beside.join(", ")) }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn attributes_are_told_by_schema_and_line_by_line() {
        let sections = sections(json!({
            "schemas": ["x"], "id": "1", "userName": "ana", "name": {"givenName": "Ana", "familyName": "Sá"},
            "emails": [{"value": "a@example.com", "type": "work", "primary": true}, {"value": "b@example.com"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Sales"},
            "meta": {"version": "W/\"1\""}, "active": true,
        }));
        let lines: Vec<(String, String, Vec<String>)> = sections
            .into_iter()
            .flat_map(|section| {
                let title = section.title;
                section.facts.into_iter().map(move |fact| (title.clone(), fact.name, fact.values))
            })
            .collect();
        let line = |title: &str, name: &str, values: &[&str]| {
            (title.to_owned(), name.to_owned(), values.iter().map(|&value| value.to_owned()).collect())
        };
        assert_eq!(
            lines,
            [
                line("Attributes", "userName", &["ana"]),
                line("Attributes", "name.givenName", &["Ana"]),
                line("Attributes", "name.familyName", &["Sá"]),
                line("Attributes", "emails", &["a@example.com (work, primary)", "b@example.com"]),
                line("Enterprise", "department", &["Sales"]),
            ]
        );
    }
}
