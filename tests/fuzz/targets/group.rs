//! Groups and their PATCHes: members come out of a body as they stand in it, in messages that the core can read.

#![no_main]

use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use rollcall_api::v1::PatchGroupRequest;
use rollcall_scim::membership;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    if let Some((_, Some(members))) = rollcall_gateway::fuzzing::group(bytes)
        && let Ok(Value::Object(body)) = serde_json::from_slice(bytes)
    {
        let named: Vec<&Value> = body
            .iter()
            .filter(|(name, value)| {
                name.to_ascii_lowercase().contains("group:")
                    || name.eq_ignore_ascii_case("members") && !value.is_null()
            })
            .map(|(_, value)| value)
            .collect();
        // Of several names for them the last counts, which a map does not tell.
        if let [only] = named[..]
            && body.contains_key("members")
        {
            assert_eq!(membership::ids(only.clone()).expect("what one reads the other reads"), members);
        }
    }
    for operations in rollcall_gateway::fuzzing::group_patch(bytes).unwrap_or_default() {
        let message = PatchGroupRequest { operations, ..PatchGroupRequest::default() };
        let read = PatchGroupRequest::decode(message.encode_to_vec().as_slice());
        assert_eq!(read.expect("a message can be read"), message);
    }
});
