//! How transactions begin, and how the store ends.

use async_trait::async_trait;

use super::super::Database;
use super::sign_ins::Source;
use crate::{Result, SignInReading, Store, Transaction};

#[async_trait]
impl Store for Database {
    fn sign_ins(&self) -> Box<dyn SignInReading + '_> {
        Box::new(Source::Database(self))
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        self.transactions.begin();
        Ok(Box::new(self.transaction(true).await?))
    }

    async fn begin_again(&self) -> Result<Box<dyn Transaction>> {
        self.transactions.begin_again();
        Ok(Box::new(self.transaction(false).await?))
    }

    async fn settled(&self) -> Result<()> {
        self.settle_refusals().await
    }

    async fn close(&self) {
        self.shut().await;
    }
}
