//! `/Groups` (RFC 7644 §3.3 to §3.6). Members come in and go out in a stream: a group is never held whole.

use futures_util::{StreamExt as _, stream};
use http::{Method, StatusCode, header};
use rollcall_api::client;
use rollcall_api::v1::{
    CreateGroupRequest, DeleteGroupRequest, GetGroupRequest, ListGroupsRequest, PatchGroupRequest,
    ReplaceGroupRequest, ScimResource,
};
use rollcall_scim::schema::GROUP;

use crate::allowance::Allowance;
use crate::answer::Answer;
use crate::body::Incoming;
use crate::call::Call;
use crate::error::Problem;
use crate::group_body::{self, GroupBody};
use crate::group_patch::GroupPatch;
use crate::implied_schemas::are_missing_in;
use crate::list::{Item, List, before_members};
use crate::members::{Shown, Source};
use crate::patch_body::PATCH_OP;
use crate::pieces;
use crate::preconditions::if_match;
use crate::query::Query;
use crate::raw::RawObject;
use crate::users::id_only;

/// A request to all groups.
pub(crate) async fn groups(call: &Call<'_>, method: &Method, body: &mut Incoming) -> Result<Answer, Problem> {
    match *method {
        Method::GET => list(call, call.query()?).await,
        Method::POST => create(call, body).await,
        _ => Err(Problem::method("GET, HEAD, POST")),
    }
}

/// A request to one group.
pub(crate) async fn group(
    call: &Call<'_>,
    method: &Method,
    id: &str,
    body: &mut Incoming,
) -> Result<Answer, Problem> {
    match *method {
        Method::GET => get(call, id).await,
        Method::PUT => replace(call, id, body).await,
        Method::PATCH => change(call, id, body).await,
        Method::DELETE => delete(call, id).await,
        _ => Err(Problem::method("GET, HEAD, PUT, PATCH, DELETE")),
    }
}

/// The groups that a query asks for.
pub(crate) async fn list(call: &Call<'_>, query: Query<'_>) -> Result<Answer, Problem> {
    let wanted = query.wanted()?;
    let source = source(call, Shown::by(&wanted.projection)?);
    let request = ListGroupsRequest {
        directory: String::new(),
        filter: wanted.filter,
        sort_by: wanted.sort_by,
        sort_order: wanted.sort_order,
        page_size: wanted.page_size,
        start_index: wanted.start_index,
        page_token: wanted.page_token,
        projection: Some(call.as_scim(wanted.projection)),
    };
    let page =
        call.answered(Box::pin(client::groups(call.core()).list_groups(call.message(request)))).await?;
    if !page.groups.is_empty() {
        return Err(Problem::older_core());
    }
    let groups = page.scim.into_iter().map(|group| item(group, source.is_some())).collect();
    let list = match wanted.start_index {
        Some(_) => List::by_index(groups, page.total_results, page.start_index),
        None => List::by_cursor(groups, page.total_results, &page.next_page_token),
    };
    list.into_pieces(source, call.request_id).await
}

/// A group as a resource of a list, with or without its members.
pub(crate) fn item(group: ScimResource, with_members: bool) -> Item {
    if with_members { Item::WithMembers(group) } else { Item::Whole(group.json) }
}

/// Where the members of an answer come from, if any are shown.
pub(crate) fn source(call: &Call<'_>, shown: Option<Shown>) -> Option<Source> {
    shown.map(|shown| Source::new(call, shown))
}

async fn create(call: &Call<'_>, body: &mut Incoming) -> Result<Answer, Problem> {
    let projection = call.query()?.projection();
    let shown = Shown::by(&projection)?;
    let (GroupBody { group, members }, size) = read(call, body).await?;
    let mut chunks = members.unwrap_or_default().into_chunks();
    let first = CreateGroupRequest {
        directory: String::new(),
        group: Some(group),
        projection: Some(call.as_scim(projection)),
        members: chunks.next().unwrap_or_default(),
    };
    let rest = chunks.map(|members| CreateGroupRequest { members, ..CreateGroupRequest::default() });
    let time = call.patience(size);
    let request = call.message_within(time, stream::iter([first]).chain(stream::iter(rest)));
    let mut client = client::groups(call.core());
    let created = Box::pin(client.create_group(request));
    let created = call.answered_within(time, created).await?;
    resource(call, StatusCode::CREATED, created.scim, shown).await
}

async fn get(call: &Call<'_>, id: &str) -> Result<Answer, Problem> {
    let projection = call.query()?.projection();
    let shown = Shown::by(&projection)?;
    let request = GetGroupRequest {
        directory: String::new(),
        id: id.to_owned(),
        projection: Some(call.as_scim(projection)),
    };
    let found = call.answered(Box::pin(client::groups(call.core()).get_group(call.message(request)))).await?;
    resource(call, StatusCode::OK, found.scim, shown).await
}

/// Asks the core whether a group is there. Errors: none is, or the core lets the caller see none.
pub(crate) async fn require(call: &Call<'_>, id: &str) -> Result<(), Problem> {
    let request =
        GetGroupRequest { directory: String::new(), id: id.to_owned(), projection: Some(id_only()) };
    call.answered(Box::pin(client::groups(call.core()).get_group(call.message(request)))).await?;
    Ok(())
}

