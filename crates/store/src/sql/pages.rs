//! Pages of resources: filtered, sorted, and paged by index or by key.

use async_trait::async_trait;
use rollcall_scim::definition::AttributeRef;
use rollcall_scim::schema::Kind;
use uuid::Uuid;

use super::super::Database;
use super::super::dialect::{BY_BYTES, json_rows, push_elements, push_id, push_json};
use super::condition::{Place, push_condition};
use super::resource_row::{resource_columns, stored};
use super::{Connection, Row, Statement, push_limit, totals};
use crate::{
    Error, Key, Listing, Page, PageReading, Paging, Query as Asked, ResourceType, Result, Selection,
    SortValue, StoredDocument,
};

const COLUMNS: &str = concat!(resource_columns!(), ", r.type");
/// Where the type is in a row.
const TYPE: usize = 9;
/// Where the value that is sorted by is, if there is one.
const SORT_VALUE: usize = 10;

#[async_trait]
impl PageReading for Database {
    async fn resources(&self, directory: Uuid, asked: &Asked<'_>) -> Result<Listing> {
        let connection = &mut self.reader().await?;
        let page = if asked.limit == 0 {
            Page { resources: Vec::new(), next: None }
        } else {
            page(connection, directory, asked).await?
        };
        let is_everything = asked.limit > 0
            && page.next.is_none()
            && matches!(asked.paging, Paging::Offset(0) | Paging::After(None));
        let total = if is_everything {
            page.resources.len() as u64
        } else {
            total(connection, directory, asked).await?
        };
        Ok(Listing { page, total })
    }
}

async fn total(connection: &mut Connection, directory: Uuid, asked: &Asked<'_>) -> Result<u64> {
    let mut total = 0;
    for selection in asked.selections {
        total += if selection.condition.is_none() {
            totals::total(connection, directory, selection.resource_type).await?
        } else {
            let mut query = Statement::new("SELECT COUNT(*) FROM resources r WHERE ");
            push_selection(&mut query, directory, selection);
            query.the_value(&mut *connection).await?
        };
    }
    Ok(u64::try_from(total).unwrap_or_default())
}

/// Reads one resource more than asked for, to know whether there are more.
async fn page(connection: &mut Connection, directory: Uuid, asked: &Asked<'_>) -> Result<Page> {
    let limit = usize::try_from(asked.limit).unwrap_or(usize::MAX);
    let sort = sort_of(asked);
    let query = match asked.selections {
        [only] if only.sort.is_none() && !matches!(asked.paging, Paging::Offset(1..)) => {
            in_order(directory, only, asked)
        }
        _ => keys_first(directory, asked, sort),
    };
    let rows = query.rows(connection).await?;
    let resources = rows.iter().take(limit).map(resource).collect::<Result<Vec<_>>>()?;
    let next = match (rows.len() > limit, rows.get(limit.saturating_sub(1)), resources.last()) {
        (true, Some(row), Some(last)) => {
            Some(Key { value: sort.map(|kind| sort_value(row, kind)).transpose()?.flatten(), id: last.id })
        }
        _ => None,
    };
    Ok(Page { resources, next })
}

/// A page in order of the id: the index on it leads from one document to the next.
fn in_order(directory: Uuid, selection: &Selection<'_>, asked: &Asked<'_>) -> Statement {
    let mut query = Statement::new("SELECT ");
    query.push(COLUMNS).push(" FROM resources r WHERE ");
    push_selection(&mut query, directory, selection);
    if let Paging::After(Some(key)) = &asked.paging {
        query.push(" AND r.id > ").push_bind(key.id);
    }
    query.push(" ORDER BY r.id");
    push_limit(&mut query, u64::from(asked.limit) + 1);
    query
}

/// A page whose resources are found, sorted and skipped by their keys alone; the documents are read of those that
/// remain.
fn keys_first(directory: Uuid, asked: &Asked<'_>, sort: Option<Kind>) -> Statement {
    let mut query = Statement::new("SELECT ");
    query.push(COLUMNS);
    if sort.is_some() {
        query.push(", k.sort_value");
    }
    query.push(" FROM (SELECT * FROM (");
    for (index, selection) in asked.selections.iter().enumerate() {
        query.push(if index == 0 { "SELECT r.type, r.id" } else { " UNION ALL SELECT r.type, r.id" });
        if let Some(kind) = sort {
            query.push(", ");
            push_sort_value(&mut query, selection, kind);
            query.push(" AS sort_value");
        }
        query.push(" FROM resources r WHERE ");
        push_selection(&mut query, directory, selection);
    }
    query.push(") k");
    if let Paging::After(Some(key)) = &asked.paging {
        query.push(" WHERE ");
        push_behind(&mut query, asked, sort, key);
    }
    push_order(&mut query, asked, sort);
    push_limit(&mut query, u64::from(asked.limit) + 1);
    if let Paging::Offset(offset) = asked.paging {
        query.push(" OFFSET ").push_bind(i64::try_from(offset).unwrap_or(i64::MAX));
    }
    query
        .push(") k JOIN resources r ON r.type = k.type AND r.id = k.id AND r.directory_id = ")
        .push_bind(directory);
    push_order(&mut query, asked, sort);
    query
}

