//! Follows the users and groups of a Rollcall directory, and misses no change.
//!
//! ```text
//! export ROLLCALL_SERVICE_KEY=rc_svc_…          # rollcall service-key create example --scope events.read
//! cargo run -p follower-rust -- --directory acme --position-file acme.position
//! ```
//!
//! Each event is printed as one line of JSON: put your own work into [`work_off`]. The number of the last event that was
//! worked off is kept in a file, so that the follower goes on where it was, whatever happened to it or to Rollcall
//! meanwhile. An event whose work was done while its number was not yet kept comes again: make the work bear that.

mod position;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use rollcall_api::channel::CoreChannel;
use rollcall_api::error::reason_from;
use rollcall_api::v1::{ErrorReason, Event, EventChange, Value as Message, WatchEventsRequest};
use rollcall_api::{client, event, value};
use serde_json::{Map, Value, json};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Request, Status};

use self::position::PositionFile;

/// How long to wait after a broken connection: doubled each time, up to the second one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Follows the events of a Rollcall directory.
#[derive(Debug, Parser)]
struct Arguments {
    /// URL of the core's gRPC API; with https:// the connection is encrypted
    #[arg(long, default_value = "http://127.0.0.1:50051")]
    server: String,

    /// The directory; a key that is bound to one needs none
    #[arg(long, default_value = "")]
    directory: String,

    /// Where the number of the last event is kept
    #[arg(long, default_value = "follower.position")]
    position_file: PathBuf,

    /// PEM file that the core's certificate is checked against; without it, the system's certificates
    #[arg(long)]
    ca_cert: Option<PathBuf>,

    /// The service key, with the scope events.read
    #[arg(long, env = "ROLLCALL_SERVICE_KEY", hide_env_values = true)]
    key: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let channel = channel(&arguments)?;
    let position = PositionFile::new(arguments.position_file.clone());
    let mut pause = PAUSES.0;
    loop {
        let before = position.read()?;
        let Err(error) = follow(&channel, &arguments, &position).await else { continue };
        // What is no answer of the core is a fault of this service, such as a full disk.
        let status = error.downcast::<Status>()?;
        match reason_from(&status) {
            ErrorReason::Unavailable | ErrorReason::Internal => {}
            ErrorReason::EventsExpired | ErrorReason::EventsAhead => bail!(
                "{}\nRead the users and groups by UserService and GroupService, put the number into {}, and start again.",
                status.message(),
                position.path().display()
            ),
            _ => bail!("{}", status.message()),
        }
        if position.read()? != before {
            pause = PAUSES.0;
        }
        eprintln!("{}; trying again in {pause:?}", status.message());
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}

/// The way to the core, which connects when it is first used and again whenever the connection breaks.
fn channel(arguments: &Arguments) -> Result<Channel> {
    let endpoint = Endpoint::from_shared(arguments.server.clone())
        .context("--server is no URL")?
        .http2_keep_alive_interval(Duration::from_secs(30))
        .keep_alive_while_idle(true);
    if !arguments.server.starts_with("https://") {
        return Ok(endpoint.connect_lazy());
    }
    let tls = match &arguments.ca_cert {
        None => ClientTlsConfig::new().with_native_roots(),
        Some(file) => {
            let pem = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem))
        }
    };
    Ok(endpoint.tls_config(tls)?.connect_lazy())
}

/// Follows until the stream ends. Errors: the [`Status`] with which it did, and those of the work and of the file.
async fn follow(channel: &Channel, arguments: &Arguments, position: &PositionFile) -> Result<()> {
    let mut request = Request::new(WatchEventsRequest {
        directory: arguments.directory.clone(),
        // Without a position it begins with the oldest event that is kept.
        after: position.read()?,
        ..WatchEventsRequest::default()
    });
    let credential = format!("Bearer {}", arguments.key).parse().context("the key is none")?;
    request.metadata_mut().insert("authorization", credential);
    let mut client = client::events(CoreChannel::tcp(channel.clone()));
    let mut answers = client.watch_events(request).await?.into_inner();
    while let Some(answer) = answers.message().await? {
        for event in &answer.events {
            work_off(event);
        }
        position.write(answer.position)?;
    }
    Ok(())
}

/// What this service does about an event: it prints it.
fn work_off(event: &Event) {
    let changes = event.changes.iter().map(|change| (change.name.clone(), told(change)));
    let told = json!({
        "number": event.number,
        "type": event::type_name(event.r#type()),
        "subject": event.subject,
        "changes": changes.collect::<Map<_, _>>(),
    });
    println!("{told}");
}

fn told(change: &EventChange) -> Value {
    if !change.added.is_empty() || !change.removed.is_empty() {
        return json!({ "added": change.added, "removed": change.removed });
    }
    let json = |part: &Option<Message>| part.clone().map(value::from_message).unwrap_or_default();
    json!({ "before": json(&change.before), "after": json(&change.after) })
}
