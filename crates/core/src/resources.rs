//! What users and groups have in common: how they are written, listed and shown.

mod drafting;
mod listing;
mod named;
mod representation;
mod writing;

pub(crate) use drafting::{Retries, patched, require_indexable, require_short, search_form};
pub(crate) use listing::{Asked, Listed, Type};
pub(crate) use named::{Named, lone_user_name};
pub(crate) use representation::{Shown, View, date_time, location, parted};
pub(crate) use writing::{Changed, Rewriting, names_of};

use std::sync::Arc;

use rollcall_store::{Directory, ResourceType, StoredDocument};
use tonic::Extensions;

use crate::Core;
use crate::caller::parse_id;
use crate::error::{Error, Result};

impl Core {
    /// The resource that an rpc reads, and its directory. Errors: those of the credential before everything else, and
    /// `NOT_FOUND`.
    pub(crate) async fn find(
        &self,
        extensions: &Extensions,
        resource_type: ResourceType,
        directory: &str,
        id: &str,
    ) -> Result<(Arc<Directory>, StoredDocument)> {
        let name = resource_type.as_str();
        let key = parse_id(name, id);
        let (caller, resource) =
            self.admit_to_resource(extensions, resource_type, key.as_ref().ok().copied()).await?;
        let directory = caller.directory(&*self.store, directory).await?;
        let resource = match caller.bound_to() {
            Some(_) => resource,
            None => self.store.resource(directory.id, resource_type, key?).await?,
        };
        Ok((directory, resource.ok_or_else(|| Error::not_found(name, id))?))
    }

    /// The user that the caller stands for, and their directory. Errors: those of the credential before everything else,
    /// those of [`Caller::user`](crate::caller::Caller::user), and `NOT_FOUND` for one who is gone.
    pub(crate) async fn find_me(
        &self,
        extensions: &Extensions,
        directory: &str,
        id: &str,
    ) -> Result<(Arc<Directory>, StoredDocument)> {
        let (caller, _) = self.admit_to_resource(extensions, ResourceType::User, None).await?;
        let directory = caller.directory(&*self.store, directory).await?;
        let me = caller.user(id, true)?;
        let user = self.store.resource(directory.id, ResourceType::User, me).await?;
        let user = user.ok_or_else(|| Error::not_found(ResourceType::User.as_str(), &me.to_string()))?;
        Ok((directory, user))
    }
}
