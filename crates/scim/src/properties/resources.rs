//! Resources and PATCH.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::generate;
use crate::patch::{Kind, Operation, apply};
use crate::profile::{Profile, Rules};
use crate::resource::{normalize, normalize_attributes};
use crate::schema::USER;
use crate::{Resource, Result, builtin};

fn patched(user: &Resource, operations: &[Operation], rules: Rules) -> Result<Resource> {
    apply(user, "0197", operations, builtin::user(), rules)
}

fn one(kind: Kind, path: String, value: Option<Value>) -> [Operation; 1] {
    [Operation { kind, path: Some(path), value }]
}

/// The form that two resources share when they are equal, the order of their attributes included.
fn printed(resource: &Resource) -> String {
    serde_json::to_string(resource).unwrap()
}

proptest! {
    #[test]
    fn no_body_is_too_much(mut body in generate::json(), with_schemas in any::<bool>()) {
        if let (Value::Object(members), true) = (&mut body, with_schemas) {
            members.insert("schemas".to_owned(), json!([USER]));
            members.insert("userName".to_owned(), json!("ana"));
        }
        if let Ok(user) = normalize(body, builtin::user()) {
            let again = normalize_attributes(user.clone(), builtin::user()).unwrap();
            prop_assert_eq!(printed(&again), printed(&user));
        }
    }

    #[test]
    fn a_normalized_user_stays_as_it_is(user in generate::user()) {
        let again = normalize_attributes(user.clone(), builtin::user()).unwrap();
        prop_assert_eq!(printed(&again), printed(&user));
        prop_assert_eq!(printed(&patched(&user, &[], Profile::Generic.rules()).unwrap()), printed(&user));
    }

    #[test]
    fn a_patched_user_is_in_canonical_form(
        user in generate::user(),
        operations in vec(generate::operation(), 0..6),
        rules in generate::rules(),
    ) {
        if let Ok(after) = patched(&user, &operations, rules) {
            let again = normalize_attributes(after.clone(), builtin::user()).unwrap();
            prop_assert_eq!(printed(&again), printed(&after));
        }
    }

    #[test]
    fn what_repeats_the_user_changes_nothing(user in generate::user(), rules in generate::rules()) {
        for kind in [Kind::Add, Kind::Replace] {
            let value = Some(Value::Object(user.clone()));
            let after = patched(&user, &[Operation { kind, path: None, value }], rules).unwrap();
            prop_assert_eq!(printed(&after), printed(&user));
        }
    }

    #[test]
    fn the_same_write_twice_is_like_once(
        user in generate::user(),
        (at, value) in generate::writable().prop_flat_map(|at| (Just(at), generate::value_of(at.leaf()))),
        replaces in any::<bool>(),
        rules in generate::rules(),
    ) {
        let kind = if replaces { Kind::Replace } else { Kind::Add };
        let write = one(kind, at.to_string(), Some(value));
        if let Ok(once) = patched(&user, &write, rules) {
            let twice = patched(&once, &write, rules).unwrap();
            prop_assert_eq!(printed(&twice), printed(&once));
        }
    }

    #[test]
    fn to_remove_what_was_added_afresh_restores(
        user in generate::user(),
        (at, value) in generate::writable().prop_flat_map(|at| (Just(at), generate::value_of(at.attribute))),
        rules in generate::rules(),
    ) {
        let path = crate::definition::AttributeRef { sub_attribute: None, ..at }.to_string();
        prop_assume!(path != "userName");
        let fresh = patched(&user, &one(Kind::Remove, path.clone(), None), rules).unwrap();
        let added = patched(&fresh, &one(Kind::Add, path.clone(), Some(value.clone())), rules).unwrap();
        prop_assert_ne!(&added, &fresh);
        for named in [None, Some(Value::Null), Some(value)] {
            let removed = patched(&added, &one(Kind::Remove, path.clone(), named), rules).unwrap();
            prop_assert_eq!(printed(&removed), printed(&fresh));
        }
    }

    #[test]
    fn a_write_touches_only_its_attribute(
        user in generate::user(),
        (at, value) in generate::writable().prop_flat_map(|at| (Just(at), generate::value_of(at.leaf()))),
        rules in generate::rules(),
    ) {
        let after = patched(&user, &one(Kind::Replace, at.to_string(), Some(value)), rules);
        let owner = at.extension.unwrap_or(&at.attribute.name);
        let others = |user: &Resource| user.iter().filter(|(name, _)| *name != owner).map(|(_, v)| v.clone()).collect::<Vec<_>>();
        if let Ok(after) = after {
            prop_assert_eq!(others(&after), others(&user));
        }
    }
}
