//! Bulk requests: every operation becomes one in its place, in messages that the core can read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use rollcall_api::v1::ApplyBulkRequest;
use serde_json::{Map, Value};

/// How many operations a body has: the last member of that name counts, and one in another case only without it.
fn operations(body: &Map<String, Value>) -> Option<usize> {
    let exact = body.get("Operations");
    let other =
        || body.iter().find(|(name, _)| name.eq_ignore_ascii_case("Operations")).map(|(_, value)| value);
    exact.or_else(other)?.as_array().map(Vec::len)
}

fuzz_target!(|bytes: &[u8]| {
    let Some(messages) = rollcall_gateway::fuzzing::bulk(bytes) else { return };
    let sent: usize = messages.iter().map(|message| message.operations.len()).sum();
    if let Ok(Value::Object(body)) = serde_json::from_slice(bytes) {
        assert_eq!(operations(&body), Some(sent));
    }
    for message in messages {
        assert!(message.operations.iter().all(|operation| operation.operation.is_some()));
        let read = ApplyBulkRequest::decode(message.encode_to_vec().as_slice());
        assert_eq!(read.expect("a message can be read"), message);
    }
});
