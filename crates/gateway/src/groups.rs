//! `/Groups` (RFC 7644 §3.3 to §3.6). Members come in and go out in a stream: a group is never held whole.

use futures_util::{StreamExt as _, stream};
use http::{Method, StatusCode, header};
use rollcall_api::client;
use rollcall_api::json::Json;
use rollcall_api::v1::{
    CreateGroupRequest, DeleteGroupRequest, GetGroupRequest, Group, ListGroupsRequest, PatchGroupRequest,
    ReplaceGroupRequest,
};
use rollcall_scim::schema::GROUP;

use crate::answer::Answer;
use crate::body::Incoming;
use crate::call::Call;
use crate::error::Problem;
use crate::group_body::{self, GroupBody};
use crate::group_patch::GroupPatch;
use crate::implied_schemas::are_missing_in;
use crate::list::{Item, List, before_members, bytes_of};
use crate::members::{Shown, Source};
use crate::patch_body::PATCH_OP;
use crate::pieces;
use crate::preconditions::{client_has, if_match};
use crate::projection::{MetaShown, take_version, version_only, with_version};
use crate::query::Query;
use crate::raw::RawObject;

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
        projection: Some(wanted.projection),
    };
    let page =
        call.answered(Box::pin(client::groups(call.core()).list_groups(call.message(request)))).await?;
    let groups: Result<Vec<Item>, Problem> =
        page.groups.into_iter().map(|group| item(call, group, source.is_some())).collect();
    let list = match wanted.start_index {
        Some(_) => List::by_index(groups?, page.total_results, page.start_index),
        None => List::by_cursor(groups?, page.total_results, &page.next_page_token),
    };
    list.into_pieces(source, call.request_id).await
}

/// A group as a resource of a list, with or without its members.
pub(crate) fn item(call: &Call<'_>, group: Group, with_members: bool) -> Result<Item, Problem> {
    let json = bytes_of(&Json::new(&group, &call.base), call.request_id)?;
    Ok(if with_members { Item::WithMembers(json, group.id) } else { Item::Whole(json) })
}

/// Where the members of an answer come from, if any are shown.
pub(crate) fn source(call: &Call<'_>, shown: Option<Shown>) -> Option<Source> {
    shown.map(|shown| Source::new(call, shown))
}

async fn create(call: &Call<'_>, body: &mut Incoming) -> Result<Answer, Problem> {
    let mut projection = call.query()?.projection();
    let view = View::of(&mut projection)?;
    let (GroupBody { group, members }, size) = read(call, body).await?;
    let mut chunks = members.unwrap_or_default().into_chunks();
    let first = CreateGroupRequest {
        directory: String::new(),
        group: Some(group),
        projection: Some(projection),
        members: chunks.next().unwrap_or_default(),
    };
    let rest = chunks.map(|members| CreateGroupRequest { members, ..CreateGroupRequest::default() });
    let request = call.message(stream::iter([first]).chain(stream::iter(rest)));
    let mut client = client::groups(call.core());
    let created = Box::pin(client.create_group(request));
    let created = call.answered_within(call.patience(size), created).await?;
    resource(call, StatusCode::CREATED, created.group, view).await
}

async fn get(call: &Call<'_>, id: &str) -> Result<Answer, Problem> {
    let mut projection = call.query()?.projection();
    let view = View::of(&mut projection)?;
    let request =
        GetGroupRequest { directory: String::new(), id: id.to_owned(), projection: Some(projection) };
    let found = call.answered(Box::pin(client::groups(call.core()).get_group(call.message(request)))).await?;
    resource(call, StatusCode::OK, found.group, view).await
}

/// Asks the core whether a group is there. Errors: none is, or the core lets the caller see none.
pub(crate) async fn require(call: &Call<'_>, id: &str) -> Result<(), Problem> {
    let request =
        GetGroupRequest { directory: String::new(), id: id.to_owned(), projection: Some(version_only()) };
    call.answered(Box::pin(client::groups(call.core()).get_group(call.message(request)))).await?;
    Ok(())
}

async fn replace(call: &Call<'_>, id: &str, body: &mut Incoming) -> Result<Answer, Problem> {
    let if_match = if_match(&call.parts.headers)?;
    let mut projection = call.query()?.projection();
    let view = View::of(&mut projection)?;
    let (GroupBody { group, members }, size) = read(call, body).await?;
    let has_members = members.is_some();
    let mut chunks = members.unwrap_or_default().into_chunks();
    let first = ReplaceGroupRequest {
        directory: String::new(),
        id: id.to_owned(),
        group: Some(group),
        if_match,
        projection: Some(projection),
        has_members,
        members: chunks.next().unwrap_or_default(),
    };
    let rest = chunks.map(|members| ReplaceGroupRequest { members, ..ReplaceGroupRequest::default() });
    let request = call.message(stream::iter([first]).chain(stream::iter(rest)));
    let mut client = client::groups(call.core());
    let replaced = Box::pin(client.replace_group(request));
    let replaced = call.answered_within(call.patience(size), replaced).await?;
    resource(call, StatusCode::OK, replaced.group, view).await
}

