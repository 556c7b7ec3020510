//! What is seen once everything has been mended: that everybody is served again, and all that is stored.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::SCIM_TOKEN;
use crate::history::Wish;
use crate::http::{Answer, Ask, send};
use crate::people::Person;

/// How soon after everything has been mended a change must be answered.
pub(crate) const BOUND: Duration = Duration::from_secs(15);
/// How long a witness waits for one answer, and before the next request.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(4), Duration::from_millis(200));

/// Waits until a gateway makes changes again. A finding, where that takes too long.
pub(crate) async fn is_served(mut person: Person, gateway: String) {
    let mended = Instant::now();
    for number in 0.. {
        let wish = Wish::Create { name: format!("witness {number} of {gateway}") };
        let answer = person.ask(&gateway, wish, Some(SCIM_TOKEN.to_owned()), PATIENCE.0).await;
        let took = mended.elapsed();
        if answer.is_some_and(|answer| answer.status == 201) {
            person.history.line(&format!("{gateway} serves after {} ms", took.as_millis()));
            if took > BOUND {
                let ms = took.as_millis();
                person
                    .history
                    .find(format!("{gateway} made no change for {ms} ms after everything had been mended"));
            }
            return;
        }
        if took > BOUND * 4 {
            person.history.find(format!("{gateway} makes no changes any more"));
            return;
        }
        sleep(PATIENCE.1).await;
    }
}

/// Everything that is stored, by id.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    pub(crate) users: BTreeMap<String, Value>,
    pub(crate) groups: BTreeMap<String, Value>,
}

impl Stored {
    /// Reads all of it by a gateway.
    pub(crate) async fn read(gateway: &str) -> Self {
        let mut stored = Self { users: list(gateway, "/Users").await, groups: BTreeMap::new() };
        for id in list(gateway, "/Groups").await.into_keys() {
            let group = get(gateway, format!("/Groups/{id}")).await.body;
            stored.groups.insert(id, group);
        }
        stored
    }
}

async fn list(gateway: &str, path: &str) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    loop {
        let page = get(gateway, format!("{path}?startIndex={}&count=100", found.len() + 1)).await.body;
        let resources = page["Resources"].as_array().cloned().unwrap_or_default();
        for resource in &resources {
            found.insert(resource["id"].as_str().unwrap().to_owned(), resource.clone());
        }
        if resources.is_empty() || page["totalResults"].as_u64().unwrap() <= found.len() as u64 {
            return found;
        }
    }
}

/// Reads something that must be there, when everything has been mended.
async fn get(gateway: &str, path: String) -> Answer {
    let token = Some(SCIM_TOKEN.to_owned());
    let ask = Ask { method: Method::GET, path, token, if_match: None, body: None };
    for _ in 0..20 {
        if let Some(answer) = send(gateway, ask.clone(), PATIENCE.0).await
            && answer.status == 200
        {
            return answer;
        }
        sleep(PATIENCE.1).await;
    }
    panic!("{} cannot be read from {gateway}", ask.path);
}
