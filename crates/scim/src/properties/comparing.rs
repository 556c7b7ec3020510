//! What comparisons answer, for every type of value that has an order.

use std::cmp::Ordering;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::condition::Operator;
use crate::definition::{Definition, Extension};
use crate::evaluate::{View, matches};
use crate::filter::Filter;
use crate::profile::Profile;
use crate::resource::normalize_attributes;
use crate::{builtin, registration, resolve, search_form};

const URN: &str = "urn:example:run";

static DEFINITION: LazyLock<Definition> = LazyLock::new(|| {
    let schema = registration::read(json!({"id": URN, "attributes": [
        {"name": "laps", "type": "integer"},
        {"name": "metres", "type": "decimal"},
        {"name": "start", "type": "dateTime"},
        {"name": "track"},
        {"name": "code", "caseExact": true},
    ]}));
    let mut definition = builtin::user().clone();
    definition.extensions.push(Extension { schema: schema.unwrap(), required: false });
    definition
});

const ORDERING: [Operator; 6] =
    [Operator::Eq, Operator::Ne, Operator::Gt, Operator::Ge, Operator::Lt, Operator::Le];

/// Whether a user whose attribute has the value on the left fulfils the comparison with what is on the right.
fn answer(attribute: &str, left: &Value, operator: Operator, right: &Value) -> bool {
    let sent = json!({"userName": "ana", URN: {attribute: left}});
    let user = normalize_attributes(sent.as_object().unwrap().clone(), &DEFINITION).unwrap();
    let search = search_form::of(&user, &DEFINITION);
    let view =
        View { id: "1", resource_type: "User", version: "1", created: 0, modified: 0, search: &search };
    let text = format!("{URN}:{attribute} {} {right}", operator.as_str());
    let filter = Filter::parse(&text, Profile::Generic.rules()).unwrap();
    matches(&resolve::resolve(&filter, &DEFINITION).unwrap(), &view)
}

/// The operators that hold for two values of this order.
fn holding(order: Ordering) -> &'static [Operator] {
    match order {
        Ordering::Less => &[Operator::Ne, Operator::Lt, Operator::Le],
        Ordering::Equal => &[Operator::Eq, Operator::Ge, Operator::Le],
        Ordering::Greater => &[Operator::Ne, Operator::Gt, Operator::Ge],
    }
}

fn answered(attribute: &str, left: &Value, right: &Value) -> Vec<Operator> {
    ORDERING.into_iter().filter(|operator| answer(attribute, left, *operator, right)).collect()
}

proptest! {
    #[test]
    fn integers_are_compared_as_numbers(left in -12..12_i64, right in -12..12_i64) {
        prop_assert_eq!(answered("laps", &json!(left), &json!(right)), holding(left.cmp(&right)));
    }

    #[test]
    fn decimals_are_compared_as_numbers(left in -12..12_i32, right in -12..12_i32) {
        let quarter = |number: i32| json!(f64::from(number) / 4.0);
        prop_assert_eq!(answered("metres", &quarter(left), &quarter(right)), holding(left.cmp(&right)));
    }

    #[test]
    fn times_are_compared_whatever_their_offset(left in 0..24_i32, right in 0..24_i32, offset in 0..12_i32) {
        let here = json!(format!("2008-01-23T{left:02}:00:00Z"));
        let there = json!(format!("2008-01-23T{right:02}:00:00+{offset:02}:00"));
        prop_assert_eq!(answered("start", &here, &there), holding(left.cmp(&(right - offset))));
    }

    #[test]
    fn texts_are_compared_by_their_bytes_where_case_counts(left in "[aAbB]{1,2}", right in "[aAbB]{1,2}") {
        prop_assert_eq!(answered("code", &json!(left), &json!(right)), holding(left.cmp(&right)));
    }

    #[test]
    fn texts_are_compared_without_their_case_where_it_does_not_count(
        left in "[aAbBäÄ]{1,2}",
        right in "[aAbBäÄ]{1,2}",
    ) {
        let order = left.to_lowercase().cmp(&right.to_lowercase());
        prop_assert_eq!(answered("track", &json!(left), &json!(right)), holding(order));
    }

    #[test]
    fn a_part_of_a_text_is_found_where_it_is(left in "[ab]{1,4}", right in "[ab]{1,2}") {
        for (operator, expected) in [
            (Operator::Co, left.contains(&right)),
            (Operator::Sw, left.starts_with(&right)),
            (Operator::Ew, left.ends_with(&right)),
        ] {
            prop_assert_eq!(answer("code", &json!(left), operator, &json!(right)), expected);
        }
    }
}
