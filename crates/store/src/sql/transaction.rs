//! What is written, and read to be written.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rollcall_scim::Resource;
use rollcall_scim::condition::Condition;
use rollcall_scim::unique::UniqueValue;
use uuid::Uuid;

use super::super::Tx;
use super::super::dialect::total_shard;
use super::{
    Connection, Statement, activity, administrators, audit, connections, credentials, deletion, departed,
    directories, events, links, members, oauth_clients, passwords, provenance, provisioning_rules, resources,
    schemas, sessions, unique,
};
use crate::{
    Activity, Actor, AddedMembers, Administrator, AttributeOrigin, Candidate, Credential, CredentialKind,
    Directory, Draft, Event, Heard, LastUse, Namesake, OAuthClient, Provenance, ProvisioningRule,
    RegisteredSchema, ResourceType, Result, Session, SessionHolder, SignInLink, StoredDocument,
    StoredResource, Transaction,
};

/// By how much a transaction changes the totals, by directory, type and shard. They are written at its end and in
/// order, so that their rows are locked briefly and never in a circle.
#[derive(Debug, Default)]
pub(in super::super) struct Totals {
    changes: BTreeMap<(Uuid, ResourceType, i64), i64>,
    /// How many memberships were added; nobody asks for their total.
    memberships: u64,
    /// What they were when the part of the transaction began that is running.
    before_part: Option<Box<Totals>>,
}

impl Totals {
    fn add(&mut self, directory: Uuid, resource_type: ResourceType, id: Uuid, change: i64) {
        *self.changes.entry((directory, resource_type, total_shard(id))).or_default() += change;
    }

    fn begin_part(&mut self) {
        let before = Self { changes: self.changes.clone(), memberships: self.memberships, before_part: None };
        self.before_part = Some(Box::new(before));
    }

    fn end_part(&mut self, keep: bool) {
        if let Some(before) = self.before_part.take()
            && !keep
        {
            *self = *before;
        }
    }

    /// Writes them, and returns how many rows were added.
    pub(in super::super) async fn write(self, connection: &mut Connection) -> Result<u64> {
        let resources: u64 = self.changes.values().filter_map(|change| u64::try_from(*change).ok()).sum();
        let changes = self.changes.into_iter().filter(|(_, change)| *change != 0);
        for ((directory, resource_type, shard), change) in changes {
            resources::add_to_total(connection, directory, resource_type, shard, change).await?;
        }
        Ok(resources + self.memberships)
    }
}

