//! The groups of the core. Their ids say how many members they have, or what is wrong with them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use rollcall_api::error::status;
use rollcall_api::v1::group_service_server::GroupService;
use rollcall_api::v1::{
    CreateGroupRequest, CreateGroupResponse, DeleteGroupRequest, DeleteGroupResponse, ErrorReason,
    GetGroupRequest, GetGroupResponse, Group, ListGroupMembersRequest, ListGroupMembersResponse,
    ListGroupsRequest, ListGroupsResponse, ListMembersRequest, ListMembersResponse, Member, Meta,
    PatchGroupRequest, PatchGroupResponse, Projection, ReplaceGroupRequest, ReplaceGroupResponse,
    ScimResource,
};
use rollcall_scim::schema::GROUP;
use tonic::{Request, Response, Status, Streaming};

use super::{Asked, FakeCore, VERSION, require_match, scim};

/// What was asked of the groups.
#[derive(Debug, Clone)]
pub(crate) enum GroupAsked {
    Create(Vec<CreateGroupRequest>),
    Get(GetGroupRequest),
    List(ListGroupsRequest),
    Members,
    Replace(Vec<ReplaceGroupRequest>),
    Patch(Vec<PatchGroupRequest>),
    Delete,
}

/// A group without its members.
fn group(id: &str) -> Group {
    Group {
        id: id.to_owned(),
        schemas: vec![GROUP.to_owned()],
        display_name: Some("Ops".to_owned()),
        meta: Some(Meta {
            resource_type: "Group".to_owned(),
            version: VERSION.to_owned(),
            location: format!("/Groups/{id}"),
            ..Meta::default()
        }),
        ..Group::default()
    }
}

/// The same, as the gateway asks for it.
pub(super) fn scim_group(id: &str, projection: Option<&Projection>) -> ScimResource {
    scim(&group(id), id, projection)
}

fn require(id: &str) -> Result<(), Status> {
    match id {
        "none" => Err(status(ErrorReason::NotFound, "there is no Group with the id \"none\"")),
        _ => Ok(()),
    }
}

/// The answer about a group; whoever only wants to know whether it is there asks for no JSON.
fn found(id: &str, projection: Option<&Projection>) -> Result<Option<ScimResource>, Status> {
    require(id)?;
    let asks = projection.filter(|projection| projection.scim_base_url.is_some());
    Ok(asks.map(|projection| scim_group(id, Some(projection))))
}

/// A member that is a user, or one that is a group where the number is odd.
fn member(number: usize) -> Member {
    let (kind, endpoint) = if number.is_multiple_of(2) { ("User", "Users") } else { ("Group", "Groups") };
    Member {
        value: format!("m{number}"),
        display: Some(format!("Member {number}")),
        r#type: Some(kind.to_owned()),
        r#ref: Some(format!("/{endpoint}/m{number}")),
    }
}

async fn all<T>(mut messages: Streaming<T>) -> Result<Vec<T>, Status> {
    let mut all = Vec::new();
    while let Some(message) = messages.message().await? {
        all.push(message);
    }
    Ok(all)
}

#[tonic::async_trait]
impl GroupService for FakeCore {
    async fn create_group(
        &self,
        request: Request<Streaming<CreateGroupRequest>>,
    ) -> Result<Response<CreateGroupResponse>, Status> {
        let (metadata, _, messages) = request.into_parts();
        let messages = all(messages).await?;
        let scim = scim_group("2", messages[0].projection.as_ref());
        let name = messages[0].group.as_ref().and_then(|group| group.display_name.as_deref());
        let takes = name.and_then(|name| name.strip_prefix("takes ")?.split(' ').next()?.parse().ok());
        self.judge(metadata, Asked::Groups(GroupAsked::Create(messages)))?;
        tokio::time::sleep(Duration::from_secs(takes.unwrap_or_default())).await;
        Ok(Response::new(CreateGroupResponse { group: None, scim: Some(scim) }))
    }

