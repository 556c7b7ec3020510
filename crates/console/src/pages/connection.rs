//! How the connection to the identity provider is, in words.

use rollcall_api::client;
use rollcall_api::v1::{ConnectionHealth, ConnectionState, GetConnectionHealthRequest};

use crate::Console;
use crate::pages::strays::Stray;
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::directory_path;
use crate::time::Moment;
use crate::url;

/// Whether the identity provider has been heard of, and how that went.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) tone: &'static str,
    pub(crate) title: &'static str,
    pub(crate) text: String,
    /// The request that failed; empty, none is kept.
    pub(crate) link: String,
    /// When the identity provider was last heard of, such as `3 minutes ago`.
    pub(crate) last_seen: Option<Moment>,
    /// What came with a credential that is of no use, where somebody may be waiting for it.
    pub(crate) strays: Vec<Stray>,
}

impl Console {
    /// How the connection of a directory is.
    pub(crate) async fn connection(&self, session: &SignedIn, directory: &str) -> Result<Check, Problem> {
        let request = session.message(GetConnectionHealthRequest { directory: directory.to_owned() });
        let answer = self.answered(client::activity(self.core()).get_connection_health(request)).await?;
        Ok(check(&answer.health.unwrap_or_default(), directory, self.now()))
    }
}

fn check(health: &ConnectionHealth, directory: &str, now: i64) -> Check {
    let last_seen = Moment::of(health.last_seen.as_ref(), now);
    let heard = last_seen.as_ref().map(|time| time.words.clone()).unwrap_or_default();
    let error = health.last_error.clone().unwrap_or_default();
    let (tone, title, text) = match health.state() {
        ConnectionState::Off => {
            ("bad", "SCIM is off", "Turn it on, and this check waits for the identity provider.".to_owned())
        }
        ConnectionState::Healthy => {
            ("good", "Connected", format!("The identity provider was last heard from {heard}."))
        }
        ConnectionState::Failing => {
            let why =
                if error.detail.is_empty() { "the activity log says why".to_owned() } else { error.detail };
            ("bad", "The last request failed", format!("Answered {} {heard}: {why}", error.status))
        }
        ConnectionState::Quiet => (
            "warn",
            "Quiet",
            format!(
                "The identity provider was last heard from {heard}, and it usually calls more often than that. Is its sync running?"
            ),
        ),
        ConnectionState::NeverSeen | ConnectionState::Unspecified => (
            "waiting",
            "Waiting for the first request",
            "Test the connection in the identity provider. This turns green when it arrives.".to_owned(),
        ),
    };
    let link = if health.state() == ConnectionState::Failing && !error.activity_id.is_empty() {
        format!("{}/activity/{}", directory_path(directory), url::escape(&error.activity_id))
    } else {
        String::new()
    };
    Check { tone, title, text, link, last_seen, strays: Vec::new() }
}

#[cfg(test)]
mod tests {
    use rollcall_api::v1::ConnectionError;

    use super::*;

    fn told(state: ConnectionState) -> Check {
        let time = Some(prost_types::Timestamp { seconds: 1000, nanos: 0 });
        let error = ConnectionError {
            time,
            status: 400,
            detail: "userName: it is missing".to_owned(),
            activity_id: "a1".to_owned(),
        };
        let health = ConnectionHealth {
            state: state.into(),
            last_seen: time,
            last_error: Some(error),
            ..ConnectionHealth::default()
        };
        check(&health, "acme", 1060 * 1_000_000)
    }

    #[test]
    fn each_state_has_its_tone_and_its_words() {
        let good = told(ConnectionState::Healthy);
        assert_eq!((good.tone, good.link.as_str()), ("good", ""));
        assert!(good.text.contains("1 minute ago"), "{}", good.text);
        let failing = told(ConnectionState::Failing);
        assert_eq!((failing.tone, failing.link.as_str()), ("bad", "/admin/d/acme/activity/a1"));
        assert!(failing.text.contains("400") && failing.text.contains("userName"), "{}", failing.text);
        assert_eq!(told(ConnectionState::NeverSeen).tone, "waiting");
        assert_eq!(told(ConnectionState::Off).tone, "bad");
        assert_eq!(told(ConnectionState::Quiet).tone, "warn");
    }
}