/// RFC 7644 §3.5.2 leaves the answer of a PATCH to the server, unless the client names attributes. Without it a group is not
/// read at all: it may be large, and those who change members do not look at it.
async fn change(call: &Call<'_>, id: &str, body: &mut Incoming) -> Result<Answer, Problem> {
    let if_match = if_match(&call.parts.headers)?;
    let mut projection = call.query()?.projection();
    let answers = !projection.attributes.is_empty() || !projection.excluded_attributes.is_empty();
    let view = View::of(&mut projection)?;
    call.read(body, call.gateway.max_large_body_bytes).await?;
    let text = body.take()?;
    let size = text.len();
    let object = RawObject::of_body(&text)?;
    call.note_implied(are_missing_in(&object), PATCH_OP);
    let patch = GroupPatch::read(object, 0, call.gateway.max_user_body_bytes)?;
    drop(text);
    let mut chunks = patch.into_chunks();
    let first = PatchGroupRequest {
        directory: String::new(),
        id: id.to_owned(),
        if_match,
        projection: Some(if answers { projection } else { version_only() }),
        operations: chunks.next().unwrap_or_default(),
    };
    let rest = chunks.map(|operations| PatchGroupRequest { operations, ..PatchGroupRequest::default() });
    let request = call.message(stream::iter([first]).chain(stream::iter(rest)));
    let mut client = client::groups(call.core());
    let changed = Box::pin(client.patch_group(request));
    let changed = call.answered_within(call.patience(size), changed).await?;
    if answers {
        return resource(call, StatusCode::OK, changed.group, view).await;
    }
    let mut answer = Answer::new(StatusCode::NO_CONTENT);
    let mut group = changed.group.unwrap_or_default();
    answer.header(header::ETAG, &take_version(&mut group.meta, MetaShown::Nothing));
    Ok(answer)
}

async fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Problem> {
    let if_match = if_match(&call.parts.headers)?;
    let request = DeleteGroupRequest { directory: String::new(), id: id.to_owned(), if_match };
    call.answered(Box::pin(client::groups(call.core()).delete_group(call.message(request)))).await?;
    Ok(Answer::new(StatusCode::NO_CONTENT))
}

/// The group that a body is, and how many bytes it had. The body itself is let go.
async fn read(call: &Call<'_>, body: &mut Incoming) -> Result<(GroupBody, usize), Problem> {
    call.read(body, call.gateway.max_large_body_bytes).await?;
    let text = body.take()?;
    let object = RawObject::of_body(&text)?;
    call.note_implied(are_missing_in(&object), GROUP);
    let group = group_body::read(object, 0, call.gateway.max_user_body_bytes)?;
    Ok((group, text.len()))
}

/// What of a group a client wants to see, beside what the core knows of.
#[derive(Debug, Clone, Copy)]
struct View {
    meta: MetaShown,
    members: Option<Shown>,
}

impl View {
    /// As a projection has it, which is made to ask for the version too.
    fn of(projection: &mut rollcall_api::v1::Projection) -> Result<Self, Problem> {
        let members = Shown::by(projection)?;
        Ok(Self { meta: with_version(projection, GROUP), members })
    }
}

/// The answer of one group, with where it is and which version it has. A reader who has that version is told so instead.
async fn resource(
    call: &Call<'_>,
    status: StatusCode,
    group: Option<Group>,
    view: View,
) -> Result<Answer, Problem> {
    let mut group = group.ok_or_else(|| {
        tracing::error!(request_id = %call.request_id, "the core answered without a group");
        Problem::internal(call.request_id)
    })?;
    let version = take_version(&mut group.meta, view.meta);
    let reads = matches!(call.parts.method, Method::GET | Method::HEAD);
    let mut answer = if reads && !version.is_empty() && client_has(&call.parts.headers, &version) {
        Answer::new(StatusCode::NOT_MODIFIED)
    } else {
        whole(call, status, &group, view.members).await?
    };
    if !version.is_empty() {
        answer.header(header::ETAG, &version);
    }
    answer.header(header::LOCATION, &format!("{}/Groups/{}", call.base, group.id));
    Ok(answer)
}

/// The answer of a group with its members, as far as they are shown.
async fn whole(
    call: &Call<'_>,
    status: StatusCode,
    group: &Group,
    members: Option<Shown>,
) -> Result<Answer, Problem> {
    let json = bytes_of(&Json::new(group, &call.base), call.request_id)?;
    let Some(shown) = members else { return Ok(Answer::json(status, json)) };
    if call.parts.method == Method::HEAD {
        // Nobody will see the members, and how long they are only they can tell.
        return Ok(Answer::begun(status, json, axum::body::Body::empty()));
    }
    let answer = match Source::new(call, shown).open(&group.id).await {
        Ok(reading) => {
            let text = pieces::just(before_members(json.clone()))
                .chain(reading.into_json())
                .chain(pieces::just("}"));
            pieces::answer(status, text.boxed(), call.request_id).await
        }
        Err(problem) => Err(problem),
    };
    match answer {
        Err(problem) if call.parts.method != Method::GET => {
            // What was asked for has been done: to say that it failed would have it done again.
            let cause = problem.detail();
            tracing::warn!(request_id = %call.request_id, cause, "a group was written, but its members cannot be read");
            Ok(Answer::json(status, json))
        }
        answer => answer,
    }
}
