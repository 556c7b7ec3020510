//! The events of a run, as a service reads them.

use rollcall_api::client;
use rollcall_api::v1::{EventType, ListEventsRequest};
use rollcall_api::value::from_message;
use tonic::Request;

use crate::{ADMIN_KEY, wire};

/// An event about a user or a group.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) number: i64,
    pub(crate) kind: EventType,
    pub(crate) subject: String,
    pub(crate) version: i64,
    /// What it gave these attributes, where it did.
    pub(crate) name: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) added: Vec<String>,
    pub(crate) removed: Vec<String>,
}

/// All events of the directory, whose numbers are checked on the way.
pub(crate) async fn read() -> Result<Vec<Told>, String> {
    let mut events = client::events(wire::channel());
    let (mut told, mut after) = (Vec::new(), 0);
    loop {
        let message = ListEventsRequest {
            directory: "default".to_owned(),
            after: Some(after),
            page_size: 1000,
            ..ListEventsRequest::default()
        };
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {ADMIN_KEY}").parse().unwrap());
        let page = events.list_events(request).await.map_err(|status| format!("the events: {status}"))?;
        let page = page.into_inner();
        for event in page.events {
            if event.number != after + 1 {
                return Err(format!("event {} comes after event {after}", event.number));
            }
            after = event.number;
            let mut one = Told {
                number: event.number,
                kind: event.r#type(),
                subject: event.subject,
                version: event.version.unwrap_or_default(),
                name: None,
                title: None,
                added: Vec::new(),
                removed: Vec::new(),
            };
            for change in event.changes {
                let text = change.after.map(from_message).and_then(|json| json.as_str().map(str::to_owned));
                match change.name.as_str() {
                    "userName" | "displayName" => one.name = text,
                    "title" => one.title = text,
                    _ => {}
                }
                one.added.extend(change.added);
                one.removed.extend(change.removed);
            }
            told.push(one);
        }
        if after >= page.newest {
            return Ok(told);
        }
    }
}
