//! What is read outside of transactions.

use async_trait::async_trait;
use tokio::sync::watch;
use uuid::Uuid;

use super::super::Database;
use super::events::{self, directory_of, stream_of};
use super::{
    activity, audit, connections, credentials, deletion, departed, directories, leases, links, members,
    migrations, names, oauth_clients, pages, passwords, provenance, provisioning_rules, resources, schemas,
    sessions,
};
use crate::{
    Activity, ActivityCount, ActivityPart, ActivityQuery, AttributeOrigin, AuditQuery, AuditRecord,
    Candidate, Credential, CredentialBeside, CredentialKind, DepartedQuery, DepartedUser, DirectGroup,
    Directory, EventQuery, EventRange, Heard, KnownMember, Listing, Member, MemberQuery, Membership,
    NumberedEvent, OAuthClient, PasswordHolder, ProvisioningRule, Query, RegisteredSchema, ResourceType,
    Result, Session, SessionHolder, Store, StoredDocument, StoredResource, Transaction, UserKey,
};

#[async_trait]
impl Store for Database {
    async fn migrate(&self, holder: Uuid, now: &(dyn Fn() -> i64 + Send + Sync)) -> Result<Vec<String>> {
        migrations::apply(self.migrator().await?.connection()?, holder, now).await
    }

    async fn pending_migrations(&self) -> Result<Vec<String>> {
        migrations::pending(&mut self.reader().await?).await
    }

    async fn take_lease(&self, name: &str, holder: Uuid, now: i64, expires: i64) -> Result<bool> {
        let mut transaction = self.transaction(false).await?;
        let taken = leases::take(transaction.connection()?, name, holder, now, expires).await?;
        transaction.commit().await?;
        Ok(taken)
    }

