//! Random filters, paths, values, users and operations.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Number, Value};

use crate::condition::Operator;
use crate::definition::AttributeRef;
use crate::expression::{Expression, Literal, Test};
use crate::patch::{Kind as OperationKind, Operation};
use crate::path::Path;
use crate::profile::{Profile, Rules};
use crate::schema::{Attribute, Kind, Mutability};
use crate::{Resource, builtin};

pub(super) fn rules() -> impl Strategy<Value = Rules> {
    select(vec![Profile::Generic.rules(), Profile::Entra.rules()])
}

/// Any text, and often one that looks like a part of a filter.
pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-zA-Z0-9 @.\"\\\\\\[\\]()]{0,12}",
        vec(
            select(vec![
                "userName",
                "emails",
                "type",
                "value",
                "[",
                "]",
                "(",
                ")",
                ".",
                " ",
                "eq",
                "pr",
                "and",
                "or",
                "not",
                "\"work\"",
                "\"",
                "true",
                "null",
                "1",
                "-1.5e3",
                "urn:ietf:params:scim:schemas:core:2.0:User:",
                "é",
                "\0",
            ]),
            0..12
        )
        .prop_map(|parts| parts.concat()),
    ]
}

/// The name of an attribute that a filter can be written with, known or not.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z][a-zA-Z0-9_-]{0,8}",
        "[a-z]{1,6}\\.[a-z$]{1,6}",
        "\\$[a-z]{1,5}",
        "urn:[a-z0-9]{1,6}:[a-z0-9.]{1,6}:[a-z]{1,6}",
        select(vec!["not", "and", "or", "pr", "eq", "true", "null"]).prop_map(str::to_owned),
    ]
}

fn number() -> impl Strategy<Value = Number> {
    "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,8})?(e[+-]?[0-9]{1,2})?".prop_map(|digits| digits.parse().unwrap())
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<String>().prop_map(|text| Literal::String(text.replace('\0', ""))),
        number().prop_map(Literal::Number),
        any::<bool>().prop_map(Literal::Boolean),
        Just(Literal::Null),
    ]
}

fn test() -> impl Strategy<Value = Test> {
    prop_oneof![
        Just(Test::Present),
        (select(Operator::ALL.to_vec()), literal())
            .prop_map(|(operator, value)| Test::Compare(operator, value)),
    ]
}

/// A condition such as stands in brackets.
fn condition() -> impl Strategy<Value = Expression> {
    combined((name(), test()).prop_map(|(attribute, test)| Expression::Attribute { attribute, test }).boxed())
}

pub(super) fn expression() -> impl Strategy<Value = Expression> {
    let attribute = (name(), test()).prop_map(|(attribute, test)| Expression::Attribute { attribute, test });
    let element =
        (name(), condition(), option::of((name(), test()))).prop_map(|(attribute, condition, then)| {
            Expression::Element { attribute, condition: Box::new(condition), then }
        });
    combined(prop_oneof![3 => attribute, 1 => element].boxed())
}

fn combined(term: BoxedStrategy<Expression>) -> impl Strategy<Value = Expression> {
    term.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(Expression::And),
            vec(inner.clone(), 2..4).prop_map(Expression::Or),
            inner.prop_map(|inner| Expression::Not(Box::new(inner))),
        ]
    })
}

pub(super) fn path() -> impl Strategy<Value = Path> {
    prop_oneof![
        name().prop_map(|attribute| Path { attribute, condition: None, sub_attribute: None }),
        (name(), condition(), option::of(name())).prop_map(|(attribute, condition, sub_attribute)| Path {
            attribute,
            condition: Some(condition),
            sub_attribute
        }),
    ]
}

/// Any JSON, whose names are often those of attributes.
pub(super) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number().prop_map(Value::Number),
        select(vec!["", "True", "work", "a@x.test", "2008-01-23T04:56:22Z", "{\"value\":\"x\"}", "\0"])
            .prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((member_name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn member_name() -> impl Strategy<Value = String> {
    prop_oneof![3 => target().prop_map(|(name, _)| name), 1 => text()]
}

/// The attributes of users.
fn attributes() -> Vec<AttributeRef<'static>> {
    let user = builtin::user();
    let core = user.schema.attributes.iter().chain(user.common()).map(|attribute| (None, attribute));
    let extensions = user.extensions.iter().flat_map(|extension| {
        extension.schema.attributes.iter().map(|attribute| (Some(extension.schema.id.as_str()), attribute))
    });
    core.chain(extensions)
        .map(|(extension, attribute)| AttributeRef { extension, attribute, sub_attribute: None })
        .collect()
}

/// The attributes that a client may write, and their sub-attributes.
pub(super) fn writable() -> impl Strategy<Value = AttributeRef<'static>> {
    let all: Vec<AttributeRef<'static>> = attributes()
        .into_iter()
        .flat_map(|at| {
            let subs = at.attribute.sub_attributes.iter();
            let subs = subs.map(move |sub| AttributeRef { sub_attribute: Some(sub), ..at });
            std::iter::once(at).chain(subs)
        })
        .filter(|at| !at.is_read_only() && !at.is_schemas())
        .collect();
    select(all)
}

