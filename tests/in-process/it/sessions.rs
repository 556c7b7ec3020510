//! Sessions of the console: of a key, and of a person who signed in.

use prost_types::Timestamp;
use rollcall_api::v1::{
    CreateSessionRequest, CreateSessionResponse, EndAllSessionsRequest, EndSessionRequest, ErrorReason,
    Event, EventType, GetSessionRequest, ListAuditRecordsRequest, ListSessionsRequest, Person, Scope,
    Session, WhoAmIRequest,
};
use rollcall_core::Limits;

use crate::house::{Answered as _, Caller, HOUR, House, MINUTE};
use crate::on_both_databases;

fn person(subject: &str, email: &str, name: &str) -> Person {
    Person {
        issuer: "https://op.example.com".to_owned(),
        subject: subject.to_owned(),
        email: email.to_owned(),
        name: name.to_owned(),
    }
}

async fn begin(caller: &Caller, name: &str, person: Option<Person>) -> CreateSessionResponse {
    let request = CreateSessionRequest { name: name.to_owned(), person };
    caller.sessions().create_session(request).await.answer()
}

async fn listed(caller: &Caller, all_keys: bool) -> Vec<Session> {
    caller.sessions().list_sessions(ListSessionsRequest { all_keys }).await.answer().sessions
}

async fn names(caller: &Caller, all_keys: bool) -> Vec<String> {
    let mut names: Vec<_> = listed(caller, all_keys).await.into_iter().map(|session| session.name).collect();
    names.sort_unstable();
    names
}

async fn is_out(caller: &Caller) -> bool {
    let refused = caller.identity().who_am_i(WhoAmIRequest {}).await;
    refused.is_err_and(|status| rollcall_api::error::reason_from(&status) == ErrorReason::CredentialInvalid)
}

fn end(session: &CreateSessionResponse) -> EndSessionRequest {
    EndSessionRequest { id: session.session.clone().unwrap().id, any_key: false }
}

fn seconds(time: Option<Timestamp>) -> i64 {
    time.unwrap().seconds
}

async fn a_person_sees_and_ends_their_own_sessions_alone(house: &House) {
    let admin = house.admin();
    let ana = || Some(person("1", "ana@example.com", "Ana"));
    let first = begin(&admin, "Firefox", ana()).await;
    let second = begin(&admin, "Chrome", ana()).await;
    let ben = begin(&admin, "Safari", Some(person("2", "ben@example.com", "Ben"))).await;
    let plain = begin(&admin, "key", None).await;
    let (of_first, of_ben) = (house.caller(&first.secret), house.caller(&ben.secret));
    assert_eq!(names(&of_first, false).await, ["Chrome", "Firefox"]);
    assert_eq!(names(&of_ben, false).await, ["Safari"]);
    assert_eq!(names(&admin, false).await.len(), 4);
    let own = listed(&of_first, false).await;
    let current: Vec<_> = own.iter().filter(|session| session.current).map(|one| one.name.as_str()).collect();
    assert_eq!(current, ["Firefox"]);
    assert!(own.iter().all(|session| session.person == ana() && session.key_name.is_empty()));
    of_ben.sessions().end_session(end(&first)).await.refused(ErrorReason::NotFound);
    of_first.sessions().end_session(end(&plain)).await.refused(ErrorReason::NotFound);
    of_first.sessions().end_session(end(&second)).await.answer();
    assert!(is_out(&house.caller(&second.secret)).await && !is_out(&of_first).await);
    let third = begin(&admin, "Edge", ana()).await;
    let all = EndAllSessionsRequest { all_keys: false };
    assert_eq!(of_first.sessions().end_all_sessions(all).await.answer().ended, 2);
    assert!(is_out(&of_first).await && is_out(&house.caller(&third.secret)).await);
    of_ben.sessions().end_session(EndSessionRequest::default()).await.answer();
    assert!(is_out(&of_ben).await && !is_out(&house.caller(&plain.secret)).await);
    assert_eq!(admin.sessions().end_all_sessions(all).await.answer().ended, 1);
    assert_eq!(names(&admin, false).await, Vec::<String>::new());
}

