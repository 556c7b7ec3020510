//! Doing the operations of a request, step by step.

use rollcall_api::v1::bulk_operation::{CreateUser, Operation};
use rollcall_api::v1::{BulkOperation, ErrorReason};
use rollcall_store::Directory;
use uuid::Uuid;

use super::change::{Change, Written, location_of};
use super::outbox::Outbox;
use super::plan::{Outline, Plan, Step, plan};
use super::references::{Reading, bulk_id, each_id};
use crate::Core;
use crate::caller::Caller;
use crate::dry_run::{not_in_dry_run, unless_dry_run};
use crate::error::{Error, Result, shortened};
use crate::resources::Attempts;
use crate::types::Types;

/// The operations of a request, on the way.
#[derive(Debug)]
pub(super) struct Execution {
    core: Core,
    caller: Caller,
    directory: Directory,
    types: Types,
    /// How many may fail before the rest is left undone.
    fail_on_errors: usize,
    /// Those that have not been done yet.
    operations: Vec<Option<Operation>>,
    bulk_ids: Vec<String>,
    /// By operation, the id of the resource that it creates.
    ids: Vec<Uuid>,
    has_failed: Vec<bool>,
    plan: Plan,
    /// Whether the database could not be reached: every further operation would wait for it as long again.
    is_cut_off: bool,
}

/// What became of an operation.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) index: usize,
    pub(super) result: Result<Written, Failure>,
}

/// An operation that failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// Where the resource is that it was to change; relative to the base URL.
    pub(super) location: Option<String>,
    pub(super) error: Error,
}

/// Why a circle was not written.
#[derive(Debug)]
struct Broken {
    /// The position in the circle of the one that failed; `None`, all of them.
    culprit: Option<usize>,
    error: Error,
}

impl Execution {
    /// Plans the operations of a request. `fail_on_errors` of them may fail, or with 0 any number.
    pub(super) fn new(
        core: Core,
        caller: Caller,
        directory: Directory,
        types: Types,
        fail_on_errors: usize,
        mut operations: Vec<BulkOperation>,
    ) -> Self {
        let reading = reading(&directory, &types);
        let outlines: Vec<Outline> =
            operations.iter_mut().map(|operation| outline(operation, reading)).collect();
        Self {
            fail_on_errors: if fail_on_errors == 0 { usize::MAX } else { fail_on_errors },
            ids: operations.iter().map(|_| core.new_id()).collect(),
            has_failed: vec![false; operations.len()],
            plan: plan(&outlines),
            bulk_ids: outlines.into_iter().map(|outline| outline.bulk_id).collect(),
            operations: operations.into_iter().map(|operation| operation.operation).collect(),
            is_cut_off: false,
            core,
            caller,
            directory,
            types,
        }
    }

    /// Does the operations, until all are done or too many have failed.
    pub(super) async fn run(mut self, mut outbox: Outbox) {
        let mut errors = 0;
        for step in std::mem::take(&mut self.plan.steps) {
            let outcomes = match step {
                Step::One(index) => vec![self.one(index).await],
                Step::Circle(circle) => self.circle(circle).await,
            };
            for outcome in outcomes {
                if let Err(failure) = &outcome.result
                    && failure.error.reason() != ErrorReason::DryRun
                {
                    errors += 1;
                    self.has_failed[outcome.index] = true;
                    self.is_cut_off |= failure.error.reason() == ErrorReason::Unavailable;
                }
                outbox.put(outcome);
            }
            if errors >= self.fail_on_errors {
                break;
            }
        }
        outbox.finish();
    }

    async fn one(&mut self, index: usize) -> Outcome {
        let types = self.types.clone();
        if let Err(error) = self.require_checkable(index) {
            return Outcome { index, result: Err(Failure { location: None, error }) };
        }
        let result = match self.judged(index, &types).await {
            Ok((change, location)) => {
                let written = self.written(&change).await;
                if let Ok(written) = &written {
                    // A create may have restored a user, who is then the one whom later operations refer to.
                    self.ids[index] = written.id;
                }
                written.map_err(|error| Failure { location, error })
            }
            Err(failure) => Err(failure),
        };
        Outcome { index, result }
    }

