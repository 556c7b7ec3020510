//! `rollcall service-key`: the keys of the application's own services.

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use clap::{Args, Subcommand};
use rollcall_api::v1::{
    CreateServiceKeyRequest, ListServiceKeysRequest, RevokeServiceKeyRequest, RotateServiceKeyRequest, Scope,
    ServiceKey as Message,
};
use rollcall_api::{access, client};
use serde_json::{Value, json};

use super::credential::{State, end, known, overlap};
use super::time::{self, exact_time, short_time};
use crate::client::{Client, Connection, present};
use crate::output::{self, Cell, Table};
use crate::settings::{Expiry, duration};

/// `rollcall service-key`.
#[derive(Debug, Args)]
pub(super) struct ServiceKey {
    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a key, and show it this once
    #[command(after_help = "Examples:\n  rollcall service-key create billing --scope directory.read\n  \
                            rollcall service-key create sign-in --scope sso.sign-in,directory.read --directory acme")]
    Create(Create),
    /// List the keys, newest first
    List {
        /// Only those of this directory
        #[arg(long, default_value = "", hide_default_value = true)]
        directory: String,
    },
    /// Make a new key in place of one, which stays valid for a while
    #[command(after_help = "Example:\n  rollcall service-key rotate rc_svc_abc123 --overlap 7d")]
    Rotate {
        /// Which key: its id or its first characters, as `service-key list` shows them
        #[arg(value_name = "ID|PREFIX")]
        key: String,

        /// How long the old key stays valid, at most 30d; 0s ends it at once
        #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
        overlap: Duration,
    },
    /// End a key at once
    #[command(after_help = "Example:\n  rollcall service-key revoke rc_svc_abc123")]
    Revoke {
        /// Which key: its id or its first characters, as `service-key list` shows them
        #[arg(value_name = "ID|PREFIX")]
        key: String,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// What the key is for, 1 to 200 characters
    name: String,

    /// What it may do; several by comma, or by giving the flag again
    #[arg(long = "scope", value_name = "SCOPE", required = true, value_delimiter = ',', value_parser = scope_parser())]
    scopes: Vec<Scope>,

    /// Name of the only directory that it is for; without it, all
    #[arg(long, default_value = "", hide_default_value = true)]
    directory: String,

    /// When it ends: after a time such as 90d or 1y, or at one such as 2027-01-31T00:00:00Z; without it, never
    #[arg(long, value_name = "WHEN", value_parser = Expiry::parse)]
    expires: Option<Expiry>,

    /// The user of the directory whom the key stands for at /Me
    #[arg(
        long,
        value_name = "ID|USERNAME",
        requires = "directory",
        default_value = "",
        hide_default_value = true
    )]
    user: String,
}

fn scope_parser() -> impl clap::builder::TypedValueParser<Value = Scope> {
    PossibleValuesParser::new(access::KEY_SCOPES.into_iter().filter_map(access::scope_name))
        .map(|name| access::scope_from_name(&name).unwrap_or_default())
}

impl ServiceKey {
    pub(super) async fn run(self) -> Result<()> {
        let client = Client::connect(&self.connection).await?;
        let json = self.connection.json;
        match self.action {
            Action::Create(create) => create.run(&client, json).await,
            Action::List { directory } => list(&client, json, directory).await,
            Action::Rotate { key, overlap } => rotate(&client, json, key, overlap).await,
            Action::Revoke { key } => revoke(&client, json, key).await,
        }
    }
}

impl Create {
    async fn run(self, client: &Client, json: bool) -> Result<()> {
        let expires = self.expires.map(|expiry| expiry.time(time::now())).transpose().context("--expires")?;
        let request = CreateServiceKeyRequest {
            name: self.name,
            scopes: self.scopes.into_iter().map(i32::from).collect(),
            directory: self.directory,
            expires: expires.map(time::message),
            user: self.user,
            secret_sha256: String::new(),
        };
        let answer = client::service_keys(client.channel()).create_service_key(client.request(request)).await;
        let answer = answer.map_err(|status| client.explain(&status))?.into_inner();
        let key = present(answer.service_key)?;
        if json {
            return output::json(&with_secret(&key, &answer.secret));
        }
        output::secret(&answer.secret, &explanation(&key))
    }
}

async fn list(client: &Client, json: bool, directory: String) -> Result<()> {
    let request = client.request(ListServiceKeysRequest { directory });
    let answer = client::service_keys(client.channel()).list_service_keys(request).await;
    let keys = answer.map_err(|status| client.explain(&status))?.into_inner().service_keys;
    if json {
        return output::json(&json!({ "serviceKeys": keys.iter().map(as_json).collect::<Vec<_>>() }));
    }
    output::table(&as_table(&keys))
}

