//! Conditions on what is derived from memberships: the `members` of a group and the `groups` of a user.
//!
//! In the tests of a relation `m` is the membership and `x` the resource at its other end.

use rollcall_scim::condition::{Condition, Operand, Operator};
use rollcall_scim::definition::AttributeRef;
use rollcall_scim::schema::Kind;
use uuid::Uuid;

use super::super::dialect::{push_id, push_json};
use super::Statement;
use super::comparison::push_comparison;
use super::compiler::Compiler;

/// Which end of the memberships a resource is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// The members of a group.
    Members,
    /// The groups of a user, also those that it is in through other groups.
    Groups,
}

impl Compiler<'_> {
    /// Some row of the relation passes a test.
    pub(super) fn exists_related(&mut self, relation: Relation, test: impl FnOnce(&mut Self)) {
        self.query.push(match relation {
            Relation::Members => {
                "EXISTS (SELECT 1 FROM members m JOIN resources x ON x.directory_id = m.directory_id \
                 AND x.type = m.member_type AND x.id = m.member_id \
                 WHERE m.directory_id = r.directory_id AND m.group_id = r.id AND "
            }
            Relation::Groups => {
                "EXISTS (WITH RECURSIVE up (group_id, direct) AS (\
                 SELECT n.group_id, 1 FROM members n WHERE n.directory_id = r.directory_id AND n.member_id = r.id \
                 UNION SELECT n.group_id, 0 FROM up JOIN members n ON n.directory_id = r.directory_id \
                 AND n.member_id = up.group_id) \
                 SELECT 1 FROM (SELECT group_id, MAX(direct) AS direct FROM up GROUP BY group_id) m \
                 JOIN resources x ON x.directory_id = r.directory_id AND x.type = 'Group' AND x.id = m.group_id WHERE "
            }
        });
        test(self);
        self.query.push(")");
    }

    pub(super) fn compare_related(
        &mut self,
        relation: Relation,
        attribute: &AttributeRef<'_>,
        operator: Operator,
        operand: &Operand,
    ) {
        match (column(attribute), operator, operand) {
            (Some(Column::Value), Operator::Eq, Operand::Text(text)) => self.is_related_to(relation, text),
            (Some(column), Operator::Ne, _) => {
                self.query.push("(NOT ");
                self.exists_related(relation, |compiler| compiler.related_is_present(relation, attribute));
                self.query.push(" OR ");
                self.exists_related(relation, |compiler| {
                    compiler.related(relation, column, operator, operand);
                });
                self.query.push(")");
            }
            (Some(column), ..) => {
                self.exists_related(relation, |compiler| {
                    compiler.related(relation, column, operator, operand);
                });
            }
            (None, ..) => _ = self.query.push("FALSE"),
        }
    }

    pub(super) fn related_is_present(&mut self, relation: Relation, attribute: &AttributeRef<'_>) {
        match column(attribute) {
            Some(Column::Display) => {
                push_column(self.query, relation, Column::Display);
                self.query.push(" IS NOT NULL");
            }
            _ => _ = self.query.push("TRUE"),
        }
    }

    /// A condition in brackets, on one row of the relation.
    pub(super) fn in_related(&mut self, relation: Relation, condition: &Condition<'_>) {
        let part: fn(&mut Self, &Condition<'_>) = match relation {
            Relation::Members => |compiler, inner| compiler.in_related(Relation::Members, inner),
            Relation::Groups => |compiler, inner| compiler.in_related(Relation::Groups, inner),
        };
        match condition {
            Condition::And(parts) => self.joined(parts, " AND ", part),
            Condition::Or(parts) => self.joined(parts, " OR ", part),
            Condition::Not(inner) => self.not(inner, part),
            Condition::Present(attribute) => self.related_is_present(relation, attribute),
            Condition::Compare(attribute, operator, operand) => match column(attribute) {
                Some(column) => self.related(relation, column, *operator, operand),
                None => _ = self.query.push("FALSE"),
            },
            Condition::AnyElement(..) => _ = self.query.push("FALSE"),
        }
    }

    /// A test of one row of the relation.
    fn related(&mut self, relation: Relation, column: Column, operator: Operator, operand: &Operand) {
        if let (Column::Value, Operator::Eq | Operator::Ne, Operand::Text(text)) = (column, operator, operand)
        {
            let is_equal = operator == Operator::Eq;
            match canonical(text) {
                Some(id) => {
                    self.query
                        .push(id_column(relation))
                        .push(if is_equal { " = " } else { " <> " })
                        .push_bind(id);
                }
                None => _ = self.query.push(if is_equal { "FALSE" } else { "TRUE" }),
            }
            return;
        }
        self.maybe_null(|query| {
            push_comparison(query, &|query| push_column(query, relation, column), operator, operand);
        });
    }

    /// The index leads from the other end to the few resources that are meant.
    fn is_related_to(&mut self, relation: Relation, text: &str) {
        let Some(id) = canonical(text) else {
            self.query.push("FALSE");
            return;
        };
        let directory = self.directory;
        match relation {
            Relation::Members => {
                self.query.push("r.id IN (SELECT m.group_id FROM members m WHERE m.directory_id = ");
                self.query.push_bind(directory).push(" AND m.member_id = ").push_bind(id).push(")");
            }
            Relation::Groups => {
                self.query.push(
                    "r.id IN (WITH RECURSIVE down (id) AS (SELECT m.member_id FROM members m WHERE m.directory_id = ",
                );
                self.query.push_bind(directory).push(" AND m.group_id = ").push_bind(id);
                self.query.push(" UNION SELECT m.member_id FROM down JOIN members m ON m.directory_id = ");
                self.query.push_bind(directory).push(" AND m.group_id = down.id) SELECT id FROM down)");
            }
        }
    }
}

/// What is asked of a membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Value,
    Display,
    Type,
}

fn column(attribute: &AttributeRef<'_>) -> Option<Column> {
    match attribute.sub_attribute?.name.as_str() {
        "value" => Some(Column::Value),
        "display" => Some(Column::Display),
        "type" => Some(Column::Type),
        _ => None,
    }
}

fn id_column(relation: Relation) -> &'static str {
    match relation {
        Relation::Members => "m.member_id",
        Relation::Groups => "m.group_id",
    }
}

/// A value of the relation, in the form in which it is compared.
fn push_column(query: &mut Statement, relation: Relation, column: Column) {
    match (column, relation) {
        (Column::Value, _) => push_id(query, id_column(relation)),
        (Column::Display, _) => push_json(query, "x.search", &["displayName"], Kind::String),
        (Column::Type, Relation::Members) => _ = query.push("lower(m.member_type)"),
        (Column::Type, Relation::Groups) => {
            query.push("CASE m.direct WHEN 1 THEN 'direct' ELSE 'indirect' END");
        }
    }
}

fn canonical(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|id| id.to_string() == text)
}
