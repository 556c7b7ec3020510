//! User provisioning: the switch, the endpoint, the tokens, and the way to set up an identity provider.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use rollcall_api::client;
use rollcall_api::v1::{
    CreateTokenRequest, ErrorReason, ListTokensRequest, RevokeTokenRequest, RotateTokenRequest, Token,
    UpdateDirectoryRequest,
};

use crate::Console;
use crate::assets::Assets;
use crate::cookies::Theme;
use crate::dress::render;
use crate::form::Submission;
use crate::pages::connection::Check;
use crate::pages::directories::{profile_key, profile_name};
use crate::pages::{Parameters, done, given, secret, to_page};
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::{Section, Shell, directory_path};
use crate::time::{Moment, micros, timestamp};

const DAY: i64 = 86_400 * 1_000_000;
/// A token that ends within so many µs is shown with a warning.
const SOON: i64 = 14 * DAY;

/// A token, as the list shows it.
#[derive(Debug)]
struct TokenRow {
    id: String,
    prefix: String,
    description: String,
    live: bool,
    state: &'static str,
    tone: &'static str,
    used: Option<Moment>,
    ends: Option<Moment>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "provisioning.html")]
struct ProvisioningPage {
    assets: &'static Assets,
    theme: Theme,
    shell: Shell,
    name: String,
    /// The path of this page.
    page: String,
    enabled: bool,
    endpoint: String,
    profile: &'static str,
    profile_name: &'static str,
    /// Whose set-up is shown.
    setup: String,
    tokens: Vec<TokenRow>,
    has_live: bool,
    newest_id: String,
    newest_prefix: String,
    check: Check,
    dialog: String,
}

impl ProvisioningPage {
    fn service_provider_config(&self) -> String {
        format!("{}/ServiceProviderConfig", self.endpoint)
    }

    fn live_tokens(&self) -> impl Iterator<Item = &TokenRow> {
        self.tokens.iter().filter(|token| token.live)
    }
}

/// The list of tokens alone.
#[derive(Debug, Template)]
#[template(path = "tokens.html")]
struct TokensPart<'a> {
    tokens: &'a [TokenRow],
    page: &'a str,
}

/// The connection check alone.
#[derive(Debug, Template)]
#[template(path = "check.html")]
struct CheckPart<'a> {
    check: &'a Check,
}

pub(crate) async fn page(
    State(console): State<Arc<Console>>,
    session: SignedIn,
    Path(name): Path<String>,
    query: Parameters,
) -> Result<Response, Problem> {
    let request = session.message(ListTokensRequest { directory: name.clone() });
    let tokens = async { console.answered(client::tokens(console.core()).list_tokens(request)).await };
    let directory = console.directory_shell(&session, Section::Provisioning, &name);
    let check = console.connection(&session, &name);
    let ((shell, directory), tokens, mut check) = tokio::try_join!(directory, tokens, check)?;
    if directory.scim_enabled && check.tone != "good" {
        let prefixes: Vec<_> = tokens.tokens.iter().map(|token| token.prefix.clone()).collect();
        check.strays = console.strays(&session, &prefixes).await?;
    }
    let now = console.now();
    let page = path(&name);
    let rows: Vec<TokenRow> = tokens.tokens.iter().map(|token| row(token, now)).collect();
    match given(&query, "part") {
        "tokens" => return Ok(render(&TokensPart { tokens: &rows, page: &page })),
        "check" => return Ok(render(&CheckPart { check: &check })),
        _ => {}
    }
    let profile = profile_key(directory.profile());
    let setup = match given(&query, "setup") {
        chosen @ ("okta" | "entra" | "generic") => chosen,
        _ => profile,
    };
    let newest = rows.iter().find(|token| token.live);
    Ok(render(&ProvisioningPage {
        assets: shell.assets,
        theme: shell.theme,
        shell: shell.with_notice(done(&query)),
        endpoint: console.endpoint(&session),
        enabled: directory.scim_enabled,
        profile,
        profile_name: profile_name(directory.profile()),
        setup: setup.to_owned(),
        has_live: newest.is_some(),
        newest_id: newest.map(|token| token.id.clone()).unwrap_or_default(),
        newest_prefix: newest.map(|token| token.prefix.clone()).unwrap_or_default(),
        tokens: rows,
        check,
        dialog: given(&query, "dialog").to_owned(),
        page,
        name,
    }))
}

