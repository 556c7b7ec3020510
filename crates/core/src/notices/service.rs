//! The outbox as administrators see it: what `NoticeService` answers.

use std::collections::HashMap;

use rollcall_api::v1::notice_service_server::NoticeService;
use rollcall_api::v1::{
    self, ErrorReason, GetNoticeRequest, GetNoticeResponse, ListNoticesRequest, ListNoticesResponse,
    NoticeKind, NoticeState, RetryNoticeRequest, RetryNoticeResponse, SendTestNoticeRequest,
    SendTestNoticeResponse,
};
use rollcall_store::{EventKind, Mail, MailKind, MailQuery, MailState};
use serde_json::json;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{GIVE_UP_AFTER, Notice, after};
use crate::Core;
use crate::caller::{Caller, no_directory, parse_id};
use crate::credentials::timestamp;
use crate::error::{Error, Result};
use crate::log_query::LogPage;
use crate::page_token::Binding;

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Notices {
    core: Core,
}

impl Notices {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    async fn list(&self, caller: &Caller, request: ListNoticesRequest) -> Result<ListNoticesResponse> {
        let directory = match (caller.bound_to(), request.directory.as_str()) {
            (None, "") => None,
            (_, name) => Some(caller.directory(&*self.core.store, name).await?),
        };
        let state = state(request.state)?;
        let reach = directory.as_ref().map_or_else(Uuid::nil, |directory| directory.id);
        let binding = Binding::new(reach, "notices", &[state.map_or("", MailState::as_str)]);
        let page = LogPage::open(&self.core, request.page_size, &request.page_token, &binding).await?;
        let query = MailQuery {
            directory: directory.map(|directory| directory.id),
            state,
            after: page.after,
            limit: page.size + 1,
        };
        let mut mails = self.core.store.mails(query).await?;
        let next_page_token = page.cut(&self.core, &mut mails, |mail| mail.id, &binding).await?;
        Ok(ListNoticesResponse { notices: self.messages(caller, mails).await?, next_page_token })
    }

    async fn get(&self, caller: &Caller, request: GetNoticeRequest) -> Result<GetNoticeResponse> {
        let mail = self.find(caller, &request.id).await?;
        Ok(GetNoticeResponse { notice: self.messages(caller, vec![mail]).await?.pop() })
    }

    async fn retry(&self, caller: &Caller, request: RetryNoticeRequest) -> Result<RetryNoticeResponse> {
        let mail = self.find(caller, &request.id).await?;
        let now = self.core.clock.now();
        let mut transaction = self.core.store.begin().await?;
        if !transaction.retry_mail(mail.id, now, after(now, GIVE_UP_AFTER)).await? {
            return Err(Error::value(match mail.state {
                MailState::Sent => "id: the notice has been sent; only one that is parked can be tried again",
                _ => "id: the notice is not parked, and is tried again by itself",
            }));
        }
        let facts = json!({ "state": { "before": "parked", "after": "pending" } });
        let (origin, kind) = (caller.origin(), EventKind::NoticeRetried);
        let event = self.core.event(origin, Some(mail.directory), kind, mail.id, facts);
        transaction.insert_event(&event).await?;
        transaction.save().await?;
        let mail = self.find(caller, &request.id).await?;
        Ok(RetryNoticeResponse { notice: self.messages(caller, vec![mail]).await?.pop() })
    }

    async fn send_test(
        &self,
        caller: &Caller,
        request: SendTestNoticeRequest,
    ) -> Result<SendTestNoticeResponse> {
        let name = caller.directory(&*self.core.store, &request.directory).await?.name.clone();
        if self.core.smtp.is_none() {
            return Err(Error::new(
                ErrorReason::Forbidden,
                "no SMTP server is configured: start the core with ROLLCALL_SMTP_URL and ROLLCALL_SMTP_FROM",
            ));
        }
        let mut transaction = self.core.store.begin().await?;
        let directory = transaction.directory(&name).await?.ok_or_else(|| no_directory(&name))?;
        let mails = self.core.write_notice(&mut *transaction, &directory, &Notice::Test).await?;
        if mails.is_empty() {
            return Err(Error::value(format!(
                "admin_emails: the directory {name} has nobody to tell; name an address, or make a user with an e-mail \
                 address an administrator"
            )));
        }
        let facts = json!({ "recipients": { "before": null, "after": mails.len() } });
        let (origin, kind) = (caller.origin(), EventKind::NoticeTested);
        let event = self.core.event(origin, Some(directory.id), kind, directory.id, facts);
        transaction.insert_event(&event).await?;
        transaction.save().await?;
        Ok(SendTestNoticeResponse { notices: self.messages(caller, mails).await? })
    }

