//! Queries over every type at once: what `SearchService` answers.

use rollcall_api::v1::resource::Resource as Of;
use rollcall_api::v1::search_service_server::SearchService;
use rollcall_api::v1::{Resource, SearchResourcesRequest, SearchResourcesResponse};
use rollcall_store::ResourceType;
use tonic::{Request, Response, Status};

use crate::Core;
use crate::caller::Caller;
use crate::error::Result;
use crate::groups;
use crate::resources::{Asked, Shown, Type, View};
use crate::users;

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    core: Core,
}

impl Search {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn search(
        &self,
        caller: &Caller,
        request: SearchResourcesRequest,
    ) -> Result<SearchResourcesResponse> {
        let view = View::of(request.projection.clone())?;
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        caller.require_schemas(&directory)?;
        let asked = Asked {
            list: "resources",
            filter: &request.filter,
            sort_by: &request.sort_by,
            sort_order: request.sort_order,
            page_size: request.page_size,
            start_index: request.start_index,
            page_token: &request.page_token,
            projection: request.projection.as_ref(),
        };
        let known = self.core.types(&directory).await?;
        let of_users = Type { resource_type: ResourceType::User, definition: known.user() };
        let of_groups = Type { resource_type: ResourceType::Group, definition: known.group() };
        let types = if directory.groups_enabled { vec![of_users, of_groups] } else { vec![of_users] };
        let listed = self.core.list(&directory, directory.rules(), &types, &asked, None).await?;
        let memberships = self.core.memberships(&directory, &listed.resources, &view).await?;
        let resources = listed.resources.into_iter().map(|stored| {
            let groups = memberships.of(stored.id);
            let resource = match stored.resource_type {
                ResourceType::User => {
                    match users::show_document(&directory, stored, groups, &view, known.user())? {
                        Shown::Message(user) => Of::User(user),
                        Shown::Scim(user) => Of::ScimUser(user),
                    }
                }
                ResourceType::Group => match groups::show_document(stored, &view, known.group())? {
                    Shown::Message(group) => Of::Group(group),
                    Shown::Scim(group) => Of::ScimGroup(group),
                },
            };
            Ok(Resource { resource: Some(resource) })
        });
        Ok(SearchResourcesResponse {
            resources: resources.collect::<Result<_>>()?,
            total_results: listed.total_results,
            start_index: listed.start_index,
            next_page_token: listed.next_page_token,
        })
    }
}

#[tonic::async_trait]
impl SearchService for Search {
    async fn search_resources(
        &self,
        request: Request<SearchResourcesRequest>,
    ) -> Result<Response<SearchResourcesResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.search(Caller::of(&extensions)?, message).await?))
    }
}
