//! Members on their way out: read from the core message by message, and written as they come.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::{HeaderMap, StatusCode};
use rollcall_api::channel::CoreChannel;
use rollcall_api::client;
use rollcall_api::json::Json;
use rollcall_api::v1::{self, ListGroupMembersRequest, ListGroupMembersResponse, Member};
use rollcall_scim::builtin;
use rollcall_scim::projection::Projection;
use serde_json::{Value, json};
use tokio::time::timeout;
use tonic::Streaming;

use crate::call::{Call, with_metadata};
use crate::error::Problem;
use crate::request_id::RequestId;

/// Which parts of members are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of its own")]
pub(crate) struct Shown {
    value: bool,
    reference: bool,
    display: bool,
    kind: bool,
}

impl Shown {
    /// What of members a client wants to see; `None`, nothing at all.
    ///
    /// Errors: `invalidValue`, for two lists of attributes that exclude one another.
    pub(crate) fn by(projection: &v1::Projection) -> Result<Option<Self>, Problem> {
        let projection = Projection::parse(&projection.attributes, &projection.excluded_attributes)?;
        let member = json!([{"value": "", "$ref": "", "display": "", "type": ""}]);
        let mut sample = serde_json::Map::from_iter([("members".to_owned(), member)]);
        projection.apply(&mut sample, builtin::group());
        let Some(Value::Object(left)) = sample.get("members").and_then(|members| members.get(0)) else {
            return Ok(None);
        };
        let shows = |name| left.contains_key(name);
        Ok(Some(Self {
            value: shows("value"),
            reference: shows("$ref"),
            display: shows("display"),
            kind: shows("type"),
        }))
    }

    /// Takes out of a member what is not shown.
    fn cut(self, member: &mut Member) {
        if !self.value {
            member.value.clear();
        }
        if !self.reference {
            member.r#ref = None;
        }
        if !self.display {
            member.display = None;
        }
        if !self.kind {
            member.r#type = None;
        }
    }
}

/// Where members are read, for as long as an answer is written.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    core: CoreChannel,
    metadata: HeaderMap,
    time: Duration,
    request_id: RequestId,
    base: String,
    shown: Shown,
}

impl Source {
    /// The members of groups that a request asks for.
    pub(crate) fn new(call: &Call<'_>, shown: Shown) -> Self {
        Self {
            core: call.core(),
            metadata: call.metadata(),
            time: call.gateway.core_timeout,
            request_id: call.request_id.clone(),
            base: call.base.clone().into_owned(),
            shown,
        }
    }

    /// Begins to read the members of a group. Errors: those of the core; there is no such group.
    pub(crate) async fn open(self, group: &str) -> Result<Reading, Problem> {
        let request = ListGroupMembersRequest { directory: String::new(), id: group.to_owned() };
        let mut client = client::groups(self.core.clone());
        let call = client.list_group_members(with_metadata(self.metadata.clone(), request));
        let stream = match timeout(self.time, Box::pin(call)).await {
            Ok(Ok(response)) => response.into_inner(),
            Ok(Err(status)) => return Err(Problem::from_core(&status, &self.request_id)),
            Err(_) => return Err(Problem::late()),
        };
        let mut reading = Reading { source: self, stream: Some(stream), first: None };
        reading.first = reading.next().await?;
        Ok(reading)
    }

    /// Begins to read the members of a group of a list. One that has been deleted since the list was made has none.
    pub(crate) async fn open_listed(self, group: &str) -> Result<Reading, Problem> {
        let source = self.clone();
        match self.open(group).await {
            Err(problem) if problem.status() == StatusCode::NOT_FOUND => {
                Ok(Reading { source, stream: None, first: None })
            }
            opened => opened,
        }
    }
}

/// Members that are being read.
#[derive(Debug)]
pub(crate) struct Reading {
    source: Source,
    /// Where more come from; `None`, the end has been reached.
    stream: Option<Streaming<ListGroupMembersResponse>>,
    /// What has come already.
    first: Option<ListGroupMembersResponse>,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<ListGroupMembersResponse>, Problem> {
        let Some(stream) = &mut self.stream else { return Ok(None) };
        let next = match timeout(self.source.time, stream.message()).await {
            Ok(Ok(next)) => next,
            Ok(Err(status)) => return Err(Problem::from_core(&status, &self.source.request_id)),
            Err(_) => return Err(Problem::late()),
        };
        if next.is_none() {
            self.stream = None;
        }
        Ok(next)
    }

    /// The members as a JSON array.
    pub(crate) fn into_json(self) -> BoxStream<'static, Result<Bytes, Problem>> {
        let elements = stream::try_unfold((self, true), |(mut reading, mut is_first)| async move {
            let message = match reading.first.take() {
                Some(message) => Some(message),
                None => reading.next().await?,
            };
            let Some(message) = message else { return Ok(None) };
            let text = elements(message.members, &reading.source, &mut is_first)?;
            Ok(Some((text, (reading, is_first))))
        });
        let bracket = |text: &'static [u8]| stream::iter([Ok(Bytes::from_static(text))]);
        bracket(b"[").chain(elements.map_ok(Bytes::from)).chain(bracket(b"]")).boxed()
    }
}

/// Some members as elements of an array.
fn elements(members: Vec<Member>, source: &Source, is_first: &mut bool) -> Result<Vec<u8>, Problem> {
    let mut text = Vec::with_capacity(members.len() * 192);
    for mut member in members {
        source.shown.cut(&mut member);
        if member == Member::default() {
            continue;
        }
        if !std::mem::replace(is_first, false) {
            text.push(b',');
        }
        serde_json::to_writer(&mut text, &Json::new(&member, &source.base)).map_err(|error| {
            tracing::error!(
                %error,
                request_id = %source.request_id,
                trace_id = source.request_id.trace_id(),
                "a member could not be written as JSON"
            );
            Problem::internal(&source.request_id)
        })?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(attributes: &[&str], excluded: &[&str]) -> Option<[bool; 4]> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let projection = v1::Projection {
            attributes: owned(attributes),
            excluded_attributes: owned(excluded),
            scim_base_url: None,
        };
        let shown = Shown::by(&projection).unwrap()?;
        Some([shown.value, shown.reference, shown.display, shown.kind])
    }

    #[test]
    fn members_are_shown_as_any_attribute_is() {
        let all = Some([true; 4]);
        assert_eq!(shown(&[], &[]), all);
        assert_eq!(shown(&["displayName"], &[]), None);
        assert_eq!(shown(&["Members"], &[]), all);
        assert_eq!(shown(&["members.value", "displayName"], &[]), Some([true, false, false, false]));
        assert_eq!(shown(&["members.$ref,members.type"], &[]), Some([false, true, false, true]));
        assert_eq!(
            shown(&["urn:ietf:params:scim:schemas:core:2.0:Group:members.display"], &[]),
            Some([false, false, true, false])
        );
        assert_eq!(shown(&["members[type eq \"User\"]"], &[]), all);
        assert_eq!(shown(&[], &["MEMBERS"]), None);
        assert_eq!(shown(&[], &["displayName"]), all);
        assert_eq!(shown(&[], &["members.display"]), Some([true, true, false, true]));
    }
}
