//! Queries over every type of resource: `GET /` (RFC 7644 §3.4.2.1) and `POST /.search` (§3.4.3).

use http::Method;
use rollcall_api::client;
use rollcall_api::v1::SearchResourcesRequest;
use rollcall_api::v1::resource::Resource;

use crate::answer::Answer;
use crate::body::Incoming;
use crate::call::Call;
use crate::error::Problem;
use crate::groups::{item, source};
use crate::implied_schemas::complete;
use crate::list::{Item, List};
use crate::members::Shown;
use crate::query::{Query, SEARCH_REQUEST};

/// A request to the root.
pub(crate) async fn root(call: &Call<'_>, method: &Method) -> Result<Answer, Problem> {
    match *method {
        Method::GET => list(call, call.query()?).await,
        _ => Err(Problem::method("GET, HEAD")),
    }
}

/// The query that the body of a search is.
pub(crate) async fn request(
    call: &Call<'_>,
    method: &Method,
    body: &mut Incoming,
) -> Result<Query<'static>, Problem> {
    if *method != Method::POST {
        return Err(Problem::method("POST"));
    }
    let mut body = call.json(body, call.gateway.max_user_body_bytes).await?;
    call.note_implied(complete(&mut body, SEARCH_REQUEST), SEARCH_REQUEST);
    Query::of_search(body)
}

/// The resources that a query asks for, users and groups.
pub(crate) async fn list(call: &Call<'_>, query: Query<'_>) -> Result<Answer, Problem> {
    let wanted = query.wanted()?;
    let source = source(call, Shown::by(&wanted.projection)?);
    let request = SearchResourcesRequest {
        directory: String::new(),
        filter: wanted.filter,
        sort_by: wanted.sort_by,
        sort_order: wanted.sort_order,
        page_size: wanted.page_size,
        start_index: wanted.start_index,
        page_token: wanted.page_token,
        projection: Some(call.as_scim(wanted.projection)),
    };
    let mut client = client::search(call.core());
    let page = call.answered(Box::pin(client.search_resources(call.message(request)))).await?;
    let resources = page.resources.into_iter().filter_map(|resource| resource.resource);
    let items = resources.map(|resource| match resource {
        Resource::ScimUser(user) => Ok(Item::Whole(user.json)),
        Resource::ScimGroup(group) => Ok(item(group, source.is_some())),
        Resource::User(_) | Resource::Group(_) => Err(Problem::older_core()),
    });
    let items = items.collect::<Result<Vec<_>, _>>()?;
    let list = match wanted.start_index {
        Some(_) => List::by_index(items, page.total_results, page.start_index),
        None => List::by_cursor(items, page.total_results, &page.next_page_token),
    };
    list.into_pieces(source, call.request_id).await
}
