//! How much of a message is taken from whoever has not been admitted yet.
//!
//! Some rpcs check a credential in the statement that reads what is asked for, and so decode their message first. A
//! stranger's is read within a small limit of bytes and of time; what is longer waits until the credential is known to be good.

use std::time::Duration;

use axum_core::body::{Body, BodyDataStream};
use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use rollcall_api::v1::ErrorReason;
use tokio::time::timeout;

use crate::error::{Error, Result};

/// The bytes of a message that are read for anybody.
const READ_FOR_ANYBODY: usize = 64 * 1024;
/// How long so many may take to arrive.
const ARRIVES_WITHIN: Duration = Duration::from_secs(10);
/// What precedes a message in a body: whether it is compressed, and its length (gRPC over HTTP/2, Length-Prefixed-Message).
const PREFIX: usize = 5;

/// A message of which as much has arrived as is read for anybody.
pub(super) struct Arrived {
    /// The message, whatever has arrived of it.
    pub(super) body: Body,
    /// Whether there is more of it than is read for anybody.
    pub(super) long: bool,
}

/// Waits for a message, or for the beginning of a long one.
///
/// Errors: `UNAVAILABLE` where it does not come in time, or the connection ends before it.
pub(super) async fn arrived(body: Body) -> Result<Arrived> {
    let mut pieces = body.into_data_stream();
    // Most messages are here with their heads.
    match pieces.next().now_or_never() {
        Some(Some(Ok(piece))) if Missing::of(&piece) == Missing::Nothing => Ok(whole(piece)),
        Some(Some(Ok(piece))) => Box::pin(within(ARRIVES_WITHIN, piece, pieces)).await,
        Some(Some(Err(_))) => Err(broken()),
        Some(None) => Ok(whole(Bytes::new())),
        None => Box::pin(within(ARRIVES_WITHIN, Bytes::new(), pieces)).await,
    }
}

async fn within(limit: Duration, came: Bytes, pieces: BodyDataStream) -> Result<Arrived> {
    timeout(limit, rest(came, pieces)).await.unwrap_or_else(|_| {
        let late = format!("the message of the call did not arrive within {limit:?}; send it again");
        Err(Error::new(ErrorReason::Unavailable, late))
    })
}

/// Waits for what is missing behind what came.
async fn rest(mut came: Bytes, mut pieces: BodyDataStream) -> Result<Arrived> {
    loop {
        match Missing::of(&came) {
            Missing::Nothing => return Ok(whole(came)),
            Missing::TooMuch => {
                let all = stream::iter([Ok(came)]).chain(pieces);
                return Ok(Arrived { body: Body::from_stream(all), long: true });
            }
            Missing::Something => {}
        }
        match pieces.next().await {
            Some(Ok(piece)) => {
                let mut joined = BytesMut::from(came);
                joined.extend_from_slice(&piece);
                came = joined.freeze();
            }
            Some(Err(_)) => return Err(broken()),
            // What is wrong with it is told by whoever decodes it.
            None => return Ok(whole(came)),
        }
    }
}

fn whole(came: Bytes) -> Arrived {
    Arrived { body: Body::from(came), long: false }
}

fn broken() -> Error {
    Error::new(ErrorReason::Unavailable, "the connection ended before the message of the call had arrived")
}

/// What is missing of a message.
#[derive(Debug, PartialEq, Eq)]
enum Missing {
    Nothing,
    Something,
    /// It is longer than what is read for anybody, whether or not all of it has come.
    TooMuch,
}

impl Missing {
    /// What is missing of the message that begins here.
    fn of(came: &Bytes) -> Self {
        let Some(mut length) = came.get(1..PREFIX) else { return Self::Something };
        let length = usize::try_from(length.get_u32()).unwrap_or(usize::MAX);
        if length > READ_FOR_ANYBODY {
            Self::TooMuch
        } else if came.len() < PREFIX + length {
            Self::Something
        } else {
            Self::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn message(length: usize) -> Vec<u8> {
        let mut message = vec![0];
        message.extend_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
        message.resize(PREFIX + length, 7);
        message
    }

    fn in_pieces(message: &[u8], size: usize) -> Body {
        let pieces: Vec<_> = message.chunks(size).map(|piece| Ok::<_, Infallible>(piece.to_vec())).collect();
        Body::from_stream(stream::iter(pieces))
    }

    async fn all_of(body: Body) -> Vec<u8> {
        body.into_data_stream().map(|piece| piece.unwrap().to_vec()).collect::<Vec<_>>().await.concat()
    }

    #[tokio::test]
    async fn a_message_arrives_whole_however_it_is_cut() {
        for length in [0, 1, 36, READ_FOR_ANYBODY] {
            for size in [1, 4, 6, 1000, 1 << 20] {
                let sent = message(length);
                let arrived = arrived(in_pieces(&sent, size)).await.unwrap();
                assert!(!arrived.long);
                assert!(all_of(arrived.body).await == sent, "{length} bytes in pieces of {size}");
            }
        }
    }

    #[tokio::test]
    async fn a_long_message_is_known_by_its_beginning_and_lost_nowhere() {
        let sent = message(READ_FOR_ANYBODY + 1);
        for size in [1, 6, 1 << 20] {
            let arrived = arrived(in_pieces(&sent, size)).await.unwrap();
            assert!(arrived.long);
            assert!(all_of(arrived.body).await == sent, "in pieces of {size}");
        }
        let announced_only =
            stream::iter([Ok::<_, Infallible>(sent[..PREFIX].to_vec())]).chain(stream::pending());
        assert!(arrived(Body::from_stream(announced_only)).await.unwrap().long);
    }

    #[tokio::test]
    async fn what_ends_too_early_is_for_the_decoder() {
        for sent in [&[][..], &[0, 0, 0], &[0, 0, 0, 0, 9, 1]] {
            let arrived = arrived(in_pieces(sent, 2)).await.unwrap();
            assert_eq!((all_of(arrived.body).await, arrived.long), (sent.to_vec(), false));
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_a_message_without_an_end() {
        let begun = stream::iter([Ok::<_, Infallible>(vec![0, 0, 0])]).chain(stream::pending());
        for body in
            [Body::from_stream(begun), Body::from_stream(stream::pending::<Result<Bytes, Infallible>>())]
        {
            let pieces = body.into_data_stream();
            let error = within(Duration::from_millis(5), Bytes::new(), pieces).await.err().unwrap();
            assert_eq!(error.reason(), ErrorReason::Unavailable);
            assert!(error.to_string().contains("5ms"), "{error}");
        }
    }
}