/// The name of an attribute or of something in it, as paths and keys have it, and the attribute.
fn target() -> impl Strategy<Value = (String, &'static Attribute)> {
    let filters = vec![
        "[type eq \"work\"]",
        "[primary eq true]",
        "[value pr]",
        "[type eq \"home\" and primary eq \"False\"]",
        "[not (type pr)]",
    ];
    (
        select(attributes()),
        option::of(select(filters)),
        any::<prop::sample::Index>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(at, filter, index, has_sub, is_upper)| {
            let subs = &at.attribute.sub_attributes;
            let mut name = at.to_string();
            if at.attribute.multi_valued && !subs.is_empty() {
                name += filter.unwrap_or_default();
            }
            let mut leaf = at.attribute;
            if has_sub && !subs.is_empty() {
                leaf = &subs[index.index(subs.len())];
                name = format!("{name}.{}", leaf.name);
            }
            (if is_upper && filter.is_none() { name.to_uppercase() } else { name }, leaf)
        })
}

/// A value that fits an attribute, from few, so that they are often equal.
pub(super) fn value_of(attribute: &'static Attribute) -> BoxedStrategy<Value> {
    let single = single_of(attribute);
    if attribute.multi_valued { vec(single, 1..4).prop_map(one_primary).boxed() } else { single }
}

fn single_of(attribute: &'static Attribute) -> BoxedStrategy<Value> {
    match attribute.kind {
        Kind::Complex => {
            let is_writable = |sub: &Attribute| sub.mutability != Mutability::ReadOnly;
            let is_read_only = !attribute.sub_attributes.iter().any(is_writable);
            let members: Vec<_> = attribute
                .sub_attributes
                .iter()
                .filter(|sub| is_read_only || is_writable(sub))
                .map(|sub| option::of(value_of(sub)).prop_map(|value| Some((sub.name.clone(), value?))))
                .collect();
            members
                .prop_map(|members| Value::Object(members.into_iter().flatten().collect()))
                .prop_filter("a value", |value| value.as_object().is_some_and(|members| !members.is_empty()))
                .boxed()
        }
        Kind::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Integer => any::<i64>().prop_map(Value::from).boxed(),
        Kind::Decimal => number().prop_map(Value::Number).boxed(),
        Kind::DateTime => Just(Value::from("2008-01-23T04:56:22Z")).boxed(),
        Kind::Binary => select(vec!["TUlJ", "TUk="]).prop_map(Value::from).boxed(),
        Kind::Reference => select(vec!["https://x.test/a", "../b"]).prop_map(Value::from).boxed(),
        Kind::String => {
            select(vec!["a", "A", "work", "home", "Straße", "STRASSE", "x y", "{\"value\":\"a\"}"])
                .prop_map(Value::from)
                .boxed()
        }
    }
}

/// The elements, of which the first that is primary stays so.
fn one_primary(mut elements: Vec<Value>) -> Value {
    let primaries = elements.iter_mut().filter_map(|element| element.get_mut("primary"));
    for primary in primaries.filter(|primary| **primary == Value::Bool(true)).skip(1) {
        *primary = Value::Bool(false);
    }
    Value::Array(elements)
}

/// A user in canonical form.
pub(super) fn user() -> impl Strategy<Value = Resource> {
    let writable = attributes().into_iter().filter(|at| !at.is_read_only() && !at.is_schemas());
    let members: Vec<_> = writable
        .map(|at| {
            option::weighted(0.3, value_of(at.attribute))
                .prop_map(move |value| Some((at.to_string(), value?)))
        })
        .collect();
    members.prop_map(|members| {
        let mut sent: Map<String, Value> = members.into_iter().flatten().collect();
        sent.insert("userName".to_owned(), Value::from("ana"));
        crate::resource::normalize_attributes(sent, builtin::user()).unwrap()
    })
}

/// An operation that is often a meaningful one.
pub(super) fn operation() -> impl Strategy<Value = Operation> {
    let kind = select(vec![OperationKind::Add, OperationKind::Remove, OperationKind::Replace]);
    let fitting = target()
        .prop_flat_map(|(path, attribute)| (Just(Some(path)), option::weighted(0.8, value_of(attribute))));
    let pathless = user().prop_map(|user| (None, Some(Value::Object(user))));
    let any_value =
        (option::of(prop_oneof![target().prop_map(|(path, _)| path), text()]), option::of(json()));
    (kind, prop_oneof![6 => fitting, 1 => pathless, 3 => any_value])
        .prop_map(|(kind, (path, value))| Operation { kind, path, value })
}
