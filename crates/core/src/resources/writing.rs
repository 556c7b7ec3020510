//! How users and groups are written: the transaction of a change, and the row with what hangs on it.

use rollcall_scim::{Definition, Resource};
use rollcall_store::{Directory, Draft, StoredResource, Transaction};
use serde_json::Value;

use super::{Attempts, search_form};
use crate::Core;
use crate::error::Result;
use crate::events::changes;

impl Core {
    /// Makes a change in a transaction of its own, and again where it lost against another one. The change gives the
    /// transaction back to be saved.
    pub(crate) async fn in_a_transaction<T, Changing>(
        &self,
        change: impl Fn(Box<dyn Transaction>) -> Changing,
    ) -> Result<T>
    where
        Changing: Future<Output = Result<(T, Box<dyn Transaction>)>>,
    {
        let mut attempts = Attempts::default();
        loop {
            match self.attempt(&change).await {
                Ok(done) => return Ok(done),
                Err(error) => attempts.again(error)?,
            }
        }
    }

    async fn attempt<T, Changing>(&self, change: &impl Fn(Box<dyn Transaction>) -> Changing) -> Result<T>
    where
        Changing: Future<Output = Result<(T, Box<dyn Transaction>)>>,
    {
        let (done, transaction) = change(self.store.begin().await?).await?;
        transaction.save().await?;
        Ok(done)
    }

    /// Adds a resource. `unique`: nobody else of the type may have its name. Returns what its event tells of it.
    pub(crate) async fn add_resource(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        resource: &StoredResource,
        definition: &Definition,
        unique: bool,
    ) -> Result<Value> {
        self.hold_schemas(transaction, directory).await?;
        let search = search_form(&resource.attributes, definition);
        transaction.insert_resource(directory.id, Draft { resource, search: &search, unique }).await?;
        self.write_unique_values(transaction, directory, resource, &search, None, definition).await?;
        Ok(changes(&Resource::new(), &resource.attributes))
    }

    /// Gives a resource other attributes, and with them its next version. Returns what its event tells of it.
    pub(crate) async fn rewrite_resource(
        &self,
        transaction: &mut dyn Transaction,
        directory: &Directory,
        resource: &mut StoredResource,
        attributes: Resource,
        definition: &Definition,
        unique: bool,
    ) -> Result<Value> {
        let before = std::mem::replace(&mut resource.attributes, attributes);
        resource.version += 1;
        resource.modified = self.clock.now().max(resource.modified);
        let search = search_form(&resource.attributes, definition);
        let draft = Draft { resource, search: &search, unique };
        transaction.update_resource(directory.id, draft, &before).await?;
        self.write_unique_values(transaction, directory, resource, &search, Some(&before), definition)
            .await?;
        Ok(changes(&before, &resource.attributes))
    }
}
