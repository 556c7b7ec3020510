//! How the connection to the identity provider of a directory is.

use anyhow::Result;
use rollcall_api::client;
use rollcall_api::v1::{ConnectionHealth, ConnectionState, GetConnectionHealthRequest};
use serde_json::{Value, json};

use crate::cli::time::{exact_time, short_time};
use crate::client::{Client, present};
use crate::output::{Cell, Table};

/// Asks the core.
pub(super) async fn health(client: &Client, directory: &str) -> Result<ConnectionHealth> {
    let request = client.request(GetConnectionHealthRequest { directory: directory.to_owned() });
    let answer = client::activity(client.channel()).get_connection_health(request).await;
    present(answer.map_err(|status| client.explain(&status))?.into_inner().health)
}

pub(super) fn as_json(health: &ConnectionHealth) -> Value {
    json!({
        "state": state(health),
        "lastSeen": exact_time(health.last_seen),
        "lastSuccess": exact_time(health.last_success),
        "lastError": health.last_error.as_ref().map(|error| json!({
            "time": exact_time(error.time),
            "status": error.status,
            "detail": error.detail,
            "activityId": Some(&error.activity_id).filter(|id| !id.is_empty()),
        })),
        "quietAfterSeconds": health.quiet_after.map(|pause| pause.seconds),
    })
}

pub(super) fn as_table(health: &ConnectionHealth) -> Table {
    let mut table = Table::new(&["CONNECTION", "LAST SEEN", "LAST SUCCESS", "LAST ERROR"]);
    let state_cell = match health.state() {
        ConnectionState::Healthy => Cell::Good(state(health).to_owned()),
        ConnectionState::Off | ConnectionState::NeverSeen => Cell::Faint(state(health).to_owned()),
        _ => state(health).into(),
    };
    let error = health.last_error.as_ref().map(|error| {
        format!("{} {} {}", short_time(error.time).unwrap_or_default(), error.status, error.detail)
    });
    table.row([
        state_cell,
        Cell::optional(short_time(health.last_seen)),
        Cell::optional(short_time(health.last_success)),
        Cell::optional(error),
    ]);
    table
}

/// The state in a word.
pub(super) fn state(health: &ConnectionHealth) -> &'static str {
    match health.state() {
        ConnectionState::Unspecified => "unknown",
        ConnectionState::NeverSeen => "never_seen",
        ConnectionState::Healthy => "healthy",
        ConnectionState::Failing => "failing",
        ConnectionState::Quiet => "quiet",
        ConnectionState::Off => "off",
    }
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::ConnectionError;

    use super::*;

    #[test]
    fn a_failing_connection_says_why() {
        let time = Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 });
        let health = ConnectionHealth {
            state: ConnectionState::Failing.into(),
            last_seen: time,
            last_success: None,
            last_error: Some(ConnectionError {
                time,
                status: 401,
                detail: "the bearer token is not valid".to_owned(),
                activity_id: String::new(),
            }),
            quiet_after: Some(prost_types::Duration { seconds: 7200, nanos: 0 }),
        };
        let json = as_json(&health);
        assert_eq!(json["state"], "failing");
        assert_eq!(json["lastSuccess"], Value::Null);
        assert_eq!(json["lastError"]["activityId"], Value::Null);
        assert_eq!(json["quietAfterSeconds"], 7200);
        let table = as_table(&health).render(false);
        assert!(table.contains("401 the bearer token is not valid"), "{table}");
    }
}
