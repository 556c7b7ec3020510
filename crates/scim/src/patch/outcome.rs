//! What operations make of one attribute, without the resource: for what must be done before the resource is read.

use serde_json::Value;

use super::{Kind, Operation, Patch, attributes, path};
use crate::definition::{AttributeRef, Definition, Target};
use crate::draft::{Draft, Manner};
use crate::error::{Error, Result};
use crate::resource::{Meant, meant};
use crate::{Resource, Rules};

/// A text that no client can send, in place of the value that the attribute has.
const UNKNOWN: &str = "\0";

/// The value that a single-valued core attribute has after the operations, whatever it was before: null for none, and
/// `None` where the operations leave it as it is.
///
/// Errors: as [`apply`](super::apply) has them for the operations that name the attribute; it passes over the others.
pub fn outcome(
    operations: &[Operation],
    name: &str,
    definition: &Definition,
    rules: Rules,
) -> Result<Option<Value>> {
    let before = Resource::from_iter([(name.to_owned(), Value::String(UNKNOWN.to_owned()))]);
    let mut patch = Patch { draft: Draft::new(before, definition), id: "", definition, rules };
    for (index, operation) in operations.iter().enumerate() {
        patch
            .operation_on(name, operation)
            .map_err(|error| Error::new(error.scim_type, format!("Operations[{index}]: {error}")))?;
    }
    match patch.draft.finish().shift_remove(name) {
        None => Ok(Some(Value::Null)),
        Some(value) if value == UNKNOWN => Ok(None),
        Some(value) => Ok(Some(value)),
    }
}

impl Patch<'_> {
    /// Does what an operation says of one attribute.
    fn operation_on(&mut self, name: &str, operation: &Operation) -> Result<()> {
        let is_it = |at: &AttributeRef<'_>| at.extension.is_none() && at.attribute.name == name;
        let path = path(operation).filter(|path| !path.eq_ignore_ascii_case(&self.definition.schema.id));
        if let Some(path) = path {
            return match self.definition.lookup(path) {
                Some(Target::Attribute(at)) if is_it(&at) => self.operation(operation),
                _ => Ok(()),
            };
        }
        let manner = match operation.kind {
            Kind::Remove => return Ok(()),
            Kind::Add => Manner::Add,
            Kind::Replace => Manner::Replace,
        };
        // What is no object is a mistake that the operation itself reports.
        for (member, value) in attributes(operation.value.clone()).unwrap_or_default() {
            for meant in meant(self.definition, &member, value) {
                if let Meant::Attribute(at, value) = meant
                    && is_it(&at)
                {
                    self.draft.assign(manner, at, value)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::patch::apply;
    use crate::schema::USER;
    use crate::{Profile, builtin};

    fn operation(kind: Kind, path: Option<&str>, value: Option<Value>) -> Operation {
        Operation { kind, path: path.map(str::to_owned), value }
    }

    fn password(operations: &[Operation]) -> Result<Option<Value>> {
        outcome(operations, "password", builtin::user(), Profile::Generic.rules())
    }

    #[test]
    fn every_way_to_write_an_attribute_is_understood() {
        for way in [
            operation(Kind::Replace, Some("password"), Some(json!("x"))),
            operation(Kind::Add, Some(" PassWord "), Some(json!("x"))),
            operation(Kind::Replace, Some(&format!("{USER}:password")), Some(json!("x"))),
            operation(Kind::Replace, None, Some(json!({"title": "Boss", "password": "x"}))),
            operation(Kind::Replace, Some(""), Some(json!("{\"PASSWORD\": \"x\"}"))),
            operation(Kind::Add, None, Some(json!({USER: {"password": "x"}}))),
            operation(Kind::Add, Some(USER), Some(json!({"password": "x"}))),
        ] {
            assert_eq!(password(std::slice::from_ref(&way)).unwrap(), Some(json!("x")), "{way:?}");
            let ana = Resource::from_iter([("userName".to_owned(), json!("ana"))]);
            let whole =
                apply(&ana, "1", std::slice::from_ref(&way), builtin::user(), Profile::Generic.rules());
            assert_eq!(whole.unwrap().get("password"), Some(&json!("x")), "{way:?}");
        }
    }

    #[test]
    fn the_last_word_counts() {
        let set = operation(Kind::Replace, Some("password"), Some(json!("x")));
        let clear = operation(Kind::Replace, Some("password"), Some(json!(null)));
        let remove = operation(Kind::Remove, Some("password"), None);
        let other = operation(Kind::Replace, Some("title"), Some(json!("password")));
        for (operations, expected) in [
            (vec![], None),
            (vec![other.clone()], None),
            (vec![clear.clone()], Some(Value::Null)),
            (vec![remove.clone()], Some(Value::Null)),
            (vec![set.clone(), other.clone(), remove.clone()], Some(Value::Null)),
            (vec![remove, clear, set], Some(json!("x"))),
        ] {
            assert_eq!(password(&operations).unwrap(), expected, "{operations:?}");
        }
    }

    #[test]
    fn a_mistake_in_another_attribute_is_not_looked_at() {
        let mut definition = builtin::user().clone();
        let more =
            definition.schema.attributes.iter().find(|known| known.name == "password").unwrap().clone();
        definition.extensions[0].schema.attributes.push(more);
        let theirs = format!("{}:password", definition.extensions[0].schema.id);
        for other in [
            operation(Kind::Replace, Some("title"), Some(json!(7))),
            operation(Kind::Replace, None, Some(json!({"title": 7}))),
            operation(Kind::Remove, Some("userName"), None),
            operation(Kind::Remove, None, Some(json!({"password": "x"}))),
            operation(Kind::Replace, Some(&theirs), Some(json!(7))),
            operation(Kind::Replace, None, Some(json!({&theirs: 7}))),
        ] {
            let left =
                outcome(std::slice::from_ref(&other), "password", &definition, Profile::Generic.rules());
            assert_eq!(left, Ok(None), "{other:?}");
        }
    }

    #[test]
    fn a_wrong_type_is_refused_and_mistakes_elsewhere_are_not_looked_at() {
        let wrong = operation(Kind::Replace, Some("password"), Some(json!(7)));
        let elsewhere = operation(Kind::Replace, Some("nothing[x"), Some(json!(7)));
        let no_object = operation(Kind::Replace, None, Some(json!(7)));
        let error = password(&[elsewhere.clone(), wrong]).unwrap_err();
        assert!(error.detail.starts_with("Operations[1]: password"), "{error}");
        assert_eq!(password(&[elsewhere, no_object]).unwrap(), None);
    }
}
