//! What an rpc answered, and how it was refused.

use std::fmt::Debug;

use rollcall_api::error::{reason_from, retry_after};
use rollcall_api::v1::ErrorReason;
use tonic::{Response, Status};

/// The answer to an rpc.
pub(crate) trait Answered<T> {
    /// The message; the test fails if the call did.
    #[track_caller]
    fn answer(self) -> T;

    /// What the refusal says; the test fails if the call succeeded, or was refused for another reason.
    #[track_caller]
    fn refused(self, reason: ErrorReason) -> Refused;
}

/// A refusal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) message: String,
    pub(crate) retry_after: Option<std::time::Duration>,
}

impl<T: Debug> Answered<T> for Result<Response<T>, Status> {
    #[track_caller]
    fn answer(self) -> T {
        match self {
            Ok(response) => response.into_inner(),
            Err(status) => panic!("{:?}: {}", reason_from(&status), status.message()),
        }
    }

    #[track_caller]
    fn refused(self, reason: ErrorReason) -> Refused {
        match self {
            Ok(response) => panic!("{reason:?} was expected, but it was answered: {:?}", response.get_ref()),
            Err(status) => {
                assert_eq!(reason_from(&status), reason, "{}", status.message());
                Refused { message: status.message().to_owned(), retry_after: retry_after(&status) }
            }
        }
    }
}

impl Refused {
    /// Checks that the message names what it must.
    #[track_caller]
    pub(crate) fn naming(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.message.contains(word), "{:?} does not name {word:?}", self.message);
        }
        self
    }
}
