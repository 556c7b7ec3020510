//! `/Users` (RFC 7644 §3.3 to §3.6) and `/Me` (§3.11).

use http::{Method, StatusCode, header};
use rollcall_api::user;
use rollcall_api::v1::{
    CreateUserRequest, DeleteUserRequest, ErrorReason, GetUserRequest, ListUsersRequest, PatchUserRequest,
    Projection, ReplaceUserRequest, ScimResource,
};
use rollcall_api::{client, patch};
use rollcall_scim::schema::USER;
use serde_json::Value;

use crate::answer::Answer;
use crate::body::Incoming;
use crate::call::Call;
use crate::error::Problem;
use crate::implied_schemas::complete;
use crate::list::{Item, List};
use crate::patch_body::{PATCH_OP, operations};
use crate::preconditions::if_match;
use crate::query::Query;

/// A request to all users.
pub(crate) async fn users(call: &Call<'_>, method: &Method, body: &mut Incoming) -> Result<Answer, Problem> {
    match *method {
        Method::GET => list(call, call.query()?).await,
        Method::POST => create(call, body).await,
        _ => Err(Problem::method("GET, HEAD, POST")),
    }
}

/// Who is asked about.
#[derive(Debug, Clone, Copy)]
enum Whom<'a> {
    /// The user of this id.
    Id(&'a str),
    /// The user that the credential stands for, whom the core knows.
    Me,
}

impl Whom<'_> {
    fn id(self) -> String {
        match self {
            Self::Id(id) => id.to_owned(),
            Self::Me => String::new(),
        }
    }

    fn is_me(self) -> bool {
        matches!(self, Self::Me)
    }
}

/// A request to one user.
pub(crate) async fn user(
    call: &Call<'_>,
    method: &Method,
    id: &str,
    body: &mut Incoming,
) -> Result<Answer, Problem> {
    match one(call, method, Whom::Id(id), body).await {
        Some(answer) => answer,
        None => Err(Problem::method("GET, HEAD, PUT, PATCH, DELETE")),
    }
}

/// A request to `/Me`, an alias for the user that the credential stands for (RFC 7644 §3.11). Nobody makes themselves: the
/// user is there before the credential that stands for them.
pub(crate) async fn me(call: &Call<'_>, method: &Method, body: &mut Incoming) -> Result<Answer, Problem> {
    match one(call, method, Whom::Me, body).await {
        Some(answer) => answer,
        None if *method == Method::POST => Err(Problem::new(
            ErrorReason::NotImplemented,
            "/Me: nobody can make themselves; make users with POST /Users",
        )),
        None => Err(Problem::method("GET, HEAD, POST, PUT, PATCH, DELETE")),
    }
}

/// What is answered about one user; `None`, there is no such method.
async fn one(
    call: &Call<'_>,
    method: &Method,
    whom: Whom<'_>,
    body: &mut Incoming,
) -> Option<Result<Answer, Problem>> {
    Some(match *method {
        Method::GET => get(call, whom).await,
        Method::PUT => replace(call, whom, body).await,
        Method::PATCH => change(call, whom, body).await,
        Method::DELETE => delete(call, whom).await,
        _ => return None,
    })
}

/// The users that a query asks for.
pub(crate) async fn list(call: &Call<'_>, query: Query<'_>) -> Result<Answer, Problem> {
    let wanted = query.wanted()?;
    let request = ListUsersRequest {
        directory: String::new(),
        filter: wanted.filter,
        sort_by: wanted.sort_by,
        sort_order: wanted.sort_order,
        page_size: wanted.page_size,
        start_index: wanted.start_index,
        page_token: wanted.page_token,
        projection: Some(call.as_scim(wanted.projection)),
    };
    let page = call.answered(Box::pin(client::users(call.core()).list_users(call.message(request)))).await?;
    if !page.users.is_empty() {
        return Err(Problem::older_core());
    }
    let users = page.scim.into_iter().map(|user| Item::Whole(user.json)).collect();
    let list = match wanted.start_index {
        Some(_) => List::by_index(users, page.total_results, page.start_index),
        None => List::by_cursor(users, page.total_results, &page.next_page_token),
    };
    list.into_pieces(None, call.request_id).await
}

