//! `rollcall event`: what changed, and what changes.

mod shown;

use anyhow::{Result, anyhow, bail};
use clap::{Args, Subcommand};
use rollcall_api::error::reason_from;
use rollcall_api::v1::{
    AttributeOrigin, ErrorReason, EventType, GetAttributeOriginsRequest, ListEventsRequest,
    ListEventsResponse, WatchEventsRequest,
};
use rollcall_api::{client, event};
use serde_json::json;
use tonic::Status;

pub(super) use self::shown::{actor_json, by, origins_json, origins_table};
use self::shown::{as_json, as_table, as_text};
use crate::client::{Client, Connection};
use crate::output;

/// Events that are asked for at once.
const PAGE: usize = 1000;

/// `rollcall event`.
#[derive(Debug, Args)]
pub(super) struct Event {
    #[command(flatten)]
    connection: Connection,

    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the events of a directory, oldest first unless told otherwise
    #[command(after_help = "Examples:\n  rollcall event list --directory acme\n  \
                            rollcall event list --directory acme --after 1200 --type user.created,user.deleted --json\n  \
                            rollcall event list --directory acme --subject 01a20c41-… --newest-first")]
    List(List),
    /// Follow the events of a directory: those that there are, and then each as it happens
    #[command(after_help = "Examples:\n  rollcall event watch --directory acme --after newest\n  \
                            rollcall event watch --directory acme --after 1200 --json\n\n\
                            It ends with Ctrl-C. With --json every event is one line.")]
    Watch(Which),
    /// Show which event last changed each attribute of a user or group, also when the event is not kept any more
    #[command(
        after_help = "Example:\n  rollcall event origins 0199c0de-0000-7000-8000-000000000000 --directory acme"
    )]
    Origins {
        /// The id of the user or group
        id: String,

        /// Name of the directory
        #[arg(long)]
        directory: String,
    },
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    which: Which,

    /// Only those about the user, group or other thing with this id: its history
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    subject: String,

    /// The newest first
    #[arg(long, conflicts_with = "after")]
    newest_first: bool,

    /// With --newest-first, only events with lesser numbers than this one
    #[arg(long, value_name = "N", requires = "newest_first", value_parser = clap::value_parser!(i64).range(1..))]
    before: Option<i64>,

    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
}

/// Which events.
#[derive(Debug, Args)]
struct Which {
    /// Name of the directory
    #[arg(long, required_unless_present = "outside_directories", conflicts_with = "outside_directories")]
    directory: Option<String>,

    /// What belongs to no directory, such as keys for all of them
    #[arg(long)]
    outside_directories: bool,

    /// Only events with greater numbers than this one, or than the newest that there is now; without it, from the oldest
    /// that is kept
    #[arg(long, value_name = "N|newest", value_parser = After::parse)]
    after: Option<After>,

    /// Only events of these types, such as user.created
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',', value_parser = event_type)]
    types: Vec<EventType>,
}

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Number(i64),
    Newest,
}

impl After {
    fn parse(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) if number >= 0 => Ok(Self::Number(number)),
            _ if text == "newest" => Ok(Self::Newest),
            _ => Err("give the number of an event, 0 for the first one on, or newest".to_owned()),
        }
    }
}

fn event_type(name: &str) -> Result<EventType, String> {
    match event::type_from_name(name) {
        EventType::Unspecified => {
            let names: Vec<_> = event::types().filter_map(event::type_name).collect();
            Err(format!("there is no such type; there are {}", names.join(", ")))
        }
        found => Ok(found),
    }
}

impl Event {
    pub(super) async fn run(self) -> Result<()> {
        let client = Client::connect(&self.connection).await?;
        match self.action {
            Action::List(list) => list.run(&client, self.connection.json).await,
            Action::Watch(which) => which.watch(&client, self.connection.json).await,
            Action::Origins { id, directory } => {
                let origins = origins(&client, directory, id).await?;
                if self.connection.json {
                    output::json(&origins_json(&origins))
                } else {
                    output::table(&origins_table(&origins))
                }
            }
        }
    }
}

