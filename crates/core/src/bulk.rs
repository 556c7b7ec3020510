//! Many changes in one call (RFC 7644 §3.7): what `BulkService` answers.
//!
//! The operations are gathered and put in order before the first is done. Then they run to their end in a task of their
//! own, whatever becomes of the caller, and their results leave as they come.

mod change;
mod components;
mod departures;
mod execution;
mod operation;
mod outcome;
mod plan;
mod references;
mod rehearsal;
mod results;

use std::pin::Pin;

use futures_util::{Stream, stream};
use prost::Message as _;
use rollcall_api::v1::bulk_service_server::BulkService;
use rollcall_api::v1::{ApplyBulkRequest, ApplyBulkResponse, BulkOperation, ErrorReason};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument as _;

use self::execution::Execution;
use self::operation::Entry;
use self::rehearsal::Rehearsal;
use self::results::Results;
use crate::Core;
use crate::caller::Caller;
use crate::dry_run::is_dry_run;
use crate::error::{Error, Result};
use crate::stream::Messages;

/// How many times as long as in JSON operations may be as messages; the shortest values become about twice as long.
const LENGTH_BESIDE_JSON: usize = 3;

/// The stream of an answer.
type Answer = Pin<Box<dyn Stream<Item = Result<ApplyBulkResponse, Status>> + Send>>;

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Bulk {
    core: Core,
}

impl Bulk {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn apply(&self, caller: &Caller, messages: Streaming<ApplyBulkRequest>) -> Result<Answer, Status> {
        let mut messages = Messages::of(messages);
        let first = messages.first().await?;
        let directory = caller.directory_to_change(&*self.core.store, &first.directory).await?;
        caller.require_schemas(&directory)?;
        let fail_on_errors = usize::try_from(first.fail_on_errors)
            .map_err(|_| Error::value("fail_on_errors: it is negative; give 0 for any number, or more"))?;
        let messages = self.gathered(first, messages).await?;
        let entries: Vec<_> = messages.into_iter().map(|message| Entry::of(message, &directory)).collect();
        let types = self.core.types(&directory).await?;
        if is_dry_run(caller.origin(), &directory) {
            let rehearsal = Rehearsal { core: &self.core, caller, directory, types, fail_on_errors, entries };
            return Err(rehearsal.told().await.into());
        }
        self.core.count_departures(caller, &directory, &types, &entries).await?;
        let (sender, receiver) = unbounded_channel();
        let results = Results::new(sender, entries.len());
        let execution =
            Execution::new(self.core.clone(), caller.clone(), directory, types, fail_on_errors, entries);
        let task = tokio::spawn(execution.run(results).in_current_span());
        Ok(Box::pin(stream::unfold(Some((receiver, task)), next)))
    }

    /// The operations of all messages. Errors: `TOO_MANY` and `PAYLOAD_TOO_LARGE` past the published limits, and those of
    /// the connection.
    async fn gathered(
        &self,
        first: ApplyBulkRequest,
        mut messages: Messages<ApplyBulkRequest>,
    ) -> Result<Vec<BulkOperation>, Status> {
        let mut bytes = first.encoded_len();
        let mut operations = first.operations;
        loop {
            self.require_few(operations.len(), bytes)?;
            let Some(message) = messages.next().await? else { return Ok(operations) };
            bytes += message.encoded_len();
            operations.extend(message.operations);
        }
    }

    fn require_few(&self, operations: usize, bytes: usize) -> Result<()> {
        let limits = &self.core.limits;
        if operations > limits.max_bulk_operations {
            return Err(Error::new(
                ErrorReason::TooMany,
                format!("Operations: more than the {} allowed in one request", limits.max_bulk_operations),
            ));
        }
        if bytes > limits.max_bulk_bytes.saturating_mul(LENGTH_BESIDE_JSON) {
            return Err(Error::new(
                ErrorReason::PayloadTooLarge,
                format!("Operations: more than the {} bytes allowed in one request", limits.max_bulk_bytes),
            ));
        }
        Ok(())
    }
}

/// An execution as its caller sees it.
type Running = Option<(UnboundedReceiver<ApplyBulkResponse>, JoinHandle<()>)>;

/// The next results. An execution that broke off is an error, and not an answer that leaves operations out.
async fn next(running: Running) -> Option<(Result<ApplyBulkResponse, Status>, Running)> {
    let (mut results, task) = running?;
    if let Some(message) = results.recv().await {
        return Some((Ok(message), Some((results, task))));
    }
    let failure = task.await.err()?;
    Some((Err(Status::from(Error::internal(failure))), None))
}

#[tonic::async_trait]
impl BulkService for Bulk {
    type ApplyBulkStream = Answer;

    async fn apply_bulk(
        &self,
        request: Request<Streaming<ApplyBulkRequest>>,
    ) -> Result<Response<Self::ApplyBulkStream>, Status> {
        let (_, extensions, messages) = request.into_parts();
        Ok(Response::new(self.apply(Caller::of(&extensions)?, messages).await?))
    }
}
