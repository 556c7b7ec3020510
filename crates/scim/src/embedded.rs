//! Schemas in SCIM's own JSON form that are a part of the program.

use serde::de::DeserializeOwned;

#[expect(clippy::expect_used, reason = "the embedded schemas are constants, and tested to parse")]
pub(crate) fn parse<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).expect("an embedded schema parses")
}
