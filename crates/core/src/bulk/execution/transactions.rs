//! The transactions of operations: one of their own, or a part of that of a dry run.

use rollcall_api::v1::ErrorReason;
use rollcall_store::Transaction;

use super::{Broken, Execution, Rehearsed, same};
use crate::bulk::change::{Change, Written};
use crate::error::{Error, Result};
use crate::resources::Retries;

impl Execution {
    pub(super) async fn written(
        &mut self,
        change: &Change<'_>,
        rehearsal: &mut Rehearsed,
    ) -> Result<Written> {
        let Some(transaction) = rehearsal else { return self.written_alone(change).await };
        let (core, directory, origin) = (&self.core, &self.directory, self.caller.origin());
        let written = async {
            transaction.begin_part().await?;
            let written = change.write(core, &mut **transaction, origin, directory).await;
            transaction.end_part(written.is_ok()).await?;
            written
        };
        written.await.map_err(|error| self.rehearsed(error))
    }

    async fn written_alone(&self, change: &Change<'_>) -> Result<Written> {
        let (core, directory) = (&self.core, &self.directory);
        core.in_a_transaction(|mut transaction| async move {
            let written = change.write(core, &mut *transaction, self.caller.origin(), directory).await?;
            Ok((written, transaction))
        })
        .await
    }

    /// The error of an operation of a dry run. One that says nothing of the operation ends the dry run.
    fn rehearsed(&mut self, error: Error) -> Error {
        let Err(error) = error.into_stopped() else {
            return Error::new(ErrorReason::Held, "the guard rail would have held it");
        };
        if matches!(error.reason(), ErrorReason::Conflict | ErrorReason::Unavailable | ErrorReason::Internal)
        {
            let told = same(&error);
            self.broken_off = Some(error);
            return told;
        }
        error
    }

    pub(super) async fn written_together(
        &mut self,
        changes: &[Change<'_>],
        rehearsal: &mut Rehearsed,
    ) -> Result<Vec<Written>, Broken> {
        let everybody = |error: rollcall_store::Error| Broken { culprit: None, error: error.into() };
        if let Some(transaction) = rehearsal {
            let written = async {
                transaction.begin_part().await.map_err(everybody)?;
                let written = self.write_each(&mut **transaction, changes).await;
                transaction.end_part(written.is_ok()).await.map_err(everybody)?;
                written
            };
            return written
                .await
                .map_err(|Broken { culprit, error }| Broken { culprit, error: self.rehearsed(error) });
        }
        let mut retries = Retries::default();
        loop {
            let written = async {
                let mut transaction = self.core.store.begin_again().await.map_err(everybody)?;
                let written = self.write_each(&mut *transaction, changes).await?;
                transaction.save().await.map_err(everybody)?;
                Ok(written)
            };
            match written.await {
                Ok(written) => return Ok(written),
                Err(Broken { culprit, error }) => {
                    retries.again(error).map_err(|error| Broken { culprit, error })?;
                }
            }
        }
    }

    /// Writes the resources first and their members after, so that each exists when another one refers to it.
    async fn write_each(
        &self,
        transaction: &mut dyn Transaction,
        changes: &[Change<'_>],
    ) -> Result<Vec<Written>, Broken> {
        let (core, directory, origin) = (&self.core, &self.directory, self.caller.origin());
        let mut written = Vec::with_capacity(changes.len());
        for (position, change) in changes.iter().enumerate() {
            let done = change.write_resource(core, transaction, origin, directory).await;
            let done = done.map_err(|error| Broken { culprit: Some(position), error })?;
            // Whatever is refused is this one's, and no other's.
            let settled = transaction.settle().await;
            settled.map_err(|error| Broken { culprit: Some(position), error: error.into() })?;
            written.push(done);
        }
        for (position, change) in changes.iter().enumerate() {
            let done = change.write_first_members(core, transaction, origin, directory).await;
            done.map_err(|error| Broken { culprit: Some(position), error })?;
        }
        Ok(written)
    }
}
