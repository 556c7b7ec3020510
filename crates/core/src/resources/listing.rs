//! Lists: filter, order, and both ways of paging.

use rollcall_api::v1::{self, ErrorReason, SortOrder};
use rollcall_scim::condition::{Condition, Operator};
use rollcall_scim::definition::{AttributeRef, Target};
use rollcall_scim::filter::Filter;
use rollcall_scim::{Definition, Rules, resolve};
use rollcall_store::{Directory, Paging, Query, ResourceType, Selection, StoredDocument};

use crate::Core;
use crate::error::{Error, Result};
use crate::page_token::Binding;
use crate::resources::Named;

/// What a client asks of a list, whatever its types.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    /// Which list: a page token of one does not open another one.
    pub(crate) list: &'static str,
    pub(crate) filter: &'a str,
    pub(crate) sort_by: &'a str,
    /// A [`SortOrder`].
    pub(crate) sort_order: i32,
    pub(crate) page_size: Option<i64>,
    pub(crate) start_index: Option<i64>,
    pub(crate) page_token: &'a str,
    pub(crate) projection: Option<&'a v1::Projection>,
}

/// A type of resource in a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Type<'d> {
    pub(crate) resource_type: ResourceType,
    pub(crate) definition: &'d Definition,
}

/// A page of a list.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) resources: Vec<StoredDocument>,
    pub(crate) total_results: i64,
    pub(crate) start_index: i64,
    pub(crate) next_page_token: String,
}

impl Core {
    /// A page of the resources of some types. Of an attribute that only one of the types has, resources of the others have
    /// no value. `named` is what was read already.
    pub(crate) async fn list(
        &self,
        directory: &Directory,
        rules: Rules,
        types: &[Type<'_>],
        asked: &Asked<'_>,
        named: Option<Named>,
    ) -> Result<Listed> {
        let filter = if asked.filter.is_empty() { None } else { Some(Filter::parse(asked.filter, rules)?) };
        let conditions = conditions(filter.as_ref(), types, directory.groups_enabled)?;
        let sorts = sorts(asked, types)?;
        let selections: Vec<Selection<'_>> = types
            .iter()
            .zip(&conditions)
            .zip(sorts)
            .map(|((of, condition), sort)| Selection {
                resource_type: of.resource_type,
                condition: condition.as_ref(),
                sort,
            })
            .collect();
        let descending = asked.sort_order == i32::from(SortOrder::Descending);
        let limit = self.page_size(asked.page_size);
        let binding = asked.binding(directory, descending);
        let (paging, start_index) = self.paging(asked, limit, &binding).await?;
        let by_token = matches!(paging, Paging::After(_));

        let query = Query { selections: &selections, descending, paging, limit };
        let listing = match named.filter(|named| named.answers(&query)) {
            Some(named) => named.into_listing(),
            None => self.store.resources(directory.id, &query).await?,
        };
        let next_page_token = match listing.page.next {
            Some(key) if by_token && limit > 0 => self.seal(key, limit, &binding).await?,
            _ => String::new(),
        };
        Ok(Listed {
            resources: listing.page.resources,
            total_results: i64::try_from(listing.total).unwrap_or(i64::MAX),
            start_index,
            next_page_token,
        })
    }

    /// Where the page begins, and its index where it is paged by index.
    async fn paging(&self, asked: &Asked<'_>, limit: u32, binding: &Binding) -> Result<(Paging, i64)> {
        match asked.start_index {
            Some(_) if !asked.page_token.is_empty() => {
                Err(Error::value("page by start_index or by page_token, not by both"))
            }
            Some(index) => {
                let index = index.max(1);
                Ok((Paging::Offset(u64::try_from(index - 1).unwrap_or_default()), index))
            }
            None if asked.page_token.is_empty() => Ok((Paging::After(None), 0)),
            None => Ok((Paging::After(Some(self.open(asked.page_token, limit, binding).await?)), 0)),
        }
    }

    /// RFC 7644 §3.4.2.4: a negative count is 0; more than the maximum is the maximum.
    pub(crate) fn page_size(&self, asked: Option<i64>) -> u32 {
        let limits = &self.limits;
        let asked =
            asked.map_or(limits.default_page_size, |asked| u32::try_from(asked.max(0)).unwrap_or(u32::MAX));
        asked.min(limits.max_page_size)
    }
}

impl Asked<'_> {
    fn binding(&self, directory: &Directory, descending: bool) -> Binding {
        let shown = self.projection.cloned().unwrap_or_default();
        Binding::new(
            directory.id,
            self.list,
            &[
                self.filter,
                self.sort_by,
                if descending { "descending" } else { "ascending" },
                &shown.attributes.join(","),
                &shown.excluded_attributes.join(","),
            ],
        )
    }
}

