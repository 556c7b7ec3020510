//! Doing the operations of a request, step by step: each in a transaction of its own, or in a dry run all in one.

mod transactions;

use std::sync::Arc;

use rollcall_api::v1::ErrorReason;
use rollcall_store::{Directory, ResourceType, Transaction};
use uuid::Uuid;

use super::change::{Change, location_of};
use super::operation::{Entry, Operation, Whole};
use super::outcome::{Failure, Outcome};
use super::plan::{Outline, Plan, Step, plan};
use super::references::{Reading, bulk_id, each_id};
use super::results::Results;
use crate::Core;
use crate::caller::Caller;
use crate::error::{Error, Result, shortened};
use crate::types::Types;

/// The operations of a request, on the way.
#[derive(Debug)]
pub(super) struct Execution {
    core: Core,
    caller: Caller,
    directory: Arc<Directory>,
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
    /// Why a dry run broke off.
    broken_off: Option<Error>,
}

/// The transaction of a dry run, in which all operations are done; `None`, each is done in one of its own.
type Rehearsed = Option<Box<dyn Transaction>>;

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
        directory: Arc<Directory>,
        types: Types,
        fail_on_errors: usize,
        mut entries: Vec<Entry>,
    ) -> Self {
        let reading = reading(&directory, &types);
        let outlines: Vec<Outline> = entries.iter_mut().map(|entry| outline(entry, reading)).collect();
        Self {
            fail_on_errors: if fail_on_errors == 0 { usize::MAX } else { fail_on_errors },
            ids: entries.iter().map(|_| core.new_id()).collect(),
            has_failed: vec![false; entries.len()],
            plan: plan(&outlines),
            bulk_ids: outlines.into_iter().map(|outline| outline.bulk_id).collect(),
            operations: entries.into_iter().map(|entry| entry.operation).collect(),
            is_cut_off: false,
            broken_off: None,
            core,
            caller,
            directory,
            types,
        }
    }

    /// Does the operations, until all are done or too many have failed.
    pub(super) async fn run(mut self, mut results: Results) {
        self.do_steps(&mut None, &mut |outcome| results.put(outcome)).await;
        results.finish();
    }

    /// Does the operations in this transaction, which is dropped, and returns what became of each, as far as it went.
    ///
    /// Errors: `CONFLICT` where the transaction lost against another one, and others after which it is of no use.
    pub(super) async fn rehearse(mut self, transaction: Box<dyn Transaction>) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::new();
        self.do_steps(&mut Some(transaction), &mut |outcome| outcomes.push(outcome)).await;
        self.broken_off.map_or(Ok(outcomes), Err)
    }

    async fn do_steps(&mut self, rehearsal: &mut Rehearsed, report: &mut (dyn FnMut(Outcome) + Send)) {
        let mut errors = 0;
        for step in std::mem::take(&mut self.plan.steps) {
            let outcomes = match step {
                Step::One(index) => vec![self.one(index, rehearsal).await],
                Step::Circle(circle) => self.circle(circle, rehearsal).await,
            };
            for outcome in outcomes {
                if let Err(failure) = &outcome.result {
                    errors += 1;
                    self.has_failed[outcome.index] = true;
                    self.is_cut_off |= failure.error.reason() == ErrorReason::Unavailable;
                }
                report(outcome);
            }
            if errors >= self.fail_on_errors || self.broken_off.is_some() {
                break;
            }
        }
    }

    async fn one(&mut self, index: usize, rehearsal: &mut Rehearsed) -> Outcome {
        let types = self.types.clone();
        let result = match self.judged(index, &types).await {
            Ok((change, location)) => {
                let written = self.written(&change, rehearsal).await;
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
    async fn circle(&mut self, circle: Vec<usize>, rehearsal: &mut Rehearsed) -> Vec<Outcome> {
        let types = self.types.clone();
        let recognised = self.recognise(&circle, rehearsal).await;
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
            match self.written_together(&changes, rehearsal).await {
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
    async fn recognise(&mut self, circle: &[usize], rehearsal: &mut Rehearsed) -> Result<()> {
        if !self.directory.rules().returning_users_are_restored {
            return Ok(());
        }
        let mut own = None;
        let transaction = match rehearsal {
            Some(transaction) => transaction,
            None => own.insert(self.core.store.begin().await?),
        };
        for index in circle {
            let Some(Operation::Create(ResourceType::User, Whole { attributes: Ok(attributes), .. })) =
                &self.operations[*index]
            else {
                continue;
            };
            let returning = self.core.returning_user(&mut **transaction, &self.directory, attributes).await?;
            if let Some((id, _)) = returning.who {
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
}

fn reading<'t>(directory: &Directory, types: &'t Types) -> Reading<'t> {
    Reading { user: types.user(), group: types.group(), rules: directory.rules() }
}

fn outline(entry: &mut Entry, reading: Reading<'_>) -> Outline {
    let mut references = Vec::new();
    let operation = &mut entry.operation;
    if let Some(operation) = operation {
        each_id(operation, reading, &mut |text| references.extend(bulk_id(text).map(str::to_owned)));
    }
    Outline {
        bulk_id: std::mem::take(&mut entry.bulk_id),
        creates: matches!(operation, Some(Operation::Create(..))),
        is_referable: !matches!(operation, Some(Operation::Existing { .. })),
        references,
    }
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