/// Switches SCIM on or off.
pub(crate) async fn switch(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let on = match form.text("to") {
        "on" => true,
        "off" => false,
        _ => return Err(Problem::value("Say whether SCIM is to be on or off.")),
    };
    let request = UpdateDirectoryRequest {
        name: name.clone(),
        scim_enabled: Some(on),
        ..UpdateDirectoryRequest::default()
    };
    let request = form.session.message(request);
    console.answered(client::directories(console.core()).update_directory(request)).await?;
    Ok(to_page(&path(&name), if on { "scim-on" } else { "scim-off" }))
}

/// Makes the first token, or the first one after all have ended.
pub(crate) async fn create(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let days: i64 = form.text("days").parse().unwrap_or_default();
    let request = CreateTokenRequest {
        directory: name.clone(),
        description: form.text("description").to_owned(),
        expires: (days > 0).then(|| timestamp(console.now().saturating_add(days.saturating_mul(DAY)))),
        ..CreateTokenRequest::default()
    };
    let (shell, _) = console.directory_shell(&form.session, Section::Provisioning, &name).await?;
    let request = form.session.message(request);
    let made = console.answered(client::tokens(console.core()).create_token(request)).await?;
    let text = "Give it to the identity provider, with the URL of the endpoint.";
    Ok(secret::show(&shell, "Your new token", text, &made.secret, &path(&name)))
}

/// Makes a new token and gives the present one an end. A form that is sent twice does it once: the token that it names is not
/// the newest one any more.
pub(crate) async fn regenerate(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let seconds: i64 =
        form.text("overlap").parse().map_err(|_| Problem::value("Say when the present token is to end."))?;
    let (shell, _) = console.directory_shell(&form.session, Section::Provisioning, &name).await?;
    let listed = form.session.message(ListTokensRequest { directory: name.clone() });
    let listed = console.answered(client::tokens(console.core()).list_tokens(listed)).await?;
    let now = console.now();
    let newest = listed.tokens.iter().find(|token| is_live(token, now));
    if newest.is_none_or(|token| token.id != form.text("token")) {
        return Err(Problem::Refused {
            reason: ErrorReason::Conflict,
            message:
                "The token has been regenerated or revoked since this page was opened. Nothing was changed."
                    .to_owned(),
        });
    }
    let request = form.session.message(RotateTokenRequest {
        directory: name.clone(),
        token: form.text("token").to_owned(),
        overlap: Some(prost_types::Duration { seconds, nanos: 0 }),
    });
    let made = console.answered(client::tokens(console.core()).rotate_token(request)).await?;
    let text = "Give it to the identity provider in place of the one before.";
    Ok(secret::show(&shell, "Your new token", text, &made.secret, &path(&name)))
}

/// Ends a token at once.
pub(crate) async fn revoke(
    State(console): State<Arc<Console>>,
    Path(name): Path<String>,
    form: Submission,
) -> Result<Response, Problem> {
    let request = form
        .session
        .message(RevokeTokenRequest { directory: name.clone(), token: form.text("token").to_owned() });
    console.answered(client::tokens(console.core()).revoke_token(request)).await?;
    Ok(to_page(&path(&name), "token-revoked"))
}

fn path(name: &str) -> String {
    format!("{}/provisioning", directory_path(name))
}

/// Whether a token counts at a time in µs.
pub(crate) fn is_live(token: &Token, now: i64) -> bool {
    token.revoked.is_none() && token.expires.as_ref().is_none_or(|expires| now < micros(expires))
}

fn row(token: &Token, now: i64) -> TokenRow {
    let live = is_live(token, now);
    let ends = token.expires.as_ref().map(micros);
    let (state, tone) = match (&token.revoked, ends) {
        (Some(_), _) => ("Revoked", ""),
        (None, Some(_)) if !live => ("Expired", ""),
        (None, Some(ends)) if ends - now < SOON => ("Ends soon", "warn"),
        _ => ("Live", "good"),
    };
    TokenRow {
        id: token.id.clone(),
        prefix: token.prefix.clone(),
        description: token.description.clone(),
        live,
        state,
        tone,
        used: Moment::of(token.last_used.as_ref(), now),
        ends: Moment::of(token.revoked.as_ref().or(token.expires.as_ref()), now),
    }
}
