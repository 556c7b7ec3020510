//! What clients stream in.

use tonic::{Status, Streaming};

use crate::error::Error;

/// The first message of a stream, which says what the others are about. Errors: `INVALID_VALUE` for a stream without any,
/// and those of the connection.
pub(crate) async fn first<T>(messages: &mut Streaming<T>) -> Result<T, Status> {
    let first = messages.message().await?;
    first.ok_or_else(|| {
        Status::from(Error::value("the stream is empty; its first message says what is asked"))
    })
}
