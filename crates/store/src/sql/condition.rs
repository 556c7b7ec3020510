//! Compiles a [`Condition`] to SQL on the table `resources AS r`. Every value is bound; nothing a client sent is ever part of
//! the text of a statement.
//!
//! SQL knows a third truth value, conditions do not: below a negation every comparison is made two-valued with `IS TRUE`.
//! Elsewhere it is left bare, since NULL counts as false there and a bare comparison can use an index.

use rollcall_scim::condition::{Condition, Operand, Operator};
use rollcall_scim::definition::AttributeRef;
use rollcall_scim::schema::Kind;
use uuid::Uuid;

use super::super::dialect::{BY_BYTES, POSITION, push_elements, push_end, push_id, push_json};
use super::Statement;
use super::leads::{Lead, push_led};
use super::relation::Relation;
use crate::ResourceType;

/// Appends a condition on the resources of a type in a directory.
pub(super) fn push_condition(
    query: &mut Statement,
    directory: Uuid,
    resource_type: ResourceType,
    condition: &Condition<'_>,
) {
    Compiler { query, directory, resource_type, negated: false }.condition(condition);
}

/// Appends a condition on one membership `m` of a group, at whose other end is the resource `x`.
pub(super) fn push_member_condition(query: &mut Statement, directory: Uuid, condition: &Condition<'_>) {
    Compiler { query, directory, resource_type: ResourceType::Group, negated: false }
        .in_related(Relation::Members, condition);
}

/// Appends ids, separated by commas.
pub(super) fn push_uuids(query: &mut Statement, ids: &[Uuid]) {
    query.push_list(ids);
}

