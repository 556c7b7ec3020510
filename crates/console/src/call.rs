//! Calls of the core.

use std::time::Duration;

use http::HeaderValue;
use http::header::AUTHORIZATION;
use rollcall_api::channel::CoreChannel;
use tokio::time::timeout;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

use crate::Console;
use crate::problem::Problem;

impl Console {
    /// The way to the core.
    pub(crate) fn core(&self) -> CoreChannel {
        self.core.clone()
    }

    /// What people know the OpenID provider by, where there is one.
    pub(crate) fn provider_name(&self) -> Option<&str> {
        self.settings.oidc.as_ref().map(|oidc| oidc.name.as_str())
    }

    /// The time in µs.
    pub(crate) fn now(&self) -> i64 {
        (self.settings.now)()
    }

    /// What the core answers, within the time that it has.
    pub(crate) async fn answered<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>> + Send,
    ) -> Result<T, Problem> {
        self.answered_within(self.settings.core_timeout, call).await?.ok_or_else(Problem::late)
    }

    /// What the core answers within a time of its own; `None`, it does not.
    pub(crate) async fn answered_within<T>(
        &self,
        time: Duration,
        call: impl Future<Output = Result<Response<T>, Status>> + Send,
    ) -> Result<Option<T>, Problem> {
        match timeout(time.min(self.settings.core_timeout), call).await {
            Ok(Ok(response)) => Ok(Some(response.into_inner())),
            Ok(Err(status)) => Err(Problem::from_core(&status)),
            Err(_) => Ok(None),
        }
    }
}

/// A message to the core, with the secret of whoever sends it.
pub(crate) fn with_secret<T>(secret: &str, message: T) -> Request<T> {
    let mut headers = http::HeaderMap::with_capacity(1);
    if let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {secret}")) {
        bearer.set_sensitive(true);
        headers.insert(AUTHORIZATION, bearer);
    }
    Request::from_parts(MetadataMap::from_headers(headers), tonic::Extensions::new(), message)
}
