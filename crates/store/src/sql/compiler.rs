//! What compiles conditions, and how it joins and negates them, whatever they are on.
//!
//! SQL knows a third truth value, conditions do not: below a negation every comparison is made two-valued with `IS TRUE`.
//! Elsewhere it is left bare, since NULL counts as false there and a bare comparison can use an index.

use rollcall_scim::condition::Condition;
use uuid::Uuid;

use super::Statement;
use crate::ResourceType;

pub(super) struct Compiler<'q> {
    pub(super) query: &'q mut Statement,
    pub(super) directory: Uuid,
    pub(super) resource_type: ResourceType,
    /// Whether a negation stands above.
    pub(super) negated: bool,
}

impl Compiler<'_> {
    pub(super) fn joined(
        &mut self,
        parts: &[Condition<'_>],
        separator: &str,
        part: fn(&mut Self, &Condition<'_>),
    ) {
        self.query.push("(");
        for (index, each) in parts.iter().enumerate() {
            if index > 0 {
                self.query.push(separator);
            }
            part(self, each);
        }
        self.query.push(")");
    }

    pub(super) fn not(&mut self, inner: &Condition<'_>, part: fn(&mut Self, &Condition<'_>)) {
        let outer = std::mem::replace(&mut self.negated, true);
        self.query.push("NOT (");
        part(self, inner);
        self.query.push(")");
        self.negated = outer;
    }

    /// Writes a comparison that may be NULL.
    pub(super) fn maybe_null(&mut self, write: impl FnOnce(&mut Statement)) {
        self.query.push("(");
        write(self.query);
        self.query.push(if self.negated { ") IS TRUE" } else { ")" });
    }
}
