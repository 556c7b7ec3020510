//! `/Groups` of directories that have none: they list nothing and take nothing, so that an identity provider that also
//! pushes groups goes on with its users.

use http::Method;
use rollcall_api::v1::ErrorReason;

use crate::answer::Answer;
use crate::call::Call;
use crate::error::Problem;
use crate::list::List;
use crate::query::Start;

/// A request to all groups.
pub(crate) async fn groups(call: &Call<'_>, method: &Method) -> Result<Answer, Problem> {
    match *method {
        Method::GET => {
            let paging = call.query()?.paging()?;
            call.authenticate().await?;
            let none = Vec::<()>::new();
            let list = match paging.from {
                Start::Index(index) => List::by_index(none, 0, index.max(1)),
                Start::Cursor(cursor) if cursor.is_empty() => List::by_cursor(none, 0, ""),
                Start::Cursor(_) => {
                    let detail = "the cursor is none that this list gave; begin at the first page";
                    return Err(Problem::new(ErrorReason::InvalidCursor, detail));
                }
            };
            list.into_answer(call.request_id)
        }
        Method::POST => Err(no_groups()),
        _ => Err(Problem::method("GET, HEAD, POST")),
    }
}

/// A request to one group.
pub(crate) fn group(method: &Method, id: &str) -> Problem {
    match *method {
        Method::GET => Problem::new(ErrorReason::NotFound, format!("there is no Group with the id {id:?}")),
        Method::PUT | Method::PATCH | Method::DELETE => no_groups(),
        _ => Problem::method("GET, HEAD, PUT, PATCH, DELETE"),
    }
}

fn no_groups() -> Problem {
    Problem::new(ErrorReason::Forbidden, "this directory has users only: groups are not provisioned here")
}
