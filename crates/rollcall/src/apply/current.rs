//! What directories are.

use anyhow::Result;
use rollcall_api::client;
use rollcall_api::v1::{
    Directory, ListDirectoriesRequest, ListProvisioningRulesRequest, ListRegisteredSchemasRequest,
    ListServiceKeysRequest, ProvisioningRule, RegisteredSchema, ServiceKey,
};

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
