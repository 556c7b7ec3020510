//! The members of a group: streamed, where a part is read when the one before it was taken, and page by page.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use rollcall_api::v1::{
    self, ListGroupMembersRequest, ListGroupMembersResponse, ListMembersRequest, ListMembersResponse,
};
use rollcall_store::{KnownMember, Member, MemberQuery, Store};
use tonic::Status;
use uuid::Uuid;

use super::Groups;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::log_query::LogPage;
use crate::page_token::Binding;
use crate::resources::location;
use crate::texts::require_storable;

/// Members in one message.
const MEMBERS_PER_MESSAGE: u32 = 1000;

/// The stream of an answer.
type Members = Pin<Box<dyn Stream<Item = Result<ListGroupMembersResponse, Status>> + Send>>;

impl Groups {
    pub(super) async fn list_members(
        &self,
        caller: &Caller,
        request: ListGroupMembersRequest,
    ) -> Result<Members> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let group = self.find(&directory, &request.id).await?;
        let walk = Walk {
            store: Arc::clone(&self.core.store),
            directory: directory.id,
            group: group.id,
            after: None,
        };
        Ok(Box::pin(futures_util::stream::try_unfold(Some(walk), async |walk| {
            let Some(walk) = walk else { return Ok(None) };
            walk.step().await.map_err(Status::from)
        })))
    }
}

impl Groups {
    pub(super) async fn page_of_members(
        &self,
        caller: &Caller,
        request: ListMembersRequest,
    ) -> Result<ListMembersResponse> {
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let group = self.find(&directory, &request.id).await?;
        require_storable("name_prefix", &request.name_prefix)?;
        let binding = Binding::new(directory.id, "members", &[&request.id, &request.name_prefix]);
        let page = LogPage::open(&self.core, request.page_size, &request.page_token, &binding).await?;
        let query =
            MemberQuery { name_prefix: &request.name_prefix, after: page.after, limit: page.size + 1 };
        let mut members = self.core.store.known_members(directory.id, group.id, &query).await?;
        let total = self.core.store.count_members(directory.id, group.id, &query).await?;
        let next_page_token = page.cut(&self.core, &mut members, |known| known.member.id, &binding).await?;
        Ok(ListMembersResponse {
            members: members.into_iter().map(known_message).collect(),
            next_page_token,
            total_results: i64::try_from(total).unwrap_or(i64::MAX),
        })
    }
}

fn known_message(known: KnownMember) -> v1::GroupMember {
    v1::GroupMember {
        member: Some(message(known.member)),
        user_name: known.user_name.unwrap_or_default(),
        active: known.active,
    }
}

/// A walk over the members in order of their ids.
struct Walk {
    store: Arc<dyn Store>,
    directory: Uuid,
    group: Uuid,
    after: Option<Uuid>,
}

impl Walk {
    /// The next part, and the walk after it if there may be more.
    async fn step(mut self) -> Result<Option<(ListGroupMembersResponse, Option<Self>)>, Error> {
        let members =
            self.store.group_members(self.directory, self.group, self.after, MEMBERS_PER_MESSAGE).await?;
        let Some(last) = members.last() else { return Ok(None) };
        self.after = Some(last.id);
        let is_full = members.len() == MEMBERS_PER_MESSAGE as usize;
        let message = ListGroupMembersResponse { members: members.into_iter().map(message).collect() };
        Ok(Some((message, is_full.then_some(self))))
    }
}

fn message(member: Member) -> v1::Member {
    v1::Member {
        value: member.id.to_string(),
        display: member.label,
        r#type: Some(member.resource_type.as_str().to_owned()),
        r#ref: Some(location(member.resource_type, member.id)),
    }
}