    /// Does creates together or not at all.
    async fn circle(&mut self, circle: Vec<usize>) -> Vec<Outcome> {
        let types = self.types.clone();
        let recognised = self.recognise(&circle).await;
        let mut changes = Vec::with_capacity(circle.len());
        let mut failures = Vec::new();
        for (position, index) in circle.iter().enumerate() {
            match self.judged(*index, &types).await {
                Ok((change, _)) => changes.push(change),
                Err(failure) => failures.push((position, failure.error)),
            }
        }
        if let Err(error) = recognised {
            failures.extend(circle.iter().enumerate().map(|(position, _)| (position, same(&error))));
        }
        if failures.is_empty() {
            match self.written_together(&changes).await {
                Ok(written) => {
                    let done = circle.into_iter().zip(written);
                    return done.map(|(index, written)| Outcome { index, result: Ok(written) }).collect();
                }
                Err(Broken { culprit: Some(position), error }) => failures.push((position, error)),
                Err(Broken { culprit: None, error }) => {
                    failures.extend((1..circle.len()).map(|position| (position, same(&error))));
                    failures.push((0, error));
                }
            }
        }
        let culprit = failures.iter().map(|(position, _)| *position).min().unwrap_or_default();
        let mut errors: Vec<Option<Error>> = circle.iter().map(|_| None).collect();
        for (position, error) in failures {
            errors[position] = Some(error);
        }
        let culprit = &self.bulk_ids[circle[culprit]];
        let outcomes = circle.iter().zip(errors).map(|(index, error)| {
            let error = error.unwrap_or_else(|| undone_with(culprit));
            Outcome { index: *index, result: Err(Failure { location: None, error }) }
        });
        outcomes.collect()
    }

    /// Gives the creates of a circle the ids of the users whom they restore, since they refer to one another before the first
    /// of them is written.
    async fn recognise(&mut self, circle: &[usize]) -> Result<()> {
        if !self.directory.rules().returning_users_are_restored {
            return Ok(());
        }
        let mut transaction = self.core.store.begin().await?;
        for index in circle {
            let Some(Operation::CreateUser(CreateUser { user: Some(user) })) = &self.operations[*index]
            else {
                continue;
            };
            let keys = [("externalId", &user.external_id), ("userName", &user.user_name)];
            let keys =
                keys.into_iter().filter_map(|(name, key)| Some((name.to_owned(), key.clone()?.into())));
            let returning =
                self.core.returning_user(&mut *transaction, &self.directory, &keys.collect()).await?;
            if let Some((id, _)) = returning {
                self.ids[*index] = id;
            }
        }
        Ok(())
    }

