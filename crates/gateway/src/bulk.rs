//! `/Bulk` (RFC 7644 §3.7): many operations in one request, one call of the core. They are taken apart one at a time, on
//! their way to the core, and so are the results on their way back.

mod elements;
mod operation;
mod results;

use bytes::Bytes;
use futures_util::stream;
use http::{Method, StatusCode};
use rollcall_api::client;
use rollcall_api::v1::ApplyBulkRequest;

use self::elements::Elements;
use self::results::Results;
use crate::allowance::{Allowance, may_be_too_many};
use crate::answer::Answer;
use crate::body::Incoming;
use crate::call::Call;
use crate::error::{Problem, Refusal};
use crate::implied_schemas::are_missing_in;
use crate::patch_body::require_urn;
use crate::pieces;
use crate::raw::{self, RawObject};

const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// How many operations, and about how many bytes of them, go into one message to the core.
const OPERATIONS_IN_A_MESSAGE: usize = 100;
const BYTES_IN_A_MESSAGE: usize = 256 * 1024;

/// How many levels deep the operations stand in the body.
const LEVELS: usize = 2;

/// A bulk request.
pub(crate) async fn bulk(call: &Call<'_>, method: &Method, body: &mut Incoming) -> Result<Answer, Problem> {
    if *method != Method::POST {
        return Err(Problem::method("POST"));
    }
    call.read(body, call.gateway.max_large_body_bytes).await?;
    let text = body.take()?;
    let time = call.patience(text.len());
    let Head { fail_on_errors, operations, lacks_schemas } = head(&text)?;
    call.note_implied(lacks_schemas, BULK_REQUEST);
    if may_be_too_many(&text) {
        require_few_values(operations.clone(), call.gateway.max_user_body_bytes)?;
    }
    let requests = requests(operations.clone(), fail_on_errors, call.gateway.max_user_body_bytes);
    let mut client = client::bulk(call.core());
    let applied = client.apply_bulk(call.message_within(time, stream::iter(requests)));
    let results = call.answered_within(time, Box::pin(applied)).await.map_err(Problem::of_bulk)?;
    let text = Results::new(results, operations, call, time).into_json();
    pieces::answer(StatusCode::OK, text, call.request_id).await.map_err(Problem::of_bulk)
}

/// What a bulk request says of all its operations, and these.
struct Head {
    fail_on_errors: i32,
    operations: Elements,
    lacks_schemas: bool,
}

/// Reads what a bulk request says.
///
/// Errors: `invalidSyntax` and `invalidValue`.
fn head(text: &Bytes) -> Result<Head, Refusal> {
    let mut object = RawObject::of_body(text)?;
    let lacks_schemas = are_missing_in(&object);
    let schemas = object.take("schemas").map(|schemas| raw::value(schemas, 1)).transpose()?;
    require_urn(schemas.as_ref(), BULK_REQUEST, "a bulk request")?;
    let fail_on_errors = match object.take("failOnErrors").filter(|number| !raw::is_null(number)) {
        None => 0,
        Some(number) => match number.get().parse::<u64>() {
            Ok(number @ 1..) => i32::try_from(number).unwrap_or(i32::MAX),
            _ => return Err(Refusal::value("failOnErrors: expected a whole number, 1 or more")),
        },
    };
    let Some(operations) = object.take("Operations") else {
        let missing =
            "Operations: it is missing; send an array of objects with method, path, bulkId and data";
        return Err(Refusal::syntax(missing));
    };
    if !raw::is_array(operations) {
        let kind = raw::kind(operations);
        return Err(Refusal::syntax(format!("Operations: expected an array of objects, got {kind}")));
    }
    let operations = Elements::of(&text.slice_ref(operations.get().as_bytes()));
    Ok(Head { fail_on_errors, operations, lacks_schemas })
}

/// Refuses operations that hold more values together than there may be, before anything of them is done.
fn require_few_values(operations: Elements, limit: usize) -> Result<(), Refusal> {
    let mut allowance = Allowance::of_bulk(limit);
    for operation in operations {
        operation::message(&operation, &mut allowance);
        if let Some(refusal) = allowance.past() {
            return Err(refusal);
        }
    }
    Ok(())
}

