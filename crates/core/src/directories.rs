//! The directories: what `DirectoryService` answers.

mod activity;
mod deletion;
mod notices;
mod provisioning;
mod safeguards;
mod settings;
mod statuses;

use std::collections::BTreeMap;
use std::sync::Arc;

use rollcall_api::v1::directory_service_server::DirectoryService;
use rollcall_api::v1::{
    self, CreateDirectoryRequest, CreateDirectoryResponse, DeleteDirectoryRequest, DeleteDirectoryResponse,
    ErrorReason, GetDirectoryRequest, GetDirectoryResponse, ListDirectoriesRequest, ListDirectoriesResponse,
    ListDirectoryStatusesRequest, ListDirectoryStatusesResponse, UpdateDirectoryRequest,
    UpdateDirectoryResponse,
};
use rollcall_scim::{Profile, Rule};
use rollcall_store::{
    ActivitySettings, Directory, EventKind, NoticeSettings, PasswordHandling, ProvisioningChoices,
    Safeguards, Transaction,
};
use serde_json::Map;
use tonic::{Request, Response, Status};

use crate::Core;
use crate::caller::{Caller, no_directory};
use crate::credentials::timestamp;
use crate::error::{Error, Result, shortened};
use crate::events::{Origin, changes};
use crate::texts::{LONGEST_DIRECTORY_NAME, is_directory_name};
pub(crate) use provisioning::{Overridden, provisioning_choice};
pub(crate) use settings::facts;

/// Directories in a page when the caller does not say.
const DEFAULT_PAGE_SIZE: u32 = 100;
/// Directories in a page at most.
const MAX_PAGE_SIZE: u32 = 1000;

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Directories {
    core: Core,
}

/// What a new directory is to be.
#[derive(Debug)]
pub(crate) struct NewDirectory {
    pub(crate) name: String,
    pub(crate) profile: Profile,
    pub(crate) scim_enabled: bool,
    pub(crate) groups_enabled: bool,
    pub(crate) rule_settings: BTreeMap<Rule, bool>,
    pub(crate) password_handling: PasswordHandling,
    pub(crate) notices: NoticeSettings,
    pub(crate) safeguards: Safeguards,
    pub(crate) provisioning: ProvisioningChoices,
    pub(crate) activity: ActivitySettings,
    pub(crate) administrator_role: Option<String>,
}

impl Core {
    /// Makes a directory.
    pub(crate) async fn make_directory(
        &self,
        transaction: &mut dyn Transaction,
        origin: Origin<'_>,
        new: NewDirectory,
    ) -> Result<Directory> {
        let now = self.clock.now();
        let directory = Directory {
            id: self.new_id(),
            name: new.name,
            profile: new.profile,
            scim_enabled: new.scim_enabled,
            groups_enabled: new.groups_enabled,
            rule_settings: new.rule_settings,
            password_handling: new.password_handling,
            notices: new.notices,
            safeguards: new.safeguards,
            provisioning: new.provisioning,
            activity: new.activity,
            administrator_role: new.administrator_role,
            importing: false,
            schemas_version: 0,
            created: now,
            modified: now,
        };
        transaction.insert_directory(&directory).await?;
        let facts = changes(&Map::new(), &facts(&directory));
        let event = self.event(origin, Some(directory.id), EventKind::DirectoryCreated, directory.id, facts);
        transaction.insert_event(&event).await?;
        Ok(directory)
    }
}

impl Directories {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn create(
        &self,
        caller: &Caller,
        request: CreateDirectoryRequest,
    ) -> Result<CreateDirectoryResponse> {
        caller.require_all_directories()?;
        require_name(&request.name)?;
        let profile = profile(request.profile())
            .ok_or_else(|| Error::value("profile: give one of generic, okta and entra"))?;
        let provisioning = provisioning::created(&request);
        let safeguards = safeguards::created(&request)?;
        let new = NewDirectory {
            name: request.name,
            profile,
            scim_enabled: request.scim_enabled.unwrap_or(true),
            groups_enabled: request.groups_enabled.unwrap_or(profile.groups_at_first()),
            rule_settings: settings::rules(request.rule_settings.as_ref(), BTreeMap::new())?,
            password_handling: settings::password_handling(request.password_handling)?.unwrap_or_default(),
            notices: notices::settings(
                request.notify_admins_on_first_sso_sign_in,
                request.admin_emails.as_ref(),
                &NoticeSettings::default(),
            )?,
            provisioning,
            safeguards,
            activity: activity::settings(request.activity.as_ref(), ActivitySettings::default())?,
            administrator_role: settings::administrator_role(request.administrator_role.as_deref(), None)?,
        };
        let says_notices =
            request.notify_admins_on_first_sso_sign_in.is_some() || request.admin_emails.is_some();
        let mut transaction = self.core.store.begin().await?;
        let directory = self.core.make_directory(&mut *transaction, caller.origin(), new).await?;
        let warnings = self.core.notice_warnings(&mut *transaction, &directory, says_notices).await?;
        transaction.save().await?;
        Ok(CreateDirectoryResponse { directory: Some(message(directory)), warnings })
    }

