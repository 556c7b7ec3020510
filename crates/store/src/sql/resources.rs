//! Resources: reading and writing one.

use std::borrow::Cow;

use async_trait::async_trait;
use rollcall_scim::Resource;
use rollcall_scim::fold::fold;
use serde_json::Value;
use uuid::Uuid;

use super::super::dialect::{FOR_NO_KEY_UPDATE, FOR_UPDATE, json_rows, push_merged};
use super::super::{Database, Tx};
use super::leads::HELD;
use super::resource_row::{resource_columns, stored};
use super::schemas::forget_unique_values;
use super::{Connection, Json, Statement, Writes, emails_and_roles, members, passwords, sign_ins, totals};
use crate::{
    Draft, Error, ResourceReading, ResourceType, ResourceWriting, Result, StoredDocument, StoredResource,
    UserKey, UserOrigin,
};

const SELECT: &str = concat!(
    "SELECT ",
    resource_columns!(),
    " FROM resources r WHERE r.directory_id = $1 AND r.type = $2 AND r.id = $3"
);

pub(super) async fn find(
    connection: &mut Connection,
    directory: Uuid,
    resource_type: ResourceType,
    id: Uuid,
    lock: &str,
) -> Result<Option<StoredDocument>> {
    let sql = if lock.is_empty() { Cow::Borrowed(SELECT) } else { Cow::Owned(format!("{SELECT}{lock}")) };
    let row =
        Statement::new(sql).bind(directory).bind(resource_type.as_str()).bind(id).row(connection).await?;
    row.map(|row| stored(&mut row.cells(), resource_type)).transpose()
}