async fn what_is_done_in_a_session_is_audited_with_the_person(house: &House) {
    let ana = person("1", "ana@example.com", "Ana");
    let session = begin(&house.admin(), "", Some(ana.clone())).await;
    let id = session.session.unwrap().id;
    let in_session = house.caller(&session.secret);
    let request =
        rollcall_api::v1::CreateTokenRequest { directory: "default".to_owned(), ..Default::default() };
    let token = in_session.tokens().create_token(request).await.answer().token.unwrap();
    in_session.sessions().end_session(EndSessionRequest::default()).await.answer();
    let records = house.admin().audit().list_audit_records(ListAuditRecordsRequest::default()).await;
    let records = records.answer().records;
    let about = |subject: &str| -> Vec<_> {
        let about = records.iter().filter(|record| record.subject == subject);
        about.map(|record| (record.kind.clone(), record.actor.clone().unwrap().person)).collect()
    };
    assert_eq!(about(&token.id), [("credential.created".to_owned(), Some(ana.clone()))]);
    let kinds = [("session.ended".to_owned(), Some(ana.clone())), ("session.created".to_owned(), Some(ana))];
    assert_eq!(about(&id), kinds);
    let outside = rollcall_api::v1::ListEventsRequest { outside_directories: true, ..Default::default() };
    let events = house.admin().events().list_events(outside).await.answer().events;
    let kinds: Vec<_> = events.iter().filter(|event| event.subject == id).map(Event::r#type).collect();
    assert_eq!(kinds, [EventType::SessionCreated, EventType::SessionEnded]);
}

async fn a_session_is_called_as_it_is_named_or_as_whoever_began_it(house: &House) {
    let admin = house.admin();
    let name = async |given: &str, person| begin(&admin, given, person).await.session.unwrap().name;
    assert_eq!(name("Firefox", Some(person("1", "a@b.example", "Ana"))).await, "Firefox");
    assert_eq!(name(" ", Some(person("1", "a@b.example", "Ana"))).await, "a@b.example");
    assert_eq!(name("", Some(person("1", "", "Ana"))).await, "Ana");
    assert_eq!(name("", Some(person("1", "", ""))).await, "1");
    let key = house.service("default", &[Scope::Admin]).await;
    assert_eq!(begin(&key, "", None).await.session.unwrap().name, "a service");
    let refused = async |person| {
        let request = CreateSessionRequest { name: String::new(), person: Some(person) };
        admin.sessions().create_session(request).await.refused(ErrorReason::InvalidValue)
    };
    refused(person("", "", "")).await.naming(&["person.subject"]);
    refused(person(&"x".repeat(401), "", "")).await.naming(&["person.subject"]);
    refused(Person { issuer: String::new(), ..person("1", "", "") }).await.naming(&["person.issuer"]);
    assert_eq!(name("", Some(person(&"x".repeat(400), "", ""))).await.len(), 400);
}

async fn a_session_is_told_with_its_ends_and_begins_no_other(house: &House) {
    let limits = Limits {
        session_idle: std::time::Duration::from_hours(1),
        session_lifetime: std::time::Duration::from_mins(90),
        ..Limits::default()
    };
    let house = house.limited(limits).await;
    let begun = begin(&house.admin(), "Firefox", None).await;
    let session = begun.session.clone().unwrap();
    assert!(!session.current, "it was the key that began it");
    assert_eq!(seconds(session.expires) - seconds(session.created), 5400);
    assert_eq!(seconds(session.idle_expires) - seconds(session.created), 3600);
    house.clock.pass(45 * MINUTE);
    let caller = house.caller(&begun.secret);
    let request = CreateSessionRequest { name: "another".to_owned(), person: None };
    caller.sessions().create_session(request).await.refused(ErrorReason::Forbidden);
    let now = caller.sessions().get_session(GetSessionRequest {}).await.answer().session.unwrap();
    assert_eq!(seconds(now.last_used) - seconds(now.created), 45 * 60);
    assert_eq!(now.idle_expires, now.expires, "never beyond its life");
    house.admin().sessions().get_session(GetSessionRequest {}).await.refused(ErrorReason::NotFound);
    let nothing = EndSessionRequest::default();
    house.admin().sessions().end_session(nothing).await.refused(ErrorReason::NotFound);
    assert_eq!(names(&house.admin(), false).await, ["Firefox"]);
    house.clock.pass(45 * MINUTE);
    assert!(is_out(&caller).await);
    assert_eq!(names(&house.admin(), false).await, Vec::<String>::new());
    let idle = begin(&house.admin(), "idle", None).await;
    house.clock.pass(HOUR);
    assert!(is_out(&house.caller(&idle.secret)).await);
    assert_eq!(names(&house.admin(), false).await, Vec::<String>::new());
    assert_eq!(names(&house.admin(), true).await, Vec::<String>::new());
}

async fn whoever_runs_the_installation_sees_and_ends_the_sessions_of_every_key(house: &House) {
    let (admin, bound) = (house.admin(), house.service("default", &[Scope::Admin]).await);
    let of_all = house.service("", &[Scope::Admin]).await;
    let own = begin(&admin, "of admin", None).await;
    let other = begin(&bound, "of service", None).await;
    begin(&of_all, "of all", None).await;
    assert_eq!(names(&admin, false).await, ["of admin"]);
    assert_eq!(names(&admin, true).await, ["of admin", "of all", "of service"]);
    let listed = listed(&admin, true).await;
    let service = listed.iter().find(|session| session.name == "of service").unwrap();
    assert_eq!(service.key_name, "a service");
    assert!(!service.key_prefix.is_empty());
    let every = ListSessionsRequest { all_keys: true };
    bound.sessions().list_sessions(every).await.refused(ErrorReason::Forbidden);
    house.caller(&own.secret).sessions().list_sessions(every).await.refused(ErrorReason::Forbidden);
    admin.sessions().end_session(end(&other)).await.refused(ErrorReason::NotFound);
    let any = EndSessionRequest { any_key: true, ..end(&other) };
    admin.sessions().end_session(any.clone()).await.answer();
    assert!(is_out(&house.caller(&other.secret)).await && !is_out(&house.caller(&own.secret)).await);
    admin.sessions().end_session(any).await.refused(ErrorReason::NotFound);
    let all = EndAllSessionsRequest { all_keys: true };
    bound.sessions().end_all_sessions(all).await.refused(ErrorReason::Forbidden);
    assert_eq!(admin.sessions().end_all_sessions(all).await.answer().ended, 2);
    assert!(is_out(&house.caller(&own.secret)).await);
    assert_eq!(names(&admin, true).await, Vec::<String>::new());
    // Sessions of a key that was revoked are over with it.
    let made = rollcall_api::v1::CreateServiceKeyRequest {
        name: "short".to_owned(),
        scopes: vec![Scope::Admin.into()],
        ..Default::default()
    };
    let made = admin.service_keys().create_service_key(made).await.answer();
    let short = begin(&house.caller(&made.secret), "of short", None).await;
    assert_eq!(names(&admin, true).await, ["of short"]);
    let revoke = rollcall_api::v1::RevokeServiceKeyRequest { service_key: made.service_key.unwrap().id };
    admin.service_keys().revoke_service_key(revoke).await.answer();
    assert!(is_out(&house.caller(&short.secret)).await);
    assert_eq!(names(&admin, true).await, Vec::<String>::new());
}

on_both_databases![
    a_person_sees_and_ends_their_own_sessions_alone,
    what_is_done_in_a_session_is_audited_with_the_person,
    a_session_is_called_as_it_is_named_or_as_whoever_began_it,
    a_session_is_told_with_its_ends_and_begins_no_other,
    whoever_runs_the_installation_sees_and_ends_the_sessions_of_every_key,
];
