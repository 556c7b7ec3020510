//! A statement: its text, and the values that it is run with.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};

use super::super::dialect::{Cell, place};
use super::{Connection, Row};
use crate::values::{Bind, Value};
use crate::{Error, ResourceType, Result};

/// A statement. Every value is bound, and none is ever part of the text. Its places are `$1`, `$2` and so on where the text is
/// written out, or appended with their values; no text has both.
#[derive(Debug, Clone)]
pub(in super::super) struct Statement {
    pub(in super::super) text: Cow<'static, str>,
    pub(in super::super) values: Vec<Value>,
}

/// What a statement writes that need not be answered before the transaction is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Writes {
    /// New rows of a table.
    Adds(&'static str),
    /// Rows of a table that go, none of which is added at the same time.
    Removes(&'static str),
    /// Rows of a table that may be there.
    Changes(&'static str),
    /// A new event: if it is not written, the transaction fails as [`Error::Conflict`].
    Event,
    /// A new resource of this type.
    Resource(ResourceType),
    /// The one row of a resource of this type, which must be as it was read: if it is not, the transaction fails as
    /// [`Error::Conflict`].
    Rewrites(ResourceType),
}

impl Statement {
    pub(in super::super) fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    /// Gives the next place that the text has already its value.
    pub(in super::super) fn bind(mut self, value: impl Bind) -> Self {
        self.values.push(value.into_value());
        self
    }

    /// Appends text.
    pub(in super::super) fn push(&mut self, text: impl Display) -> &mut Self {
        // Writing to a String does not fail.
        _ = write!(self.text.to_mut(), "{text}");
        self
    }

    /// Appends a place, and gives it its value.
    pub(in super::super) fn push_bind(&mut self, value: impl Bind) -> &mut Self {
        self.values.push(value.into_value());
        self.push(place(self.values.len()))
    }

    /// Appends values, separated by commas.
    pub(in super::super) fn push_list<T: Bind>(&mut self, values: impl IntoIterator<Item = T>) -> &mut Self {
        for (index, value) in values.into_iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " }).push_bind(value);
        }
        self
    }

    /// Appends the rows of an INSERT; `write` lists the values of one.
    pub(in super::super) fn push_rows<T>(
        &mut self,
        rows: impl IntoIterator<Item = T>,
        write: impl Fn(&mut RowToBe<'_>, T),
    ) -> &mut Self {
        for (index, row) in rows.into_iter().enumerate() {
            self.push(if index == 0 { "VALUES (" } else { ", (" });
            write(&mut RowToBe { statement: self, is_first: true }, row);
            self.push(")");
        }
        self
    }

    /// Runs it, and says how many rows it wrote.
    pub(in super::super) async fn run(self, connection: &mut Connection) -> Result<u64> {
        connection.run(self).await
    }

    /// Runs it when the transaction is saved, or before something is asked that could see what it writes. What it refuses
    /// is told then.
    pub(in super::super) async fn later(self, writes: Writes, connection: &mut Connection) -> Result<()> {
        connection.later(self, writes).await
    }

    /// The rows of the answer.
    pub(in super::super) async fn rows(self, connection: &mut Connection) -> Result<Vec<Row>> {
        connection.rows(self).await
    }

    /// The first row of the answer, if it has any.
    pub(in super::super) async fn row(self, connection: &mut Connection) -> Result<Option<Row>> {
        Ok(connection.rows(self).await?.into_iter().next())
    }

    /// The first row of the answer, if it has any, without a transaction that would hold it: for what is written by
    /// [`Writes::Rewrites`].
    pub(in super::super) async fn row_ahead(self, connection: &mut Connection) -> Result<Option<Row>> {
        Ok(connection.rows_ahead(self).await?.into_iter().next())
    }

    /// The row of an answer that always has one.
    pub(in super::super) async fn the_row(self, connection: &mut Connection) -> Result<Row> {
        self.row(connection).await?.ok_or_else(no_row)
    }

    /// The first column of the first row, if there is any row.
    pub(in super::super) async fn value<T>(self, connection: &mut Connection) -> Result<Option<T>>
    where
        T: for<'r> Cell<'r>,
    {
        self.row(connection).await?.map(|row| row.get(0)).transpose()
    }

    /// The first column of the row of an answer that always has one.
    pub(in super::super) async fn the_value<T>(self, connection: &mut Connection) -> Result<T>
    where
        T: for<'r> Cell<'r>,
    {
        self.the_row(connection).await?.get(0)
    }

    /// The first column of every row.
    pub(in super::super) async fn values<T>(self, connection: &mut Connection) -> Result<Vec<T>>
    where
        T: for<'r> Cell<'r>,
    {
        self.rows(connection).await?.iter().map(|row| row.get(0)).collect()
    }
}

fn no_row() -> Error {
    Error::Damaged("a statement that always has a row answered none".to_owned())
}

/// A row of an INSERT that is being written.
pub(in super::super) struct RowToBe<'s> {
    statement: &'s mut Statement,
    is_first: bool,
}

impl RowToBe<'_> {
    /// Adds the value of the next column.
    pub(in super::super) fn bind(&mut self, value: impl Bind) -> &mut Self {
        self.statement.push(if std::mem::take(&mut self.is_first) { "" } else { ", " }).push_bind(value);
        self
    }
}

/// The columns of a row, read from left to right.
pub(in super::super) struct Cells<'r> {
    row: &'r Row,
    next: usize,
}

impl<'r> Cells<'r> {
    pub(in super::super) fn of(row: &'r Row) -> Self {
        Self { row, next: 0 }
    }

    /// The value of the next column.
    pub(in super::super) fn next<T: Cell<'r>>(&mut self) -> Result<T> {
        let value = self.row.get(self.next);
        self.next += 1;
        value
    }

    /// Whether the next column is NULL: what begins there was joined, and is not there.
    pub(in super::super) fn is_null(&self) -> Result<bool> {
        self.row.is_null(self.next)
    }

    /// Leaves columns out.
    pub(in super::super) fn skip(&mut self, columns: usize) {
        self.next += columns;
    }
}
