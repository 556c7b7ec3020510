//! `rollcall notice`: the e-mails to the administrators of directories, and what became of them.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use rollcall_api::client;
use rollcall_api::v1::{
    GetNoticeRequest, ListNoticesRequest, Notice as Message, NoticeKind, NoticeState, RetryNoticeRequest,
    SendTestNoticeRequest,
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::time::{exact_time, short_time};
use crate::client::{Client, Connection, present};
use crate::output::{self, Cell, Table};
use crate::settings::duration;

/// Notices that are asked for at once.
const PAGE: i32 = 1000;
/// How long to wait before asking again what became of a test.
const PAUSE: Duration = Duration::from_millis(250);

/// `rollcall notice`.
#[derive(Debug, Args)]
pub(super) struct Notice {
    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List notices, newest first
    #[command(after_help = "Example:\n  rollcall notice list --directory acme --state parked")]
    List(List),
    /// Give parked notices a new try
    #[command(after_help = "Examples:\n  rollcall notice retry 01970000-0000-7000-8000-000000000000\n  \
                            rollcall notice retry --all --directory acme")]
    Retry(Retry),
    /// Send a test to everybody who gets the notices of a directory, and say whether it arrived
    #[command(after_help = "Example:\n  rollcall notice test --directory acme")]
    Test(Test),
}

#[derive(Debug, Args)]
struct List {
    /// Name of the directory; without it, of all directories
    #[arg(long, default_value = "", hide_default_value = true)]
    directory: String,

    /// Only those in this state
    #[arg(long)]
    state: Option<State>,

    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["notices", "all"]))]
struct Retry {
    /// The notices, by the ids that `notice list` shows
    #[arg(value_name = "ID")]
    notices: Vec<String>,

    /// All that are parked
    #[arg(long)]
    all: bool,

    /// With --all: only those of this directory
    #[arg(long, default_value = "", hide_default_value = true, requires = "all")]
    directory: String,
}

#[derive(Debug, Args)]
struct Test {
    /// Name of the directory
    #[arg(long)]
    directory: String,

    /// How long to wait until each was tried; 0s does not wait
    #[arg(long, value_name = "DURATION", default_value = "40s", value_parser = duration)]
    wait: Duration,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// Still to be sent
    Pending,
    /// Taken by the server
    Sent,
    /// Given up
    Parked,
}

impl From<State> for NoticeState {
    fn from(state: State) -> Self {
        match state {
            State::Pending => Self::Pending,
            State::Sent => Self::Sent,
            State::Parked => Self::Parked,
        }
    }
}

impl Notice {
    pub(super) async fn run(self) -> Result<()> {
        let client = Client::connect(&self.connection).await?;
        let json = self.connection.json;
        match self.action {
            Action::List(list) => {
                let state = list.state.map_or(NoticeState::Unspecified, NoticeState::from);
                let notices = listed(&client, &list.directory, state, list.count as usize).await?;
                show(&notices, json)
            }
            Action::Retry(retry) => retry.run(&client, json).await,
            Action::Test(test) => test.run(&client, json).await,
        }
    }
}

impl Retry {
    async fn run(self, client: &Client, json: bool) -> Result<()> {
        let ids = if self.all {
            let parked = listed(client, &self.directory, NoticeState::Parked, usize::MAX).await?;
            parked.into_iter().map(|notice| notice.id).collect()
        } else {
            self.notices
        };
        let mut notices = Vec::new();
        for id in ids {
            let request = client.request(RetryNoticeRequest { id });
            let answer = client::notices(client.channel()).retry_notice(request).await;
            notices.push(present(answer.map_err(|status| client.explain(&status))?.into_inner().notice)?);
        }
        show(&notices, json)
    }
}

impl Test {
    async fn run(self, client: &Client, json: bool) -> Result<()> {
        let request = client.request(SendTestNoticeRequest { directory: self.directory });
        let answer = client::notices(client.channel()).send_test_notice(request).await;
        let mut notices = answer.map_err(|status| client.explain(&status))?.into_inner().notices;
        let end = Instant::now() + self.wait;
        while Instant::now() < end && notices.iter().any(is_untried) {
            sleep(PAUSE).await;
            for notice in notices.iter_mut().filter(|notice| is_untried(notice)) {
                let request = client.request(GetNoticeRequest { id: notice.id.clone() });
                let answer = client::notices(client.channel()).get_notice(request).await;
                *notice = present(answer.map_err(|status| client.explain(&status))?.into_inner().notice)?;
            }
        }
        show(&notices, json)?;
        let failed = notices.iter().filter(|notice| !notice.error.is_empty()).count();
        if failed > 0 {
            bail!("{failed} of {} tests were not sent; the column ERROR says why", notices.len());
        }
        Ok(())
    }
}