impl List {
    /// Lists the wanted events, page by page.
    async fn run(self, client: &Client, json: bool) -> Result<()> {
        let wanted = self.count as usize;
        let mut request = self.request(client).await?;
        let mut events = Vec::new();
        let (mut position, mut newest, mut has_more) = (0, 0, true);
        while has_more && events.len() < wanted {
            request.page_size = i32::try_from((wanted - events.len()).min(PAGE)).unwrap_or(i32::MAX);
            let page = page(client, request.clone()).await?;
            events.extend(page.events);
            (position, newest) = (page.position, page.newest);
            if request.newest_first {
                has_more = position > page.oldest;
                request.before = Some(position);
            } else {
                has_more = position < newest;
                request.after = Some(position);
            }
        }
        if json {
            let events: Vec<_> = events.iter().map(as_json).collect();
            return output::json(&json!({ "events": events, "position": position, "newest": newest }));
        }
        output::table(&as_table(&events))?;
        if has_more {
            let flag = if request.newest_first { "--before" } else { "--after" };
            output::remark(&format!(
                "there are more; {flag} {position} shows them, --count changes how many"
            ));
        }
        Ok(())
    }

    async fn request(&self, client: &Client) -> Result<ListEventsRequest> {
        Ok(ListEventsRequest {
            subject: self.subject.clone(),
            newest_first: self.newest_first,
            before: self.before,
            ..self.which.request(client).await?
        })
    }
}

impl Which {
    async fn request(&self, client: &Client) -> Result<ListEventsRequest> {
        Ok(ListEventsRequest {
            directory: self.directory.clone().unwrap_or_default(),
            after: self.number(client).await?,
            page_size: 0,
            types: self.types.iter().map(|one| (*one).into()).collect(),
            outside_directories: self.outside_directories,
            ..ListEventsRequest::default()
        })
    }

    /// The number after which to begin.
    async fn number(&self, client: &Client) -> Result<Option<i64>> {
        match self.after {
            None => Ok(None),
            Some(After::Number(number)) => Ok(Some(number)),
            Some(After::Newest) => {
                let request = ListEventsRequest {
                    directory: self.directory.clone().unwrap_or_default(),
                    page_size: 1,
                    outside_directories: self.outside_directories,
                    ..ListEventsRequest::default()
                };
                Ok(Some(page(client, request).await?.newest))
            }
        }
    }

    /// Prints events as they come, until nobody reads them.
    async fn watch(self, client: &Client, json: bool) -> Result<()> {
        let request = self.request(client).await?;
        let request = WatchEventsRequest {
            directory: request.directory,
            after: request.after,
            types: request.types,
            outside_directories: request.outside_directories,
        };
        let mut position = request.after;
        let answer = client::events(client.channel()).watch_events(client.request(request)).await;
        let mut messages = answer.map_err(|status| explain(client, &status))?.into_inner();
        loop {
            let message = match messages.message().await {
                Ok(Some(message)) => message,
                Ok(None) => bail!("the core ended the stream{}", go_on(position)),
                Err(status) => bail!("{}{}", explain(client, &status), go_on(position)),
            };
            for event in &message.events {
                let line = if json { as_json(event).to_string() } else { as_text(event) };
                if !output::line_if_read(&line)? {
                    return Ok(());
                }
            }
            position = Some(message.position);
        }
    }
}

/// Which events last changed the attributes of a user or group.
pub(super) async fn origins(client: &Client, directory: String, id: String) -> Result<Vec<AttributeOrigin>> {
    let request = GetAttributeOriginsRequest { directory, id };
    let answer = client::events(client.channel()).get_attribute_origins(client.request(request)).await;
    Ok(answer.map_err(|status| client.explain(&status))?.into_inner().origins)
}

/// How a stream that has ended is taken up again.
fn go_on(position: Option<i64>) -> String {
    position.map(|position| format!("; go on with --after {position}")).unwrap_or_default()
}

async fn page(client: &Client, request: ListEventsRequest) -> Result<ListEventsResponse> {
    let answer = client::events(client.channel()).list_events(client.request(request)).await;
    Ok(answer.map_err(|status| explain(client, &status))?.into_inner())
}

/// What a failed call means, and what to do next.
fn explain(client: &Client, status: &Status) -> anyhow::Error {
    let error = client.explain(status);
    match reason_from(status) {
        ErrorReason::EventsExpired => anyhow!("{error}; without --after it begins with the oldest one"),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_a_number_or_the_newest() {
        assert_eq!(After::parse("0"), Ok(After::Number(0)));
        assert_eq!(After::parse("newest"), Ok(After::Newest));
        for bad in ["", "-1", "oldest", "1.5"] {
            assert!(After::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_unknown_type_is_answered_with_those_that_there_are() {
        assert_eq!(event_type("user.created"), Ok(EventType::UserCreated));
        assert!(event_type("user.forgotten").unwrap_err().contains("user.created, user.updated"));
    }
}