    async fn give_back_lease(&self, name: &str, holder: Uuid) -> Result<()> {
        let mut transaction = self.transaction(false).await?;
        leases::give_back(transaction.connection()?, name, holder).await?;
        transaction.commit().await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>> {
        Ok(Box::new(self.transaction(true).await?))
    }

    async fn begin_again(&self) -> Result<Box<dyn Transaction>> {
        Ok(Box::new(self.transaction(false).await?))
    }

    async fn credential(&self, hash: &[u8; 32]) -> Result<Option<(Credential, Option<Directory>)>> {
        credentials::find(&mut self.quick_reader().await?, hash).await
    }

    async fn credential_and_resource(
        &self,
        hash: &[u8; 32],
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<CredentialBeside>> {
        credentials::find_with_resource(&mut self.quick_reader().await?, hash, resource_type, id).await
    }

    async fn credential_and_user(
        &self,
        hash: &[u8; 32],
        user_name: &str,
    ) -> Result<Option<CredentialBeside>> {
        credentials::find_with_user(&mut self.quick_reader().await?, hash, user_name).await
    }

    async fn credentials(&self, kind: CredentialKind, directory: Option<Uuid>) -> Result<Vec<Credential>> {
        credentials::list(&mut self.reader().await?, kind, directory).await
    }

    async fn expiring_credentials(
        &self,
        now: i64,
        until: i64,
    ) -> Result<Vec<(Credential, Directory, Option<i64>)>> {
        credentials::expiring(&mut self.reader().await?, now, until).await
    }

    async fn oauth_clients(&self, directory: Uuid) -> Result<Vec<OAuthClient>> {
        oauth_clients::list(&mut self.reader().await?, directory).await
    }

    async fn session(&self, hash: &[u8; 32]) -> Result<Option<(Session, [u8; 32])>> {
        sessions::find(&mut self.quick_reader().await?, hash).await
    }

    async fn all_sessions(&self) -> Result<Vec<Session>> {
        sessions::list_all(&mut self.reader().await?).await
    }

    async fn sessions(&self, holder: SessionHolder<'_>) -> Result<Vec<Session>> {
        sessions::list(&mut self.reader().await?, holder).await
    }

    async fn directory(&self, name: &str) -> Result<Option<Directory>> {
        directories::find(&mut self.quick_reader().await?, name, false).await
    }

    async fn deleted_directories(&self) -> Result<Vec<(Uuid, i64)>> {
        deletion::deleted(&mut self.reader().await?).await
    }

    async fn directories(&self, after: Option<&str>, limit: u32) -> Result<Vec<Directory>> {
        directories::list(&mut self.reader().await?, after, limit).await
    }

    async fn resource(
        &self,
        directory: Uuid,
        resource_type: ResourceType,
        id: Uuid,
    ) -> Result<Option<StoredDocument>> {
        resources::find(&mut self.quick_reader().await?, directory, resource_type, id, false).await
    }

    async fn resources(&self, directory: Uuid, query: &Query<'_>) -> Result<Listing> {
        pages::list(&mut self.reader().await?, directory, query).await
    }

    async fn schemas(&self, directory: Uuid) -> Result<Vec<RegisteredSchema>> {
        schemas::list(&mut self.reader().await?, directory).await
    }

    async fn user_id(&self, directory: Uuid, user: UserKey<'_>) -> Result<Option<Uuid>> {
        resources::user_id(&mut self.reader().await?, directory, user).await
    }

    async fn password(&self, directory: Uuid, user: UserKey<'_>) -> Result<Option<PasswordHolder>> {
        passwords::find(&mut self.reader().await?, directory, user).await
    }

    async fn linked_user(
        &self,
        directory: Uuid,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<StoredResource>> {
        links::user(&mut self.reader().await?, directory, issuer, subject).await
    }

    async fn sign_in_candidates(&self, directory: Uuid, address: &str, limit: u32) -> Result<Vec<Candidate>> {
        links::candidates(&mut self.reader().await?, directory, address, limit).await
    }

    async fn departed_arrival(
        &self,
        directory: Uuid,
        issuer: &str,
        subject: &str,
        address: Option<&str>,
    ) -> Result<Option<StoredResource>> {
        departed::arrival(&mut self.reader().await?, directory, issuer, subject, address).await
    }

    async fn provisioning_rules(&self, directory: Uuid) -> Result<Vec<ProvisioningRule>> {
        provisioning_rules::list(&mut self.reader().await?, directory).await
    }

    async fn known_members(
        &self,
        directory: Uuid,
        group: Uuid,
        query: &MemberQuery<'_>,
    ) -> Result<Vec<KnownMember>> {
        members::known_members(&mut self.reader().await?, directory, group, query).await
    }

    async fn count_members(&self, directory: Uuid, group: Uuid, query: &MemberQuery<'_>) -> Result<u64> {
        members::count(&mut self.reader().await?, directory, group, query).await
    }

    async fn group_members(
        &self,
        directory: Uuid,
        group: Uuid,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Member>> {
        members::list(&mut self.reader().await?, directory, group, after, limit).await
    }

    async fn memberships(&self, directory: Uuid, of: &[(Uuid, &[DirectGroup])]) -> Result<Vec<Membership>> {
        members::memberships(self, directory, of).await
    }

    async fn activity_counts(
        &self,
        directory: Uuid,
        from: i64,
        until: i64,
        span: i64,
    ) -> Result<Vec<ActivityCount>> {
        activity::count(&mut self.reader().await?, directory, from, until, span).await
    }

    async fn activities(
        &self,
        directory: Uuid,
        query: &ActivityQuery<'_>,
        part: ActivityPart,
        limit: u32,
    ) -> Result<Vec<Activity>> {
        activity::list(&mut self.reader().await?, directory, query, part, limit).await
    }

    async fn ids_named(&self, directory: Uuid, beginning: &str, limit: u32) -> Result<Vec<Uuid>> {
        names::beginning(&mut self.reader().await?, directory, beginning, limit).await
    }

    async fn activity(&self, directory: Uuid, id: Uuid) -> Result<Option<Activity>> {
        activity::find(&mut self.reader().await?, directory, id).await
    }

    async fn heard(&self, directory: Uuid) -> Result<Option<Heard>> {
        connections::find(&mut self.reader().await?, directory).await
    }

    async fn heard_directories(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<(Uuid, i64)>> {
        connections::list(&mut self.reader().await?, after, limit).await
    }

    async fn audit_records(&self, query: &AuditQuery<'_>) -> Result<Vec<AuditRecord>> {
        audit::list(&mut self.reader().await?, query).await
    }

    async fn departed_users(&self, directory: Uuid, query: &DepartedQuery<'_>) -> Result<Vec<DepartedUser>> {
        departed::list(&mut self.reader().await?, directory, query).await
    }

    async fn count_departed_users(&self, directory: Uuid, query: &DepartedQuery<'_>) -> Result<u64> {
        departed::count(&mut self.reader().await?, directory, query).await
    }

    async fn event_range(&self, directory: Option<Uuid>) -> Result<EventRange> {
        events::range(&mut self.reader().await?, directory).await
    }

    async fn events(&self, query: &EventQuery<'_>) -> Result<Vec<NumberedEvent>> {
        events::list(&mut self.reader().await?, query).await
    }

    async fn number_events(&self, directory: Option<Uuid>) -> Result<bool> {
        self.number(stream_of(directory)).await
    }

    async fn unnumbered(&self) -> Result<Vec<Option<Uuid>>> {
        Ok(self.with_unnumbered().await?.into_iter().map(directory_of).collect())
    }

    async fn directories_with_events(&self) -> Result<Vec<Option<Uuid>>> {
        let streams = events::streams(&mut self.reader().await?).await?;
        Ok(streams.into_iter().map(directory_of).collect())
    }

    async fn expire_events(&self, directory: Option<Uuid>, before: i64) -> Result<bool> {
        let mut transaction = self.transaction(false).await?;
        let more = events::expire(transaction.connection()?, directory, before).await?;
        transaction.commit().await?;
        Ok(more)
    }

    fn written(&self) -> watch::Receiver<()> {
        self.written.subscribe()
    }

    async fn provenance(&self, directory: Uuid, resource: Uuid) -> Result<Option<Vec<AttributeOrigin>>> {
        provenance::read(&mut self.reader().await?, directory, resource).await
    }

    async fn close(&self) {
        self.shut().await;
    }
}