async fn rotate(client: &Client, json: bool, key: String, length: Duration) -> Result<()> {
    let request = RotateServiceKeyRequest { service_key: key, overlap: Some(overlap(length)) };
    let answer = client::service_keys(client.channel()).rotate_service_key(client.request(request)).await;
    let answer = answer.map_err(|status| client.explain(&status))?.into_inner();
    let (key, previous) = (present(answer.service_key)?, present(answer.previous)?);
    if json {
        let mut object = with_secret(&key, &answer.secret);
        object["previous"] = as_json(&previous);
        return output::json(&object);
    }
    let old = format!("The old key {} {}.", previous.prefix, end(previous.expires, previous.revoked));
    output::secret(&answer.secret, &format!("{old}\n{}", explanation(&key)))
}

async fn revoke(client: &Client, json: bool, key: String) -> Result<()> {
    let request = client.request(RevokeServiceKeyRequest { service_key: key });
    let answer = client::service_keys(client.channel()).revoke_service_key(request).await;
    let key = present(answer.map_err(|status| client.explain(&status))?.into_inner().service_key)?;
    if json { output::json(&as_json(&key)) } else { output::table(&as_table(&[key])) }
}

fn explanation(key: &Message) -> String {
    let reach = match key.directory.as_str() {
        "" => "all directories".to_owned(),
        name => format!("the directory {name}"),
    };
    format!(
        "The key {} for {reach} {}. This is the only time that it is shown:",
        key.prefix,
        end(key.expires, key.revoked)
    )
}

fn scope_names(key: &Message) -> Vec<&'static str> {
    key.scopes().filter_map(access::scope_name).collect()
}

fn as_table(keys: &[Message]) -> Table {
    let mut table = Table::new(&[
        "PREFIX",
        "NAME",
        "STATE",
        "DIRECTORY",
        "SCOPES",
        "CREATED",
        "EXPIRES",
        "REVOKED",
        "LAST USED",
        "FROM",
        "USER",
        "ID",
    ]);
    for key in keys {
        table.row([
            key.prefix.as_str().into(),
            key.name.as_str().into(),
            State::of(key.expires, key.revoked, time::now()).into(),
            if key.directory.is_empty() {
                Cell::Faint("(all)".to_owned())
            } else {
                key.directory.as_str().into()
            },
            scope_names(key).join(",").into(),
            Cell::optional(short_time(key.created)),
            Cell::optional(short_time(key.expires)),
            Cell::optional(short_time(key.revoked)),
            Cell::optional(short_time(key.last_used)),
            Cell::optional(known(&key.last_used_from)),
            Cell::optional(known(&key.user_id)),
            key.id.as_str().into(),
        ]);
    }
    table
}

fn as_json(key: &Message) -> Value {
    json!({
        "id": key.id,
        "prefix": key.prefix,
        "name": key.name,
        "scopes": scope_names(key),
        "directory": Some(&key.directory).filter(|name| !name.is_empty()),
        "state": State::of(key.expires, key.revoked, time::now()).as_str(),
        "created": exact_time(key.created),
        "expires": exact_time(key.expires),
        "revoked": exact_time(key.revoked),
        "user": known(&key.user_id),
        "lastUsed": exact_time(key.last_used),
        "lastUsedFrom": known(&key.last_used_from),
    })
}

fn with_secret(key: &Message, secret: &str) -> Value {
    let mut object = json!({ "key": secret });
    if let (Value::Object(object), Value::Object(facts)) = (&mut object, as_json(key)) {
        object.extend(facts);
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Message {
        Message {
            id: "01970000-0000-7000-8000-000000000000".to_owned(),
            prefix: "rc_svc_abc123".to_owned(),
            name: "billing".to_owned(),
            scopes: vec![Scope::DirectoryRead.into(), Scope::EventsRead.into()],
            directory: String::new(),
            created: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
            expires: None,
            revoked: Some(prost_types::Timestamp { seconds: 1_700_000_060, nanos: 0 }),
            last_used: None,
            last_used_from: String::new(),
            secret_sha256: String::new(),
            user_id: String::new(),
        }
    }

    #[test]
    fn a_new_key_is_the_field_key_of_an_object() {
        let object = with_secret(&key(), "rc_svc_secret");
        assert_eq!(object["key"], "rc_svc_secret");
        assert_eq!(object["scopes"], json!(["directory.read", "events.read"]));
        assert_eq!(object["directory"], Value::Null);
        assert_eq!(object["state"], "revoked");
    }

    #[test]
    fn a_listed_key_has_its_scopes_and_no_secret() {
        assert!(as_json(&key()).get("key").is_none());
        let text = as_table(&[key()]).render(false);
        let row: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(row[..5], ["rc_svc_abc123", "billing", "revoked", "(all)", "directory.read,events.read"]);
    }
}