async fn replace(call: &Call<'_>, id: &str, body: &mut Incoming) -> Result<Answer, Problem> {
    let if_match = if_match(&call.parts.headers)?;
    let projection = call.query()?.projection();
    let shown = Shown::by(&projection)?;
    let (GroupBody { group, members }, size) = read(call, body).await?;
    let has_members = members.is_some();
    let mut chunks = members.unwrap_or_default().into_chunks();
    let first = ReplaceGroupRequest {
        directory: String::new(),
        id: id.to_owned(),
        group: Some(group),
        if_match,
        projection: Some(call.as_scim(projection)),
        has_members,
        members: chunks.next().unwrap_or_default(),
    };
    let rest = chunks.map(|members| ReplaceGroupRequest { members, ..ReplaceGroupRequest::default() });
    let time = call.patience(size);
    let request = call.message_within(time, stream::iter([first]).chain(stream::iter(rest)));
    let mut client = client::groups(call.core());
    let replaced = Box::pin(client.replace_group(request));
    let replaced = call.answered_within(time, replaced).await?;
    resource(call, StatusCode::OK, replaced.scim, shown).await
}

/// RFC 7644 §3.5.2 leaves the answer of a PATCH to the server, unless the client names attributes. Without it a group is not
/// read at all: it may be large, and those who change members do not look at it.
async fn change(call: &Call<'_>, id: &str, body: &mut Incoming) -> Result<Answer, Problem> {
    let if_match = if_match(&call.parts.headers)?;
    let projection = call.query()?.projection();
    let answers = !projection.attributes.is_empty() || !projection.excluded_attributes.is_empty();
    let shown = Shown::by(&projection)?;
    call.read(body, call.gateway.max_large_body_bytes).await?;
    let text = body.take()?;
    let size = text.len();
    let object = RawObject::of_body(&text)?;
    call.note_implied(are_missing_in(&object), PATCH_OP);
    let patch = GroupPatch::read(object, 0, &mut allowance(call))?;
    drop(text);
    let mut chunks = patch.into_chunks();
    let first = PatchGroupRequest {
        directory: String::new(),
        id: id.to_owned(),
        if_match,
        projection: Some(call.as_scim(if answers { projection } else { id_only() })),
        operations: chunks.next().unwrap_or_default(),
    };
    let rest = chunks.map(|operations| PatchGroupRequest { operations, ..PatchGroupRequest::default() });
    let time = call.patience(size);
    let request = call.message_within(time, stream::iter([first]).chain(stream::iter(rest)));
    let mut client = client::groups(call.core());
    let changed = Box::pin(client.patch_group(request));
    let changed = call.answered_within(time, changed).await?;
    if answers {
        return resource(call, StatusCode::OK, changed.scim, shown).await;
    }
    let mut answer = Answer::new(StatusCode::NO_CONTENT);
    answer.header(header::ETAG, &changed.scim.ok_or_else(Problem::older_core)?.version);
    Ok(answer)
}

async fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Problem> {
    let if_match = if_match(&call.parts.headers)?;
    let request = DeleteGroupRequest { directory: String::new(), id: id.to_owned(), if_match };
    call.answered(Box::pin(client::groups(call.core()).delete_group(call.message(request)))).await?;
    Ok(Answer::new(StatusCode::NO_CONTENT))
}

/// What a request may say of a group beside its members: as much as of a user.
fn allowance(call: &Call<'_>) -> Allowance {
    Allowance::of_one(call.gateway.max_user_body_bytes)
}

/// The group that a body is, and how many bytes it had. The body itself is let go.
async fn read(call: &Call<'_>, body: &mut Incoming) -> Result<(GroupBody, usize), Problem> {
    call.read(body, call.gateway.max_large_body_bytes).await?;
    let text = body.take()?;
    let object = RawObject::of_body(&text)?;
    call.note_implied(are_missing_in(&object), GROUP);
    let group = group_body::read(object, 0, &mut allowance(call))?;
    Ok((group, text.len()))
}

/// The answer of one group, with where it is and which version it has. A reader who has that version is told so instead.
async fn resource(
    call: &Call<'_>,
    status: StatusCode,
    group: Option<ScimResource>,
    members: Option<Shown>,
) -> Result<Answer, Problem> {
    let group = group.ok_or_else(Problem::older_core)?;
    let (etag, location) = (group.version.clone(), format!("{}/Groups/{}", call.base, group.id));
    let mut answer = if call.has(&group) {
        Answer::new(StatusCode::NOT_MODIFIED)
    } else {
        whole(call, status, group, members).await?
    };
    answer.header(header::ETAG, &etag);
    answer.header(header::LOCATION, &location);
    Ok(answer)
}

/// The answer of a group with its members, as far as they are shown.
async fn whole(
    call: &Call<'_>,
    status: StatusCode,
    group: ScimResource,
    members: Option<Shown>,
) -> Result<Answer, Problem> {
    let Some(shown) = members else { return Ok(Answer::json(status, group.json)) };
    if call.parts.method == Method::HEAD {
        // Nobody will see the members, and how long they are only they can tell.
        return Ok(Answer::begun(status, group.json, axum::body::Body::empty()));
    }
    let answer = match Source::new(call, shown).open(&group.id).await {
        Ok(reading) => {
            let text =
                pieces::just(before_members(&group.json)).chain(reading.into_json()).chain(pieces::just("}"));
            pieces::answer(status, text.boxed(), call.request_id).await
        }
        Err(problem) => Err(problem),
    };
    match answer {
        Err(problem) if call.parts.method != Method::GET => {
            // What was asked for has been done: to say that it failed would have it done again.
            let cause = problem.detail();
            tracing::warn!(
                request_id = %call.request_id,
                trace_id = call.request_id.trace_id(),
                cause,
                "a group was written, but its members cannot be read"
            );
            Ok(Answer::json(status, group.json))
        }
        answer => answer,
    }
}
