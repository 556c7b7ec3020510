//! Answers that are longer than what should be held at once: they are made of pieces, and members are read from the core
//! while the client takes what was written before.
//!
//! The beginning of an answer is made before anything is sent, so that most answers are whole when they leave and an error
//! is an answer of its own. An error after that breaks the connection off: an answer that ends is complete.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::StatusCode;
use thiserror::Error;

use crate::answer::Answer;
use crate::error::Problem;
use crate::members::Source;
use crate::request_id::RequestId;

/// How many bytes are made before the answer begins to be sent.
const BEGINNING: usize = 64 * 1024;
/// How many bytes are sent at once.
const AT_ONCE: usize = 32 * 1024;
/// Of how many groups of a list the members are asked for at once.
const AHEAD: usize = 4;

/// A piece of an answer.
#[derive(Debug)]
pub(crate) enum Piece {
    /// This text.
    Text(Vec<u8>),
    /// The members of the group with this id, as an array.
    Members(String),
}

/// The text of an answer as it is made.
pub(crate) type Text = BoxStream<'static, Result<Bytes, Problem>>;

/// The text of pieces.
pub(crate) fn text(pieces: Vec<Piece>, source: Source) -> Text {
    let begun = stream::iter(pieces).map(move |piece| {
        let source = source.clone();
        async move {
            Ok::<_, Problem>(match piece {
                Piece::Text(text) => just(text),
                Piece::Members(group) => source.open_listed(&group).await?.into_json(),
            })
        }
    });
    begun.buffered(AHEAD).try_flatten().boxed()
}

/// A text that is known.
pub(crate) fn just(text: impl Into<Bytes>) -> Text {
    stream::iter([Ok(text.into())]).boxed()
}

/// The answer that such a text is the body of.
///
/// Errors: those with which the text begins.
pub(crate) async fn answer(
    status: StatusCode,
    mut text: Text,
    request: &RequestId,
) -> Result<Answer, Problem> {
    let (beginning, goes_on) = take(&mut text, BEGINNING).await?;
    if !goes_on {
        return Ok(Answer::json(status, beginning));
    }
    let rest = stream::try_unfold(Some((text, request.clone())), |state| async move {
        let Some((mut text, request)) = state else { return Ok(None) };
        match take(&mut text, AT_ONCE).await {
            Ok((piece, goes_on)) => Ok(Some((piece, goes_on.then_some((text, request))))),
            Err(problem) => {
                tracing::warn!(
                    request_id = %request,
                    trace_id = request.trace_id(),
                    cause = problem.detail(),
                    "an answer broke off"
                );
                Err(BrokenOff)
            }
        }
    });
    Ok(Answer::begun(status, beginning, Body::from_stream(rest)))
}

/// Takes about so many bytes of a text, or what is left; and whether it may go on.
async fn take(text: &mut Text, bytes: usize) -> Result<(Bytes, bool), Problem> {
    let mut taken = BytesMut::new();
    while taken.len() < bytes {
        match text.try_next().await? {
            Some(piece) => taken.extend_from_slice(&piece),
            None => return Ok((taken.freeze(), false)),
        }
    }
    Ok((taken.freeze(), true))
}

/// An answer could not be written to its end.
#[derive(Debug, Error)]
#[error("the answer could not be written to its end")]
struct BrokenOff;