/// Where the value of an attribute is kept.
pub(super) enum Place<'a> {
    /// In the id.
    Id,
    /// In a column.
    Column(&'static str),
    /// In the version, which the entity tag is made of.
    Version,
    /// Nowhere: every resource has the same one.
    Fixed(&'static str),
    /// Nowhere: every resource has `meta`.
    Always,
    /// In the rows of memberships.
    Related(Relation),
    /// In the search form, as one value.
    Single(Vec<&'a str>),
    /// In the search form, in the elements of an array.
    Elements {
        /// Where the array is.
        array: Vec<&'a str>,
        /// Where the value is in an element.
        within: Vec<&'a str>,
    },
}

impl<'a> Place<'a> {
    pub(super) fn of(attribute: &AttributeRef<'a>, resource_type: ResourceType) -> Self {
        let name = attribute.attribute.name.as_str();
        let sub = attribute.sub_attribute.map(|sub| sub.name.as_str());
        if attribute.extension.is_none() {
            match (name, sub) {
                ("id", _) => return Self::Id,
                ("userName", _) => return Self::Column("r.unique_name"),
                ("displayName", _) if resource_type == ResourceType::Group => {
                    return Self::Column("r.display_name");
                }
                ("externalId", _) => return Self::Column("r.external_id"),
                ("active", _) => return Self::Column("r.active"),
                ("meta", Some("created")) => return Self::Column("r.created"),
                ("meta", Some("lastModified")) => return Self::Column("r.modified"),
                ("meta", Some("version")) => return Self::Version,
                ("meta", Some("resourceType")) => return Self::Fixed(resource_type.as_str()),
                ("meta", _) => return Self::Always,
                ("members", _) if resource_type == ResourceType::Group => {
                    return Self::Related(Relation::Members);
                }
                ("groups", _) if resource_type == ResourceType::User => {
                    return Self::Related(Relation::Groups);
                }
                _ => {}
            }
        }
        let path: Vec<&str> = attribute.extension.into_iter().chain([name]).collect();
        if attribute.attribute.multi_valued {
            Self::Elements { array: path, within: sub.into_iter().collect() }
        } else {
            Self::Single(path.into_iter().chain(sub).collect())
        }
    }
}

pub(super) struct Compiler<'q> {
    pub(super) query: &'q mut Statement,
    pub(super) directory: Uuid,
    resource_type: ResourceType,
    /// Whether a negation stands above.
    negated: bool,
}

impl Compiler<'_> {
    fn condition(&mut self, condition: &Condition<'_>) {
        match condition {
            Condition::And(parts) => self.joined(parts, " AND ", Self::condition),
            Condition::Or(parts) => match Lead::of_all(parts, self.resource_type) {
                Some(leads) => push_led(self.query, self.directory, self.resource_type, &leads),
                None => self.joined(parts, " OR ", Self::condition),
            },
            Condition::Not(inner) => self.not(inner, Self::condition),
            Condition::Present(attribute) => self.present(attribute),
            Condition::Compare(attribute, operator, operand) => {
                match Lead::of(condition, self.resource_type).filter(|lead| lead.is_hidden()) {
                    Some(lead) => push_led(self.query, self.directory, self.resource_type, &[lead]),
                    None => self.compare(attribute, *operator, operand),
                }
            }
            Condition::AnyElement(attribute, inner) => self.any_element(attribute, inner),
        }
    }

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

    fn present(&mut self, attribute: &AttributeRef<'_>) {
        match Place::of(attribute, self.resource_type) {
            Place::Id | Place::Version | Place::Fixed(_) | Place::Always => {
                self.query.push("TRUE");
            }
            Place::Column(column) => {
                self.query.push(column).push(" IS NOT NULL");
            }
            Place::Related(relation) => self.exists_related(relation, |compiler| {
                compiler.related_is_present(relation, attribute);
            }),
            Place::Single(path) => {
                push_json(self.query, "r.search", &path, Kind::Complex);
                self.query.push(" IS NOT NULL");
            }
            Place::Elements { array, within } => self.exists_element(&array, |query| {
                push_json(query, "e.value", &within, Kind::Complex);
                query.push(" IS NOT NULL");
            }),
        }
    }

    fn compare(&mut self, attribute: &AttributeRef<'_>, operator: Operator, operand: &Operand) {
        let kind = attribute.leaf().kind;
        match Place::of(attribute, self.resource_type) {
            Place::Id => self.compare_id(operator, operand),
            Place::Version => self.compare_version(operator, operand),
            Place::Always => {
                self.query.push("FALSE");
            }
            Place::Related(relation) => self.compare_related(relation, attribute, operator, operand),
            Place::Fixed(text) => self.maybe_null(|query| {
                push_comparison(query, &|query| push_text(query, text), operator, operand);
            }),
            Place::Column(column) => self.maybe_null(|query| {
                push_comparison(query, &|query| _ = query.push(column), operator, operand);
            }),
            Place::Single(path) => self.maybe_null(|query| {
                push_comparison(query, &|query| push_json(query, "r.search", &path, kind), operator, operand);
            }),
            Place::Elements { array, within } => {
                self.compare_elements(&array, &within, kind, operator, operand);
            }
        }
    }

    fn compare_id(&mut self, operator: Operator, operand: &Operand) {
        let id = match operand {
            Operand::Text(text) => Uuid::try_parse(text).ok().filter(|id| id.to_string() == *text),
            _ => None,
        };
        match (operator, id) {
            (Operator::Eq, Some(id)) => _ = self.query.push("r.id = ").push_bind(id),
            (Operator::Ne, Some(id)) => _ = self.query.push("r.id <> ").push_bind(id),
            (Operator::Eq, None) => _ = self.query.push("FALSE"),
            (Operator::Ne, None) => _ = self.query.push("TRUE"),
            _ => push_comparison(self.query, &|query| push_id(query, "r.id"), operator, operand),
        }
    }

    fn compare_version(&mut self, operator: Operator, operand: &Operand) {
        push_comparison(
            self.query,
            &|query| _ = query.push("('W/\"' || CAST(r.version AS TEXT) || '\"')").push(BY_BYTES),
            operator,
            operand,
        );
    }

    /// Some value of the elements compares so; `ne` also holds where there is none.
    fn compare_elements(
        &mut self,
        array: &[&str],
        within: &[&str],
        kind: Kind,
        operator: Operator,
        operand: &Operand,
    ) {
        if operator == Operator::Ne {
            self.query.push("(NOT ");
            self.exists_element(array, |query| {
                push_json(query, "e.value", within, Kind::Complex);
                query.push(" IS NOT NULL");
            });
            self.query.push(" OR ");
        }
        self.exists_element(array, |query| {
            let value = |query: &mut Statement| push_json(query, "e.value", within, kind);
            if operator == Operator::Ne {
                value(query);
                query.push(" <> ");
                push_operand(query, operand);
            } else {
                push_comparison(query, &value, operator, operand);
            }
        });
        if operator == Operator::Ne {
            self.query.push(")");
        }
    }

    fn exists_element(&mut self, array: &[&str], write: impl FnOnce(&mut Statement)) {
        self.query.push("EXISTS (SELECT 1 FROM ");
        push_elements(self.query, array);
        self.query.push(" WHERE ");
        write(self.query);
        self.query.push(")");
    }

    fn has_email(&mut self, address: &str) {
        self.query
            .push("r.id IN (SELECT m.user_id FROM emails m WHERE m.directory_id = ")
            .push_bind(self.directory)
            .push(" AND m.value = ")
            .push_bind(address.to_owned())
            .push(")");
    }

    /// One element fulfils the whole condition. Where that asks for an e-mail address, its index finds the few users
    /// whose elements are worth a look.
    fn any_element(&mut self, attribute: &AttributeRef<'_>, inner: &Condition<'_>) {
        let array = match Place::of(attribute, self.resource_type) {
            Place::Elements { array, .. } => array,
            Place::Related(relation) => {
                let outer = std::mem::replace(&mut self.negated, false);
                self.exists_related(relation, |compiler| compiler.in_related(relation, inner));
                self.negated = outer;
                return;
            }
            _ => {
                self.query.push("FALSE");
                return;
            }
        };
        self.query.push("(");
        if let Some(address) = required_email(inner) {
            self.has_email(address);
            self.query.push(" AND ");
        }
        self.query.push("EXISTS (SELECT 1 FROM ");
        push_elements(self.query, &array);
        self.query.push(" WHERE ");
        let outer = std::mem::replace(&mut self.negated, false);
        self.in_element(inner);
        self.negated = outer;
        self.query.push("))");
    }

    fn in_element(&mut self, condition: &Condition<'_>) {
        match condition {
            Condition::And(parts) => self.joined(parts, " AND ", Self::in_element),
            Condition::Or(parts) => self.joined(parts, " OR ", Self::in_element),
            Condition::Not(inner) => self.not(inner, Self::in_element),
            Condition::Present(attribute) => {
                push_json(self.query, "e.value", &sub_path(attribute), Kind::Complex);
                self.query.push(" IS NOT NULL");
            }
            Condition::Compare(attribute, operator, operand) => {
                let (path, kind) = (sub_path(attribute), attribute.leaf().kind);
                self.maybe_null(|query| {
                    let value = |query: &mut Statement| push_json(query, "e.value", &path, kind);
                    push_comparison(query, &value, *operator, operand);
                });
            }
            Condition::AnyElement(..) => _ = self.query.push("FALSE"),
        }
    }
}

