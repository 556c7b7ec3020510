//! Results on their way to the caller, in the order of the request.

use rollcall_api::error::reason_from;
use rollcall_api::v1::{ApplyBulkResponse, BulkResult};
use tokio::sync::mpsc::UnboundedSender;
use tonic::Status;

use super::outcome::{Failure, Outcome};

/// Results in one message.
const RESULTS_PER_MESSAGE: usize = 100;

/// Results that come in the order of execution, and are sent in the order of the request. A caller who has hung up does not
/// stop what has begun.
#[derive(Debug)]
pub(super) struct Results {
    /// As many as there are operations at most: it needs no bound.
    sender: UnboundedSender<ApplyBulkResponse>,
    /// By operation, the result that waits for those before it.
    waiting: Vec<Option<BulkResult>>,
    /// The operation whose result is to be sent next.
    next: usize,
    message: ApplyBulkResponse,
    /// How many operations were done since a message was sent.
    silent_for: usize,
}

impl Results {
    /// For the results of so many operations.
    pub(super) fn new(sender: UnboundedSender<ApplyBulkResponse>, operations: usize) -> Self {
        let waiting = vec![None; operations];
        Self { sender, waiting, next: 0, message: ApplyBulkResponse::default(), silent_for: 0 }
    }

    /// Takes what became of an operation, and sends what nothing stands before any more. Where a result stands before many
    /// others, messages without any tell the caller that it goes on.
    pub(super) fn put(&mut self, outcome: Outcome) {
        let Outcome { index, .. } = outcome;
        self.waiting[index] = Some(result(outcome));
        while let Some(result) = self.waiting.get_mut(self.next).and_then(Option::take) {
            self.next += 1;
            self.send(result);
        }
        self.silent_for += 1;
        if self.silent_for >= RESULTS_PER_MESSAGE {
            self.send_message();
        }
    }

    /// Sends the rest. Operations without an outcome were left undone.
    pub(super) fn finish(mut self) {
        for result in std::mem::take(&mut self.waiting).into_iter().flatten() {
            self.send(result);
        }
        if !self.message.results.is_empty() {
            self.send_message();
        }
    }

    fn send(&mut self, result: BulkResult) {
        self.message.results.push(result);
        if self.message.results.len() >= RESULTS_PER_MESSAGE {
            self.send_message();
        }
    }

    fn send_message(&mut self) {
        self.silent_for = 0;
        _ = self.sender.send(std::mem::take(&mut self.message));
    }
}

fn result(outcome: Outcome) -> BulkResult {
    let index = i32::try_from(outcome.index).unwrap_or(i32::MAX);
    match outcome.result {
        Ok(written) => BulkResult {
            index,
            location: written.location,
            version: written.version,
            ..BulkResult::default()
        },
        Err(Failure { location, error }) => {
            // A status, since that says how much of an error the caller learns, and what the log.
            let status = Status::from(error);
            BulkResult {
                index,
                location: location.unwrap_or_default(),
                reason: reason_from(&status).into(),
                message: status.message().to_owned(),
                ..BulkResult::default()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::ErrorReason;
    use rollcall_store::ResourceType;
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
    use uuid::Uuid;

    use super::*;
    use crate::bulk::change::Written;
    use crate::dry_run::Deed;
    use crate::error::Error;

    fn done(index: usize) -> Outcome {
        let written = Written {
            id: Uuid::nil(),
            location: format!("/Users/{index}"),
            version: "W/\"1\"".to_owned(),
            resource_type: ResourceType::User,
            deed: Deed::Created("ana".to_owned()),
        };
        Outcome { index, result: Ok(written) }
    }

    fn sent(receiver: &mut UnboundedReceiver<ApplyBulkResponse>) -> Vec<Vec<i32>> {
        std::iter::from_fn(|| receiver.try_recv().ok())
            .map(|message| message.results.iter().map(|result| result.index).collect())
            .collect()
    }

    #[test]
    fn results_leave_in_the_order_of_the_request_in_messages_of_a_bounded_size() {
        let (sender, mut receiver) = unbounded_channel();
        let mut results = Results::new(sender, 250);
        for index in 1..151 {
            results.put(done(index));
        }
        assert_eq!(sent(&mut receiver), [Vec::<i32>::new()], "the first is not done");
        results.put(done(0));
        assert_eq!(sent(&mut receiver), [(0..100).collect::<Vec<_>>()]);
        for index in [152, 249] {
            results.put(done(index));
        }
        results.finish();
        assert_eq!(sent(&mut receiver), [(100..151).chain([152, 249]).collect::<Vec<_>>()]);
    }

    #[test]
    fn a_caller_who_has_hung_up_is_no_error_and_no_result_no_message() {
        let (sender, receiver) = unbounded_channel();
        drop(receiver);
        let mut results = Results::new(sender, 1);
        results.put(done(0));
        results.finish();
        let (sender, mut receiver) = unbounded_channel();
        Results::new(sender, 3).finish();
        assert!(sent(&mut receiver).is_empty());
    }

    #[test]
    fn a_result_says_what_the_rpc_would_have_said() {
        let failed = |error| {
            let failure = Failure { location: Some("/Users/7".to_owned()), error };
            result(Outcome { index: 7, result: Err(failure) })
        };
        let refused = failed(Error::value("userName: it is missing"));
        assert_eq!(
            refused,
            BulkResult {
                index: 7,
                location: "/Users/7".to_owned(),
                version: String::new(),
                reason: ErrorReason::InvalidValue.into(),
                message: "userName: it is missing".to_owned(),
            }
        );
        let internal = failed(Error::internal("the disk is full"));
        assert_eq!(internal.reason(), ErrorReason::Internal);
        assert!(!internal.message.contains("disk"));
        assert_eq!(result(done(3)).reason(), ErrorReason::Unspecified);
    }
}
