//! Values that statements are run with, and those of rows.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments as _, Decode, Encode, Postgres, Row as _, Type, ValueRef as _};

pub(super) use sqlx::types::Json;

use super::failure::failure;
use super::sql::Cells;
use crate::Result;

/// The values of a statement, in the order of their places.
#[derive(Default)]
pub(super) struct Arguments {
    pub(super) values: PgArguments,
    /// Why one of them cannot be sent.
    pub(super) refused: Option<sqlx::error::BoxDynError>,
}

impl Arguments {
    pub(super) fn add(&mut self, value: impl Bind) {
        if let Err(error) = value.add_to(&mut self.values) {
            self.refused = Some(error);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}

/// What a statement can be run with.
pub(super) trait Bind {
    fn add_to(self, values: &mut PgArguments) -> Result<(), sqlx::error::BoxDynError>;
}

impl<'t, T: Encode<'t, Postgres> + Type<Postgres>> Bind for T {
    fn add_to(self, values: &mut PgArguments) -> Result<(), sqlx::error::BoxDynError> {
        values.add(self)
    }
}

/// A row of an answer.
#[derive(Debug)]
pub(super) struct Row(pub(super) PgRow);

impl Row {
    /// The value of a column.
    pub(super) fn get<'r, T: Cell<'r>>(&'r self, column: usize) -> Result<T> {
        self.0.try_get(column).map_err(failure)
    }

    /// The columns, from left to right.
    pub(super) fn cells(&self) -> Cells<'_> {
        Cells::of(self)
    }

    /// Whether a column is NULL.
    pub(super) fn is_null(&self, column: usize) -> Result<bool> {
        Ok(self.0.try_get_raw(column).map_err(failure)?.is_null())
    }
}

/// What a column can be read as.
pub(super) trait Cell<'r>: Decode<'r, Postgres> + Type<Postgres> {}

impl<'r, T: Decode<'r, Postgres> + Type<Postgres>> Cell<'r> for T {}
