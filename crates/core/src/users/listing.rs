//! Listing users: filter, order, and both ways of paging.

use rollcall_api::v1::{ErrorReason, ListUsersRequest, ListUsersResponse, SortOrder};
use rollcall_scim::condition::Condition;
use rollcall_scim::definition::AttributeRef;
use rollcall_scim::filter::Filter;
use rollcall_scim::{Definition, Rules, builtin, resolve};
use rollcall_store::{Paging, Query, ResourceType, Selection};

use super::representation::represent;
use super::{Users, projection};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::page_token::Binding;

impl Users {
    pub(super) async fn list(&self, caller: &Caller, request: ListUsersRequest) -> Result<ListUsersResponse> {
        let shown = request.projection.clone().unwrap_or_default();
        let projection = projection(request.projection.clone())?;
        let directory = caller.directory(&*self.core.store, &request.directory).await?;
        let definition = builtin::user();
        let filter = parse_filter(&request.filter, directory.profile.rules())?;
        let condition = resolve_filter(filter.as_ref(), definition)?;
        let sort = sort(&request, definition)?;
        let descending = request.sort_order() == SortOrder::Descending;
        let limit = self.page_size(request.page_size);

        let binding = Binding::new(
            directory.id,
            "users",
            &[
                &request.filter,
                &request.sort_by,
                if descending { "descending" } else { "ascending" },
                &shown.attributes.join(","),
                &shown.excluded_attributes.join(","),
            ],
        );
        let (paging, start_index) = match request.start_index {
            Some(_) if !request.page_token.is_empty() => {
                return Err(Error::value("page by start_index or by page_token, not by both"));
            }
            Some(index) => {
                let index = index.max(1);
                (Paging::Offset(u64::try_from(index - 1).unwrap_or_default()), index)
            }
            None if request.page_token.is_empty() => (Paging::After(None), 0),
            None => (Paging::After(Some(self.core.open(&request.page_token, limit, &binding).await?)), 0),
        };
        let by_token = matches!(paging, Paging::After(_));

        let selections =
            [Selection { resource_type: ResourceType::User, condition: condition.as_ref(), sort }];
        let query = Query { selections: &selections, descending, paging, limit };
        let listing = self.core.store.resources(directory.id, &query).await?;
        let next_page_token = match listing.page.next {
            Some(key) if by_token && limit > 0 => self.core.seal(key, limit, &binding).await?,
            _ => String::new(),
        };
        let users =
            listing.page.resources.into_iter().map(|user| represent(user, &projection, definition)).collect();
        Ok(ListUsersResponse {
            users,
            total_results: i64::try_from(listing.total).unwrap_or(i64::MAX),
            start_index,
            next_page_token,
        })
    }

    /// RFC 7644 §3.4.2.4: a negative count is 0; more than the maximum is the maximum.
    fn page_size(&self, asked: Option<i64>) -> u32 {
        let limits = &self.core.limits;
        let asked =
            asked.map_or(limits.default_page_size, |asked| u32::try_from(asked.max(0)).unwrap_or(u32::MAX));
        asked.min(limits.max_page_size)
    }
}

fn parse_filter(text: &str, rules: Rules) -> Result<Option<Filter>> {
    if text.is_empty() {
        return Ok(None);
    }
    Ok(Some(Filter::parse(text, rules)?))
}

fn resolve_filter<'a>(filter: Option<&Filter>, definition: &'a Definition) -> Result<Option<Condition<'a>>> {
    Ok(filter.map(|filter| resolve::resolve(filter, definition)).transpose()?)
}

fn sort<'a>(request: &ListUsersRequest, definition: &'a Definition) -> Result<Option<AttributeRef<'a>>> {
    if request.sort_by.is_empty() {
        return Ok(None);
    }
    if SortOrder::try_from(request.sort_order).is_err() {
        return Err(Error::new(
            ErrorReason::InvalidValue,
            "sort_order: it is neither ascending nor descending",
        ));
    }
    Ok(Some(resolve::resolve_sort(&request.sort_by, definition)?))
}