    async fn get_group(
        &self,
        request: Request<GetGroupRequest>,
    ) -> Result<Response<GetGroupResponse>, Status> {
        let GetGroupRequest { id, projection, .. } = request.get_ref().clone();
        self.admit(request, |message| Asked::Groups(GroupAsked::Get(message)))?;
        Ok(Response::new(GetGroupResponse { group: None, scim: found(&id, projection.as_ref())? }))
    }

    async fn list_groups(
        &self,
        request: Request<ListGroupsRequest>,
    ) -> Result<Response<ListGroupsResponse>, Status> {
        let message = request.get_ref().clone();
        self.admit(request, |message| Asked::Groups(GroupAsked::List(message)))?;
        Ok(Response::new(ListGroupsResponse {
            groups: Vec::new(),
            scim: message
                .filter
                .split_whitespace()
                .map(|id| scim_group(id, message.projection.as_ref()))
                .collect(),
            total_results: 7,
            start_index: message.start_index.unwrap_or_default(),
            next_page_token: if message.start_index.is_none() { "next".to_owned() } else { String::new() },
        }))
    }

    type ListGroupMembersStream = BoxStream<'static, Result<ListGroupMembersResponse, Status>>;

    async fn list_group_members(
        &self,
        request: Request<ListGroupMembersRequest>,
    ) -> Result<Response<Self::ListGroupMembersStream>, Status> {
        let id = request.get_ref().id.clone();
        self.admit(request, |_| Asked::Groups(GroupAsked::Members))?;
        let (members, breaks) = match id.as_str() {
            "gone" => return Err(status(ErrorReason::NotFound, "there is no Group with the id \"gone\"")),
            "breaks-at-once" => (0, true),
            "breaks" => (20_000, true),
            number => (number.parse().unwrap(), false),
        };
        let taken = self.member_messages.clone();
        let messages = stream::iter((0..members).step_by(1000)).map(move |from: usize| {
            taken.fetch_add(1, Ordering::Relaxed);
            Ok(ListGroupMembersResponse { members: (from..members.min(from + 1000)).map(member).collect() })
        });
        let broken =
            stream::iter(breaks.then(|| Err(Status::unavailable("tcp connect error 10.0.0.7:5432"))));
        Ok(Response::new(messages.chain(broken).boxed()))
    }

    async fn list_members(
        &self,
        _: Request<ListMembersRequest>,
    ) -> Result<Response<ListMembersResponse>, Status> {
        Err(status(ErrorReason::Forbidden, "the gateway streams members"))
    }

    async fn replace_group(
        &self,
        request: Request<Streaming<ReplaceGroupRequest>>,
    ) -> Result<Response<ReplaceGroupResponse>, Status> {
        let (metadata, _, messages) = request.into_parts();
        let messages = all(messages).await?;
        let first = messages[0].clone();
        self.judge(metadata, Asked::Groups(GroupAsked::Replace(messages)))?;
        require_match(&first.if_match)?;
        Ok(Response::new(ReplaceGroupResponse {
            group: None,
            scim: found(&first.id, first.projection.as_ref())?,
        }))
    }

    async fn patch_group(
        &self,
        request: Request<Streaming<PatchGroupRequest>>,
    ) -> Result<Response<PatchGroupResponse>, Status> {
        let (metadata, _, messages) = request.into_parts();
        let messages = all(messages).await?;
        let first = messages[0].clone();
        self.judge(metadata, Asked::Groups(GroupAsked::Patch(messages)))?;
        require_match(&first.if_match)?;
        Ok(Response::new(PatchGroupResponse {
            group: None,
            scim: found(&first.id, first.projection.as_ref())?,
        }))
    }

    async fn delete_group(
        &self,
        request: Request<DeleteGroupRequest>,
    ) -> Result<Response<DeleteGroupResponse>, Status> {
        let message = request.get_ref().clone();
        self.admit(request, |_| Asked::Groups(GroupAsked::Delete))?;
        require_match(&message.if_match)?;
        require(&message.id)?;
        Ok(Response::new(DeleteGroupResponse {}))
    }
}
