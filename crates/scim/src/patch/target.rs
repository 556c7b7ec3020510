//! What the path of an operation means.

use serde_json::{Map, Value};

use crate::Rules;
use crate::condition::{Condition, Operator};
use crate::definition::{AttributeRef, Definition};
use crate::draft::{Manner, Selection};
use crate::error::Result;
use crate::evaluate::element_matches;
use crate::expression::{Expression, Literal, Test};
use crate::judge;
use crate::path::Path;
use crate::place::Place;
use crate::resolve::{PathTarget, resolve_path};
use crate::schema::{Attribute, Kind, Schema};

/// What a path means.
#[derive(Debug)]
pub(super) enum PatchTarget<'d> {
    /// A whole extension.
    Extension(&'d Schema),
    /// An attribute or a sub-attribute.
    Attribute(AttributeRef<'d>),
    /// The elements of an attribute that fulfil the condition, or a sub-attribute of them; and the model of a new one.
    Elements(AttributeRef<'d>, Condition<'d>, Option<Map<String, Value>>),
}

impl<'d> PatchTarget<'d> {
    /// Reads a path. Errors: `invalidPath` and `invalidFilter`.
    pub(super) fn read(text: &str, definition: &'d Definition, rules: Rules) -> Result<Self> {
        let path = Path::parse(text, rules)?;
        Ok(match resolve_path(&path, definition, rules)? {
            PathTarget::Extension(schema) => Self::Extension(schema),
            PathTarget::Attribute(at) => Self::Attribute(at),
            PathTarget::Elements { attribute, condition, sub_attribute } => {
                let model = path.condition.as_ref().and_then(|written| model(written, attribute));
                let model = model.filter(|model| element_matches(&condition, &Value::Object(model.clone())));
                Self::Elements(AttributeRef { sub_attribute, ..attribute }, condition, model)
            }
        })
    }
}

/// The selection of a write: by the RFC's letter only `add` creates what is missing.
pub(super) fn selection(
    condition: Condition<'_>,
    model: Option<Map<String, Value>>,
    manner: Manner,
    rules: Rules,
) -> Selection<'_> {
    let creates = manner == Manner::Add || rules.replace_creates_missing_element;
    Selection { condition, model, creates }
}

/// The element that a condition describes, if it consists of nothing but what is equal. Its values are taken as they
/// were written, since those of the resolved condition are folded.
fn model(written: &Expression, attribute: AttributeRef<'_>) -> Option<Map<String, Value>> {
    let mut described = Map::new();
    describe(written, attribute.attribute, &mut described)?;
    let mut model = judge::members(Place::of(attribute), Value::Object(described)).ok()??;
    model.retain(|_, value| !value.is_null());
    Some(model)
}

fn describe(written: &Expression, attribute: &Attribute, into: &mut Map<String, Value>) -> Option<()> {
    match written {
        Expression::And(parts) => parts.iter().try_for_each(|part| describe(part, attribute, into)),
        Expression::Attribute { attribute: name, test: Test::Compare(Operator::Eq, literal) } => {
            let sub = attribute.sub_attribute(name)?;
            let value = match literal {
                Literal::String(text) => Value::String(text.clone()),
                Literal::Number(number) if sub.kind == Kind::String => Value::String(number.to_string()),
                Literal::Number(number) => Value::Number(number.clone()),
                Literal::Boolean(value) => Value::Bool(*value),
                Literal::Null => Value::Null,
            };
            into.insert(sub.name.clone(), value);
            Some(())
        }
        _ => None,
    }
}
