//! Which endpoint answers.

use http::{Method, StatusCode};

use crate::answer::Answer;
use crate::body::Incoming;
use crate::call::Call;
use crate::error::Problem;
use crate::routing::Endpoint;
use crate::{bulk, discovery, groups, openapi, search, users};

/// Answers a request to a SCIM endpoint. What the core has not judged is told only to who has a good credential: to
/// all others it makes no difference what else is wrong with their request.
pub(crate) async fn answer(call: &Call<'_>, endpoint: &Endpoint<'_>, body: &mut Incoming) -> Answer {
    let problem = match at_endpoint(call, endpoint, body).await {
        Ok(answer) => return answer,
        Err(problem) if problem.is_from_core() => problem,
        Err(problem) => match call.authenticate().await {
            Ok(()) => problem,
            Err(unauthenticated) => unauthenticated,
        },
    };
    problem.into_answer()
}

async fn at_endpoint(
    call: &Call<'_>,
    endpoint: &Endpoint<'_>,
    body: &mut Incoming,
) -> Result<Answer, Problem> {
    // A HEAD is a GET whose body is left out at the end.
    let method = if call.parts.method == Method::HEAD { &Method::GET } else { &call.parts.method };
    match endpoint {
        Endpoint::Root => search::root(call, method).await,
        Endpoint::Users => users::users(call, method, body).await,
        Endpoint::User(id) => users::user(call, method, id, body).await,
        Endpoint::Groups => groups::groups(call, method, body).await,
        Endpoint::Group(id) => groups::group(call, method, id, body).await,
        Endpoint::Search => search::list(call, search::request(call, method, body).await?).await,
        Endpoint::UserSearch => users::list(call, search::request(call, method, body).await?).await,
        Endpoint::GroupSearch => groups::list(call, search::request(call, method, body).await?).await,
        Endpoint::ServiceProviderConfig => discovery::service_provider_config(call, method).await,
        Endpoint::ResourceTypes => discovery::resource_types(call, method).await,
        Endpoint::ResourceType(name) => discovery::resource_type(call, method, name).await,
        Endpoint::Schemas => discovery::schemas(call, method).await,
        Endpoint::Schema(urn) => discovery::schema(call, method, urn).await,
        Endpoint::Me => users::me(call, method, body).await,
        Endpoint::Bulk => bulk::bulk(call, method, body).await,
        Endpoint::OpenApi => openapi::answer(method, &call.base),
        Endpoint::Unknown => Err(Problem::http(
            StatusCode::NOT_FOUND,
            "there is no such endpoint; there are /Users, /Groups, /.search, /Bulk, /ServiceProviderConfig, /ResourceTypes \
             and /Schemas, spelt so",
        )),
        Endpoint::Unreadable => Err(Problem::http(
            StatusCode::NOT_FOUND,
            "there is no such endpoint: the percent-encoded bytes of the path are no UTF-8",
        )),
    }
}
