//! All of a directory, as it is read and written when it moves to another database.

use std::collections::HashSet;

use async_trait::async_trait;
use rollcall_scim::fold::fold;
use rollcall_scim::{Profile, Resource};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::super::dialect::{ALL_EVENTS, FOR_UPDATE, HOLD_WRITERS};
use super::super::{Database, Tx};
use super::departed::departed;
use super::directory_settings::{IMPORTING, read_all_settings, read_settings};
use super::members::type_of;
use super::resource_row::origin;
use super::{
    Cells, Connection, Json, ROWS_PER_STATEMENT, Row, Statement, Writes, emails_and_roles, events,
    push_limit, resources, schemas, sign_ins,
};
use crate::{
    Directory, Draft, Error, Event, ImportMark, MovedDeparted, MovedDirectory, MovedMember, MovedResource,
    MovingReading, MovingWriting, Protocol, Provenance, ProvisioningRule, RegisteredSchema, ResourceType,
    Result, SignInLink, Snapshot, StoredDocument, StoredResource, UserOrigin,
};

/// A transaction that only reads; dropped, it ends.
struct Reading(Connection);

#[async_trait]
impl MovingReading for Database {
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        Ok(Box::new(Reading(self.frozen_reader().await?)))
    }

    fn read_moved(&self, moved: &MovedDirectory) -> Result<Directory, String> {
        read_all_settings(moved)
    }

    async fn import(&self, directory: Uuid) -> Result<Option<ImportMark>> {
        mark(&mut self.reader().await?, directory, "").await
    }

    async fn has_event(&self, id: Uuid) -> Result<bool> {
        has_one(&mut self.reader().await?, &[id]).await
    }
}

#[async_trait]
impl Snapshot for Reading {
    async fn directory(&mut self, name: &str) -> Result<Option<MovedDirectory>> {
        let row = Statement::new(
            "SELECT id, name, profile, scim_enabled, groups_enabled, settings, created, modified FROM directories \
             WHERE name = $1",
        )
        .bind(name)
        .row(&mut self.0)
        .await?;
        row.map(|row| directory(&row)).transpose()
    }

    async fn has_pending_holds(&mut self, directory: Uuid) -> Result<bool> {
        Statement::new("SELECT EXISTS (SELECT 1 FROM holds WHERE directory_id = $1 AND state = 'pending')")
            .bind(directory)
            .the_value(&mut self.0)
            .await
    }

    async fn schemas(&mut self, directory: Uuid) -> Result<Vec<RegisteredSchema>> {
        schemas::list(&mut self.0, directory).await
    }