#[async_trait]
impl Transaction for Tx {
    async fn resource(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<StoredResource>> {
        let found = resources::find(self.connection()?, directory, resource_type, id, true).await?;
        found.map(StoredDocument::read).transpose()
    }

    async fn resource_to_change(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<StoredResource>> {
        resources::find_to_change(self.connection()?, directory, resource_type, id).await
    }

    async fn insert_resource(&mut self, directory: Uuid, draft: Draft<'_>) -> Result<()> {
        resources::insert(self.connection()?, directory, draft).await?;
        self.totals().add(directory, draft.resource.resource_type, draft.resource.id, 1);
        Ok(())
    }

    async fn update_resource(&mut self, directory: Uuid, draft: Draft<'_>, before: &Resource) -> Result<()> {
        resources::update(self.connection()?, directory, draft, before).await
    }

    async fn set_unique_values(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        resource: Uuid,
        values: &[UniqueValue],
    ) -> Result<()> {
        unique::set(self.connection()?, directory, resource_type, resource, values).await
    }

    async fn hold_schemas(&mut self, directory: Uuid) -> Result<Option<i64>> {
        schemas::hold_version(self.connection()?, directory).await
    }

    async fn set_password(&mut self, directory: Uuid, user: Uuid, hash: &str) -> Result<()> {
        passwords::set(self.connection()?, directory, user, hash).await
    }

    async fn delete_password(&mut self, directory: Uuid, user: Uuid) -> Result<bool> {
        passwords::delete(self.connection()?, directory, user).await
    }

    async fn delete_passwords(&mut self, directory: Uuid) -> Result<()> {
        passwords::delete_all(self.connection()?, directory).await
    }

    async fn set_administrator(&mut self, directory: Uuid, user: Uuid, administrator: bool) -> Result<()> {
        administrators::set(self.connection()?, directory, user, administrator).await
    }

    async fn administrators(&mut self, directory: Uuid, role: Option<&str>) -> Result<Vec<Administrator>> {
        administrators::list(self.connection()?, directory, role).await
    }

    async fn linked_user(
        &mut self,
        directory: Uuid,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<StoredResource>> {
        links::user(self.connection()?, directory, issuer, subject).await
    }

    async fn sign_in_candidates(
        &mut self,
        directory: Uuid,
        address: &str,
        limit: u32,
    ) -> Result<Vec<Candidate>> {
        links::candidates(self.connection()?, directory, address, limit).await
    }

    async fn insert_link(&mut self, directory: Uuid, link: &SignInLink) -> Result<()> {
        links::insert(self.connection()?, directory, link).await
    }

    async fn delete_link_of(&mut self, directory: Uuid, user: Uuid) -> Result<Option<(String, String)>> {
        links::delete_of(self.connection()?, directory, user).await
    }

    async fn provisioning_rules(&mut self, directory: Uuid) -> Result<Vec<ProvisioningRule>> {
        provisioning_rules::list(self.connection()?, directory).await
    }

    async fn set_provisioning_rules(&mut self, directory: Uuid, rules: &[ProvisioningRule]) -> Result<()> {
        provisioning_rules::set(self.connection()?, directory, rules).await
    }

    async fn adopt_user(&mut self, directory: Uuid, user: Uuid) -> Result<()> {
        resources::adopt(self.connection()?, directory, user).await
    }

    async fn delete_resource(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<()> {
        resources::delete(self.connection()?, directory, resource_type, id).await?;
        self.totals().add(directory, resource_type, id, -1);
        Ok(())
    }

    async fn touch_group(
        &mut self,
        directory: Uuid,
        group: Uuid,
        now: i64,
        provenance: &Provenance,
    ) -> Result<Option<i64>> {
        members::touch(self.connection()?, directory, group, now, provenance).await
    }

    async fn retire_user(
        &mut self,
        directory: Uuid,
        user: Uuid,
        deleted: i64,
        by: Actor,
        address: Option<&str>,
    ) -> Result<()> {
        departed::retire(self.connection()?, directory, user, deleted, by, address).await?;
        self.totals().add(directory, ResourceType::User, user, -1);
        Ok(())
    }

    async fn departed_arrival(
        &mut self,
        directory: Uuid,
        issuer: &str,
        subject: &str,
        address: Option<&str>,
    ) -> Result<Option<StoredResource>> {
        departed::arrival(self.connection()?, directory, issuer, subject, address).await
    }

    async fn take_departed_user(&mut self, directory: Uuid, user: Uuid) -> Result<Option<StoredResource>> {
        departed::take(self.connection()?, directory, user).await
    }

    async fn purge_departed_users(&mut self, directory: Uuid, until: i64, limit: u32) -> Result<Vec<Uuid>> {
        departed::purge(self.connection()?, directory, until, limit).await
    }

    async fn namesakes(
        &mut self,
        directory: Uuid,
        external_id: Option<&str>,
        user_name: &str,
    ) -> Result<Vec<Namesake>> {
        departed::namesakes(self.connection()?, directory, external_id, user_name).await
    }

    async fn add_members(&mut self, directory: Uuid, group: Uuid, members: &[Uuid]) -> Result<AddedMembers> {
        let outcome = members::add(self.connection()?, directory, group, members).await?;
        self.totals().memberships += outcome.added.len() as u64;
        Ok(outcome)
    }

    async fn remove_members(&mut self, directory: Uuid, group: Uuid, members: &[Uuid]) -> Result<Vec<Uuid>> {
        members::remove(self.connection()?, directory, group, members).await
    }

    async fn member_ids(
        &mut self,
        directory: Uuid,
        group: Uuid,
        condition: Option<&Condition<'_>>,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Uuid>> {
        members::ids(self.connection()?, directory, group, condition, after, limit).await
    }

    async fn leave_groups(
        &mut self,
        directory: Uuid,
        member: Uuid,
        event: &mut (dyn FnMut(Uuid) -> Event + Send),
    ) -> Result<Vec<Event>> {
        members::leave(self.connection()?, directory, member, event).await
    }

    async fn provenance(&mut self, directory: Uuid, resource: Uuid) -> Result<Option<Vec<AttributeOrigin>>> {
        provenance::read(self.connection()?, directory, resource).await
    }

    async fn insert_event(&mut self, event: &Event) -> Result<()> {
        self.note_event();
        events::insert(self.connection()?, event).await?;
        if event.kind.is_administrative() {
            audit::insert(self.connection()?, event).await?;
        }
        Ok(())
    }

    async fn insert_audit_record(&mut self, event: &Event) -> Result<()> {
        audit::insert(self.connection()?, event).await
    }

    async fn insert_activities(&mut self, activities: &[Activity]) -> Result<()> {
        activity::insert(self.connection()?, activities).await
    }

    async fn hear(&mut self, heard: &Heard) -> Result<()> {
        connections::hear(self.connection()?, heard).await
    }

    async fn trim_activities(
        &mut self,
        directory: Uuid,
        before: Uuid,
        surplus: i64,
        limit: u32,
    ) -> Result<u64> {
        let gone = activity::trim(self.connection()?, directory, before, surplus, limit.into()).await?;
        if gone > 0 {
            connections::forget_entries(self.connection()?, directory, gone).await?;
        }
        Ok(gone)
    }

    async fn directory(&mut self, name: &str) -> Result<Option<Directory>> {
        directories::find(self.connection()?, name, true).await
    }

    async fn has_directories(&mut self) -> Result<bool> {
        directories::any(self.connection()?).await
    }

    async fn insert_directory(&mut self, directory: &Directory) -> Result<()> {
        directories::insert(self.connection()?, directory).await
    }

    async fn update_directory(&mut self, directory: &Directory) -> Result<()> {
        directories::update(self.connection()?, directory).await
    }

    async fn count_resources(&mut self, directory: Uuid, resource_type: ResourceType) -> Result<i64> {
        resources::total(self.connection()?, directory, resource_type).await
    }

    async fn delete_directory(&mut self, directory: Uuid, now: i64) -> Result<()> {
        deletion::delete(self.connection()?, directory, now).await
    }

    async fn delete_leftovers(&mut self, directory: Uuid) -> Result<u64> {
        deletion::delete_rows(self.connection()?, directory).await
    }

    async fn forget_deleted_directory(&mut self, directory: Uuid) -> Result<()> {
        deletion::forget(self.connection()?, directory).await
    }

    async fn schemas(&mut self, directory: Uuid) -> Result<Vec<RegisteredSchema>> {
        schemas::list(self.connection()?, directory).await
    }

    async fn has_schema_values(
        &mut self,
        directory: Uuid,
        resource_type: ResourceType,
        urn: &str,
    ) -> Result<bool> {
        schemas::has_values(self.connection()?, directory, resource_type, urn).await
    }

    async fn put_schema(&mut self, directory: Uuid, schema: &RegisteredSchema) -> Result<()> {
        schemas::put(self.connection()?, directory, schema).await
    }

    async fn delete_schema(&mut self, directory: Uuid, urn: &str) -> Result<()> {
        schemas::delete(self.connection()?, directory, urn).await
    }

    async fn credentials(
        &mut self,
        kind: CredentialKind,
        directory: Option<Uuid>,
    ) -> Result<Vec<Credential>> {
        credentials::list(self.connection()?, kind, directory).await
    }

    async fn insert_credential(&mut self, credential: &Credential) -> Result<()> {
        credentials::insert(self.connection()?, credential).await
    }

    async fn end_credential(&mut self, id: Uuid, expires: Option<i64>, revoked: Option<i64>) -> Result<()> {
        credentials::end(self.connection()?, id, expires, revoked).await
    }

    async fn credential(&mut self, hash: &[u8; 32]) -> Result<Option<Credential>> {
        credentials::lock(self.connection()?, hash).await
    }

    async fn note_uses(&mut self, uses: &[(Uuid, LastUse)]) -> Result<()> {
        credentials::note_uses(self.connection()?, uses).await
    }

    async fn note_warning(&mut self, credential: Uuid, days: i64) -> Result<bool> {
        credentials::warn(self.connection()?, credential, days).await
    }

    async fn revoke_access_tokens(&mut self, secret: Uuid, now: i64) -> Result<()> {
        credentials::revoke_access_tokens(self.connection()?, secret, now).await
    }

    async fn delete_access_tokens(&mut self, expired_before: i64) -> Result<()> {
        credentials::delete_access_tokens(self.connection()?, expired_before).await
    }

    async fn insert_oauth_client(&mut self, client: &OAuthClient) -> Result<()> {
        oauth_clients::insert(self.connection()?, client).await
    }

    async fn delete_oauth_client(&mut self, client: Uuid) -> Result<()> {
        oauth_clients::delete(self.connection()?, client).await
    }

    async fn oauth_clients(&mut self, directory: Uuid) -> Result<Vec<OAuthClient>> {
        oauth_clients::list(self.connection()?, directory).await
    }

    async fn insert_session(&mut self, session: &Session) -> Result<()> {
        sessions::insert(self.connection()?, session).await
    }

    async fn touch_session(&mut self, id: Uuid, now: i64) -> Result<()> {
        sessions::touch(self.connection()?, id, now).await
    }

    async fn delete_session(&mut self, holder: SessionHolder<'_>, id: Uuid) -> Result<bool> {
        sessions::delete(self.connection()?, holder, id).await
    }

    async fn delete_sessions(&mut self, holder: SessionHolder<'_>) -> Result<Vec<Uuid>> {
        sessions::delete_all(self.connection()?, holder).await
    }

    async fn delete_ended_sessions(&mut self, now: i64, used_before: i64) -> Result<()> {
        sessions::delete_ended(self.connection()?, now, used_before).await
    }

    async fn shared_key(&mut self, name: &str, fresh: &[u8; 32], now: i64) -> Result<[u8; 32]> {
        credentials::shared_key(self.connection()?, name, fresh, now).await
    }

    async fn delete_shared_keys(&mut self, beginning: &str) -> Result<()> {
        credentials::delete_shared_keys(self.connection()?, beginning).await
    }

    async fn delete_old_shared_keys(&mut self, beginning: &str, before: i64) -> Result<()> {
        credentials::delete_old_shared_keys(self.connection()?, beginning, before).await
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
        self.commit().await
    }
}
