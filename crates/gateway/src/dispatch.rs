//! Which endpoint answers.

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};

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
        Err(problem) => match first_judged(call, endpoint, &problem).await {
            Ok(()) => problem,
            Err(earlier) => earlier,
        },
    };
    if problem.status() == StatusCode::UNAUTHORIZED && has_bare_credential(&call.parts.headers) {
        return problem.saying(BARE_CREDENTIAL).into_answer();
    }
    problem.into_answer()
}

/// What is told to whoever sends a token alone where RFC 6750 §2.1 has a word before it.
const BARE_CREDENTIAL: &str = "Authorization: the token stands there without the word Bearer before it; send \
                               Authorization: Bearer <token>";

/// Whether there is a credential that says not what it is. It is not judged, since it is none.
fn has_bare_credential(headers: &HeaderMap) -> bool {
    let Some(sent) = headers.get(AUTHORIZATION).and_then(|sent| sent.to_str().ok()) else { return false };
    let sent = sent.trim();
    let is_a_word = !sent.is_empty() && !sent.contains(char::is_whitespace);
    is_a_word && !["bearer", "basic"].iter().any(|scheme| sent.eq_ignore_ascii_case(scheme))
}

/// What the core has to say before a mistake that the gateway has found: that the credential is not good, or that there is no
/// such resource, which is 404 whatever it was to become.
async fn first_judged(call: &Call<'_>, endpoint: &Endpoint<'_>, problem: &Problem) -> Result<(), Problem> {
    let changes = matches!(call.parts.method, Method::PUT | Method::PATCH);
    let found = match endpoint {
        Endpoint::User(id) if changes && problem.status() == StatusCode::BAD_REQUEST => {
            users::require(call, id).await
        }
        Endpoint::Group(id) if changes && problem.status() == StatusCode::BAD_REQUEST => {
            groups::require(call, id).await
        }
        _ => return call.authenticate().await,
    };
    match found {
        // Who may write need not be one who may read, and is told the mistake.
        Err(refused) if refused.status() == StatusCode::FORBIDDEN => call.authenticate().await,
        found => found,
    }
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
        Endpoint::BaseAgain(rest) => Err(Problem::http(
            StatusCode::NOT_FOUND,
            format!(
                "the base path stands twice in the path; the URL should be {base}{rest}: give the identity provider {base} as \
                 the base URL, and nothing behind it",
                base = call.base
            ),
        )),
        Endpoint::Unreadable => Err(Problem::http(
            StatusCode::NOT_FOUND,
            "there is no such endpoint: the percent-encoded bytes of the path are no UTF-8",
        )),
    }
}
