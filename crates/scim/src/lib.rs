//! The SCIM language of RFC 7643 and RFC 7644: schemas, resources, filters, paths and PATCH.
//!
//! Everything here is a function of its arguments: no I/O, no clock, no async. A resource is a JSON object
//! whose attribute names, types and shapes have been brought into the canonical form of its schema
//! ([`resource::normalize`]); every other function takes and gives resources of that form.

pub mod builtin;
pub mod condition;
pub mod definition;
mod draft;
mod elements;
mod embedded;
pub mod error;
pub mod evaluate;
pub mod expression;
pub mod filter;
pub mod fold;
pub mod grammar;
mod judge;
pub mod kept;
pub mod membership;
pub mod patch;
pub mod path;
mod place;
pub mod profile;
pub mod projection;
#[cfg(test)]
mod properties;
pub mod registration;
pub mod replacement;
pub mod resolve;
pub mod resource;
pub mod schema;
pub mod search_form;
pub mod unique;

pub use definition::Definition;
pub use error::{Error, Result, ScimType};
pub use profile::{Profile, Rule, Rules};

/// A resource in canonical form: attribute names as the schema spells them, extensions under their schema URN,
/// nothing that is unassigned (no null, no empty array, no empty object).
pub type Resource = serde_json::Map<String, serde_json::Value>;
