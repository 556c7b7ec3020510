//! Queries over every type at once: what `SearchService` answers.

use rollcall_api::v1::resource::Resource as Of;
use rollcall_api::v1::search_service_server::SearchService;
use rollcall_api::v1::{Resource, SearchResourcesRequest, SearchResourcesResponse};
use rollcall_store::ResourceType;
use tonic::{Request, Response, Status};

use crate::Core;
use crate::caller::Caller;
use crate::error::Result;
use crate::groups::group_message;
use crate::resources::{Asked, Type, projection};
use crate::users::user_message;

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
        let projection = projection(request.projection.clone())?;
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
        let users = Type { resource_type: ResourceType::User, definition: known.user() };
        let groups = Type { resource_type: ResourceType::Group, definition: known.group() };
        let types = if directory.groups_enabled { vec![users, groups] } else { vec![users] };
        let listed = self.core.list(&directory, directory.rules(), &types, &asked, None).await?;
        let mut memberships = self.core.memberships(&directory, &listed.resources, &projection).await?;
        let resources = listed.resources.into_iter().map(|stored| {
            let resource = match stored.resource_type {
                ResourceType::User => Of::User(user_message(
                    &directory,
                    stored,
                    &mut memberships,
                    &projection,
                    users.definition,
                )),
                ResourceType::Group => Of::Group(group_message(stored, &projection, groups.definition)),
            };
            Resource { resource: Some(resource) }
        });
        Ok(SearchResourcesResponse {
            resources: resources.collect(),
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
