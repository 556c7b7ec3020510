//! The keys of the application's own services.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use rollcall_api::v1::{
    CreateServiceKeyRequest, ErrorReason, ListServiceKeysRequest, RevokeServiceKeyRequest,
    RotateServiceKeyRequest, Scope, ServiceKey,
};
use rollcall_api::{access, client};

use crate::Console;
use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::form::Submission;
use crate::pages::{Parameters, done, given, secret, to_page};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell};
use crate::time::{Moment, micros, timestamp};

const PAGE: &str = "/admin/keys";
const DAY: i64 = 86_400 * 1_000_000;

/// One line of the list.
#[derive(Debug)]
struct Row {
    id: String,
    name: String,
    prefix: String,
    scopes: Vec<&'static str>,
    directory: String,
    live: bool,
    state: &'static str,
    tone: &'static str,
    used: Option<Moment>,
    ends: Option<Moment>,
}

impl Row {
    fn rotate_dialog(&self) -> String {
        format!("rotate-{}", self.id)
    }

    fn revoke_dialog(&self) -> String {
        format!("revoke-{}", self.id)
    }
}

/// A scope that can be ticked.
#[derive(Debug)]
struct ScopeBox {
    name: &'static str,
    meaning: &'static str,
    ticked: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "keys.html")]
struct KeysPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    rows: Vec<Row>,
    scopes: Vec<ScopeBox>,
    dialog: String,
    error: Option<String>,
    name: String,
    directory: String,
}

impl KeysPage {
    fn live_keys(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.live)
    }
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    query: Parameters,
) -> Result<Response, Problem> {
    let page = console.keys_page(&session).await?;
    Ok(render(&KeysPage {
        shell: page.shell.with_notice(done(&query)),
        dialog: given(&query, "dialog").to_owned(),
        ..page
    }))
}

pub(crate) async fn create(
    State(console): State<Arc<Console>>,
    form: Submission,
) -> Result<Response, Problem> {
    let days: i64 = form.text("days").parse().unwrap_or_default();
    let scopes: Vec<Scope> = form.all("scope").filter_map(access::scope_from_name).collect();
    let request = form.session.message(CreateServiceKeyRequest {
        name: form.text("name").to_owned(),
        scopes: scopes.iter().map(|scope| i32::from(*scope)).collect(),
        directory: form.text("directory").to_owned(),
        expires: (days > 0).then(|| timestamp(console.now().saturating_add(days.saturating_mul(DAY)))),
        ..CreateServiceKeyRequest::default()
    });
    match console.answered(client::service_keys(console.core()).create_service_key(request)).await {
        Ok(made) => {
            let shell = console.shell(&form.session, Section::Keys).await?;
            let text = format!(
                "Give it to the service “{}”, which sends it as its bearer token.",
                form.text("name")
            );
            Ok(secret::show(&shell, "Your new service key", &text, &made.secret, PAGE))
        }
        Err(problem) => {
            let error = problem.correctable()?;
            let page = KeysPage {
                dialog: "create".to_owned(),
                error: Some(error),
                name: form.text("name").to_owned(),
                directory: form.text("directory").to_owned(),
                scopes: scope_boxes(&scopes),
                ..console.keys_page(&form.session).await?
            };
            Ok((StatusCode::BAD_REQUEST, render(&page)).into_response())
        }
    }
}

