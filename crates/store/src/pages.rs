//! Pages of resources: what is asked for, and what is answered.

use async_trait::async_trait;
use rollcall_scim::condition::Condition;
use rollcall_scim::definition::AttributeRef;
use uuid::Uuid;

use crate::{ResourceType, Result, StoredDocument};

/// Which resources, in which order, and which part of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Query<'a> {
    /// The types, each with what is asked of it. At least one.
    pub selections: &'a [Selection<'a>],
    /// Whether greater values come first, where there is a sort. Resources without a value come last when ascending,
    /// first when descending (RFC 7644 §3.4.2.3); the id breaks ties, ascending.
    pub descending: bool,
    /// Which part.
    pub paging: Paging,
    /// How many resources at most; 0 asks for the total alone.
    pub limit: u32,
}

/// What is asked of the resources of one type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selection<'a> {
    /// The type.
    pub resource_type: ResourceType,
    /// The filter; `None`, every resource.
    pub condition: Option<&'a Condition<'a>>,
    /// What to sort by; `None`, by id, which is the order of creation. Of a multi-valued attribute the primary value
    /// counts, else the first.
    pub sort: Option<AttributeRef<'a>>,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Paging {
    /// After so many resources.
    Offset(u64),
    /// After this resource; `None`, at the first one.
    After(Option<Key>),
}

/// Where a resource stands in an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The value that was sorted by; `None` where there is no sort, or the resource has no value.
    pub value: Option<SortValue>,
    /// Its id.
    pub id: Uuid,
}

/// A value that was sorted by, in the form in which the database compares it.
#[derive(Debug, Clone, PartialEq)]
pub enum SortValue {
    /// Text, folded unless the attribute is `caseExact`.
    Text(String),
    /// An integer, a boolean as 0 or 1, or a time in µs.
    Integer(i64),
    /// A decimal.
    Decimal(f64),
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The resources.
    pub resources: Vec<StoredDocument>,
    /// Where the last of them stands, if more follow it.
    pub next: Option<Key>,
}

/// A page of a list, and how many resources there are on all pages.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The page.
    pub page: Page,
    /// How many match.
    pub total: u64,
}

/// Reading resources in pages.
#[async_trait]
pub trait PageReading {
    /// A page of the resources of a directory, and how many there are on all pages.
    async fn resources(&self, directory: Uuid, query: &Query<'_>) -> Result<Listing>;
}