    async fn get(&self, caller: &Caller, request: GetDirectoryRequest) -> Result<GetDirectoryResponse> {
        let directory = caller.directory(&*self.core.store, &request.name).await?;
        Ok(GetDirectoryResponse { directory: Some(self.shown(Arc::unwrap_or_clone(directory)).await?) })
    }

    /// A directory as a message, with how far its import is, where there is one.
    async fn shown(&self, directory: Directory) -> Result<v1::Directory> {
        let mark = if directory.importing { self.core.store.import(directory.id).await? } else { None };
        Ok(v1::Directory { imported_lines: mark.map(|mark| mark.lines), ..message(directory) })
    }

    async fn list(
        &self,
        caller: &Caller,
        request: ListDirectoriesRequest,
    ) -> Result<ListDirectoriesResponse> {
        let size = page_size(request.page_size)?;
        if let Some(bound) = caller.bound_to() {
            return Ok(ListDirectoriesResponse {
                directories: vec![self.shown(bound.clone()).await?],
                next_page_token: String::new(),
            });
        }
        let after = Some(request.page_token.as_str()).filter(|token| !token.is_empty());
        if after.is_some_and(|name| require_name(name).is_err()) {
            return Err(Error::new(ErrorReason::InvalidCursor, "page_token: it is none that this list gave"));
        }
        let mut directories = self.core.store.directories(after, size + 1).await?;
        let more = directories.len() > size as usize;
        directories.truncate(size as usize);
        let last = directories.last().filter(|_| more).map(|directory| directory.name.clone());
        let mut shown = Vec::with_capacity(directories.len());
        for directory in directories {
            shown.push(self.shown(directory).await?);
        }
        Ok(ListDirectoriesResponse { directories: shown, next_page_token: last.unwrap_or_default() })
    }

    async fn update(
        &self,
        caller: &Caller,
        request: UpdateDirectoryRequest,
    ) -> Result<UpdateDirectoryResponse> {
        let name = caller.directory_to_change(&*self.core.store, &request.name).await?.name.clone();
        let password_handling = settings::password_handling(request.password_handling)?;
        let mut transaction = self.core.store.begin().await?;
        let before = transaction.directory(&name).await?.ok_or_else(|| no_directory(&name))?;
        let mut after = Directory {
            scim_enabled: request.scim_enabled.unwrap_or(before.scim_enabled),
            groups_enabled: request.groups_enabled.unwrap_or(before.groups_enabled),
            profile: profile(request.profile()).unwrap_or(before.profile),
            rule_settings: settings::rules(request.rule_settings.as_ref(), before.rule_settings.clone())?,
            password_handling: password_handling.unwrap_or(before.password_handling),
            notices: notices::settings(
                request.notify_admins_on_first_sso_sign_in,
                request.admin_emails.as_ref(),
                &before.notices,
            )?,
            provisioning: provisioning::updated(&request, &before.provisioning),
            safeguards: safeguards::updated(&request, &before.safeguards)?,
            activity: activity::settings(request.activity.as_ref(), before.activity)?,
            administrator_role: settings::administrator_role(
                request.administrator_role.as_deref(),
                before.administrator_role.as_deref(),
            )?,
            ..before.clone()
        };
        let says_notices =
            request.notify_admins_on_first_sso_sign_in.is_some() || request.admin_emails.is_some();
        let warnings = self.core.notice_warnings(&mut *transaction, &after, says_notices).await?;
        if after != before {
            after.modified = self.core.clock.now();
            transaction.update_directory(&after).await?;
            if after.password_handling != before.password_handling {
                transaction.delete_passwords(after.id).await?;
            }
            let facts = changes(&facts(&before), &facts(&after));
            let event = self.core.event(
                caller.origin(),
                Some(after.id),
                EventKind::DirectoryUpdated,
                after.id,
                facts,
            );
            transaction.insert_event(&event).await?;
            transaction.save().await?;
        }
        Ok(UpdateDirectoryResponse { directory: Some(message(after)), warnings })
    }
}

