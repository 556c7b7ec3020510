//! Statements that are run together.
//!
//! Each statement is a way to the server and back. Those that only write are put off until the transaction is saved, and then
//! are the parts of one statement (data-modifying WITH). Its parts see the rows as they were before it, and which of two
//! that change one row wins is open: so no table is changed by two of them, nor added to and changed.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::sql::{Statement, Writes};
use crate::ResourceType;

/// How many statements are run together at most.
const MOST: usize = 32;

/// The statements that are put off.
#[derive(Debug, Default)]
pub(super) struct Queue(Vec<(Statement, Writes)>);

impl Queue {
    /// Whether a statement can be run together with those that are here.
    pub(super) fn has_room_for(&self, writes: Writes) -> bool {
        self.0.len() < MOST && self.0.iter().all(|(_, others)| may_be_together(*others, writes))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn push(&mut self, statement: Statement, writes: Writes) {
        self.0.push((statement, writes));
    }

    /// Takes them out as one statement, with the type of the resource that it writes; `None`, there is none.
    pub(super) fn take(&mut self) -> Option<(Statement, Option<ResourceType>)> {
        let resource = self.0.iter().find_map(|(_, writes)| resource_of(*writes));
        Some((self.take_together()?, resource))
    }

    fn take_together(&mut self) -> Option<Statement> {
        let mut queued = std::mem::take(&mut self.0);
        let rewritten = queued.iter().position(|(_, writes)| matches!(writes, Writes::Rewrites(_)));
        if queued.len() < 2 && rewritten.is_none() {
            return queued.pop().map(|(statement, _)| statement);
        }
        let mut together = Statement::new(String::new());
        for (index, (statement, _)) in queued.into_iter().enumerate() {
            let text = renumbered(&statement.text, together.values.len());
            together.push(if index == 0 { "WITH " } else { ", " });
            let counted = if rewritten == Some(index) { " RETURNING 1" } else { "" };
            together.push(format_args!("w{index} AS ({text}{counted})"));
            together.values.extend(statement.values);
        }
        match rewritten {
            None => together.push(" SELECT 1 WHERE FALSE"),
            // Fails, and with it all of the statement, where no row was as it had been read: see `failure`.
            Some(index) => together.push(format_args!(" SELECT 1 / COUNT(*) FROM w{index}")),
        };
        Some(together)
    }
}

/// The type of the resource that a statement writes, if it writes one.
fn resource_of(writes: Writes) -> Option<ResourceType> {
    match writes {
        Writes::Resource(resource_type) | Writes::Rewrites(resource_type) => Some(resource_type),
        Writes::Adds(_) | Writes::Removes(_) | Writes::Changes(_) | Writes::Event => None,
    }
}

fn may_be_together(one: Writes, other: Writes) -> bool {
    let is_apart = |writes| matches!(writes, Writes::Adds(_) | Writes::Removes(_));
    is_apart(one) && is_apart(other) || table(one) != table(other)
}

fn table(writes: Writes) -> &'static str {
    match writes {
        Writes::Adds(table) | Writes::Removes(table) | Writes::Changes(table) => table,
        Writes::Event => "events",
        Writes::Resource(_) | Writes::Rewrites(_) => "resources",
    }
}

/// The text with other numbers at its places: each is greater by so much. No text of ours has a `$` and a digit otherwise.
fn renumbered(text: &str, by: usize) -> Cow<'_, str> {
    if by == 0 {
        return Cow::Borrowed(text);
    }
    let mut numbered = String::with_capacity(text.len() + 16);
    let mut parts = text.split('$');
    numbered.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        match number.parse::<usize>() {
            Ok(number) => _ = write!(numbered, "${}{rest}", number + by),
            Err(_) => _ = write!(numbered, "${part}"),
        }
    }
    Cow::Owned(numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(statements: &[(&'static str, Writes)]) -> Queue {
        let mut queue = Queue::default();
        for (text, writes) in statements {
            queue.push(Statement::new(*text).bind(1_i64).bind(2_i64), *writes);
        }
        queue
    }

    #[test]
    fn statements_become_the_parts_of_one() {
        assert!(Queue::default().take().is_none());
        let add = Writes::Adds("events");
        let mut one = queue(&[("INSERT INTO events VALUES ($1, $2)", add)]);
        assert_eq!(one.take().unwrap().0.text, "INSERT INTO events VALUES ($1, $2)");
        let mut two = queue(&[
            ("UPDATE a SET b = $2, c = '$.d' WHERE id = $1", Writes::Resource(ResourceType::User)),
            ("INSERT INTO events VALUES ($1, $2)", add),
        ]);
        let (together, resource) = two.take().unwrap();
        assert_eq!(resource, Some(ResourceType::User));
        assert_eq!(
            together.text,
            "WITH w0 AS (UPDATE a SET b = $2, c = '$.d' WHERE id = $1), w1 AS (INSERT INTO events VALUES ($3, $4)) \
             SELECT 1 WHERE FALSE"
        );
        assert_eq!(together.values.len(), 4);
        assert!(two.take().is_none());
    }

    #[test]
    fn a_row_that_is_not_as_it_was_read_fails_the_statement() {
        let rewrites = Writes::Rewrites(ResourceType::User);
        let (alone, _) = queue(&[("UPDATE a SET b = $1 WHERE c = $2", rewrites)]).take().unwrap();
        assert_eq!(
            alone.text,
            "WITH w0 AS (UPDATE a SET b = $1 WHERE c = $2 RETURNING 1) SELECT 1 / COUNT(*) FROM w0"
        );
    }

    #[test]
    fn no_table_is_changed_twice_at_once() {
        let queue = queue(&[("", Writes::Adds("events")), ("", Writes::Resource(ResourceType::User))]);
        assert!(queue.has_room_for(Writes::Adds("events")));
        assert!(queue.has_room_for(Writes::Adds("emails")));
        assert!(queue.has_room_for(Writes::Removes("events")));
        assert!(queue.has_room_for(Writes::Changes("totals")));
        assert!(!queue.has_room_for(Writes::Resource(ResourceType::Group)));
        assert!(!queue.has_room_for(Writes::Adds("resources")));
        assert!(!queue.has_room_for(Writes::Changes("events")));
    }
}
