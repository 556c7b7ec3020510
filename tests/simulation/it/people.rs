//! Those who ask: identity providers that share users and groups, and somebody who tries to get in.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use http::Method;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::SCIM_TOKEN;
use crate::history::{History, Wish};
use crate::http::{Answer, Ask, send};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// How long most wait for an answer.
const PATIENCE: Duration = Duration::from_secs(8);

/// What all of them know.
#[derive(Debug, Default)]
pub(crate) struct Known {
    users: Vec<(String, Option<i64>)>,
    groups: Vec<String>,
    /// Names of users of whom nobody knows whether they were created.
    unsure: Vec<String>,
    names: usize,
}

/// Somebody who asks.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) history: History,
    pub(crate) gateways: Rc<Vec<String>>,
    pub(crate) known: Rc<RefCell<Known>>,
    chance: StdRng,
}

impl Person {
    pub(crate) fn new(
        history: History,
        gateways: Rc<Vec<String>>,
        known: Rc<RefCell<Known>>,
        seed: u64,
    ) -> Self {
        Self { history, gateways, known, chance: StdRng::seed_from_u64(seed) }
    }

    /// Asks for one thing after the other.
    pub(crate) async fn live(mut self, until: Instant) {
        while Instant::now() < until {
            let wish = self.wish();
            let gateway = self.gateways[self.chance.random_range(0..self.gateways.len())].clone();
            // Some hang up soon, in the middle of what they asked for.
            let hangs_up = self.chance.random_bool(0.1);
            let patience =
                if hangs_up { Duration::from_millis(self.chance.random_range(10..400)) } else { PATIENCE };
            let token = self.token(&wish);
            self.ask(&gateway, wish, token, patience).await;
            sleep(Duration::from_millis(self.chance.random_range(0..400))).await;
        }
    }

    /// Asks for something, and notes what comes of it.
    pub(crate) async fn ask(
        &mut self,
        gateway: &str,
        wish: Wish,
        token: Option<String>,
        patience: Duration,
    ) -> Option<Answer> {
        let ask = request(&wish, token);
        let asked = self.history.moment();
        let answer = send(gateway, ask, patience).await;
        self.learn(&wish, answer.as_ref());
        self.history.end(wish, asked, answer.clone());
        answer
    }

    fn learn(&self, wish: &Wish, answer: Option<&Answer>) {
        let mut known = self.known.borrow_mut();
        let is_done = answer.is_some_and(|answer| answer.status < 300);
        let id = answer.and_then(|answer| answer.body["id"].as_str());
        match (wish, id) {
            (Wish::Create { .. }, Some(id)) if is_done => {
                known.users.push((id.to_owned(), answer.and_then(|answer| answer.version)));
            }
            (Wish::Create { name }, _) if answer.is_none_or(|answer| answer.status >= 500) => {
                known.unsure.push(name.clone());
            }
            (Wish::CreateGroup { .. }, Some(id)) if is_done => known.groups.push(id.to_owned()),
            (Wish::Retitle { user, .. } | Wish::Read { user }, _) if is_done => {
                let version = answer.and_then(|answer| answer.version);
                if let Some(place) = known.users.iter_mut().find(|(id, _)| id == user) {
                    place.1 = version;
                }
            }
            (Wish::Delete { user }, _) if is_done => known.users.retain(|(id, _)| id != user),
            _ => {}
        }
    }

    fn token(&mut self, wish: &Wish) -> Option<String> {
        match wish {
            Wish::Intrude if self.chance.random_bool(0.3) => None,
            // Like the right one but for its end.
            Wish::Intrude => Some(format!("{SCIM_TOKEN}{}", self.chance.random_range(0..10))),
            _ => Some(SCIM_TOKEN.to_owned()),
        }
    }

    fn wish(&mut self) -> Wish {
        let mut known = self.known.borrow_mut();
        known.names += 1;
        let new = known.names;
        if known.users.is_empty() {
            return Wish::Create { name: format!("user{new}") };
        }
        let (user, version) = known.users[self.chance.random_range(0..known.users.len())].clone();
        let group = match known.groups.len() {
            0 => None,
            count => Some(known.groups[self.chance.random_range(0..count)].clone()),
        };
        match (self.chance.random_range(0..20), group) {
            (0..=3, _) => {
                let name = known.unsure.pop().unwrap_or_else(|| format!("user{new}"));
                Wish::Create { name }
            }
            (4..=8, _) => {
                let if_match = version.filter(|_| self.chance.random_bool(0.4));
                Wish::Retitle { user, title: format!("title {new}"), if_match }
            }
            (9..=11, _) => Wish::Read { user },
            (12, _) => Wish::Find { name: format!("user{}", self.chance.random_range(1..=new)) },
            (13, _) => Wish::Delete { user },
            (14, _) | (_, None) => Wish::CreateGroup { name: format!("group {new}") },
            (15 | 16, Some(group)) => Wish::Add { group, user },
            (17, Some(group)) => Wish::Remove { group, user },
            (_, Some(_)) => Wish::Intrude,
        }
    }
}

/// The request for a wish.
fn request(wish: &Wish, token: Option<String>) -> Ask {
    let (method, path, body) = match wish {
        Wish::Create { name } => {
            (Method::POST, "/Users".to_owned(), Some(json!({ "schemas": [USER], "userName": name })))
        }
        Wish::CreateGroup { name } => {
            (Method::POST, "/Groups".to_owned(), Some(json!({ "schemas": [GROUP], "displayName": name })))
        }
        Wish::Retitle { user, title, .. } => (
            Method::PATCH,
            format!("/Users/{user}"),
            Some(patch(&json!({ "op": "replace", "path": "title", "value": title }))),
        ),
        Wish::Delete { user } => (Method::DELETE, format!("/Users/{user}"), None),
        Wish::Read { user } => (Method::GET, format!("/Users/{user}"), None),
        Wish::Find { name } => (Method::GET, format!("/Users?filter=userName eq \"{name}\""), None),
        Wish::Add { group, user } => {
            let operation = json!({ "op": "add", "path": "members", "value": [{ "value": user }] });
            (Method::PATCH, format!("/Groups/{group}"), Some(patch(&operation)))
        }
        Wish::Remove { group, user } => {
            let operation = json!({ "op": "remove", "path": format!("members[value eq \"{user}\"]") });
            (Method::PATCH, format!("/Groups/{group}"), Some(patch(&operation)))
        }
        Wish::Intrude => {
            (Method::POST, "/Users".to_owned(), Some(json!({ "schemas": [USER], "userName": "intruder" })))
        }
    };
    let if_match = if let Wish::Retitle { if_match, .. } = wish { *if_match } else { None };
    Ask { method, path, token, if_match, body }
}

fn patch(operation: &Value) -> Value {
    json!({ "schemas": [PATCH], "Operations": [operation] })
}