#[async_trait]
impl ResourceReading for Database {
    async fn resource(
        &self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<StoredDocument>> {
        find(&mut self.quick_reader().await?, directory, resource_type, id, "").await
    }

    async fn user_id(&self, directory: Uuid, user: UserKey<'_>) -> Result<Option<Uuid>> {
        let mut query =
            Statement::new("SELECT r.id FROM resources r WHERE r.type = 'User' AND r.directory_id = ");
        query.push_bind(directory);
        match user {
            UserKey::Id(id) => query.push(" AND r.id = ").push_bind(id),
            UserKey::Name(name) => query.push(" AND r.unique_name = ").push_bind(fold(name)),
        };
        query.value(&mut self.reader().await?).await
    }
}

#[async_trait]
impl ResourceWriting for Tx {
    async fn resource(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<StoredResource>> {
        let found = find(self.connection()?, directory, resource_type, id, FOR_NO_KEY_UPDATE).await?;
        found.map(StoredDocument::read).transpose()
    }

    async fn resource_to_delete(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<StoredResource>> {
        let found = find(self.connection()?, directory, resource_type, id, FOR_UPDATE).await?;
        found.map(StoredDocument::read).transpose()
    }

    async fn resource_to_change(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
        ahead: Option<StoredDocument>,
    ) -> Result<Option<StoredResource>> {
        let connection = self.connection()?;
        if let Some(ahead) = ahead.filter(|_| connection.reads_ahead()) {
            return ahead.read().map(Some);
        }
        if !connection.reads_ahead() {
            return find(connection, directory, resource_type, id, FOR_NO_KEY_UPDATE)
                .await?
                .map(StoredDocument::read)
                .transpose();
        }
        let row = Statement::new(SELECT)
            .bind(directory)
            .bind(resource_type.as_str())
            .bind(id)
            .row_ahead(connection)
            .await?;
        row.map(|row| stored(&mut row.cells(), resource_type)?.read()).transpose()
    }

    async fn insert_resource(&mut self, directory: Uuid, draft: Draft<'_>) -> Result<()> {
        let connection = self.connection()?;
        let resource = draft.resource;
        let columns = Columns::of(draft);
        require_free_name(&mut *connection, directory, resource, &columns).await?;
        Statement::new(
            "INSERT INTO resources (directory_id, type, id, version, created, modified, unique_name, display_name, \
             external_id, active, label, document, search, administrator, origin, provenance, scim_managed, display_begins, \
             family_begins) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        )
        .bind(directory)
        .bind(resource.resource_type.as_str())
        .bind(resource.id)
        .bind(resource.version)
        .bind(resource.created)
        .bind(resource.modified)
        .bind(columns.unique_name)
        .bind(columns.display_name)
        .bind(columns.external_id)
        .bind(columns.active)
        .bind(columns.label)
        .bind(document(&resource.attributes)?)
        .bind(Json(draft.search))
        .bind(resource.administrator)
        .bind(resource.origin.map(UserOrigin::as_str))
        .bind(Json(draft.provenance.as_stored()))
        .bind(resource.scim_managed)
        .bind(columns.display_begins)
        .bind(columns.family_begins)
        .later(Writes::Resource(resource.resource_type), connection)
        .await?;
        emails_and_roles::insert(connection, directory, resource.id, &resource.attributes).await?;
        self.totals().add(directory, resource.resource_type, resource.id, 1);
        Ok(())
    }

    async fn update_resource(&mut self, directory: Uuid, draft: Draft<'_>, before: &Resource) -> Result<()> {
        let connection = self.connection()?;
        let resource = draft.resource;
        let columns = Columns::of(draft);
        let old = Columns::of_attributes(resource.resource_type, before, draft.unique);
        // Groups that had the same name before it had to be unique may go on with it.
        let keeps_name = columns.unique_name.is_some() && columns.unique_name == old.unique_name;
        if !keeps_name {
            require_free_name(&mut *connection, directory, resource, &columns).await?;
        }
        let mut statement = Statement::new("UPDATE resources SET version = ");
        statement.push_bind(resource.version).push(", modified = ").push_bind(resource.modified);
        // An index is written anew for whatever stands here, changed or not.
        if !keeps_name {
            statement.push(", unique_name = ").push_bind(columns.unique_name);
        }
        if columns.display_name != old.display_name {
            statement.push(", display_name = ").push_bind(columns.display_name);
        }
        if columns.external_id != old.external_id {
            statement.push(", external_id = ").push_bind(columns.external_id);
        }
        if columns.active != old.active {
            statement.push(", active = ").push_bind(columns.active);
        }
        if columns.display_begins != old.display_begins {
            statement.push(", display_begins = ").push_bind(columns.display_begins);
        }
        if columns.family_begins != old.family_begins {
            statement.push(", family_begins = ").push_bind(columns.family_begins);
        }
        statement.push(", label = ").push_bind(columns.label);
        statement.push(", document = ").push_bind(document(&resource.attributes)?);
        statement.push(", search = ").push_bind(Json(draft.search));
        statement.push(", scim_managed = ").push_bind(resource.scim_managed).push(", provenance = ");
        push_merged(&mut statement, "provenance", Json(draft.provenance.as_stored()));
        statement.push(" WHERE directory_id = ").push_bind(directory);
        statement.push(" AND type = ").push_bind(resource.resource_type.as_str());
        statement.push(" AND id = ").push_bind(resource.id);
        statement.push(" AND version = ").push_bind(resource.version - 1);
        statement.later(Writes::Rewrites(resource.resource_type), connection).await?;
        emails_and_roles::update(connection, directory, resource.id, before, &resource.attributes).await
    }

    async fn adopt_user(&mut self, directory: Uuid, user: Uuid) -> Result<()> {
        Statement::new(
            "UPDATE resources SET scim_managed = TRUE WHERE directory_id = $1 AND type = 'User' AND id = $2",
        )
        .bind(directory)
        .bind(user)
        .later(Writes::Changes("resources"), self.connection()?)
        .await
    }

    async fn delete_resource(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<()> {
        let connection = self.connection()?;
        forget_unique_values(connection, directory, id).await?;
        match resource_type {
            ResourceType::User => {
                emails_and_roles::delete(connection, directory, id).await?;
                passwords::forget(connection, directory, id).await?;
                sign_ins::forget_link(connection, directory, id).await?;
            }
            ResourceType::Group => members::clear(connection, directory, id).await?,
        }
        Statement::new("DELETE FROM resources WHERE directory_id = $1 AND type = $2 AND id = $3")
            .bind(directory)
            .bind(resource_type.as_str())
            .bind(id)
            .later(Writes::Removes("resources"), connection)
            .await?;
        self.totals().add(directory, resource_type, id, -1);
        Ok(())
    }

    async fn count_resources(&mut self, directory: Uuid, resource_type: ResourceType) -> Result<i64> {
        totals::total(self.connection()?, directory, resource_type).await
    }
}

/// Adds resources whose names are known to be free.
pub(super) async fn insert_all(
    connection: &mut Connection,
    directory: Uuid,
    drafts: &[Draft<'_>],
) -> Result<()> {
    let written = |draft: &Draft<'_>| document(&draft.resource.attributes);
    let documents = drafts.iter().map(written).collect::<Result<Vec<String>>>()?;
    let mut statement = Statement::new(
        "INSERT INTO resources (directory_id, type, id, version, created, modified, unique_name, display_name, \
         external_id, active, label, document, search, administrator, origin, provenance, scim_managed, display_begins, \
         family_begins) ",
    );
    statement.push_rows(drafts.iter().zip(documents), |row, (draft, document)| {
        let resource = draft.resource;
        let columns = Columns::of(*draft);
        row.bind(directory)
            .bind(resource.resource_type.as_str())
            .bind(resource.id)
            .bind(resource.version)
            .bind(resource.created)
            .bind(resource.modified)
            .bind(columns.unique_name)
            .bind(columns.display_name)
            .bind(columns.external_id)
            .bind(columns.active)
            .bind(columns.label)
            .bind(document)
            .bind(Json(draft.search))
            .bind(resource.administrator)
            .bind(resource.origin.map(UserOrigin::as_str))
            .bind(Json(draft.provenance.as_stored()))
            .bind(resource.scim_managed)
            .bind(columns.display_begins)
            .bind(columns.family_begins);
    });
    statement.run(connection).await?;
    Ok(())
}

/// The attributes that have a column of their own.
struct Columns<'a> {
    unique_name: Option<String>,
    display_name: Option<String>,
    external_id: Option<&'a str>,
    active: Option<bool>,
    label: Option<&'a str>,
    /// Of a user, how the displayName and the family name begin.
    display_begins: Option<String>,
    family_begins: Option<String>,
}

impl<'a> Columns<'a> {
    fn of(draft: Draft<'a>) -> Self {
        Self::of_attributes(draft.resource.resource_type, &draft.resource.attributes, draft.unique)
    }

    /// Of a resource with these attributes, where names of its type are unique or not.
    fn of_attributes(resource_type: ResourceType, attributes: &'a Resource, unique: bool) -> Self {
        let text = |name: &str| attributes.get(name).and_then(Value::as_str);
        let display_name = display_name(resource_type, attributes);
        let family_name =
            attributes.get("name").and_then(|name| name.get("familyName")).and_then(Value::as_str);
        let begins = |name: Option<&str>| {
            let name = name.filter(|_| resource_type == ResourceType::User)?;
            Some(fold(name).chars().take(HELD).collect::<String>())
        };
        let unique_name = match resource_type {
            ResourceType::User => text("userName").map(fold),
            ResourceType::Group => display_name.clone().filter(|_| unique),
        };
        Self {
            unique_name,
            display_name,
            external_id: text("externalId"),
            active: attributes.get("active").and_then(Value::as_bool),
            label: text("displayName"),
            display_begins: begins(text("displayName")),
            family_begins: begins(family_name),
        }
    }
}

/// The name by which a group with these attributes is found; users are not found by theirs.
fn display_name(resource_type: ResourceType, attributes: &Resource) -> Option<String> {
    if resource_type == ResourceType::User {
        return None;
    }
    attributes.get("displayName").and_then(Value::as_str).map(fold)
}

/// Refuses a name of a group that is to be unique and is another one's. The index of unique names does not know those of
/// groups that were written while names did not have to be unique; it stands in for those that are written at this moment.
async fn require_free_name(
    connection: &mut Connection,
    directory: Uuid,
    resource: &StoredResource,
    columns: &Columns<'_>,
) -> Result<()> {
    let (ResourceType::Group, Some(name)) = (resource.resource_type, &columns.unique_name) else {
        return Ok(());
    };
    let is_taken = Statement::new(
        "SELECT EXISTS (SELECT 1 FROM resources WHERE directory_id = $1 AND display_name = $2 AND id <> $3)",
    )
    .bind(directory)
    .bind(name)
    .bind(resource.id)
    .the_value::<bool>(connection)
    .await?;
    if is_taken { Err(Error::NameTaken(ResourceType::Group)) } else { Ok(()) }
}

pub(super) fn document(attributes: &Resource) -> Result<String> {
    serde_json::to_string(attributes).map_err(|error| Error::Damaged(error.to_string()))
}