fn sub_path<'a>(attribute: &AttributeRef<'a>) -> Vec<&'a str> {
    attribute.sub_attribute.into_iter().map(|sub| sub.name.as_str()).collect()
}

/// The address that is asked for, where a comparison asks for an e-mail address.
fn email_of<'o>(attribute: &AttributeRef<'_>, operator: Operator, operand: &'o Operand) -> Option<&'o str> {
    match operand {
        Operand::Text(text) if is_address(attribute) && operator == Operator::Eq => Some(text),
        _ => None,
    }
}

/// Whether an attribute is that of e-mail addresses, which have an index of their own.
pub(super) fn is_address(attribute: &AttributeRef<'_>) -> bool {
    attribute.extension.is_none()
        && attribute.attribute.name == "emails"
        && attribute.sub_attribute.is_some_and(|sub| sub.name == "value")
}

/// The address without which no element fulfils the condition.
fn required_email<'c>(condition: &'c Condition<'_>) -> Option<&'c str> {
    match condition {
        Condition::Compare(attribute, operator, operand) => email_of(attribute, *operator, operand),
        Condition::And(parts) => parts.iter().find_map(required_email),
        _ => None,
    }
}

fn push_text(query: &mut Statement, text: &str) {
    query.push("CAST(").push_bind(text.to_owned()).push(" AS TEXT)").push(BY_BYTES);
}

/// Writes a comparison of one value; it is NULL where the value is, but for `ne`.
pub(super) fn push_comparison(
    query: &mut Statement,
    value: &dyn Fn(&mut Statement),
    operator: Operator,
    operand: &Operand,
) {
    match (operator, operand) {
        (Operator::Co | Operator::Sw | Operator::Ew, Operand::Text(text)) if text.is_empty() => {
            value(query);
            query.push(" IS NOT NULL");
        }
        (Operator::Co, Operand::Text(text)) => {
            query.push(POSITION).push("(");
            value(query);
            query.push(", ").push_bind(text.clone()).push(") > 0");
        }
        (Operator::Sw, Operand::Text(text)) => push_prefix(query, value, text),
        (Operator::Ew, Operand::Text(text)) => {
            push_end(query, value, text);
            query.push(" = ").push_bind(text.clone());
        }
        _ => {
            value(query);
            query.push(match operator {
                Operator::Eq | Operator::Co | Operator::Sw | Operator::Ew => " = ",
                Operator::Ne => " IS DISTINCT FROM ",
                Operator::Gt => " > ",
                Operator::Ge => " >= ",
                Operator::Lt => " < ",
                Operator::Le => " <= ",
            });
            push_operand(query, operand);
        }
    }
}

/// A text begins so when it lies between the prefix and the next text that does not, which an index can find.
pub(super) fn push_prefix(query: &mut Statement, value: &dyn Fn(&mut Statement), prefix: &str) {
    value(query);
    query.push(" >= ").push_bind(prefix.to_owned());
    if let Some(end) = successor(prefix) {
        query.push(" AND ");
        value(query);
        query.push(" < ").push_bind(end);
    }
}

/// The least text in byte order that is greater than every text with this prefix; `None` where there is none.
pub(super) fn successor(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        let next = match last {
            // Surrogates are no characters: UTF-8 goes on behind them.
            '\u{D7FF}' => Some('\u{E000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

fn push_operand(query: &mut Statement, operand: &Operand) {
    match operand {
        Operand::Text(text) => query.push_bind(text.clone()),
        Operand::Boolean(value) => query.push(if *value { "TRUE" } else { "FALSE" }),
        Operand::Integer(value) | Operand::Instant(value) => query.push_bind(*value),
        Operand::Decimal(value) => query.push_bind(*value),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_of_a_prefix_ends_its_range() {
        assert_eq!(successor("ab").as_deref(), Some("ac"));
        assert_eq!(successor("a\u{D7FF}").as_deref(), Some("a\u{E000}"));
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{10FFFF}"), None);
        assert!("aé\u{10FFFF}z" < successor("aé").unwrap().as_str());
    }
}
