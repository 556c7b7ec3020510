//! Letting a user be claimed anew.

use rollcall_api::v1::{DeleteSignInLinkRequest, DeleteSignInLinkResponse, ErrorReason};
use rollcall_store::{EventKind, ResourceType};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Sso;
use crate::caller::{Caller, parse_id};
use crate::error::{Error, Result};

impl Sso {
    pub(super) async fn unlink(
        &self,
        caller: &Caller,
        request: DeleteSignInLinkRequest,
    ) -> Result<DeleteSignInLinkResponse> {
        let directory = caller.directory_to_change(&*self.core.store, &request.directory).await?.id;
        let user = parse_id(ResourceType::User.as_str(), &request.user_id)?;
        let core = &self.core;
        core.in_a_transaction(|mut transaction| async move {
            let link = transaction.delete_link_of(directory, user).await?;
            let (issuer, subject) = link.ok_or_else(|| unclaimed(user))?;
            let link = json!({ "issuer": issuer, "subject": subject });
            let facts = json!({ "link": { "before": link, "after": Value::Null } });
            let event = core.event(caller.origin(), Some(directory), EventKind::SignInUnlinked, user, facts);
            transaction.insert_event(&event).await?;
            Ok((DeleteSignInLinkResponse { issuer, subject }, transaction))
        })
        .await
    }
}

fn unclaimed(user: Uuid) -> Error {
    Error::new(ErrorReason::NotFound, format!("nobody signs in as a user with the id \"{user}\""))
}
