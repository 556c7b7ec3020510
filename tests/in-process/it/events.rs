//! Events, as the application's services read and follow them.

use rollcall_api::v1::{
    CredentialKind, ErrorReason, EventType, GetAttributeOriginsRequest, ListEventsRequest, Scope,
    WatchEventsRequest,
};
use serde_json::json;

use crate::house::{Answered as _, DAY, House, id};
use crate::on_both_databases;

async fn every_change_is_an_event_with_the_next_number(house: &House) {
    let scim = house.default().scim;
    let ana = scim.user("ana").await;
    scim.change_user(&ana, json!([{ "op": "add", "path": "title", "value": "Boss" }])).await;
    scim.delete_user(&ana).await;
    let follower = house.service("default", &[Scope::EventsRead]).await;
    let request = ListEventsRequest { page_size: 1000, ..Default::default() };
    let all = follower.events().list_events(request.clone()).await.answer();
    let about: Vec<_> = all.events.iter().filter(|event| event.subject == id(&ana)).collect();
    let kinds: Vec<_> = about.iter().map(|event| event.r#type()).collect();
    assert_eq!(kinds, [EventType::UserCreated, EventType::UserUpdated, EventType::UserDeleted]);
    let actor = about[1].actor.as_ref().unwrap();
    assert_eq!((actor.kind(), about[1].version), (CredentialKind::ScimToken, Some(2)));
    assert!(all.events.windows(2).all(|pair| pair[0].number + 1 == pair[1].number), "{all:?}");
    assert_eq!(all.newest, all.events.last().unwrap().number);
    let after = Some(about[1].number);
    let later = follower.events().list_events(ListEventsRequest { after, ..request.clone() }).await.answer();
    assert_eq!(later.events.first().unwrap(), about[2]);
    let types = vec![EventType::UserUpdated.into()];
    let updates =
        follower.events().list_events(ListEventsRequest { types, ..request.clone() }).await.answer();
    assert_eq!(updates.events, [about[1].clone()]);
    let newest = ListEventsRequest { newest_first: true, page_size: 1, ..request.clone() };
    let newest = follower.events().list_events(newest).await.answer();
    assert_eq!(newest.events.first(), all.events.last());
    let ahead = ListEventsRequest { after: Some(all.newest + 1000), ..request };
    follower.events().list_events(ahead).await.refused(ErrorReason::EventsAhead);
}

async fn a_follower_gets_what_it_missed_and_then_what_happens(house: &House) {
    let scim = house.default().scim;
    let ana = scim.user("ana").await;
    let follower = house.service("default", &[Scope::EventsRead]).await;
    let types = vec![EventType::UserCreated.into()];
    let request = WatchEventsRequest { after: Some(0), types, ..Default::default() };
    let mut stream = follower.events().watch_events(request).await.unwrap().into_inner();
    let mut seen: Vec<String> = Vec::new();
    while seen.is_empty() {
        let message = stream.message().await.unwrap().unwrap();
        seen.extend(message.events.into_iter().map(|event| event.subject));
    }
    let ben = scim.user("ben").await;
    while seen.len() < 2 {
        let message = stream.message().await.unwrap().unwrap();
        seen.extend(message.events.into_iter().map(|event| event.subject));
    }
    assert_eq!(seen, [id(&ana), id(&ben)]);
}

async fn old_events_are_forgotten_and_whoever_asks_for_them_is_told(house: &House) {
    let scim = house.default().scim;
    let ana = scim.user("ana").await;
    house.later(89 * DAY).await;
    assert_eq!(house.told("default", id(&ana)).await.len(), 1);
    scim.user("ben").await;
    house.later(2 * DAY).await;
    assert_eq!(house.told("default", id(&ana)).await, Vec::new());
    let request = ListEventsRequest { directory: "default".to_owned(), after: Some(0), ..Default::default() };
    house.admin().events().list_events(request).await.refused(ErrorReason::EventsExpired);
}

async fn it_is_known_which_event_last_changed_each_attribute(house: &House) {
    let scim = house.default().scim;
    let ana = scim.create_user(json!({ "userName": "ana", "title": "Boss" })).await;
    scim.change_user(&ana, json!([{ "op": "replace", "path": "title", "value": "Chef" }])).await;
    house.work().await;
    let request = GetAttributeOriginsRequest { directory: "default".to_owned(), id: id(&ana).to_owned() };
    let origins = house.admin().events().get_attribute_origins(request).await.answer().origins;
    // What is not named was made with the user.
    let of = |name: &str| origins.iter().find(|origin| origin.attribute == name).unwrap();
    assert!(of("title").event_number > of("").event_number && origins.len() == 2, "{origins:?}");
    let told = house.told("default", id(&ana)).await;
    assert_eq!(told[1].1, ["title"]);
}

async fn events_are_read_from_either_end(house: &House) {
    let scim = house.default().scim;
    let ana = scim.user("ana").await;
    for title in ["a", "b", "c"] {
        scim.change_user(&ana, json!([{ "op": "add", "path": "title", "value": title }])).await;
    }
    let about = || ListEventsRequest {
        directory: "default".to_owned(),
        subject: id(&ana).to_owned(),
        ..Default::default()
    };
    let read = async |request| house.admin().events().list_events(request).await.answer();
    let all = read(about()).await;
    assert_eq!((all.events.len(), all.position, all.oldest), (4, all.newest, 1));
    let first = read(ListEventsRequest { page_size: 2, ..about() }).await;
    assert_eq!((&first.events[..], first.position), (&all.events[..2], all.events[1].number));
    let rest = read(ListEventsRequest { after: Some(first.position), ..about() }).await;
    assert_eq!(rest.events, all.events[2..]);
    let newest = read(ListEventsRequest { newest_first: true, page_size: 3, ..about() }).await;
    let reversed: Vec<_> = all.events.iter().rev().cloned().collect();
    assert_eq!((&newest.events[..], newest.position), (&reversed[..3], reversed[2].number));
    let before = Some(newest.position);
    let last = read(ListEventsRequest { newest_first: true, before, ..about() }).await;
    assert_eq!((&last.events[..], last.position), (&reversed[3..], 1));
    let refused =
        async |request| house.admin().events().list_events(request).await.refused(ErrorReason::InvalidValue);
    refused(ListEventsRequest { newest_first: true, after: Some(0), ..about() }).await.naming(&["after"]);
    refused(ListEventsRequest { before: Some(9), ..about() }).await.naming(&["before"]);
    refused(ListEventsRequest { newest_first: true, before: Some(0), ..about() }).await;
    refused(ListEventsRequest { page_size: -1, ..about() }).await;
    refused(ListEventsRequest { subject: "x".to_owned(), ..about() }).await.naming(&["subject"]);
    refused(ListEventsRequest { outside_directories: true, ..about() }).await;
    let bound = house.service("default", &[Scope::EventsRead]).await;
    let outside = ListEventsRequest { outside_directories: true, ..Default::default() };
    bound.events().list_events(outside).await.refused(ErrorReason::Forbidden);
    let origins =
        |id: &str| GetAttributeOriginsRequest { directory: "default".to_owned(), id: id.to_owned() };
    let unknown = house.admin().events().get_attribute_origins(origins(&all.events[0].id)).await;
    unknown.refused(ErrorReason::NotFound);
    let found = house.admin().events().get_attribute_origins(origins(id(&ana))).await.answer().origins;
    let title = found.iter().find(|origin| origin.attribute == "title").unwrap();
    let event = all.events.last().unwrap();
    assert_eq!((title.event_number, &title.event_id, title.time), (event.number, &event.id, event.time));
    assert_eq!(title.actor.as_ref().unwrap().prefix, event.actor.as_ref().unwrap().prefix);
}

on_both_databases![
    every_change_is_an_event_with_the_next_number,
    a_follower_gets_what_it_missed_and_then_what_happens,
    old_events_are_forgotten_and_whoever_asks_for_them_is_told,
    it_is_known_which_event_last_changed_each_attribute,
    events_are_read_from_either_end,
];