    /// An operation as it is to be written, and where the resource is that it changes.
    async fn judged<'t>(
        &mut self,
        index: usize,
        types: &'t Types,
    ) -> Result<(Change<'t>, Option<String>), Failure> {
        let Some(mut operation) = self.operations[index].take() else {
            let error = Error::value("operation: it is missing; say what is to be done");
            return Err(Failure { location: None, error });
        };
        if let Err(error) = self.require_possible(index) {
            return Err(Failure { location: location_of(&operation), error });
        }
        self.resolve(&mut operation);
        let location = location_of(&operation);
        let origin = self.caller.user_origin();
        match Change::of(&self.core, &self.directory, types, operation, self.ids[index], origin).await {
            Ok(change) => Ok((change, location)),
            Err(error) => Err(Failure { location, error }),
        }
    }

    /// In a dry run, passes over an operation that refers to what another one would have made: that is not there.
    fn require_checkable(&self, index: usize) -> Result<()> {
        let is_dry_run = self.directory.safeguards.dry_run && self.caller.is_identity_provider();
        let references = &self.plan.references[index];
        if !is_dry_run || references.is_empty() || references.iter().any(|index| self.has_failed[*index]) {
            return Ok(());
        }
        Err(not_in_dry_run(would_be_done()))
    }

    /// Refuses an operation that cannot be done, whatever it says.
    fn require_possible(&mut self, index: usize) -> Result<()> {
        if let Some(mistake) = self.plan.mistakes[index].take() {
            return Err(mistake);
        }
        if let Some(failed) = self.plan.references[index].iter().find(|index| self.has_failed[**index]) {
            return Err(cannot_refer_to(&self.bulk_ids[*failed]));
        }
        if self.is_cut_off {
            return Err(Error::new(
                ErrorReason::Unavailable,
                "the database could not be reached for an operation before this one; send it again later",
            ));
        }
        Ok(())
    }

    fn resolve(&self, operation: &mut Operation) {
        each_id(operation, reading(&self.directory, &self.types), &mut |text| {
            if let Some(index) = bulk_id(text).and_then(|bulk_id| self.plan.named.get(bulk_id)) {
                *text = self.ids[*index].to_string();
            }
        });
    }

    async fn written(&self, change: &Change<'_>) -> Result<Written> {
        let (core, directory) = (&self.core, &self.directory);
        core.in_a_transaction(|mut transaction| async move {
            let origin = self.caller.origin();
            let written = change.write(core, &mut *transaction, origin, directory).await?;
            Ok((written, unless_dry_run(origin, directory, transaction, would_be_done)?))
        })
        .await
    }

    async fn written_together(&self, changes: &[Change<'_>]) -> Result<Vec<Written>, Broken> {
        let mut attempts = Attempts::default();
        loop {
            match self.try_write_together(changes).await {
                Ok(written) => return Ok(written),
                Err(Broken { culprit, error }) => {
                    attempts.again(error).map_err(|error| Broken { culprit, error })?;
                }
            }
        }
    }

    /// Writes the resources first and their members after, so that each exists when another one refers to it.
    async fn try_write_together(&self, changes: &[Change<'_>]) -> Result<Vec<Written>, Broken> {
        let everybody = |error: rollcall_store::Error| Broken { culprit: None, error: error.into() };
        let (core, directory, origin) = (&self.core, &self.directory, self.caller.origin());
        let mut transaction = core.store.begin().await.map_err(everybody)?;
        let mut written = Vec::with_capacity(changes.len());
        for (position, change) in changes.iter().enumerate() {
            let done = change.write_resource(core, &mut *transaction, origin, directory).await;
            written.push(done.map_err(|error| Broken { culprit: Some(position), error })?);
        }
        for (position, change) in changes.iter().enumerate() {
            let done = change.write_first_members(core, &mut *transaction, origin, directory).await;
            done.map_err(|error| Broken { culprit: Some(position), error })?;
        }
        let transaction = unless_dry_run(origin, directory, transaction, would_be_done)
            .map_err(|error| Broken { culprit: None, error })?;
        transaction.save().await.map_err(everybody)?;
        Ok(written)
    }
}

fn reading<'t>(directory: &Directory, types: &'t Types) -> Reading<'t> {
    Reading { user: types.user(), group: types.group(), rules: directory.rules() }
}

fn outline(operation: &mut BulkOperation, reading: Reading<'_>) -> Outline {
    let mut references = Vec::new();
    if let Some(operation) = &mut operation.operation {
        each_id(operation, reading, &mut |text| references.extend(bulk_id(text).map(str::to_owned)));
    }
    let creates = matches!(operation.operation, Some(Operation::CreateUser(_) | Operation::CreateGroup(_)));
    let may_have_created = matches!(operation.operation, None | Some(Operation::Refused(_)));
    Outline {
        bulk_id: std::mem::take(&mut operation.bulk_id),
        creates,
        is_referable: creates || may_have_created,
        references,
    }
}

/// What a dry run says of an operation.
fn would_be_done() -> String {
    "the operation would have been done".to_owned()
}

/// The error of an operation that refers to one that failed.
fn cannot_refer_to(bulk_id: &str) -> Error {
    let bulk_id = shortened(bulk_id);
    Error::new(
        ErrorReason::Conflict,
        format!("bulkId:{bulk_id}: the operation with this bulkId failed, so there is nothing to refer to"),
    )
}

/// The error of an operation that was to be done together with one that failed.
fn undone_with(bulk_id: &str) -> Error {
    let bulk_id = shortened(bulk_id);
    Error::new(
        ErrorReason::Conflict,
        format!(
            "bulkId:{bulk_id}: the operation with this bulkId failed, and it and this one refer to one another in a circle, so \
             that neither was done"
        ),
    )
}

/// The same error for another operation, without the cause, which is logged once.
fn same(error: &Error) -> Error {
    Error::new(error.reason(), error.to_string())
}
