//! `rollcall token`: the secrets that identity providers present.

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use rollcall_api::client;
use rollcall_api::v1::{
    CreateTokenRequest, ListTokensRequest, RevokeTokenRequest, RotateTokenRequest, Token as Message,
};
use serde_json::{Value, json};

use super::credential::{State, end, known, overlap};
use super::time::{self, exact_time, short_time};
use crate::client::{Client, Connection, present};
use crate::output::{self, Cell, Table};
use crate::settings::{Expiry, duration};

/// `rollcall token`.
#[derive(Debug, Args)]
pub(super) struct Token {
    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token, and show it this once
    #[command(after_help = "Examples:\n  rollcall token create --directory acme --expires 1y\n  \
                            TOKEN=$(rollcall token create --directory acme --json | jq -r .token)")]
    Create {
        /// Name of the directory that the token is for
        #[arg(long)]
        directory: String,

        /// What it is for, at most 200 characters
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        description: String,

        /// When it ends: after a time such as 90d or 1y, or at one such as 2027-01-31T00:00:00Z; without it, never
        #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
        expires: Option<Expiry>,

        /// The user whom the token stands for at /Me; it reaches the whole directory all the same
        #[arg(long, value_name = "ID|USERNAME", default_value = "", hide_default_value = true)]
        user: String,
    },
    /// List the tokens of a directory, newest first
    List {
        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
    /// Make a new token in place of one, which stays valid for a while
    #[command(after_help = "Examples:\n  rollcall token rotate --directory acme\n  \
                            rollcall token rotate --directory acme --token rc_scim_abc123 --overlap 0s")]
    Rotate {
        /// Name of the directory
        #[arg(long)]
        directory: String,

        /// Which token: its id or its first characters, as `token list` shows them; without it, the newest live one
        #[arg(long, value_name = "ID|PREFIX", default_value = "", hide_default_value = true)]
        token: String,

        /// How long the old token stays valid, at most 30d; 0s ends it at once
        #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
        overlap: Duration,
    },
    /// End a token at once
    #[command(after_help = "Example:\n  rollcall token revoke rc_scim_abc123 --directory acme")]
    Revoke {
        /// Which token: its id or its first characters, as `token list` shows them
        #[arg(value_name = "ID|PREFIX")]
        token: String,

        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
}

impl Token {
    pub(super) async fn run(self) -> Result<()> {
        let client = Client::connect(&self.connection).await?;
        let json = self.connection.json;
        match self.action {
            Action::Create { directory, description, expires, user } => {
                let expires =
                    expires.map(|expiry| expiry.time(time::now())).transpose().context("--expires")?;
                let expires = expires.map(time::message);
                create(&client, json, CreateTokenRequest { directory, description, expires, user }).await
            }
            Action::List { directory } => list(&client, json, directory).await,
            Action::Rotate { directory, token, overlap } => {
                rotate(&client, json, directory, token, overlap).await
            }
            Action::Revoke { token, directory } => revoke(&client, json, directory, token).await,
        }
    }
}

async fn create(client: &Client, json: bool, request: CreateTokenRequest) -> Result<()> {
    let answer = client::tokens(client.channel()).create_token(client.request(request)).await;
    let answer = answer.map_err(|status| client.explain(&status))?.into_inner();
    let token = present(answer.token)?;
    if json {
        return output::json(&with_secret(&token, &answer.secret));
    }
    output::secret(&answer.secret, &explanation(&token))
}

async fn list(client: &Client, json: bool, directory: String) -> Result<()> {
    let request = client.request(ListTokensRequest { directory });
    let answer = client::tokens(client.channel()).list_tokens(request).await;
    let tokens = answer.map_err(|status| client.explain(&status))?.into_inner().tokens;
    if json {
        return output::json(&json!({ "tokens": tokens.iter().map(as_json).collect::<Vec<_>>() }));
    }
    output::table(&as_table(&tokens))
}

async fn rotate(
    client: &Client,
    json: bool,
    directory: String,
    token: String,
    length: Duration,
) -> Result<()> {
    let request = RotateTokenRequest { directory, token, overlap: Some(overlap(length)) };
    let answer = client::tokens(client.channel()).rotate_token(client.request(request)).await;
    let answer = answer.map_err(|status| client.explain(&status))?.into_inner();
    let (token, previous) = (present(answer.token)?, present(answer.previous)?);
    if json {
        let mut object = with_secret(&token, &answer.secret);
        object["previous"] = as_json(&previous);
        return output::json(&object);
    }
    let old = format!("The old token {} {}.", previous.prefix, end(previous.expires, previous.revoked));
    output::secret(&answer.secret, &format!("{old}\n{}", explanation(&token)))
}

async fn revoke(client: &Client, json: bool, directory: String, token: String) -> Result<()> {
    let request = client.request(RevokeTokenRequest { directory, token });
    let answer = client::tokens(client.channel()).revoke_token(request).await;
    let token = present(answer.map_err(|status| client.explain(&status))?.into_inner().token)?;
    if json { output::json(&as_json(&token)) } else { output::table(&as_table(&[token])) }
}

fn explanation(token: &Message) -> String {
    let (prefix, directory) = (&token.prefix, &token.directory);
    format!(
        "The token {prefix} of the directory {directory} {}. This is the only time that it is shown:",
        end(token.expires, token.revoked)
    )
}

fn as_table(tokens: &[Message]) -> Table {
    let mut table = Table::new(&[
        "PREFIX",
        "STATE",
        "CREATED",
        "EXPIRES",
        "REVOKED",
        "LAST USED",
        "FROM",
        "USER",
        "DESCRIPTION",
        "ID",
    ]);
    for token in tokens {
        table.row([
            token.prefix.as_str().into(),
            State::of(token.expires, token.revoked, time::now()).into(),
            Cell::optional(short_time(token.created)),
            Cell::optional(short_time(token.expires)),
            Cell::optional(short_time(token.revoked)),
            Cell::optional(short_time(token.last_used)),
            Cell::optional(known(&token.last_used_from)),
            Cell::optional(known(&token.user_id)),
            Cell::optional(Some(token.description.as_str()).filter(|text| !text.is_empty())),
            token.id.as_str().into(),
        ]);
    }
    table
}

fn as_json(token: &Message) -> Value {
    json!({
        "id": token.id,
        "prefix": token.prefix,
        "directory": token.directory,
        "description": token.description,
        "state": State::of(token.expires, token.revoked, time::now()).as_str(),
        "created": exact_time(token.created),
        "expires": exact_time(token.expires),
        "revoked": exact_time(token.revoked),
        "user": known(&token.user_id),
        "lastUsed": exact_time(token.last_used),
        "lastUsedFrom": known(&token.last_used_from),
    })
}

fn with_secret(token: &Message, secret: &str) -> Value {
    let mut object = json!({ "token": secret });
    if let (Value::Object(object), Value::Object(facts)) = (&mut object, as_json(token)) {
        object.extend(facts);
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> Message {
        Message {
            id: "01970000-0000-7000-8000-000000000000".to_owned(),
            prefix: "rc_scim_abc123".to_owned(),
            description: String::new(),
            created: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
            expires: None,
            revoked: None,
            directory: "acme".to_owned(),
            last_used: Some(prost_types::Timestamp { seconds: 1_700_000_060, nanos: 0 }),
            last_used_from: "192.0.2.7".to_owned(),
            user_id: String::new(),
        }
    }

    #[test]
    fn a_new_token_is_the_field_token_of_an_object() {
        let object = with_secret(&token(), "rc_scim_secret");
        assert_eq!(object["token"], "rc_scim_secret");
        assert_eq!(object["prefix"], "rc_scim_abc123");
        assert_eq!(object["directory"], "acme");
        assert_eq!(object["created"], "2023-11-14T22:13:20Z");
        assert_eq!(object["expires"], Value::Null);
        assert_eq!(object["state"], "live");
    }

    #[test]
    fn a_listed_token_has_no_secret() {
        assert!(as_json(&token()).get("token").is_none());
        let text = as_table(&[token()]).render(false);
        let row: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(
            row[..7],
            ["rc_scim_abc123", "live", "2023-11-14T22:13:20Z", "-", "-", "2023-11-14T22:14:20Z", "192.0.2.7"]
        );
    }

    #[test]
    fn people_are_told_that_it_is_shown_once() {
        let text = explanation(&token());
        assert!(text.contains("acme never expires") && text.contains("only time"), "{text}");
    }
}