/// Checks the settings of a directory that comes from elsewhere, as those in a request are. Errors: `INVALID_VALUE`.
pub(crate) fn judge_settings(directory: Directory) -> Result<()> {
    let asked = message(directory);
    let addresses = v1::AdminEmails { addresses: asked.admin_emails };
    notices::settings(None, Some(&addresses), &NoticeSettings::default())?;
    safeguards::judge(asked.retention_days, asked.guard_rail.as_ref())?;
    activity::settings(asked.activity.as_ref(), ActivitySettings::default())?;
    settings::administrator_role(Some(&asked.administrator_role), None)?;
    Ok(())
}

pub(crate) fn require_name(name: &str) -> Result<()> {
    if is_directory_name(name) {
        return Ok(());
    }
    Err(Error::value(format!(
        "name: give 1 to {LONGEST_DIRECTORY_NAME} of a-z, 0-9 and -, beginning and ending with a letter or digit; {:?} is not",
        shortened(name)
    )))
}

fn page_size(asked: i32) -> Result<u32> {
    match u32::try_from(asked) {
        Ok(0) => Ok(DEFAULT_PAGE_SIZE),
        Ok(asked) => Ok(asked.min(MAX_PAGE_SIZE)),
        Err(_) => Err(Error::value("page_size: it is negative")),
    }
}

fn profile(profile: v1::Profile) -> Option<Profile> {
    match profile {
        v1::Profile::Unspecified => None,
        v1::Profile::Generic => Some(Profile::Generic),
        v1::Profile::Okta => Some(Profile::Okta),
        v1::Profile::Entra => Some(Profile::Entra),
    }
}

fn message(directory: Directory) -> v1::Directory {
    let profile = match directory.profile {
        Profile::Generic => v1::Profile::Generic,
        Profile::Okta => v1::Profile::Okta,
        Profile::Entra => v1::Profile::Entra,
    };
    let message = v1::Directory {
        activity: Some(activity::message(directory.activity)),
        rule_settings: Some(settings::rule_settings_message(&directory.rule_settings)),
        provisioning: Some(provisioning::message(&directory)),
        rules: Some(rollcall_api::rules::to_message(directory.rules())),
        password_handling: settings::password_handling_message(directory.password_handling).into(),
        notify_admins_on_first_sso_sign_in: directory.notices.on_first_sign_in,
        admin_emails: directory.notices.admin_emails,
        administrator_role: directory.administrator_role.unwrap_or_default(),
        id: directory.id.to_string(),
        name: directory.name,
        profile: profile.into(),
        scim_enabled: directory.scim_enabled,
        groups_enabled: directory.groups_enabled,
        created: Some(timestamp(directory.created)),
        last_modified: Some(timestamp(directory.modified)),
        ..v1::Directory::default()
    };
    safeguards::into_message(&directory.safeguards, message)
}

#[tonic::async_trait]
impl DirectoryService for Directories {
    async fn create_directory(
        &self,
        request: Request<CreateDirectoryRequest>,
    ) -> Result<Response<CreateDirectoryResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.create(Caller::of(&extensions)?, message).await?))
    }

    async fn get_directory(
        &self,
        request: Request<GetDirectoryRequest>,
    ) -> Result<Response<GetDirectoryResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.get(Caller::of(&extensions)?, message).await?))
    }

    async fn list_directories(
        &self,
        request: Request<ListDirectoriesRequest>,
    ) -> Result<Response<ListDirectoriesResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list(Caller::of(&extensions)?, message).await?))
    }

    async fn list_directory_statuses(
        &self,
        request: Request<ListDirectoryStatusesRequest>,
    ) -> Result<Response<ListDirectoryStatusesResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.statuses(Caller::of(&extensions)?, message).await?))
    }

    async fn update_directory(
        &self,
        request: Request<UpdateDirectoryRequest>,
    ) -> Result<Response<UpdateDirectoryResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.update(Caller::of(&extensions)?, message).await?))
    }

    async fn delete_directory(
        &self,
        request: Request<DeleteDirectoryRequest>,
    ) -> Result<Response<DeleteDirectoryResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.delete(Caller::of(&extensions)?, message).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dns_labels() {
        for good in ["a", "acme", "acme-2", "0", &"a".repeat(63)] {
            assert!(require_name(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "Acme", "a b", "ä", "a_b", "a/b", "a\0", &"a".repeat(64)] {
            assert!(require_name(bad).is_err(), "{bad}");
        }
    }
}