async fn create(call: &Call<'_>, body: &mut Incoming) -> Result<Answer, Problem> {
    let projection = call.as_scim(call.query()?.projection());
    let mut body = call.json(body, call.gateway.max_user_body_bytes).await?;
    call.note_implied(complete(&mut body, USER), USER);
    let user = user::from_json(Value::Object(body))?;
    let request =
        CreateUserRequest { directory: String::new(), user: Some(user), projection: Some(projection) };
    let created =
        call.answered(Box::pin(client::users(call.core()).create_user(call.message(request)))).await?;
    resource(call, StatusCode::CREATED, created.scim)
}

async fn get(call: &Call<'_>, whom: Whom<'_>) -> Result<Answer, Problem> {
    let projection = call.as_scim(call.query()?.projection());
    let request = GetUserRequest {
        directory: String::new(),
        id: whom.id(),
        projection: Some(projection),
        me: whom.is_me(),
    };
    let found = call.answered(Box::pin(client::users(call.core()).get_user(call.message(request)))).await?;
    resource(call, StatusCode::OK, found.scim)
}

/// Next to nothing.
pub(crate) fn id_only() -> Projection {
    Projection { attributes: vec!["id".to_owned()], ..Projection::default() }
}

/// Asks the core whether a user is there. Errors: nobody is, or the core lets the caller see none.
pub(crate) async fn require(call: &Call<'_>, id: &str) -> Result<(), Problem> {
    let request = GetUserRequest {
        directory: String::new(),
        id: id.to_owned(),
        projection: Some(id_only()),
        me: false,
    };
    call.answered(Box::pin(client::users(call.core()).get_user(call.message(request)))).await?;
    Ok(())
}

async fn replace(call: &Call<'_>, whom: Whom<'_>, body: &mut Incoming) -> Result<Answer, Problem> {
    let if_match = if_match(&call.parts.headers)?;
    let projection = call.as_scim(call.query()?.projection());
    let mut body = call.json(body, call.gateway.max_user_body_bytes).await?;
    call.note_implied(complete(&mut body, USER), USER);
    let request = ReplaceUserRequest {
        directory: String::new(),
        id: whom.id(),
        user: Some(user::from_json(Value::Object(body))?),
        if_match,
        projection: Some(projection),
        me: whom.is_me(),
    };
    let replaced =
        call.answered(Box::pin(client::users(call.core()).replace_user(call.message(request)))).await?;
    resource(call, StatusCode::OK, replaced.scim)
}

async fn change(call: &Call<'_>, whom: Whom<'_>, body: &mut Incoming) -> Result<Answer, Problem> {
    let if_match = if_match(&call.parts.headers)?;
    let projection = call.as_scim(call.query()?.projection());
    let mut body = call.json(body, call.gateway.max_user_body_bytes).await?;
    call.note_implied(complete(&mut body, PATCH_OP), PATCH_OP);
    let request = PatchUserRequest {
        directory: String::new(),
        id: whom.id(),
        operations: patch::to_messages(operations(body)?),
        if_match,
        projection: Some(projection),
        me: whom.is_me(),
    };
    let changed =
        call.answered(Box::pin(client::users(call.core()).patch_user(call.message(request)))).await?;
    resource(call, StatusCode::OK, changed.scim)
}

async fn delete(call: &Call<'_>, whom: Whom<'_>) -> Result<Answer, Problem> {
    let if_match = if_match(&call.parts.headers)?;
    let request = DeleteUserRequest { directory: String::new(), id: whom.id(), if_match, me: whom.is_me() };
    call.answered(Box::pin(client::users(call.core()).delete_user(call.message(request)))).await?;
    Ok(Answer::new(StatusCode::NO_CONTENT))
}

/// The answer of one user, with where it is and which version it has. A reader who has that version is told so instead.
fn resource(call: &Call<'_>, status: StatusCode, user: Option<ScimResource>) -> Result<Answer, Problem> {
    let user = user.ok_or_else(Problem::older_core)?;
    let mut answer =
        if call.has(&user) { Answer::new(StatusCode::NOT_MODIFIED) } else { Answer::json(status, user.json) };
    answer.header(header::ETAG, &user.version);
    answer.header(header::LOCATION, &format!("{}/Users/{}", call.base, user.id));
    Ok(answer)
}
