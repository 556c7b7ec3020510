//! The OAuth clients of a directory: identity providers that fetch their tokens themselves.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use rollcall_api::client;
use rollcall_api::v1::{
    AddSecretRequest, ClientSecret, CreateClientRequest, DeleteClientRequest, ErrorReason,
    ListClientsRequest, OAuthClient, RevokeSecretRequest,
};

use crate::Console;
use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::form::Submission;
use crate::pages::secret::{self, Beside};
use crate::pages::{Parameters, done, given, to_page};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use crate::time::{Moment, micros, timestamp};

const DAY: i64 = 86_400 * 1_000_000;
/// A secret that ends within so many µs is shown with a warning.
const SOON: i64 = 14 * DAY;

/// A client.
#[derive(Debug)]
struct ClientCard {
    id: String,
    name: String,
    made: Option<Moment>,
    secrets: Vec<SecretRow>,
}

impl ClientCard {
    fn live_secrets(&self) -> impl Iterator<Item = &SecretRow> {
        self.secrets.iter().filter(|secret| secret.live)
    }

    /// The secret that was made last, by which a form that is sent twice is known; empty, there is none.
    fn newest(&self) -> &str {
        self.secrets.first().map_or("", |secret| secret.id.as_str())
    }

    /// What people call it.
    fn title(&self) -> &str {
        if self.name.is_empty() { "Client without a name" } else { &self.name }
    }
}

/// A secret of a client.
#[derive(Debug)]
struct SecretRow {
    id: String,
    prefix: String,
    live: bool,
    state: &'static str,
    tone: &'static str,
    used: Option<Moment>,
    used_from: String,
    ends: Option<Moment>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "clients.html")]
struct ClientsPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    name: String,
    page: String,
    endpoint: String,
    token_endpoint: String,
    clients: Vec<ClientCard>,
    dialog: String,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path(name): Path<String>,
    query: Parameters,
) -> Result<Response, Problem> {
    let shell = console.directory_shell(&session, Section::Provisioning, &name);
    let clients = console.clients(&session, &name);
    let ((shell, _), clients) = tokio::try_join!(shell, clients)?;
    let now = console.now();
    Ok(render(&ClientsPage {
        assets: shell.assets,
        theme: shell.theme,
        shell: shell.with_notice(done(&query)),
        endpoint: console.endpoint(&session),
        token_endpoint: console.token_endpoint(&session),
        clients: clients.into_iter().map(|client| card(client, now)).collect(),
        dialog: given(&query, "dialog").to_owned(),
        page: path(&name),
        name,
    }))
}

pub(crate) async fn create(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let (shell, _) = console.directory_shell(&form.session, Section::Provisioning, &name).await?;
    let request = form.session.message(CreateClientRequest {
        directory: name.clone(),
        name: form.text("name").to_owned(),
        expires: console.end(&form),
    });
    let made = console.answered(client::oauth(console.core()).create_client(request)).await?;
    let client = made.client.unwrap_or_default();
    Ok(console.shown(&shell, &form, &name, "Your new client", &client.id, &made.client_secret))
}

/// Makes another secret of a client. A form that is sent twice does it once: the newest secret is another one by then.
pub(crate) async fn add_secret(
    State(console): State<Arc<Console>>,
    Path((name, id)): Path<(String, String)>,
    form: Submission,
) -> Result<Response, Problem> {
    let (shell, _) = console.directory_shell(&form.session, Section::Provisioning, &name).await?;
    let clients = console.clients(&form.session, &name).await?;
    let newest = clients
        .iter()
        .find(|client| client.id == id)
        .map(|client| client.secrets.first().map_or("", |secret| secret.id.as_str()));
    if newest.is_some_and(|newest| newest != form.text("newest")) {
        return Err(Problem::Refused {
            reason: ErrorReason::Conflict,
            message: "The client has got another secret since this page was opened. Nothing was changed."
                .to_owned(),
        });
    }
    let request = form.session.message(AddSecretRequest {
        directory: name.clone(),
        client_id: id.clone(),
        expires: console.end(&form),
    });
    let made = console.answered(client::oauth(console.core()).add_secret(request)).await?;
    Ok(console.shown(&shell, &form, &name, "Your new secret", &id, &made.client_secret))
}