/// Makes a new key in place of one. A form that is sent twice does it once: the key that it names has an end by then.
pub(crate) async fn rotate(
    State(console): State<Arc<Console>>,
    form: Submission,
) -> Result<Response, Problem> {
    let seconds: i64 =
        form.text("overlap").parse().map_err(|_| Problem::value("Say when the present key is to end."))?;
    let (shell, listed) = console.shell_and_keys(&form.session).await?;
    let now = console.now();
    let key = listed.iter().find(|key| key.id == form.text("key") && is_live(key, now));
    let is_newest = key.is_some_and(|key| {
        let like = |other: &&ServiceKey| other.name == key.name && other.directory == key.directory;
        listed.iter().filter(like).find(|other| is_live(other, now)).is_some_and(|newest| newest.id == key.id)
    });
    if !is_newest {
        return Err(Problem::Refused {
            reason: ErrorReason::Conflict,
            message: "The key has been rotated or revoked since this page was opened. Nothing was changed."
                .to_owned(),
        });
    }
    let request = form.session.message(RotateServiceKeyRequest {
        service_key: form.text("key").to_owned(),
        overlap: Some(prost_types::Duration { seconds, nanos: 0 }),
    });
    let made = console.answered(client::service_keys(console.core()).rotate_service_key(request)).await?;
    Ok(secret::show(
        &shell,
        "Your new service key",
        "Give it to the service in place of the one before.",
        &made.secret,
        PAGE,
    ))
}

pub(crate) async fn revoke(
    State(console): State<Arc<Console>>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = form.session.message(RevokeServiceKeyRequest { service_key: form.text("key").to_owned() });
    console.answered(client::service_keys(console.core()).revoke_service_key(request)).await?;
    Ok(to_page(PAGE, "key-revoked"))
}

impl Console {
    async fn shell_and_keys(&self, session: &SignedIn) -> Result<(Shell, Vec<ServiceKey>), Problem> {
        let request = session.message(ListServiceKeysRequest::default());
        let listed =
            async { self.answered(client::service_keys(self.core()).list_service_keys(request)).await };
        let (shell, listed) = tokio::try_join!(self.shell(session, Section::Keys), listed)?;
        Ok((shell, listed.service_keys))
    }

    async fn keys_page(&self, session: &SignedIn) -> Result<KeysPage, Problem> {
        let (shell, keys) = self.shell_and_keys(session).await?;
        let now = self.now();
        Ok(KeysPage {
            assets: shell.assets,
            theme: shell.theme,
            shell,
            rows: keys.iter().map(|key| row(key, now)).collect(),
            scopes: scope_boxes(&[]),
            dialog: String::new(),
            error: None,
            name: String::new(),
            directory: String::new(),
        })
    }
}

fn scope_boxes(ticked: &[Scope]) -> Vec<ScopeBox> {
    let boxes = access::KEY_SCOPES.iter().filter_map(|scope| {
        let meaning = match scope {
            Scope::DirectoryRead => "Read users and groups.",
            Scope::DirectoryWrite => "Create, change and delete users and groups.",
            Scope::SsoSignIn => "Ask whether a sign-in may come in.",
            Scope::EventsRead => "List and follow events.",
            Scope::PasswordVerify => "Ask whether a password is a user's.",
            Scope::ActivityWrite => "Report the requests that a gateway has answered.",
            Scope::Admin => "Everything, this console included.",
            _ => "",
        };
        Some(ScopeBox { name: access::scope_name(*scope)?, meaning, ticked: ticked.contains(scope) })
    });
    boxes.collect()
}

fn is_live(key: &ServiceKey, now: i64) -> bool {
    key.revoked.is_none() && key.expires.as_ref().is_none_or(|expires| now < micros(expires))
}

fn row(key: &ServiceKey, now: i64) -> Row {
    let live = is_live(key, now);
    let (state, tone) = match (&key.revoked, live) {
        (Some(_), _) => ("Revoked", ""),
        (None, false) => ("Expired", ""),
        (None, true) => ("Live", "good"),
    };
    Row {
        id: key.id.clone(),
        name: key.name.clone(),
        prefix: key.prefix.clone(),
        scopes: key.scopes().filter_map(access::scope_name).collect(),
        directory: key.directory.clone(),
        live,
        state,
        tone,
        used: Moment::of(key.last_used.as_ref(), now),
        ends: Moment::of(key.revoked.as_ref().or(key.expires.as_ref()), now),
    }
}