/// Whether nobody has heard yet what became of a notice.
fn is_untried(notice: &Message) -> bool {
    notice.state() == NoticeState::Pending && notice.error.is_empty()
}

async fn listed(client: &Client, directory: &str, state: NoticeState, count: usize) -> Result<Vec<Message>> {
    let mut notices = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = client.request(ListNoticesRequest {
            directory: directory.to_owned(),
            state: state.into(),
            page_size: PAGE,
            page_token,
        });
        let answer = client::notices(client.channel()).list_notices(request).await;
        let answer = answer.map_err(|status| client.explain(&status))?.into_inner();
        notices.extend(answer.notices);
        page_token = answer.next_page_token;
        if page_token.is_empty() || notices.len() >= count {
            notices.truncate(count);
            return Ok(notices);
        }
    }
}

fn show(notices: &[Message], json: bool) -> Result<()> {
    if json {
        return output::json(&json!({ "notices": notices.iter().map(as_json).collect::<Vec<_>>() }));
    }
    output::table(&as_table(notices))
}

fn as_table(notices: &[Message]) -> Table {
    let mut table = Table::new(&[
        "CREATED",
        "DIRECTORY",
        "NOTICE",
        "RECIPIENT",
        "STATE",
        "ATTEMPTS",
        "NEXT ATTEMPT",
        "ERROR",
        "ID",
    ]);
    for notice in notices {
        table.row([
            Cell::optional(short_time(notice.created)),
            notice.directory.as_str().into(),
            kind_name(notice).into(),
            notice.recipient.as_str().into(),
            state_name(notice).into(),
            notice.attempts.to_string().into(),
            Cell::optional(short_time(notice.next_attempt)),
            Cell::optional(Some(notice.error.as_str()).filter(|error| !error.is_empty())),
            notice.id.as_str().into(),
        ]);
    }
    table
}

fn as_json(notice: &Message) -> Value {
    json!({
        "id": notice.id,
        "directory": notice.directory,
        "kind": kind_name(notice),
        "recipient": notice.recipient,
        "subject": notice.subject,
        "state": state_name(notice),
        "created": exact_time(notice.created),
        "attempts": notice.attempts,
        "lastAttempt": exact_time(notice.last_attempt),
        "nextAttempt": exact_time(notice.next_attempt),
        "error": Some(notice.error.as_str()).filter(|error| !error.is_empty()),
    })
}

fn kind_name(notice: &Message) -> &'static str {
    match notice.kind() {
        NoticeKind::FirstSignIn => "first-sign-in",
        NoticeKind::TokenExpires => "token-expires",
        NoticeKind::ChangesHeld => "changes-held",
        NoticeKind::Test => "test",
        NoticeKind::Unspecified => "unknown",
    }
}

fn state_name(notice: &Message) -> &'static str {
    match notice.state() {
        NoticeState::Pending => "pending",
        NoticeState::Sent => "sent",
        NoticeState::Parked => "parked",
        NoticeState::Unspecified => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_a_row_for_people_and_an_object_for_machines() {
        let notice = Message {
            id: "01970000-0000-7000-8000-000000000000".to_owned(),
            directory: "acme".to_owned(),
            kind: NoticeKind::FirstSignIn.into(),
            recipient: "it@example.com".to_owned(),
            subject: "Ana created an account".to_owned(),
            state: NoticeState::Parked.into(),
            created: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
            attempts: 3,
            last_attempt: Some(prost_types::Timestamp { seconds: 1_700_000_001, nanos: 0 }),
            next_attempt: None,
            error: "down".to_owned(),
        };
        let text = as_table(std::slice::from_ref(&notice)).render(false);
        let row: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
        assert_eq!(row[1..8], ["acme", "first-sign-in", "it@example.com", "parked", "3", "-", "down"]);
        let json = as_json(&notice);
        assert_eq!((&json["state"], &json["kind"]), (&json!("parked"), &json!("first-sign-in")));
        assert_eq!((&json["nextAttempt"], &json["error"]), (&Value::Null, &json!("down")));
        assert_eq!(as_json(&Message { error: String::new(), ..notice })["error"], Value::Null);
    }
}
