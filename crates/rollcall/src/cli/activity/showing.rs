//! How requests are shown.

use rollcall_api::unseen::shown;
use rollcall_api::v1::{Activity, ActivityBody};
use serde_json::{Value, json};

use crate::cli::time::{exact_time, short_time};
use crate::output::{Cell, Table};

pub(super) fn as_table(activities: &[Activity]) -> Table {
    let mut table = Table::new(&["TIME", "STATUS", "METHOD", "PATH", "µs", "TOKEN", "WHAT", "ID"]);
    for activity in activities {
        table.row([
            Cell::optional(short_time(activity.time)),
            status(activity),
            activity.method.as_str().into(),
            url(activity).into(),
            activity.latency_micros.to_string().into(),
            Cell::optional(named(&activity.token_prefix)),
            Cell::optional(what(activity)),
            activity.id.as_str().into(),
        ]);
    }
    table
}

/// A request in one line.
pub(super) fn line(activity: &Activity) -> String {
    let time = short_time(activity.time).unwrap_or_default();
    let what = what(activity).map(|what| format!("  {what}")).unwrap_or_default();
    let Activity { method, status, latency_micros, .. } = activity;
    shown(&format!("{time}  {status}  {method} {}  {latency_micros} µs{what}", url(activity)), false)
        .into_owned()
}

/// Everything about a request, one thing a row.
pub(super) fn details(activity: &Activity) -> Table {
    let mut table = Table::new(&["FIELD", "VALUE"]);
    if let Value::Object(fields) = as_json(activity) {
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_null()) {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            table.row([name.into(), text.into()]);
        }
    }
    table
}

pub(super) fn as_json(activity: &Activity) -> Value {
    json!({
        "id": activity.id,
        "time": exact_time(activity.time),
        "latencyMicros": activity.latency_micros,
        "method": activity.method,
        "path": activity.path,
        "query": named(&activity.query),
        "targetType": named(&activity.target_type),
        "targetId": named(&activity.target_id),
        "status": activity.status,
        "scimType": named(&activity.scim_type),
        "detail": named(&activity.detail),
        "tokenId": named(&activity.token_id),
        "tokenPrefix": named(&activity.token_prefix),
        "clientAddress": named(&activity.client_address),
        "userAgent": named(&activity.user_agent),
        "requestId": activity.request_id,
        "notes": activity.notes,
        "requestBody": activity.request_body.as_ref().map(body),
        "responseBody": activity.response_body.as_ref().map(body),
    })
}

/// A body: its JSON, `null` where nothing of it could be kept.
fn body(body: &ActivityBody) -> Value {
    let json = serde_json::from_str(&body.json).unwrap_or(Value::Null);
    json!({ "json": json, "bytes": body.bytes, "cut": body.cut })
}

fn named(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn url(activity: &Activity) -> String {
    match named(&activity.query) {
        Some(query) => format!("{}?{query}", activity.path),
        None => activity.path.clone(),
    }
}

/// Why a request failed, or what was noted of it.
fn what(activity: &Activity) -> Option<String> {
    let told = named(&activity.scim_type).into_iter().chain(named(&activity.detail));
    let told: Vec<&str> = told.chain(activity.notes.iter().map(String::as_str)).collect();
    (!told.is_empty()).then(|| told.join(": "))
}

fn status(activity: &Activity) -> Cell {
    let status = activity.status.to_string();
    if activity.status < 400 { Cell::Good(status) } else { status.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn activity() -> Activity {
        Activity {
            id: "01970000-0000-7000-8000-000000000000".to_owned(),
            time: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
            latency_micros: 917,
            method: "POST".to_owned(),
            path: "/scim/v2/Users".to_owned(),
            status: 409,
            scim_type: "uniqueness".to_owned(),
            detail: "userName: \u{1b}[2J is taken".to_owned(),
            token_prefix: "rc_scim_abc123".to_owned(),
            request_id: "r-1".to_owned(),
            request_body: Some(ActivityBody { json: "{\"a\":1}".to_owned(), bytes: 7, cut: false }),
            response_body: Some(ActivityBody { json: String::new(), bytes: 9, cut: true }),
            ..Activity::default()
        }
    }

    #[test]
    fn a_request_is_a_line_that_cannot_steer_the_terminal() {
        let line = line(&activity());
        assert!(
            line.starts_with("2023-11-14T22:13:20Z  409  POST /scim/v2/Users  917 µs  uniqueness: "),
            "{line}"
        );
        assert!(!line.contains('\u{1b}'), "{line}");
        let table = as_table(&[activity()]).render(false);
        assert!(table.contains("rc_scim_abc123"), "{table}");
    }

    #[test]
    fn machines_get_bodies_as_json() {
        let json = as_json(&activity());
        assert_eq!(json["requestBody"], json!({ "json": { "a": 1 }, "bytes": 7, "cut": false }));
        assert_eq!(json["responseBody"], json!({ "json": null, "bytes": 9, "cut": true }));
        assert_eq!(json["query"], Value::Null);
        assert!(details(&activity()).render(false).contains("latencyMicros"));
    }
}
