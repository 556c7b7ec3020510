//! Deleting directories.

use rollcall_api::v1::{DeleteDirectoryRequest, DeleteDirectoryResponse, ErrorReason};
use rollcall_store::{EventKind, ResourceType, Transaction};
use serde_json::Map;

use super::Directories;
use super::settings::facts;
use crate::Core;
use crate::caller::{Caller, no_directory};
use crate::error::{Error, Result, shortened};
use crate::events::changes;
use crate::texts::is_directory_name;

/// For how long after a directory was deleted writes that had begun before may still end, in µs: far more than any has.
const LEFTOVERS_FOR: i64 = 60 * 60 * 1_000_000;

impl Directories {
    pub(super) async fn delete(
        &self,
        caller: &Caller,
        request: DeleteDirectoryRequest,
    ) -> Result<DeleteDirectoryResponse> {
        caller.require_all_directories()?;
        let DeleteDirectoryRequest { name, confirm_name } = &request;
        if name.is_empty() {
            return Err(Error::value("name: name the directory that is to be deleted"));
        }
        if !confirm_name.is_empty() && confirm_name != name {
            return Err(Error::value(format!(
                "confirm_name: it is {:?} and not the name of the directory, {:?}",
                shortened(confirm_name),
                shortened(name)
            )));
        }
        if !is_directory_name(name) {
            return Err(no_directory(name));
        }
        let core = &self.core;
        core.in_a_transaction(|mut transaction| async move {
            let deleted =
                core.delete_directory(&mut *transaction, caller, name, confirm_name == name).await?;
            Ok((deleted, transaction))
        })
        .await
    }
}

impl Core {
    async fn delete_directory(
        &self,
        transaction: &mut dyn Transaction,
        caller: &Caller,
        name: &str,
        confirmed: bool,
    ) -> Result<DeleteDirectoryResponse> {
        let directory = transaction.directory(name).await?.ok_or_else(|| no_directory(name))?;
        let users = transaction.count_resources(directory.id, ResourceType::User).await?;
        let groups = transaction.count_resources(directory.id, ResourceType::Group).await?;
        if !confirmed && users + groups > 0 {
            return Err(Error::new(
                ErrorReason::NotEmpty,
                format!(
                    "the directory {name:?} is not empty: {}; to delete it with them, confirm its name",
                    contents(users, groups)
                ),
            ));
        }
        let mut facts = facts(&directory);
        facts.insert("users".to_owned(), users.into());
        facts.insert("groups".to_owned(), groups.into());
        let facts = changes(&facts, &Map::new());
        let event =
            self.event(caller.origin(), Some(directory.id), EventKind::DirectoryDeleted, directory.id, facts);
        transaction.insert_event(&event).await?;
        transaction.delete_directory(directory.id, self.clock.now()).await?;
        Ok(DeleteDirectoryResponse { users, groups })
    }

    /// Deletes what writes that had begun before their directory was deleted have left behind.
    pub(crate) async fn delete_leftovers(&self) -> Result<()> {
        for (directory, deleted) in self.store.deleted_directories().await? {
            let mut transaction = self.store.begin().await?;
            let rows = transaction.delete_leftovers(directory).await?;
            if deleted + LEFTOVERS_FOR <= self.clock.now() {
                transaction.forget_deleted_directory(directory).await?;
            }
            transaction.save().await?;
            if rows > 0 {
                tracing::info!(%directory, rows, "deleted what was written while the directory was deleted");
            }
        }
        Ok(())
    }
}

fn contents(users: i64, groups: i64) -> String {
    let counted = |count: i64, one: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {one}s")),
    };
    [counted(users, "user"), counted(groups, "group")].into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::contents;

    #[test]
    fn contents_are_counted_in_words() {
        assert_eq!(contents(1, 0), "1 user");
        assert_eq!(contents(0, 2), "2 groups");
        assert_eq!(contents(3, 1), "3 users and 1 group");
    }
}
