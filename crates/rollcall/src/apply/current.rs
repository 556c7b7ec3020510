//! What directories are.

use std::collections::HashMap;

use anyhow::Result;
use prost_types::Timestamp as Message;
use rollcall_api::client;
use rollcall_api::v1::{
    Directory, ListClientsRequest, ListDirectoriesRequest, ListDirectoryStatusesRequest,
    ListProvisioningRulesRequest, ListRegisteredSchemasRequest, ListServiceKeysRequest, ListTokensRequest,
    ProvisioningRule, RegisteredSchema, ServiceKey,
};

use crate::cli::time::{now, short_time, timestamp};
use crate::client::Client;

/// Directories that are asked for at once.
const PAGE: i32 = 1000;

/// Every directory, by name.
pub(super) async fn directories(client: &Client) -> Result<Vec<Directory>> {
    let mut directories = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = client.request(ListDirectoriesRequest { page_size: PAGE, page_token });
        let answer = client::directories(client.channel()).list_directories(request).await;
        let answer = answer.map_err(|status| client.explain(&status))?.into_inner();
        directories.extend(answer.directories);
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return Ok(directories);
        }
    }
}

/// How many users and groups each directory has, by its name.
pub(super) async fn residents(client: &Client) -> Result<HashMap<String, (i64, i64)>> {
    let mut residents = HashMap::new();
    let mut request = ListDirectoryStatusesRequest { page_size: PAGE, ..Default::default() };
    loop {
        let answer = client::directories(client.channel())
            .list_directory_statuses(client.request(request.clone()))
            .await;
        let page = answer.map_err(|status| client.explain(&status))?.into_inner();
        residents.extend(
            page.statuses
                .into_iter()
                .filter_map(|status| Some((status.directory?.name, (status.users, status.groups)))),
        );
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return Ok(residents);
        }
    }
}

/// What still lets somebody into a directory, each with what it is for.
pub(super) async fn live_access(client: &Client, directory: &str) -> Result<Vec<(String, String)>> {
    let request = client.request(ListTokensRequest { directory: directory.to_owned() });
    let tokens = client::tokens(client.channel()).list_tokens(request).await;
    let tokens = tokens.map_err(|status| client.explain(&status))?.into_inner().tokens;
    let request = client.request(ListClientsRequest { directory: directory.to_owned() });
    let clients = client::oauth(client.channel()).list_clients(request).await;
    let clients = clients.map_err(|status| client.explain(&status))?.into_inner().clients;
    let request = client.request(ListServiceKeysRequest { directory: directory.to_owned() });
    let keys = client::service_keys(client.channel()).list_service_keys(request).await;
    let keys = keys.map_err(|status| client.explain(&status))?.into_inner().service_keys;
    let now = now();
    let lives = |revoked: Option<Message>, expires: Option<Message>| {
        revoked.is_none() && timestamp(expires).is_none_or(|end| end > now)
    };
    let tokens = tokens.into_iter().filter(|token| lives(token.revoked, token.expires));
    let keys = keys.into_iter().filter(|key| key.directory == directory && lives(key.revoked, key.expires));
    let told = |name: String, last_used: Option<Message>| match short_time(last_used) {
        Some(time) => format!("{name}; last used {time}").trim_start_matches("; ").to_owned(),
        None => name,
    };
    Ok(tokens
        .map(|token| (format!("token {}", token.prefix), told(token.description, token.last_used)))
        .chain(clients.into_iter().map(|one| (format!("OAuth client {}", one.id), one.name)))
        .chain(keys.map(|key| (format!("service key {}", key.prefix), told(key.name, key.last_used))))
        .collect())
}

/// The schemas that a directory has registered.
pub(super) async fn schemas(client: &Client, directory: &str) -> Result<Vec<RegisteredSchema>> {
    let request = client.request(ListRegisteredSchemasRequest { directory: directory.to_owned() });
    let answer = client::schemas(client.channel()).list_registered_schemas(request).await;
    Ok(answer.map_err(|status| client.explain(&status))?.into_inner().schemas)
}

/// The provisioning rules of a directory, in order.
pub(super) async fn rules(client: &Client, directory: &str) -> Result<Vec<ProvisioningRule>> {
    let request = client.request(ListProvisioningRulesRequest { directory: directory.to_owned() });
    let answer = client::provisioning_rules(client.channel()).list_provisioning_rules(request).await;
    Ok(answer.map_err(|status| client.explain(&status))?.into_inner().rules)
}

/// The service keys that were made by the hash of their secrets, of every directory and for all.
pub(super) async fn keys(client: &Client) -> Result<Vec<ServiceKey>> {
    let request = client.request(ListServiceKeysRequest { directory: String::new() });
    let answer = client::service_keys(client.channel()).list_service_keys(request).await;
    let keys = answer.map_err(|status| client.explain(&status))?.into_inner().service_keys;
    Ok(keys.into_iter().filter(|key| !key.secret_sha256.is_empty()).collect())
}