    /// A notice that the caller may see. Errors: `NOT_FOUND`.
    async fn find(&self, caller: &Caller, id: &str) -> Result<Mail> {
        let found = self.core.store.mail(parse_id("notice", id)?).await?;
        let is_in_reach = |mail: &Mail| caller.bound_to().is_none_or(|bound| bound.id == mail.directory);
        found.filter(is_in_reach).ok_or_else(|| Error::not_found("notice", id))
    }

    async fn messages(&self, caller: &Caller, mails: Vec<Mail>) -> Result<Vec<v1::Notice>> {
        let directories = match caller.bound_to() {
            Some(bound) => vec![bound.clone()],
            None => self.core.store.directories(None, u32::MAX).await?,
        };
        let names: HashMap<Uuid, String> =
            directories.into_iter().map(|directory| (directory.id, directory.name)).collect();
        Ok(mails.into_iter().map(|mail| message(mail, &names)).collect())
    }
}

fn state(number: i32) -> Result<Option<MailState>> {
    match NoticeState::try_from(number) {
        Ok(NoticeState::Unspecified) => Ok(None),
        Ok(NoticeState::Pending) => Ok(Some(MailState::Pending)),
        Ok(NoticeState::Sent) => Ok(Some(MailState::Sent)),
        Ok(NoticeState::Parked) => Ok(Some(MailState::Parked)),
        Err(_) => Err(Error::value(format!("state: give pending, sent or parked; {number} is none"))),
    }
}

fn message(mail: Mail, names: &HashMap<Uuid, String>) -> v1::Notice {
    let kind = match mail.kind {
        MailKind::FirstSignIn => NoticeKind::FirstSignIn,
        MailKind::TokenExpires => NoticeKind::TokenExpires,
        MailKind::ChangesHeld => NoticeKind::ChangesHeld,
        MailKind::Test => NoticeKind::Test,
    };
    let state = match mail.state {
        MailState::Pending => NoticeState::Pending,
        MailState::Sent => NoticeState::Sent,
        MailState::Parked => NoticeState::Parked,
    };
    v1::Notice {
        id: mail.id.to_string(),
        directory: names.get(&mail.directory).cloned().unwrap_or_default(),
        kind: kind.into(),
        recipient: mail.recipient,
        subject: mail.subject,
        state: state.into(),
        created: Some(timestamp(mail.created)),
        attempts: mail.attempts,
        last_attempt: mail.last_attempt.map(timestamp),
        next_attempt: (mail.state == MailState::Pending).then(|| timestamp(mail.next_attempt)),
        error: mail.error.unwrap_or_default(),
    }
}

#[tonic::async_trait]
impl NoticeService for Notices {
    async fn list_notices(
        &self,
        request: Request<ListNoticesRequest>,
    ) -> Result<Response<ListNoticesResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.list(Caller::of(&extensions)?, message).await?))
    }

    async fn get_notice(
        &self,
        request: Request<GetNoticeRequest>,
    ) -> Result<Response<GetNoticeResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.get(Caller::of(&extensions)?, message).await?))
    }

    async fn retry_notice(
        &self,
        request: Request<RetryNoticeRequest>,
    ) -> Result<Response<RetryNoticeResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.retry(Caller::of(&extensions)?, message).await?))
    }

    async fn send_test_notice(
        &self,
        request: Request<SendTestNoticeRequest>,
    ) -> Result<Response<SendTestNoticeResponse>, Status> {
        let (_, extensions, message) = request.into_parts();
        Ok(Response::new(self.send_test(Caller::of(&extensions)?, message).await?))
    }
}
