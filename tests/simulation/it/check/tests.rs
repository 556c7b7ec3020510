//! What judges is judged: each thing that must not be is found where it is.

use std::collections::BTreeMap;

use rollcall_api::v1::EventType;
use serde_json::{Value, json};

use super::judge;
use crate::events::Told;
use crate::history::{History, Wish};
use crate::http::Answer;
use crate::witnesses::Stored;

/// A run in which nothing is wrong.
struct Right {
    deeds: Vec<(Wish, u16, Option<i64>, Value)>,
    told: Vec<Told>,
    stored: Stored,
}

fn told(number: i64, kind: EventType, subject: &str, version: i64) -> Told {
    let subject = subject.to_owned();
    Told { number, kind, subject, version, name: None, title: None, added: Vec::new(), removed: Vec::new() }
}

impl Right {
    fn new() -> Self {
        let (user, group) = ("u".to_owned(), "g".to_owned());
        let title = "boss".to_owned();
        let user_json =
            json!({ "id": "u", "userName": "ana", "title": "boss", "meta": { "version": "W/\"2\"" } });
        let group_json =
            json!({ "id": "g", "members": [{ "value": "u" }], "meta": { "version": "W/\"2\"" } });
        let one = |id: &str, json: &Value| BTreeMap::from([(id.to_owned(), json.clone())]);
        Self {
            deeds: vec![
                (Wish::Create { name: "ana".to_owned() }, 201, Some(1), json!({ "id": "u" })),
                (Wish::CreateGroup { name: "all".to_owned() }, 201, Some(1), json!({ "id": "g" })),
                (Wish::Add { group, user: user.clone() }, 204, Some(2), Value::Null),
                (
                    Wish::Retitle { user: user.clone(), title, if_match: None },
                    200,
                    Some(2),
                    user_json.clone(),
                ),
                (Wish::Read { user }, 200, Some(2), user_json.clone()),
                (Wish::Intrude, 401, None, Value::Null),
            ],
            told: vec![
                Told { name: Some("ana".to_owned()), ..told(1, EventType::UserCreated, "u", 1) },
                Told { name: Some("all".to_owned()), ..told(2, EventType::GroupCreated, "g", 1) },
                Told { added: vec!["u".to_owned()], ..told(3, EventType::GroupUpdated, "g", 2) },
                Told { title: Some("boss".to_owned()), ..told(4, EventType::UserUpdated, "u", 2) },
            ],
            stored: Stored { users: one("u", &user_json), groups: one("g", &group_json) },
        }
    }

    fn findings(self) -> Vec<String> {
        let history = History::default();
        for (wish, status, version, body) in self.deeds {
            let asked = history.moment();
            history.end(wish, asked, Some(Answer { status, version, retry_after: false, body }));
        }
        judge(&history, &self.told, &self.stored);
        history.findings()
    }
}

/// Whether a verdict finds something once this has been done to a run.
fn is_found(what: impl FnOnce(&mut Right)) -> bool {
    let mut run = Right::new();
    what(&mut run);
    !run.findings().is_empty()
}

#[test]
fn what_is_right_is_not_found() {
    assert_eq!(Right::new().findings(), Vec::<String>::new());
}

#[test]
fn what_is_lost_is_found() {
    assert!(is_found(|run| run.stored.users.clear()), "a user");
    assert!(is_found(|run| run.stored.groups.clear()), "a group");
    assert!(is_found(|run| run.stored.users.get_mut("u").unwrap()["title"] = json!("clerk")), "a title");
    assert!(is_found(|run| run.stored.groups.get_mut("g").unwrap()["members"] = json!([])), "a member");
    assert!(is_found(|run| _ = run.told.pop()), "an event");
}

#[test]
fn what_happened_twice_is_found() {
    let again = |run: &mut Right, number, version| {
        let title = Some("boss".to_owned());
        run.told.push(Told { title, ..told(number, EventType::UserUpdated, "u", version) });
    };
    assert!(is_found(|run| again(run, 5, 3)), "a title");
    assert!(
        is_found(|run| {
            let ana = json!({ "id": "v", "userName": "ana", "meta": { "version": "W/\"1\"" } });
            run.told.push(Told { name: Some("ana".to_owned()), ..told(5, EventType::UserCreated, "v", 1) });
            run.stored.users.insert("v".to_owned(), ana);
        }),
        "a user"
    );
}

#[test]
fn what_is_out_of_order_is_found() {
    assert!(is_found(|run| run.told[3].version = 1), "versions");
    assert!(
        is_found(|run| {
            run.told[0].number = 4;
            run.told[3].number = 1;
        }),
        "events"
    );
    assert!(is_found(|run| (run.deeds[4].2, run.deeds[4].3["title"]) = (Some(1), Value::Null)), "a read");
}

#[test]
fn whoever_got_in_or_was_answered_wrongly_is_found() {
    assert!(is_found(|run| run.deeds[5].1 = 201), "an intruder who was let in");
    assert!(is_found(|run| run.deeds[4].1 = 500), "a fault");
    assert!(is_found(|run| run.deeds[4].1 = 503), "a refusal for now that does not say for how long");
    assert!(is_found(|run| run.deeds[3].1 = 404), "who is there and was not found");
    assert!(
        is_found(|run| run.deeds.push((Wish::Delete { user: "u".to_owned() }, 204, None, Value::Null))),
        "who was deleted and is there"
    );
}
