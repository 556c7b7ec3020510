//! Groups: what `GroupService` answers.

mod changes;
mod members;
mod rpcs;

use std::pin::Pin;

use futures_util::Stream;
use rollcall_api::group;
use rollcall_api::v1::group_service_server::GroupService;
use rollcall_api::v1::{
    self, CreateGroupRequest, CreateGroupResponse, DeleteGroupRequest, DeleteGroupResponse, GetGroupRequest,
    GetGroupResponse, ListGroupMembersRequest, ListGroupMembersResponse, ListGroupsRequest,
    ListGroupsResponse, ListMembersRequest, ListMembersResponse, PatchGroupRequest, PatchGroupResponse,
    ReplaceGroupRequest, ReplaceGroupResponse,
};
use rollcall_scim::{Definition, Resource};
use rollcall_store::{Directory, ResourceType, StoredDocument, StoredResource};
use tonic::{Extensions, Request, Response, Status, Streaming};

pub(crate) use self::changes::GroupChange;
pub(crate) use self::rpcs::require_groups;

use crate::Core;
use crate::caller::{Caller, parse_id};
use crate::error::{Error, Result};
use crate::resources::{Asked, Listed, Shown, Type, View, parted};

/// The name of the resource type.
const RESOURCE_TYPE: &str = "Group";

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    core: Core,
}

impl Groups {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn get(&self, extensions: &Extensions, request: GetGroupRequest) -> Result<GetGroupResponse> {
        let (directory, stored) =
            self.core.find(extensions, ResourceType::Group, &request.directory, &request.id).await?;
        if !directory.groups_enabled {
            return Err(Error::not_found(RESOURCE_TYPE, &request.id));
        }
        let view = View::of(request.projection)?;
        let types = self.core.types(&directory).await?;
        let (group, scim) = show_document(stored, &view, types.group())?.parted();
        Ok(GetGroupResponse { group, scim })
    }

    async fn list(&self, caller: &Caller, request: ListGroupsRequest) -> Result<ListGroupsResponse> {
        let view = View::of(request.projection.clone())?;
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        caller.require_schemas(&directory)?;
        let asked = Asked {
            list: "groups",
            filter: &request.filter,
            sort_by: &request.sort_by,
            sort_order: request.sort_order,
            page_size: request.page_size,
            start_index: request.start_index,
            page_token: &request.page_token,
            projection: request.projection.as_ref(),
        };
        let known = self.core.types(&directory).await?;
        let definition = known.group();
        let types = [Type { resource_type: ResourceType::Group, definition }];
        let listed = if directory.groups_enabled {
            self.core.list(&directory, directory.rules(), &types, &asked, None).await?
        } else {
            Listed { start_index: request.start_index.map_or(0, |index| index.max(1)), ..Listed::default() }
        };
        let (groups, scim) =
            parted(listed.resources.into_iter().map(|stored| show_document(stored, &view, definition)))?;
        Ok(ListGroupsResponse {
            groups,
            scim,
            total_results: listed.total_results,
            start_index: listed.start_index,
            next_page_token: listed.next_page_token,
        })
    }

    async fn find(&self, directory: &Directory, id: &str) -> Result<StoredDocument> {
        let not_found = || Error::not_found(RESOURCE_TYPE, id);
        if !directory.groups_enabled {
            return Err(not_found());
        }
        let stored =
            self.core.store.resource(directory.id, ResourceType::Group, parse_id(RESOURCE_TYPE, id)?).await?;
        stored.ok_or_else(not_found)
    }
}

/// The attributes of a whole group as a client sent them, yet to be judged. Errors: `invalidValue` where it sent none.
pub(crate) fn sent(group: Option<v1::Group>) -> rollcall_scim::Result<Resource> {
    group.map(group::into_resource).ok_or_else(|| rollcall_scim::Error::value("group: it is missing"))
}

/// A group that was read, without its members, with the attributes that the reader asked for.
pub(crate) fn show_document(
    document: StoredDocument,
    view: &View,
    definition: &Definition,
) -> Result<Shown<v1::Group>> {
    view.of_document(document, &[], definition, |stored| group_message(stored, view, definition))
}

/// A group that was written, likewise.
fn show(stored: StoredResource, view: &View, definition: &Definition) -> Result<Shown<v1::Group>> {
    view.of_resource(stored, &[], definition, |stored| group_message(stored, view, definition))
}

fn group_message(stored: StoredResource, view: &View, definition: &Definition) -> v1::Group {
    group::from_resource(view.represent(stored, &[], definition))
}

#[tonic::async_trait]
impl GroupService for Groups {
    type ListGroupMembersStream =
        Pin<Box<dyn Stream<Item = Result<ListGroupMembersResponse, Status>> + Send>>;

    async fn create_group(
        &self,
        request: Request<Streaming<CreateGroupRequest>>,
    ) -> Result<Response<CreateGroupResponse>, Status> {
        let (_, extensions, messages) = request.into_parts();
        Ok(Response::new(self.create(Caller::of(&extensions)?, messages).await?))
    }

    async fn get_group(
        &self,
        request: Request<GetGroupRequest>,
    ) -> Result<Response<GetGroupResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.get(&extensions, message).await?))
    }

    async fn list_groups(
        &self,
        request: Request<ListGroupsRequest>,
    ) -> Result<Response<ListGroupsResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list(Caller::of(&extensions)?, message).await?))
    }

    async fn list_group_members(
        &self,
        request: Request<ListGroupMembersRequest>,
    ) -> Result<Response<Self::ListGroupMembersStream>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list_members(Caller::of(&extensions)?, message).await?))
    }

    async fn list_members(
        &self,
        request: Request<ListMembersRequest>,
    ) -> Result<Response<ListMembersResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.page_of_members(Caller::of(&extensions)?, message).await?))
    }

    async fn replace_group(
        &self,
        request: Request<Streaming<ReplaceGroupRequest>>,
    ) -> Result<Response<ReplaceGroupResponse>, Status> {
        let (_, extensions, messages) = request.into_parts();
        Ok(Response::new(self.replace(Caller::of(&extensions)?, messages).await?))
    }

    async fn patch_group(
        &self,
        request: Request<Streaming<PatchGroupRequest>>,
    ) -> Result<Response<PatchGroupResponse>, Status> {
        let (_, extensions, messages) = request.into_parts();
        Ok(Response::new(self.patch(Caller::of(&extensions)?, messages).await?))
    }

    async fn delete_group(
        &self,
        request: Request<DeleteGroupRequest>,
    ) -> Result<Response<DeleteGroupResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.delete(Caller::of(&extensions)?, message).await?))
    }
}
