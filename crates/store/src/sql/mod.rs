//! Every statement, written once. This folder is compiled for each database, as a module of `sqlite` and of `postgres`,
//! and takes from there what differs: `super::dialect`, and the [`Database`](super::Database) whose connections it uses.

mod activity;
mod administrators;
mod audit;
mod comparison;
mod compiler;
mod condition;
mod credentials;
mod departed;
mod directories;
mod directory_settings;
mod emails_and_roles;
pub(super) mod events;
mod guards;
mod heard;
mod leads;
mod leases;
mod measures;
mod members;
mod memberships;
mod migrations;
mod moving;
mod names;
mod oauth_clients;
mod outbox;
mod pages;
mod passwords;
mod provenance;
mod relation;
mod resource_row;
mod resources;
mod schemas;
mod sessions;
mod shared_keys;
mod sign_ins;
mod statement;
mod statuses;
mod store;
mod totals;
mod transaction;

pub(super) use statement::{Cells, Statement, Writes};
pub(super) use totals::Totals;

use super::{Connection, Row};
use crate::values::Json;

/// How many rows one INSERT holds at most, so that its parameters stay under the limits of both databases.
const ROWS_PER_STATEMENT: usize = 500;

/// Asks for so many rows at most. The number is written out, for the planner to see: of a parameter PostgreSQL assumes that
/// it stands for a tenth of all rows, and reads whole tables for a page.
fn push_limit(query: &mut Statement, rows: u64) {
    query.push(" LIMIT ").push(rows);
}