    async fn resources(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<MovedResource>> {
        let mut query = Statement::new(
            "SELECT r.id, r.version, r.created, r.modified, r.document, r.administrator, r.origin, r.scim_managed, \
             r.unique_name IS NOT NULL, r.provenance, p.hash FROM resources r \
             LEFT JOIN passwords p ON p.directory_id = r.directory_id AND p.user_id = r.id WHERE r.directory_id = ",
        );
        query.push_bind(directory).push(" AND r.type = ").push_bind(resource_type.as_str());
        if let Some(after) = after {
            query.push(" AND r.id > ").push_bind(after);
        }
        query.push(" ORDER BY r.id");
        push_limit(&mut query, limit.into());
        let rows = query.rows(&mut self.0).await?;
        rows.iter().map(|row| resource(&mut row.cells(), resource_type)).collect()
    }

    async fn members(
        &mut self,
        directory: Uuid,
        after: Option<(Uuid, Uuid)>,
        limit: u32,
    ) -> Result<Vec<MovedMember>> {
        let mut query = Statement::new(
            "SELECT m.group_id, m.member_id, m.member_type FROM members m WHERE m.directory_id = ",
        );
        query.push_bind(directory);
        if let Some((group, member)) = after {
            query.push(" AND (m.group_id, m.member_id) > (").push_bind(group);
            query.push(", ").push_bind(member).push(")");
        }
        query.push(" ORDER BY m.group_id, m.member_id");
        push_limit(&mut query, limit.into());
        let rows = query.rows(&mut self.0).await?;
        let member = |row: &Row| {
            Ok(MovedMember { group: row.get(0)?, member: row.get(1)?, resource_type: type_of(row.get(2)?)? })
        };
        rows.iter().map(member).collect()
    }

    async fn links(
        &mut self,
        directory: Uuid,
        after: Option<(&str, &str)>,
        limit: u32,
    ) -> Result<Vec<SignInLink>> {
        let mut query = Statement::new(
            "SELECT l.issuer, l.subject, l.user_id, l.protocol, l.created FROM sign_in_links l WHERE l.directory_id = ",
        );
        query.push_bind(directory);
        if let Some((issuer, subject)) = after {
            query.push(" AND (l.issuer, l.subject) > (").push_bind(issuer);
            query.push(", ").push_bind(subject).push(")");
        }
        query.push(" ORDER BY l.issuer, l.subject");
        push_limit(&mut query, limit.into());
        let rows = query.rows(&mut self.0).await?;
        rows.iter().map(link).collect()
    }

    async fn provisioning_rules(&mut self, directory: Uuid) -> Result<Vec<ProvisioningRule>> {
        sign_ins::rules(&mut self.0, directory).await
    }

    async fn departed_users(
        &mut self,
        directory: Uuid,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<MovedDeparted>> {
        let mut query = Statement::new(
            "SELECT d.id, d.version, d.created, d.deleted, d.document, d.origin, d.scim_managed, d.deleted_by, d.issuer, \
             d.subject, d.address FROM departed_users d WHERE d.directory_id = ",
        );
        query.push_bind(directory);
        if let Some(after) = after {
            query.push(" AND d.id > ").push_bind(after);
        }
        query.push(" ORDER BY d.id");
        push_limit(&mut query, limit.into());
        let rows = query.rows(&mut self.0).await?;
        let moved = |row: &Row| {
            let (issuer, subject): (Option<String>, Option<String>) = (row.get(8)?, row.get(9)?);
            Ok(MovedDeparted {
                user: departed(row)?,
                deleted_by: row.get(7)?,
                link: issuer.zip(subject),
                address: row.get(10)?,
            })
        };
        rows.iter().map(moved).collect()
    }

    async fn events(&mut self, directory: Uuid, after: i64, limit: u32) -> Result<Vec<(i64, Event)>> {
        let mut query = Statement::new("SELECT ");
        query.push(events::COLUMNS).push(" FROM ").push(ALL_EVENTS).push(" e WHERE e.directory_id = ");
        query.push_bind(directory);
        query.push(" AND e.number > ").push_bind(after).push(" ORDER BY e.number");
        push_limit(&mut query, limit.into());
        let rows = query.rows(&mut self.0).await?;
        rows.iter().map(|row| Ok((row.get(0)?, events::event(row, Some(directory))?))).collect()
    }
}

#[async_trait]
impl MovingWriting for Tx {
    async fn put_moved_directory(&mut self, moved: &MovedDirectory) -> Result<()> {
        read_settings(&moved.settings)?;
        let settings = if moved.importing { marked(&moved.settings)? } else { moved.settings.clone() };
        Statement::new(
            "INSERT INTO directories (id, name, profile, scim_enabled, groups_enabled, settings, created, modified) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO UPDATE SET profile = excluded.profile, \
             scim_enabled = excluded.scim_enabled, groups_enabled = excluded.groups_enabled, settings = excluded.settings, \
             created = excluded.created, modified = excluded.modified",
        )
        .bind(moved.id)
        .bind(&moved.name)
        .bind(moved.profile.as_str())
        .bind(moved.scim_enabled)
        .bind(moved.groups_enabled)
        .bind(settings)
        .bind(moved.created)
        .bind(moved.modified)
        .run(self.connection()?)
        .await?;
        Ok(())
    }

    async fn insert_moved_resources(
        &mut self,
        directory: Uuid,
        moved: &[(MovedResource, Resource)],
    ) -> Result<()> {
        for chunk in moved.chunks(ROWS_PER_STATEMENT) {
            let drafts: Vec<Draft<'_>> = chunk.iter().map(|(moved, search)| draft(moved, search)).collect();
            resources::insert_all(self.connection()?, directory, &drafts).await?;
            let users: Vec<(Uuid, &Resource)> =
                chunk.iter().map(|(moved, _)| (moved.resource.id, &moved.resource.attributes)).collect();
            emails_and_roles::insert_all(self.connection()?, directory, &users).await?;
            let mut hashed = Vec::new();
            for (moved, _) in chunk {
                hashed.extend(moved.password.as_ref().map(|hash| (moved.resource.id, hash)));
            }
            insert_passwords(self.connection()?, directory, hashed).await?;
            for draft in &drafts {
                self.totals().add(directory, draft.resource.resource_type, draft.resource.id, 1);
            }
        }
        Ok(())
    }

    async fn insert_moved_members(&mut self, directory: Uuid, members: &[MovedMember]) -> Result<()> {
        for chunk in members.chunks(ROWS_PER_STATEMENT) {
            let mut query =
                Statement::new("INSERT INTO members (directory_id, group_id, member_id, member_type) ");
            query.push_rows(chunk, |row, each| {
                row.bind(directory).bind(each.group).bind(each.member).bind(each.resource_type.as_str());
            });
            query.run(self.connection()?).await?;
        }
        self.totals().count_memberships(members.len());
        Ok(())
    }

    async fn insert_moved_links(&mut self, directory: Uuid, links: &[SignInLink]) -> Result<()> {
        for chunk in links.chunks(ROWS_PER_STATEMENT) {
            let mut query = Statement::new(
                "INSERT INTO sign_in_links (directory_id, issuer, subject, user_id, protocol, created) ",
            );
            query.push_rows(chunk, |row, link| {
                row.bind(directory)
                    .bind(&link.issuer)
                    .bind(&link.subject)
                    .bind(link.user)
                    .bind(link.protocol.as_str())
                    .bind(link.created);
            });
            query.run(self.connection()?).await?;
        }
        Ok(())
    }

    async fn insert_departed_users(&mut self, directory: Uuid, departed: &[MovedDeparted]) -> Result<()> {
        for chunk in departed.chunks(ROWS_PER_STATEMENT) {
            let mut query = Statement::new(
                "INSERT INTO departed_users (directory_id, id, version, created, deleted, unique_name, external_id, \
                 origin, document, scim_managed, deleted_by, issuer, subject, address) ",
            );
            let documents = chunk.iter().map(|moved| resources::document(&moved.user.attributes));
            let documents = documents.collect::<Result<Vec<String>>>()?;
            query.push_rows(chunk.iter().zip(documents), |row, (moved, document)| {
                let user = &moved.user;
                let text = |name: &str| user.attributes.get(name).and_then(Value::as_str);
                let link = moved.link.as_ref();
                row.bind(directory)
                    .bind(user.id)
                    .bind(user.version)
                    .bind(user.created)
                    .bind(user.modified)
                    .bind(text("userName").map(fold).unwrap_or_default())
                    .bind(text("externalId"))
                    .bind(user.origin.map(UserOrigin::as_str))
                    .bind(document)
                    .bind(user.scim_managed)
                    .bind(moved.deleted_by)
                    .bind(link.map(|(issuer, _)| issuer.as_str()))
                    .bind(link.map(|(_, subject)| subject.as_str()))
                    .bind(&moved.address);
            });
            query.run(self.connection()?).await?;
        }
        Ok(())
    }

    async fn insert_moved_events(&mut self, moved: &[Event]) -> Result<bool> {
        let ids: Vec<Uuid> = moved.iter().map(|event| event.id).collect();
        if ids.iter().collect::<HashSet<_>>().len() < ids.len() {
            return Ok(false);
        }
        for chunk in ids.chunks(ROWS_PER_STATEMENT) {
            if has_one(self.connection()?, chunk).await? {
                return Ok(false);
            }
        }
        for event in moved {
            events::insert_moved(self, event).await?;
        }
        Ok(true)
    }

    async fn hold_empty(&mut self, directory: Uuid) -> Result<bool> {
        if let Some(lock) = HOLD_WRITERS {
            Statement::new(lock).run(self.connection()?).await?;
        }
        let tables = ["resources", "departed_users", "schemas", "provisioning_rules"];
        let any = tables.map(|table| format!("EXISTS (SELECT 1 FROM {table} WHERE directory_id = $1)"));
        let text = format!("SELECT NOT ({})", any.join(" OR "));
        Statement::new(text).bind(directory).the_value(self.connection()?).await
    }

    async fn import(&mut self, directory: Uuid) -> Result<Option<ImportMark>> {
        mark(self.connection()?, directory, FOR_UPDATE).await
    }

    async fn set_import(&mut self, directory: Uuid, mark: Option<&ImportMark>) -> Result<()> {
        let statement = match mark {
            None => Statement::new("DELETE FROM imports WHERE directory_id = $1").bind(directory),
            Some(mark) => Statement::new(
                "INSERT INTO imports (directory_id, digest, lines) VALUES ($1, $2, $3) \
                 ON CONFLICT (directory_id) DO UPDATE SET digest = excluded.digest, lines = excluded.lines",
            )
            .bind(directory)
            .bind(&mark.digest)
            .bind(mark.lines),
        };
        statement.run(self.connection()?).await?;
        Ok(())
    }
}

/// The settings of a directory with the one that says that it is being imported.
fn marked(settings: &str) -> Result<String> {
    let mut settings: Map<String, Value> =
        serde_json::from_str(settings).map_err(|error| Error::Damaged(error.to_string()))?;
    settings.insert(IMPORTING.to_owned(), Value::Bool(true));
    Ok(Value::Object(settings).to_string())
}

/// Whether one of these events is there.
async fn has_one(connection: &mut Connection, ids: &[Uuid]) -> Result<bool> {
    let mut query = Statement::new("SELECT EXISTS (SELECT 1 FROM ");
    query.push(ALL_EVENTS).push(" e WHERE e.id IN (").push_list(ids.iter().copied()).push("))");
    query.the_value(connection).await
}

async fn mark(connection: &mut Connection, directory: Uuid, lock: &str) -> Result<Option<ImportMark>> {
    let text = format!("SELECT digest, lines FROM imports WHERE directory_id = $1{lock}");
    let row = Statement::new(text).bind(directory).row(connection).await?;
    row.map(|row| Ok(ImportMark { digest: row.get(0)?, lines: row.get(1)? })).transpose()
}

async fn insert_passwords(
    connection: &mut Connection,
    directory: Uuid,
    hashed: Vec<(Uuid, &String)>,
) -> Result<()> {
    if hashed.is_empty() {
        return Ok(());
    }
    let mut query = Statement::new("INSERT INTO passwords (directory_id, user_id, hash) ");
    query.push_rows(hashed, |row, (user, hash)| {
        row.bind(directory).bind(user).bind(hash);
    });
    query.later(Writes::Adds("passwords"), connection).await
}

fn draft<'a>(moved: &'a MovedResource, search: &'a Resource) -> Draft<'a> {
    Draft { resource: &moved.resource, search, unique: moved.unique, provenance: &moved.provenance }
}

/// Reads a user or group from the columns `id, version, created, modified, document, administrator, origin, scim_managed`,
/// whether its name is unique, `provenance` and the hash of its password.
fn resource(cells: &mut Cells<'_>, resource_type: ResourceType) -> Result<MovedResource> {
    let resource: StoredResource = StoredDocument {
        resource_type,
        id: cells.next()?,
        version: cells.next()?,
        created: cells.next()?,
        modified: cells.next()?,
        attributes: cells.next()?,
        groups: Vec::new(),
        administrator: cells.next()?,
        origin: origin(cells.next()?, resource_type)?,
        scim_managed: cells.next()?,
    }
    .read()?;
    let unique = cells.next()?;
    let Json(provenance) = cells.next::<Json<Map<String, Value>>>()?;
    Ok(MovedResource {
        resource,
        unique,
        provenance: Provenance::from_json(provenance)?,
        password: cells.next()?,
    })
}

/// Reads a directory from the columns `id, name, profile, scim_enabled, groups_enabled, settings, created, modified`.
fn directory(row: &Row) -> Result<MovedDirectory> {
    let profile: &str = row.get(2)?;
    Ok(MovedDirectory {
        id: row.get(0)?,
        name: row.get(1)?,
        profile: Profile::from_name(profile)
            .ok_or_else(|| Error::Damaged(format!("a directory has the unknown profile {profile:?}")))?,
        scim_enabled: row.get(3)?,
        groups_enabled: row.get(4)?,
        importing: read_settings(row.get(5)?)?.importing,
        settings: row.get(5)?,
        created: row.get(6)?,
        modified: row.get(7)?,
    })
}

fn link(row: &Row) -> Result<SignInLink> {
    let protocol: &str = row.get(3)?;
    Ok(SignInLink {
        issuer: row.get(0)?,
        subject: row.get(1)?,
        user: row.get(2)?,
        protocol: Protocol::from_name(protocol)
            .ok_or_else(|| Error::Damaged(format!("a link is of the unknown protocol {protocol:?}")))?,
        created: row.get(4)?,
    })
}
