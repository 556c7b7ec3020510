//! What the service supports: what `DiscoveryService` answers.

use std::sync::Arc;

use rollcall_api::discovery;
use rollcall_api::v1::discovery_service_server::DiscoveryService;
use rollcall_api::v1::service_provider_config::{AuthenticationScheme, Pagination};
use rollcall_api::v1::{
    GetServiceProviderConfigRequest, GetServiceProviderConfigResponse, ListResourceTypesRequest,
    ListResourceTypesResponse, ListSchemasRequest, ListSchemasResponse, ServiceProviderConfig,
};
use rollcall_scim::{Definition, builtin};
use rollcall_store::{Directory, PasswordHandling};
use tonic::{Request, Response, Status};

use crate::Core;
use crate::caller::Caller;
use crate::error::Result;
use crate::types::Types;

const CLIENT_CREDENTIALS_SPECIFICATION: &str = "https://www.rfc-editor.org/rfc/rfc6749#section-4.4";
const BEARER_SPECIFICATION: &str = "https://www.rfc-editor.org/rfc/rfc6750";

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Discovery {
    core: Core,
}

impl Discovery {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// What holds for a directory; without one, for the whole installation.
    fn config(&self, directory: Option<&Directory>) -> ServiceProviderConfig {
        let limits = &self.core.limits;
        ServiceProviderConfig {
            patch_supported: true,
            bulk_supported: true,
            bulk_max_operations: i64::try_from(limits.max_bulk_operations).unwrap_or(i64::MAX),
            bulk_max_payload_size: i64::try_from(limits.max_bulk_bytes).unwrap_or(i64::MAX),
            filter_supported: true,
            filter_max_results: limits.max_page_size.into(),
            change_password_supported: directory
                .is_some_and(|directory| directory.password_handling == PasswordHandling::Store),
            sort_supported: true,
            etag_supported: true,
            authentication_schemes: vec![
                AuthenticationScheme {
                    r#type: "oauthbearertoken".to_owned(),
                    name: "Bearer token".to_owned(),
                    description: "The SCIM token of a directory, sent as a bearer token".to_owned(),
                    spec_uri: BEARER_SPECIFICATION.to_owned(),
                    primary: true,
                },
                AuthenticationScheme {
                    r#type: "oauth2".to_owned(),
                    name: "OAuth 2.0 client credentials".to_owned(),
                    description:
                        "An access token of an OAuth 2.0 client of the directory, sent as a bearer token; \
                              POST /oauth2/token, at the root of this server, issues it"
                            .to_owned(),
                    spec_uri: CLIENT_CREDENTIALS_SPECIFICATION.to_owned(),
                    primary: false,
                },
            ],
            pagination: Some(Pagination {
                cursor: true,
                index: true,
                default_method: "index".to_owned(),
                default_page_size: limits.default_page_size.into(),
                max_page_size: limits.max_page_size.into(),
                cursor_timeout_seconds: i64::try_from(limits.page_token_lifetime.as_secs())
                    .unwrap_or(i64::MAX),
            }),
        }
    }

    /// The resource types that a directory has.
    async fn types(&self, caller: &Caller, directory: &str) -> Result<(Arc<Directory>, Types)> {
        let directory = caller.directory(&*self.core.store, directory).await?;
        let types = self.core.types(&directory).await?;
        Ok((directory, types))
    }
}

/// The definitions of the types that a directory has.
fn definitions<'t>(
    directory: &Directory,
    types: &'t Types,
) -> impl Iterator<Item = &'t Definition> + use<'t> {
    std::iter::once(types.user()).chain(directory.groups_enabled.then(|| types.group()))
}

#[tonic::async_trait]
impl DiscoveryService for Discovery {
    async fn get_service_provider_config(
        &self,
        request: Request<GetServiceProviderConfigRequest>,
    ) -> Result<Response<GetServiceProviderConfigResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        let directory = match Caller::if_any(&extensions) {
            Some(caller) if caller.bound_to().is_some() || !message.directory.is_empty() => {
                Some(caller.directory(&*self.core.store, &message.directory).await?)
            }
            _ => None,
        };
        Ok(Response::new(GetServiceProviderConfigResponse {
            config: Some(self.config(directory.as_deref())),
        }))
    }

    async fn list_resource_types(
        &self,
        request: Request<ListResourceTypesRequest>,
    ) -> Result<Response<ListResourceTypesResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        let (directory, types) = self.types(Caller::of(&extensions)?, &message.directory).await?;
        Ok(Response::new(ListResourceTypesResponse {
            resource_types: definitions(&directory, &types).map(discovery::resource_type).collect(),
        }))
    }

    async fn list_schemas(
        &self,
        request: Request<ListSchemasRequest>,
    ) -> Result<Response<ListSchemasResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        let (directory, types) = self.types(Caller::of(&extensions)?, &message.directory).await?;
        let of_types = definitions(&directory, &types).flat_map(|definition| {
            let extensions = definition.extensions.iter().map(|extension| &extension.schema);
            std::iter::once(&definition.schema).chain(extensions)
        });
        let schemas = of_types.chain(builtin::discovery_schemas());
        Ok(Response::new(ListSchemasResponse { schemas: schemas.map(discovery::schema).collect() }))
    }
}