fn conditions<'d>(
    filter: Option<&Filter>,
    types: &[Type<'d>],
    has_groups: bool,
) -> Result<Vec<Option<Condition<'d>>>> {
    let Some(filter) = filter else { return Ok(vec![None; types.len()]) };
    let others: Vec<&Definition> = types.iter().map(|of| of.definition).collect();
    let condition = |of: &Type<'d>| {
        let resolved = resolve::resolve_among(filter, of.definition, &others)?;
        Ok(Some(if has_groups { resolved } else { in_no_group(resolved, of.definition) }))
    };
    types.iter().map(condition).collect()
}

/// A condition where there are no groups: whatever it says of the groups of a user, the user is in none.
fn in_no_group<'d>(condition: Condition<'d>, definition: &'d Definition) -> Condition<'d> {
    let (attribute, holds) = match &condition {
        Condition::Compare(attribute, operator, _) => (attribute, *operator == Operator::Ne),
        Condition::Present(attribute) | Condition::AnyElement(attribute, _) => (attribute, false),
        Condition::And(_) | Condition::Or(_) | Condition::Not(_) => return in_parts(condition, definition),
    };
    match definition.lookup("id") {
        Some(Target::Attribute(id)) if is_groups(attribute) => {
            let always = Condition::Present(id);
            if holds { always } else { Condition::Not(Box::new(always)) }
        }
        _ => condition,
    }
}

fn in_parts<'d>(condition: Condition<'d>, definition: &'d Definition) -> Condition<'d> {
    let part = |part| in_no_group(part, definition);
    match condition {
        Condition::And(parts) => Condition::And(parts.into_iter().map(part).collect()),
        Condition::Or(parts) => Condition::Or(parts.into_iter().map(part).collect()),
        Condition::Not(inner) => Condition::Not(Box::new(part(*inner))),
        other => other,
    }
}

/// Whether an attribute is the groups of a user, or a part of them.
fn is_groups(attribute: &AttributeRef<'_>) -> bool {
    attribute.attribute.name == "groups" && attribute.extension.is_none()
}

/// What each type is sorted by; one that has no such attribute, by nothing.
fn sorts<'d>(asked: &Asked<'_>, types: &[Type<'d>]) -> Result<Vec<Option<AttributeRef<'d>>>> {
    if asked.sort_by.is_empty() {
        return Ok(vec![None; types.len()]);
    }
    if SortOrder::try_from(asked.sort_order).is_err() {
        return Err(Error::value("sort_order: it is neither ascending nor descending"));
    }
    let sorts: Vec<_> = types.iter().map(|of| sort(asked.sort_by, *of)).collect();
    match sorts.iter().position(Result::is_ok) {
        Some(_) => Ok(sorts.into_iter().map(Result::ok).collect()),
        None => {
            sorts.into_iter().collect::<Result<Vec<_>>>().map(|sorts| sorts.into_iter().map(Some).collect())
        }
    }
}

fn sort<'d>(name: &str, of: Type<'d>) -> Result<AttributeRef<'d>> {
    let attribute = resolve::resolve_sort(name, of.definition)?;
    let is_derived = match of.resource_type {
        ResourceType::User => attribute.attribute.name == "groups",
        ResourceType::Group => attribute.attribute.name == "members",
    };
    if is_derived && attribute.extension.is_none() {
        return Err(Error::new(
            ErrorReason::InvalidPath,
            format!("sortBy: nothing is sorted by {attribute}"),
        ));
    }
    Ok(attribute)
}