pub(crate) async fn revoke_secret(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = form
        .session
        .message(RevokeSecretRequest { directory: name.clone(), secret: form.text("secret").to_owned() });
    console.answered(client::oauth(console.core()).revoke_secret(request)).await?;
    Ok(to_page(&path(&name), "secret-revoked"))
}

pub(crate) async fn delete(
    State(console): State<Arc<Console>>,
    Path((name, id)): Path<(String, String)>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = form.session.message(DeleteClientRequest { directory: name.clone(), client_id: id });
    console.answered(client::oauth(console.core()).delete_client(request)).await?;
    Ok(to_page(&path(&name), "client-deleted"))
}

impl Console {
    async fn clients(&self, session: &SignedIn, directory: &str) -> Result<Vec<OAuthClient>, Problem> {
        let request = session.message(ListClientsRequest { directory: directory.to_owned() });
        Ok(self.answered(client::oauth(self.core()).list_clients(request)).await?.clients)
    }

    /// When the secret of a form is to end.
    fn end(&self, form: &Submission) -> Option<prost_types::Timestamp> {
        let days: i64 = form.text("days").parse().unwrap_or_default();
        (days > 0).then(|| timestamp(self.now().saturating_add(days.saturating_mul(DAY))))
    }

    fn shown(
        &self,
        shell: &Shell,
        form: &Submission,
        directory: &str,
        title: &str,
        client: &str,
        secret: &str,
    ) -> Response {
        let text = "Give all three to the identity provider.";
        let token_endpoint = self.token_endpoint(&form.session);
        let beside = [
            Beside { id: "client-id", label: "Client identifier", value: client },
            Beside { id: "token-endpoint", label: "Token endpoint", value: &token_endpoint },
        ];
        secret::show_with(shell, title, text, secret, &beside, &path(directory))
    }
}

fn path(directory: &str) -> String {
    format!("{}/clients", directory_path(directory))
}

fn card(client: OAuthClient, now: i64) -> ClientCard {
    ClientCard {
        made: Moment::of(client.created.as_ref(), now),
        secrets: client.secrets.iter().map(|secret| row(secret, now)).collect(),
        id: client.id,
        name: client.name,
    }
}

fn row(secret: &ClientSecret, now: i64) -> SecretRow {
    let ends = secret.expires.as_ref().map(micros);
    let live = secret.revoked.is_none() && ends.is_none_or(|ends| now < ends);
    let (state, tone) = match (&secret.revoked, ends) {
        (Some(_), _) => ("Revoked", ""),
        (None, Some(_)) if !live => ("Expired", ""),
        (None, Some(ends)) if ends - now < SOON => ("Ends soon", "warn"),
        _ => ("Live", "good"),
    };
    SecretRow {
        id: secret.id.clone(),
        prefix: secret.prefix.clone(),
        live,
        state,
        tone,
        used: Moment::of(secret.last_used.as_ref(), now),
        used_from: secret.last_used_from.clone(),
        ends: Moment::of(secret.revoked.as_ref().or(secret.expires.as_ref()), now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_live_until_it_ends_or_is_revoked() {
        let now = 100 * DAY;
        let at = |days: i64| Some(timestamp(days * DAY));
        let state =
            |expires, revoked| row(&ClientSecret { expires, revoked, ..ClientSecret::default() }, now).state;
        assert_eq!(state(None, None), "Live");
        assert_eq!(state(at(200), None), "Live");
        assert_eq!(state(at(110), None), "Ends soon");
        assert_eq!(state(at(100), None), "Expired");
        assert_eq!(state(None, at(99)), "Revoked");
    }
}
