//! What holds for a transaction, whatever it writes.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::Tx;
use super::Statement;
use super::sign_ins::Source;
use crate::{Result, SignInReading, Transaction};

#[async_trait]
impl Transaction for Tx {
    fn sign_ins(&mut self) -> Box<dyn SignInReading + '_> {
        Box::new(Source::Transaction(self))
    }

    async fn begin_part(&mut self) -> Result<()> {
        self.connection()?.begin_part(Statement::new("SAVEPOINT part")).await?;
        self.totals().begin_part();
        Ok(())
    }

    async fn end_part(&mut self, keep: bool) -> Result<()> {
        if !keep {
            Statement::new("ROLLBACK TO SAVEPOINT part").run(self.connection()?).await?;
        }
        self.connection()?.end_part(Statement::new("RELEASE SAVEPOINT part")).await?;
        self.totals().end_part(keep);
        Ok(())
    }

    async fn settle(&mut self) -> Result<()> {
        self.connection()?.settle().await
    }

    async fn save(self: Box<Self>) -> Result<()> {
        let transactions = Arc::clone(&self.transactions);
        self.commit().await?;
        transactions.save();
        Ok(())
    }
}