fn push_selection(query: &mut Statement, directory: Uuid, selection: &Selection<'_>) {
    query.push("r.directory_id = ").push_bind(directory);
    query.push(" AND r.type = ").push_bind(selection.resource_type.as_str());
    if let Some(condition) = selection.condition {
        query.push(" AND ");
        push_condition(query, directory, selection.resource_type, condition);
    }
}

fn push_order(query: &mut Statement, asked: &Asked<'_>, sort: Option<Kind>) {
    query.push(match (sort, asked.descending) {
        (None, _) => " ORDER BY k.id",
        (Some(_), true) => " ORDER BY k.sort_value DESC NULLS FIRST, k.id",
        (Some(_), false) => " ORDER BY k.sort_value ASC NULLS LAST, k.id",
    });
}

/// What comes behind a resource in the order.
fn push_behind(query: &mut Statement, asked: &Asked<'_>, sort: Option<Kind>, key: &Key) {
    let Some(value) = &key.value else {
        query.push(match (sort, asked.descending) {
            (None, _) => "k.id > ",
            (Some(_), false) => "k.sort_value IS NULL AND k.id > ",
            (Some(_), true) => "k.sort_value IS NOT NULL OR k.id > ",
        });
        query.push_bind(key.id);
        return;
    };
    // Written as a range with an exception inside, which an index can follow.
    query.push(if asked.descending { "(k.sort_value <= " } else { "(k.sort_value >= " });
    push_sort_bind(query, value);
    query.push(if asked.descending { " AND (k.sort_value < " } else { " AND (k.sort_value > " });
    push_sort_bind(query, value);
    query.push(" OR k.id > ").push_bind(key.id).push("))");
    if !asked.descending {
        query.push(" OR k.sort_value IS NULL");
    }
}

fn push_sort_bind(query: &mut Statement, value: &SortValue) {
    match value {
        SortValue::Text(text) => query.push_bind(text.clone()),
        SortValue::Integer(value) => query.push_bind(*value),
        SortValue::Decimal(value) => query.push_bind(*value),
    };
}

/// What the values that are sorted by are, if there is a sort: those of the first type that has the attribute.
fn sort_of(asked: &Asked<'_>) -> Option<Kind> {
    asked.selections.iter().find_map(|selection| selection.sort).map(|attribute| attribute.leaf().kind)
}

fn push_sort_value(query: &mut Statement, selection: &Selection<'_>, kind: Kind) {
    match selection.sort.filter(|attribute| attribute.leaf().kind == kind) {
        Some(attribute) if kind == Kind::Boolean => {
            query.push("CAST(CAST(");
            push_value(query, &attribute, selection.resource_type);
            query.push(" AS INTEGER) AS BIGINT)");
        }
        Some(attribute) => push_value(query, &attribute, selection.resource_type),
        None => push_nothing(query, kind),
    }
}

fn push_nothing(query: &mut Statement, kind: Kind) {
    match kind {
        Kind::Boolean | Kind::Integer | Kind::DateTime => query.push("CAST(NULL AS BIGINT)"),
        Kind::Decimal => query.push("CAST(NULL AS DOUBLE PRECISION)"),
        _ => query.push("CAST(NULL AS TEXT)").push(BY_BYTES),
    };
}

/// The value of an attribute; of a multi-valued one the primary value, else the first.
fn push_value(query: &mut Statement, attribute: &AttributeRef<'_>, resource_type: ResourceType) {
    let kind = attribute.leaf().kind;
    match Place::of(attribute, resource_type) {
        Place::Id => push_id(query, "r.id"),
        Place::Column(column) => _ = query.push(column),
        Place::Version => _ = query.push("('W/\"' || CAST(r.version AS TEXT) || '\"')").push(BY_BYTES),
        Place::Fixed(name) => _ = query.push("CAST(").push_bind(name).push(" AS TEXT)").push(BY_BYTES),
        Place::Always | Place::Related(_) => push_nothing(query, kind),
        Place::Single(path) => push_json(query, "r.search", &path, kind),
        Place::Elements { array, within } => {
            query.push("(SELECT ");
            push_json(query, "e.value", &within, kind);
            query.push(" FROM ");
            push_elements(query, &array);
            query.push(" ORDER BY ");
            if within.is_empty() {
                query.push("e.key LIMIT 1)");
            } else {
                query.push("(");
                push_json(query, "e.value", &["primary"], Kind::Boolean);
                query.push(" IS TRUE) DESC, e.key LIMIT 1)");
            }
        }
    }
}

fn sort_value(row: &Row, kind: Kind) -> Result<Option<SortValue>> {
    Ok(match kind {
        Kind::Boolean | Kind::Integer | Kind::DateTime => {
            row.get::<Option<i64>>(SORT_VALUE)?.map(SortValue::Integer)
        }
        Kind::Decimal => row.get::<Option<f64>>(SORT_VALUE)?.map(SortValue::Decimal),
        _ => row.get::<Option<String>>(SORT_VALUE)?.map(SortValue::Text),
    })
}

fn resource(row: &Row) -> Result<StoredDocument> {
    let name: &str = row.get(TYPE)?;
    let types = [ResourceType::User, ResourceType::Group];
    let resource_type = types
        .into_iter()
        .find(|resource_type| resource_type.as_str() == name)
        .ok_or_else(|| Error::Damaged(format!("a resource has the unknown type {name:?}")))?;
    stored(&mut row.cells(), resource_type)
}
