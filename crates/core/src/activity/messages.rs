//! Requests of the log as messages.

use rollcall_api::v1;
use rollcall_store::{Activity, Body};

use crate::credentials::timestamp;

pub(super) fn activity(activity: Activity) -> v1::Activity {
    v1::Activity {
        id: activity.id.to_string(),
        time: Some(timestamp(activity.time)),
        latency_micros: activity.duration,
        method: activity.method,
        path: activity.path,
        query: activity.query.unwrap_or_default(),
        target_type: activity.target_type.unwrap_or_default(),
        target_id: activity.target_id.unwrap_or_default(),
        status: i32::try_from(activity.status).unwrap_or_default(),
        scim_type: activity.scim_type.unwrap_or_default(),
        detail: activity.detail.unwrap_or_default(),
        token_id: activity.credential.map(|id| id.to_string()).unwrap_or_default(),
        token_prefix: activity.token_prefix.unwrap_or_default(),
        client_address: activity.client,
        user_agent: activity.user_agent.unwrap_or_default(),
        request_id: activity.request_id,
        notes: activity.notes,
        request_body: activity.request_body.map(body),
        response_body: activity.response_body.map(body),
    }
}

fn body(body: Body) -> v1::ActivityBody {
    v1::ActivityBody { json: body.json, bytes: body.bytes, cut: body.cut }
}
