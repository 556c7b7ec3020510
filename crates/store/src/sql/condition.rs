//! Compiles a [`Condition`] to SQL on the table `resources AS r`. Every value is bound; nothing a client sent is ever part of
//! the text of a statement.

use rollcall_scim::condition::{Condition, Operand, Operator};
use rollcall_scim::definition::AttributeRef;
use rollcall_scim::schema::Kind;
use uuid::Uuid;

use super::super::dialect::{BY_BYTES, push_elements, push_id, push_json};
use super::Statement;
use super::comparison::{push_comparison, push_operand};
use super::compiler::Compiler;
use super::leads::{Lead, is_address, push_led};
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