/// The messages to the core, of which each is made when the core is ready for it; at least one.
fn requests(
    mut operations: Elements,
    fail_on_errors: i32,
    limit: usize,
) -> impl Iterator<Item = ApplyBulkRequest> + Send + 'static {
    let mut is_first = true;
    let mut allowance = Allowance::of_bulk(limit);
    std::iter::from_fn(move || {
        let mut request = ApplyBulkRequest::default();
        let mut bytes = 0;
        while bytes < BYTES_IN_A_MESSAGE
            && request.operations.len() < OPERATIONS_IN_A_MESSAGE
            && let Some(operation) = operations.next()
        {
            bytes += operation.len();
            request.operations.push(operation::message(&operation, &mut allowance));
        }
        if std::mem::replace(&mut is_first, false) {
            request.fail_on_errors = fail_on_errors;
        } else if request.operations.is_empty() {
            return None;
        }
        Some(request)
    })
}

/// The messages of a body to the core.
#[cfg(feature = "fuzzing")]
pub(crate) fn messages(
    text: &Bytes,
    limit: usize,
) -> Result<impl Iterator<Item = ApplyBulkRequest>, Refusal> {
    let Head { fail_on_errors, operations, .. } = head(text)?;
    Ok(requests(operations, fail_on_errors, limit))
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::ErrorReason;
    use serde_json::{Value, json};

    use super::*;

    fn read(members: &Value) -> Result<(i32, usize), Refusal> {
        let text = Bytes::from(members.to_string());
        head(&text).map(|head| (head.fail_on_errors, head.operations.count()))
    }

    #[test]
    fn the_head_of_a_request_is_read_whatever_the_case_of_names() {
        let schemas = [BULK_REQUEST];
        assert_eq!(read(&json!({"schemas": schemas, "Operations": []})).unwrap(), (0, 0));
        let body = json!({"Schemas": schemas, "FAILONERRORS": 2, "operations": [{}, 1]});
        assert_eq!(read(&body).unwrap(), (2, 2));
        let body = json!({"schemas": schemas, "failOnErrors": null, "Operations": [{}]});
        assert_eq!(read(&body).unwrap(), (0, 1));
        let body = json!({"schemas": schemas, "failOnErrors": 9_999_999_999_u64, "Operations": []});
        assert_eq!(read(&body).unwrap().0, i32::MAX);
    }

    #[test]
    fn what_is_wrong_with_the_head_is_said_by_name() {
        for (body, reason, part) in [
            (
                json!({"schemas": "x", "Operations": []}),
                ErrorReason::InvalidSyntax,
                "schemas: expected an array",
            ),
            (json!({"schemas": ["urn:x"], "Operations": []}), ErrorReason::InvalidSyntax, "BulkRequest"),
            (json!({"schemas": [BULK_REQUEST]}), ErrorReason::InvalidSyntax, "Operations: it is missing"),
            (
                json!({"schemas": [BULK_REQUEST], "Operations": {}}),
                ErrorReason::InvalidSyntax,
                "got an object",
            ),
        ] {
            let refusal = read(&body).unwrap_err();
            assert_eq!(refusal.reason, reason);
            assert!(refusal.detail.contains(part), "{}", refusal.detail);
        }
        for number in [json!(0), json!(-1), json!(1.5), json!("1"), json!(true), json!([])] {
            let body = json!({"schemas": [BULK_REQUEST], "failOnErrors": number, "Operations": []});
            let refusal = read(&body).unwrap_err();
            assert_eq!(refusal.reason, ErrorReason::InvalidValue, "{number}");
            assert!(refusal.detail.contains("failOnErrors"), "{}", refusal.detail);
        }
    }

    #[test]
    fn operations_are_sent_in_messages_of_a_bounded_size() {
        let messages = |operations: Value| {
            let text = Bytes::from(operations.to_string());
            let requests: Vec<_> = requests(Elements::of(&text), 3, 1000).collect();
            assert_eq!(requests[0].fail_on_errors, 3);
            assert!(requests[1..].iter().all(|request| request.fail_on_errors == 0));
            requests.iter().map(|request| request.operations.len()).collect::<Vec<_>>()
        };
        assert_eq!(messages(json!([])), [0]);
        assert_eq!(messages(json!(vec![1; 250])), [100, 100, 50]);
        assert_eq!(messages(json!(vec!["x".repeat(BYTES_IN_A_MESSAGE / 2); 5])), [2, 2, 1]);
    }
}
