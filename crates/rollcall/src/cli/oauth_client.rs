//! `rollcall oauth-client`: identity providers that fetch their tokens themselves.

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use prost_types::Timestamp;
use rollcall_api::client;
use rollcall_api::v1::{
    AddSecretRequest, ClientSecret, CreateClientRequest, DeleteClientRequest, ListClientsRequest,
    OAuthClient, RevokeSecretRequest,
};
use serde_json::{Value, json};

use super::credential::{State, end, known};
use super::time::{self, exact_time, short_time};
use crate::client::{Client, Connection, present};
use crate::output::{self, Cell, Table};
use crate::settings::Expiry;

/// `rollcall oauth-client`.
#[derive(Debug, Args)]
pub(super) struct OauthClient {
    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a client and its first secret, which is shown this once
    #[command(
        after_help = "Example:\n  rollcall oauth-client create --directory acme --name Entra --expires 1y\n\n\
                            The identity provider fetches its access tokens with both, each for an hour, from\n\
                            POST /oauth2/token on the address of the SCIM endpoint."
    )]
    Create {
        /// Name of the directory that the client is for
        #[arg(long)]
        directory: String,

        /// What it is for, at most 200 characters
        #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
        name: String,

        /// When the secret ends: after a time such as 90d or 1y, or at one such as 2027-01-31T00:00:00Z; without it, never
        #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
        expires: Option<Expiry>,
    },
    /// List the clients of a directory with their secrets, newest first
    List {
        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
    /// Make another secret of a client, which is shown this once; those that it has stay
    #[command(after_help = "Example:\n  rollcall oauth-client add-secret 0197… --directory acme")]
    AddSecret {
        /// Which client: its id
        #[arg(value_name = "CLIENT_ID")]
        client: String,

        /// Name of the directory
        #[arg(long)]
        directory: String,

        /// When the secret ends; without it, never
        #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
        expires: Option<Expiry>,
    },
    /// End a secret at once, with every access token that was issued for it
    #[command(
        after_help = "Example:\n  rollcall oauth-client revoke-secret rc_client_abc123 --directory acme"
    )]
    RevokeSecret {
        /// Which secret: its id or its first characters, as `oauth-client list` shows them
        #[arg(value_name = "ID|PREFIX")]
        secret: String,

        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
    /// Delete a client; its secrets and access tokens end at once
    Delete {
        /// Which client: its id
        #[arg(value_name = "CLIENT_ID")]
        client: String,

        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
}

impl OauthClient {
    pub(super) async fn run(self) -> Result<()> {
        let client = Client::connect(&self.connection).await?;
        let json = self.connection.json;
        match self.action {
            Action::Create { directory, name, expires } => {
                let expires = time_of(expires)?;
                create(&client, json, CreateClientRequest { directory, name, expires }).await
            }
            Action::List { directory } => list(&client, json, directory).await,
            Action::AddSecret { client: client_id, directory, expires } => {
                let expires = time_of(expires)?;
                add_secret(&client, json, AddSecretRequest { directory, client_id, expires }).await
            }
            Action::RevokeSecret { secret, directory } => {
                revoke_secret(&client, json, directory, secret).await
            }
            Action::Delete { client: client_id, directory } => {
                delete(&client, json, directory, client_id).await
            }
        }
    }
}

fn time_of(expires: Option<Expiry>) -> Result<Option<Timestamp>> {
    let expires = expires.map(|expiry| expiry.time(time::now())).transpose().context("--expires")?;
    Ok(expires.map(time::message))
}

async fn create(client: &Client, json: bool, request: CreateClientRequest) -> Result<()> {
    let answer = client::oauth(client.channel()).create_client(client.request(request)).await;
    let answer = answer.map_err(|status| client.explain(&status))?.into_inner();
    let made = present(answer.client)?;
    if json {
        let mut object = json!({ "client_secret": answer.client_secret });
        join(&mut object, as_json(&made));
        return output::json(&object);
    }
    let (id, directory) = (&made.id, &made.directory);
    let secret = present(made.secrets.first())?;
    let explanation = format!(
        "The client_id for the directory {directory} is {id}.\nIts secret {} {}. This is the only time that it is shown:",
        secret.prefix,
        end(secret.expires, secret.revoked)
    );
    output::secret(&answer.client_secret, &explanation)
}

async fn list(client: &Client, json: bool, directory: String) -> Result<()> {
    let request = client.request(ListClientsRequest { directory });
    let answer = client::oauth(client.channel()).list_clients(request).await;
    let clients = answer.map_err(|status| client.explain(&status))?.into_inner().clients;
    if json {
        return output::json(&json!({ "clients": clients.iter().map(as_json).collect::<Vec<_>>() }));
    }
    output::table(&as_table(&clients))
}

async fn add_secret(client: &Client, json: bool, request: AddSecretRequest) -> Result<()> {
    let client_id = request.client_id.clone();
    let answer = client::oauth(client.channel()).add_secret(client.request(request)).await;
    let answer = answer.map_err(|status| client.explain(&status))?.into_inner();
    let secret = present(answer.secret)?;
    if json {
        let mut object = json!({ "client_secret": answer.client_secret, "client_id": client_id });
        join(&mut object, secret_json(&secret));
        return output::json(&object);
    }
    let explanation = format!(
        "The secret {} of the client {client_id} {}. This is the only time that it is shown:",
        secret.prefix,
        end(secret.expires, secret.revoked)
    );
    output::secret(&answer.client_secret, &explanation)
}

async fn revoke_secret(client: &Client, json: bool, directory: String, secret: String) -> Result<()> {
    let request = client.request(RevokeSecretRequest { directory, secret });
    let answer = client::oauth(client.channel()).revoke_secret(request).await;
    let secret = present(answer.map_err(|status| client.explain(&status))?.into_inner().secret)?;
    if json {
        return output::json(&secret_json(&secret));
    }
    output::line(&format!("The secret {} {}.", secret.prefix, end(secret.expires, secret.revoked)))
}

async fn delete(client: &Client, json: bool, directory: String, client_id: String) -> Result<()> {
    let request = client.request(DeleteClientRequest { directory, client_id: client_id.clone() });
    let answer = client::oauth(client.channel()).delete_client(request).await;
    answer.map_err(|status| client.explain(&status))?;
    if json {
        return output::json(&json!({ "client_id": client_id }));
    }
    output::line(&format!("Deleted the client {client_id}; its secrets and access tokens have ended."))
}

/// A row for each secret, and one for a client without any.
fn as_table(clients: &[OAuthClient]) -> Table {
    let mut table = Table::new(&[
        "CLIENT ID",
        "NAME",
        "CREATED",
        "SECRET",
        "STATE",
        "EXPIRES",
        "REVOKED",
        "LAST USED",
        "FROM",
    ]);
    for client in clients {
        let row = |secret: Option<&ClientSecret>| {
            let state = secret.map(|secret| State::of(secret.expires, secret.revoked, time::now()));
            [
                client.id.as_str().into(),
                Cell::optional(known(&client.name)),
                Cell::optional(short_time(secret.map_or(client.created, |secret| secret.created))),
                Cell::optional(secret.map(|secret| secret.prefix.as_str())),
                state.map_or_else(|| Cell::optional(None::<&str>), Cell::from),
                Cell::optional(secret.and_then(|secret| short_time(secret.expires))),
                Cell::optional(secret.and_then(|secret| short_time(secret.revoked))),
                Cell::optional(secret.and_then(|secret| short_time(secret.last_used))),
                Cell::optional(secret.and_then(|secret| known(&secret.last_used_from))),
            ]
        };
        if client.secrets.is_empty() {
            table.row(row(None));
        }
        for secret in &client.secrets {
            table.row(row(Some(secret)));
        }
    }
    table
}

fn as_json(client: &OAuthClient) -> Value {
    json!({
        "client_id": client.id,
        "name": client.name,
        "directory": client.directory,
        "created": exact_time(client.created),
        "secrets": client.secrets.iter().map(secret_json).collect::<Vec<_>>(),
    })
}

fn secret_json(secret: &ClientSecret) -> Value {
    json!({
        "id": secret.id,
        "prefix": secret.prefix,
        "state": State::of(secret.expires, secret.revoked, time::now()).as_str(),
        "created": exact_time(secret.created),
        "expires": exact_time(secret.expires),
        "revoked": exact_time(secret.revoked),
        "lastUsed": exact_time(secret.last_used),
        "lastUsedFrom": known(&secret.last_used_from),
    })
}

fn join(object: &mut Value, facts: Value) {
    if let (Value::Object(object), Value::Object(facts)) = (object, facts) {
        object.extend(facts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> OAuthClient {
        let secret = ClientSecret {
            id: "01970000-0000-7000-8000-000000000001".to_owned(),
            prefix: "rc_client_abc123".to_owned(),
            created: Some(Timestamp { seconds: 1_700_000_000, nanos: 0 }),
            ..ClientSecret::default()
        };
        OAuthClient {
            id: "01970000-0000-7000-8000-000000000000".to_owned(),
            name: "Entra".to_owned(),
            directory: "acme".to_owned(),
            created: Some(Timestamp { seconds: 1_700_000_000, nanos: 0 }),
            secrets: vec![secret],
        }
    }

    #[test]
    fn a_client_has_a_row_for_each_secret_or_one_without() {
        let bare = OAuthClient { secrets: Vec::new(), ..client() };
        let text = as_table(&[client(), bare]).render(false);
        let rows: Vec<Vec<&str>> =
            text.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[0][1..5], ["Entra", "2023-11-14T22:13:20Z", "rc_client_abc123", "live"]);
        assert_eq!(rows[1][3..5], ["-", "-"]);
    }

    #[test]
    fn a_listed_client_has_no_secret() {
        let object = as_json(&client());
        assert_eq!(object["client_id"], "01970000-0000-7000-8000-000000000000");
        assert_eq!(object["secrets"][0]["prefix"], "rc_client_abc123");
        assert_eq!(object["secrets"][0]["state"], "live");
        assert!(object.get("client_secret").is_none());
    }
}
