//! How deep a body may be nested, of what the gateway reads and the core is still able to.

use rollcall_scim::schema::{GROUP, USER};

use crate::http::Gateway;

fn nested(levels: usize) -> String {
    format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels))
}

/// Checks that as many levels are read, and that one more is not.
async fn reads(line: &str, most: usize, body: impl Fn(String) -> String) {
    let gateway = Gateway::new().await;
    let reply = gateway.ask(line, &[], body(nested(most))).await;
    assert!(reply.status.is_success(), "{line} {most}: {}", reply.text);
    let (scim_type, detail) = gateway.ask(line, &[], body(nested(most + 1))).await.error(400);
    assert_eq!(scim_type, "invalidSyntax", "{line} {most}: {detail}");
    assert!(detail.contains("more than 32 levels deep"), "{line} {most}: {detail}");
}

fn patch(operation: &str) -> String {
    format!(r#"{{"Operations":[{operation}]}}"#)
}

#[tokio::test]
async fn a_user_and_a_group_may_be_nested_32_levels_deep() {
    reads("POST /scim/v2/Users", 31, |value| format!(r#"{{"userName":"a","urn:x:y":{value}}}"#)).await;
    reads("POST /scim/v2/Groups", 31, |value| format!(r#"{{"displayName":"a","urn:x:y":{value}}}"#)).await;
    reads("PUT /scim/v2/Groups/2", 30, |value| {
        format!(r#"{{"displayName":"a","{GROUP}":{{"urn:x:y":{value}}}}}"#)
    })
    .await;
}

#[tokio::test]
async fn a_patch_may_be_nested_32_levels_deep_wherever_its_values_stand() {
    for line in ["PATCH /scim/v2/Users/u1", "PATCH /scim/v2/Groups/2"] {
        reads(line, 29, |value| patch(&format!(r#"{{"op":"add","value":{value}}}"#))).await;
        reads(line, 29, |value| patch(&format!(r#"{{"op":"add","path":"urn:x:y","value":{value}}}"#))).await;
        reads(line, 28, |value| {
            patch(&format!(r#"{{"op":"add","value":{{"members":["u1"],"x":{value}}}}}"#))
        })
        .await;
    }
}

#[tokio::test]
async fn what_is_nested_too_deep_in_a_list_is_refused_like_what_is_in_objects() {
    let gateway = Gateway::new().await;
    let lists = |levels: usize| {
        format!(
            r#"{{"schemas":["{USER}"],"userName":"a","urn:x:y":{}{}}}"#,
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    assert_eq!(gateway.ask("POST /scim/v2/Users", &[], lists(31)).await.status, 201);
    assert_eq!(gateway.ask("POST /scim/v2/Users", &[], lists(32)).await.error(400).0, "invalidSyntax");
}
