//! In which order the operations of a request are done, and which of them cannot be.

use std::collections::HashMap;

use super::components::components;
use crate::error::{Error, shortened};

/// What is known of an operation before any is done.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// What the caller calls it; empty, nothing.
    pub(super) bulk_id: String,
    /// Whether it creates a resource, and so needs a bulkId.
    pub(super) creates: bool,
    /// Whether others may refer to it: it creates a resource, or may have been meant to.
    pub(super) is_referable: bool,
    /// The bulkIds that it refers to, in the order in which they stand.
    pub(super) references: Vec<String>,
}

/// What is to be done with the operations of a request.
#[derive(Debug)]
pub(super) struct Plan {
    /// The steps, in the order in which they are done. They keep the order of the request, but for a create that is moved
    /// before the first operation that refers to it.
    pub(super) steps: Vec<Step>,
    /// The operations that can be referred to, by their bulkIds.
    pub(super) named: HashMap<String, usize>,
    /// By operation, the operations that it refers to.
    pub(super) references: Vec<Vec<usize>>,
    /// By operation, why it cannot be done whatever becomes of the others.
    pub(super) mistakes: Vec<Option<Error>>,
}

/// What is done at once.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// An operation.
    One(usize),
    /// Creates that refer to one another, or one that refers to itself.
    Circle(Vec<usize>),
}

/// Plans the operations of a request.
pub(super) fn plan(operations: &[Outline]) -> Plan {
    let mut mistakes: Vec<Option<Error>> = Vec::with_capacity(operations.len());
    let mut first_with = HashMap::new();
    for (index, operation) in operations.iter().enumerate() {
        let first = *first_with.entry(operation.bulk_id.as_str()).or_insert(index);
        mistakes.push(match operation.bulk_id.as_str() {
            "" if operation.creates => Some(Error::value(
                "bulkId: it is missing; an operation that creates needs one that no other operation has",
            )),
            "" => None,
            id if first < index => {
                let id = shortened(id);
                Some(Error::value(format!("bulkId: an operation before this one is called {id:?} too")))
            }
            _ => None,
        });
    }
    let named: HashMap<String, usize> = first_with
        .into_iter()
        .filter(|(bulk_id, index)| !bulk_id.is_empty() && operations[*index].is_referable)
        .map(|(bulk_id, index)| (bulk_id.to_owned(), index))
        .collect();
    let references = operations.iter().zip(&mut mistakes).map(|(operation, mistake)| {
        if mistake.is_some() {
            return Vec::new();
        }
        let found: Result<Vec<usize>, Error> =
            operation.references.iter().map(|id| named.get(id).copied().ok_or_else(|| unknown(id))).collect();
        let mut found = found.unwrap_or_else(|error| {
            *mistake = Some(error);
            Vec::new()
        });
        found.sort_unstable();
        found.dedup();
        found
    });
    let references: Vec<Vec<usize>> = references.collect();
    let steps = components(&references).into_iter().map(|component| match component.as_slice() {
        [index] if !references[*index].contains(index) => Step::One(*index),
        _ => Step::Circle(component),
    });
    Plan { steps: steps.collect(), named, references, mistakes }
}

fn unknown(bulk_id: &str) -> Error {
    let bulk_id = shortened(bulk_id);
    Error::value(format!("bulkId:{bulk_id}: no operation of this request that creates has this bulkId"))
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::ErrorReason;

    use super::*;

    fn create(bulk_id: &str, references: &[&str]) -> Outline {
        Outline { creates: true, is_referable: true, ..change(bulk_id, references) }
    }

    fn change(bulk_id: &str, references: &[&str]) -> Outline {
        let references = references.iter().map(|id| (*id).to_owned()).collect();
        Outline { bulk_id: bulk_id.to_owned(), references, ..Outline::default() }
    }

    fn steps(operations: &[Outline]) -> Vec<Step> {
        let plan = plan(operations);
        assert!(plan.mistakes.iter().all(Option::is_none), "{:?}", plan.mistakes);
        plan.steps
    }

    fn mistake(operations: &[Outline], index: usize) -> (ErrorReason, String) {
        let plan = plan(operations);
        let error = plan.mistakes[index].as_ref().expect("a mistake");
        (error.reason(), error.to_string())
    }

    #[test]
    fn operations_are_done_in_the_order_of_the_request() {
        let operations = [create("u", &[]), change("", &["u"]), change("", &[]), create("v", &["u", "u"])];
        assert_eq!(steps(&operations), [Step::One(0), Step::One(1), Step::One(2), Step::One(3)]);
    }

    #[test]
    fn a_create_is_moved_before_the_first_operation_that_refers_to_it() {
        let operations = [
            change("", &[]),
            create("g", &["v", "u"]),
            change("", &[]),
            create("u", &["v"]),
            create("v", &[]),
        ];
        let order = [Step::One(0), Step::One(4), Step::One(3), Step::One(1), Step::One(2)];
        assert_eq!(steps(&operations), order);
    }

    #[test]
    fn creates_that_refer_to_one_another_are_one_step() {
        let circle = [create("a", &["b"]), change("", &["a"]), create("b", &["a", "u"]), create("u", &[])];
        assert_eq!(steps(&circle), [Step::One(3), Step::Circle(vec![0, 2]), Step::One(1)]);
        assert_eq!(steps(&[create("a", &["a"])]), [Step::Circle(vec![0])]);
    }

    #[test]
    fn a_create_needs_a_bulk_id_and_each_is_given_once() {
        let operations =
            [create("", &[]), change("", &[]), create("a", &[]), change("a", &[]), create("a", &[])];
        assert!(mistake(&operations, 0).1.starts_with("bulkId: it is missing"));
        for index in [3, 4] {
            let (reason, message) = mistake(&operations, index);
            assert_eq!(reason, ErrorReason::InvalidValue);
            assert!(message.contains("called \"a\" too"), "{message}");
        }
        assert_eq!(plan(&operations).named, HashMap::from([("a".to_owned(), 2)]));
        assert!(plan(&operations).mistakes[1].is_none(), "a change needs none");
    }

    #[test]
    fn a_reference_to_what_nothing_creates_is_named() {
        let (reason, message) = mistake(&[create("a", &[]), change("b", &[]), change("", &["a", "b"])], 2);
        assert_eq!(reason, ErrorReason::InvalidValue);
        assert!(message.starts_with("bulkId:b:"), "{message}");
        let (_, message) = mistake(&[create("a", &[""])], 0);
        assert!(message.starts_with("bulkId::"), "{message}");
        let (_, message) = mistake(&[create("a", &[&"x".repeat(1000)])], 0);
        assert!(message.len() < 300, "{message}");
    }

    #[test]
    fn an_operation_that_cannot_be_done_closes_no_circle() {
        let operations = [create("a", &["b", "nobody"]), create("b", &["a"])];
        assert_eq!(plan(&operations).steps, [Step::One(0), Step::One(1)]);
        assert_eq!(plan(&operations).references, [vec![], vec![0]]);
    }

    #[test]
    fn what_could_not_be_read_can_be_referred_to() {
        let refused = Outline { is_referable: true, ..change("u", &[]) };
        assert_eq!(steps(&[change("", &["u"]), refused]), [Step::One(1), Step::One(0)]);
    }
}
