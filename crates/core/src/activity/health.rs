//! How the connection to the identity provider of a directory is.

use rollcall_api::v1::{self, ConnectionHealth, ConnectionState};
use rollcall_scim::Profile;
use rollcall_store::{Directory, Heard};

use crate::Core;
use crate::credentials::timestamp;
use crate::error::Result;

/// Entra calls about every 40 minutes: after two hours it has left out two calls. In µs.
const ENTRA_PAUSE: i64 = 2 * 60 * 60 * 1_000_000;

impl Core {
    /// How the connection of a directory is.
    pub(super) async fn connection_health(&self, directory: &Directory) -> Result<ConnectionHealth> {
        let heard = self.store.heard(directory.id).await?;
        Ok(judged(directory, heard.as_ref(), self.clock.now()))
    }
}

/// The longest pause in the rhythm of an identity provider, in µs; `None`, it calls only when something changes.
fn longest_pause(profile: Profile) -> Option<i64> {
    match profile {
        Profile::Entra => Some(ENTRA_PAUSE),
        Profile::Okta | Profile::Generic => None,
    }
}

/// How the connection of a directory is, by what has been heard of it.
pub(crate) fn judged(directory: &Directory, heard: Option<&Heard>, now: i64) -> ConnectionHealth {
    health(directory.profile, directory.scim_enabled, heard, now)
}

fn health(profile: Profile, scim_enabled: bool, heard: Option<&Heard>, now: i64) -> ConnectionHealth {
    let pause = longest_pause(profile);
    let state = match heard {
        _ if !scim_enabled => ConnectionState::Off,
        None => ConnectionState::NeverSeen,
        Some(heard) if fails(heard) => ConnectionState::Failing,
        Some(heard) if pause.is_some_and(|pause| now - heard.last_seen > pause) => ConnectionState::Quiet,
        Some(_) => ConnectionState::Healthy,
    };
    let error = heard.and_then(|heard| heard.last_error.clone());
    ConnectionHealth {
        state: state.into(),
        last_seen: heard.map(|heard| timestamp(heard.last_seen)),
        last_success: heard.and_then(|heard| heard.last_success).map(timestamp),
        last_error: error.map(|error| v1::ConnectionError {
            time: Some(timestamp(error.time)),
            status: i32::try_from(error.status).unwrap_or_default(),
            detail: error.detail.unwrap_or_default(),
            activity_id: error.activity.map(|id| id.to_string()).unwrap_or_default(),
        }),
        quiet_after: pause.map(|pause| prost_types::Duration { seconds: pause / 1_000_000, nanos: 0 }),
    }
}

/// Whether the last request failed.
fn fails(heard: &Heard) -> bool {
    heard
        .last_error
        .as_ref()
        .is_some_and(|error| heard.last_success.is_none_or(|success| success < error.time))
}

#[cfg(test)]
mod tests {
    use rollcall_store::ConnectionError;
    use uuid::Uuid;

    use super::*;

    const MINUTE: i64 = 60 * 1_000_000;

    fn heard(last_success: Option<i64>, last_error: Option<i64>) -> Heard {
        Heard {
            directory: Uuid::from_u128(1),
            entries: 0,
            last_seen: last_success.max(last_error).unwrap_or_default(),
            last_success,
            last_error: last_error.map(|time| ConnectionError {
                time,
                status: 401,
                detail: Some("no".to_owned()),
                activity: None,
            }),
        }
    }

    fn state(profile: Profile, heard: Option<&Heard>, now: i64) -> ConnectionState {
        health(profile, true, heard, now).state()
    }

    #[test]
    fn silence_is_a_sign_where_the_identity_provider_has_a_rhythm() {
        for profile in [Profile::Entra, Profile::Okta, Profile::Generic] {
            assert_eq!(state(profile, None, MINUTE), ConnectionState::NeverSeen);
            assert_eq!(state(profile, Some(&heard(Some(0), None)), 120 * MINUTE), ConnectionState::Healthy);
        }
        assert_eq!(state(Profile::Entra, Some(&heard(Some(0), None)), 121 * MINUTE), ConnectionState::Quiet);
        assert_eq!(
            state(Profile::Okta, Some(&heard(Some(0), None)), 100_000 * MINUTE),
            ConnectionState::Healthy
        );
        assert_eq!(health(Profile::Entra, true, None, 0).quiet_after.unwrap().seconds, 7200);
        assert_eq!(health(Profile::Okta, true, None, 0).quiet_after, None);
    }

    #[test]
    fn what_failed_last_counts_until_something_succeeds() {
        assert_eq!(state(Profile::Okta, Some(&heard(Some(1), Some(2))), 3), ConnectionState::Failing);
        assert_eq!(state(Profile::Okta, Some(&heard(None, Some(2))), 3), ConnectionState::Failing);
        assert_eq!(state(Profile::Okta, Some(&heard(Some(2), Some(2))), 3), ConnectionState::Healthy);
        let told = health(Profile::Okta, true, Some(&heard(Some(3), Some(2))), 4);
        assert_eq!(told.state(), ConnectionState::Healthy);
        assert_eq!(told.last_error.unwrap().status, 401, "the last error stays known");
    }

    #[test]
    fn a_connection_that_is_switched_off_is_off() {
        let off = health(Profile::Entra, false, Some(&heard(Some(1), Some(2))), 3);
        assert_eq!(off.state(), ConnectionState::Off);
    }
}
