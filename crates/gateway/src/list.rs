//! Lists of resources (RFC 7644 §3.4.2, RFC 9865 §2).

use bytes::Bytes;
use http::StatusCode;
use rollcall_api::v1::ScimResource;
use serde::Serialize;

use crate::answer::Answer;
use crate::error::Problem;
use crate::json;
use crate::members::Source;
use crate::pieces::{self, Piece};
use crate::request_id::RequestId;

const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// One page of a list.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct List<'a, R> {
    schemas: [&'static str; 1],
    total_results: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_index: Option<i64>,
    items_per_page: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<&'a str>,
    #[serde(rename = "Resources")]
    resources: Vec<R>,
}

impl<'a, R> List<'a, R> {
    /// A page that begins at a 1-based position.
    pub(crate) fn by_index(resources: Vec<R>, total: i64, start_index: i64) -> Self {
        Self { start_index: Some(start_index), ..Self::by_cursor(resources, total, "") }
    }

    /// A page of a walk by cursor, with the cursor of the next one; empty, there is none.
    pub(crate) fn by_cursor(resources: Vec<R>, total: i64, next_cursor: &'a str) -> Self {
        Self {
            schemas: [LIST_RESPONSE],
            total_results: total,
            start_index: None,
            items_per_page: resources.len(),
            next_cursor: (!next_cursor.is_empty()).then_some(next_cursor),
            resources,
        }
    }

    /// A list that is answered whole.
    pub(crate) fn whole(resources: Vec<R>) -> Self {
        let total = i64::try_from(resources.len()).unwrap_or(i64::MAX);
        Self::by_index(resources, total, 1)
    }

    /// The answer.
    pub(crate) fn into_answer(self, request: &RequestId) -> Result<Answer, Problem>
    where
        R: Serialize,
    {
        json::answer(StatusCode::OK, &self, request)
    }
}

/// A resource of a list that is written piece by piece.
#[derive(Debug)]
pub(crate) enum Item {
    /// Its JSON.
    Whole(Bytes),
    /// A group, whose members are to be added.
    WithMembers(ScimResource),
}

impl List<'_, Item> {
    /// The answer, for whose groups the members are read from `source`; without one, no member is.
    pub(crate) async fn into_pieces(
        self,
        source: Option<Source>,
        request: &RequestId,
    ) -> Result<Answer, Problem> {
        let head = List {
            schemas: self.schemas,
            total_results: self.total_results,
            start_index: self.start_index,
            items_per_page: self.items_per_page,
            next_cursor: self.next_cursor,
            resources: Vec::<()>::new(),
        };
        let mut text = json::bytes_of(&head, request)?;
        // The list is the last member of the object, and is filled before both are closed.
        text.truncate(text.len().saturating_sub(END.len()));
        let mut pieces = Vec::new();
        for (index, item) in self.resources.into_iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            match item {
                Item::Whole(json) => text.extend(json),
                Item::WithMembers(group) => {
                    text.extend(before_members(&group.json));
                    pieces.extend([Piece::Text(std::mem::take(&mut text)), Piece::Members(group.id)]);
                    text.push(b'}');
                }
            }
        }
        text.extend(END);
        match source {
            Some(source) if !pieces.is_empty() => {
                pieces.push(Piece::Text(text));
                pieces::answer(StatusCode::OK, pieces::text(pieces, source), request).await
            }
            _ => Ok(Answer::json(StatusCode::OK, text)),
        }
    }
}

const END: &[u8] = b"]}";

/// The JSON of a group up to where the array of its members follows.
pub(crate) fn before_members(json: &[u8]) -> Vec<u8> {
    let mut json = json.to_vec();
    json.pop();
    if json.len() > 1 {
        json.push(b',');
    }
    json.extend(b"\"members\":");
    json
}
