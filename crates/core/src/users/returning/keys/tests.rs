use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

/// A user with an externalId, whose userName is the same as that of the new one or another, and with a work address.
fn user(
    number: u128,
    external_id: Option<&str>,
    has_user_name: bool,
    address: &str,
    presence: Presence,
) -> Namesake {
    Namesake {
        id: Uuid::from_u128(number),
        external_id: external_id.map(str::to_owned),
        has_user_name,
        attributes: attributes(external_id, address),
        presence,
    }
}

fn attributes(external_id: Option<&str>, address: &str) -> Resource {
    let emails = json!([{"value": address, "type": "work"}]);
    match json!({"externalId": external_id, "emails": emails}) {
        Value::Object(attributes) => attributes,
        _ => Resource::new(),
    }
}

fn judge(namesakes: &[Namesake], external_id: Option<&str>, is_stable: bool) -> Result<Returning> {
    Keys::of(&attributes(external_id, "Ana@ex.com"), is_stable).judge(namesakes)
}

fn who(namesakes: &[Namesake], external_id: Option<&str>, is_stable: bool) -> Option<u128> {
    judge(namesakes, external_id, is_stable).unwrap().who.map(|(id, _)| id.as_u128())
}

const GONE: Presence = Presence::Departed;

#[test]
fn an_external_id_and_a_second_key_say_who_returns() {
    for is_stable in [false, true] {
        for presence in [Presence::Departed, Presence::Inactive] {
            assert_eq!(who(&[user(1, Some("e"), true, "x@ex.com", presence)], Some("e"), is_stable), Some(1));
            assert_eq!(
                who(&[user(1, Some("e"), false, "ANA@ex.com", presence)], Some("e"), is_stable),
                Some(1)
            );
        }
    }
    assert_eq!(who(&[], Some("e"), true), None);
}

#[test]
fn an_external_id_alone_does_only_where_it_is_stable() {
    let gone = [user(1, Some("e"), false, "x@ex.com", GONE)];
    assert_eq!(who(&gone, Some("e"), true), Some(1));
    assert_eq!(who(&gone, Some("e"), false), None);
    let notes = judge(&gone, Some("e"), false).unwrap().notes;
    assert!(notes[0].contains("neither userName") && notes[0].contains(&gone[0].id.to_string()), "{notes:?}");
    let notes = judge(&gone, Some("e"), true).unwrap().notes;
    assert!(notes[0].starts_with("restored") && notes[0].contains("stable-external-ids"), "{notes:?}");
}

#[test]
fn a_name_without_an_external_id_hands_on_no_id_of_a_deleted_user() {
    for (theirs, ours) in [(None, Some("e")), (Some("e"), None), (None, None), (Some("o"), Some("e"))] {
        let gone = [user(1, theirs, true, "ana@ex.com", GONE)];
        assert_eq!(who(&gone, ours, true), None, "{theirs:?} {ours:?}");
        assert!(judge(&gone, ours, true).unwrap().notes[0].starts_with("a new user"));
    }
}

#[test]
fn who_is_there_under_the_name_without_an_external_id_is_that_person() {
    for (theirs, ours) in [(None, Some("e")), (Some("e"), None), (None, None)] {
        let inactive = [user(1, theirs, true, "ana@ex.com", Presence::Inactive)];
        assert_eq!(who(&inactive, ours, false), Some(1), "{theirs:?} {ours:?}");
    }
}

#[test]
fn nobody_who_is_there_returns_and_nothing_is_noted_of_them() {
    for has_user_name in [true, false] {
        let active = [user(1, Some("e"), has_user_name, "ana@ex.com", Presence::Active)];
        let judged = judge(&active, Some("e"), true).unwrap();
        assert!(judged.who.is_none() && judged.notes.is_empty(), "{judged:?}");
    }
}

#[test]
fn keys_of_several_are_those_of_nobody_and_all_are_noted() {
    let two = [user(1, Some("e"), false, "a@ex.com", GONE), user(2, Some("e"), false, "b@ex.com", GONE)];
    let both = [user(1, Some("e"), true, "a@ex.com", GONE), user(2, Some("e"), true, "b@ex.com", GONE)];
    let mixed = [
        user(1, Some("e"), false, "a@ex.com", Presence::Inactive),
        user(2, Some("e"), false, "b@ex.com", Presence::Active),
    ];
    for (namesakes, is_stable) in [(&two, true), (&both, true), (&both, false), (&mixed, true)] {
        let judged = judge(namesakes, Some("e"), is_stable).unwrap();
        assert!(judged.who.is_none(), "{judged:?}");
        let note = &judged.notes[0];
        assert!(note.contains("several"), "{note}");
        assert!(namesakes.iter().all(|user| note.contains(&user.id.to_string())), "{note}");
        // Longer notes are cut.
        assert!(note.chars().count() <= 200, "{note}");
    }
    assert_eq!(who(&two, Some("e"), false), None);
}

#[test]
fn of_several_with_one_external_id_the_one_who_has_a_second_key_returns() {
    let several = [
        user(1, Some("e"), false, "a@ex.com", GONE),
        user(2, Some("e"), true, "b@ex.com", GONE),
        user(3, Some("e"), false, "c@ex.com", Presence::Active),
    ];
    assert_eq!(who(&several, Some("e"), true), Some(2));
    assert_eq!(who(&several, Some("e"), false), Some(2));
    let holder = [
        user(1, Some("e"), true, "a@ex.com", GONE),
        user(2, Some("e"), true, "b@ex.com", Presence::Inactive),
    ];
    assert_eq!(who(&holder, Some("e"), false), Some(2), "who is there under the name");
}

#[test]
fn an_inactive_other_person_keeps_the_name() {
    for namesakes in [
        vec![user(1, Some("o"), true, "ana@ex.com", Presence::Inactive)],
        vec![
            user(2, Some("e"), false, "x@ex.com", GONE),
            user(1, None, true, "y@ex.com", Presence::Inactive),
        ],
    ] {
        let error = judge(&namesakes, Some("e"), true).unwrap_err();
        assert_eq!(error.reason(), ErrorReason::Uniqueness);
        assert!(error.to_string().contains(&Uuid::from_u128(1).to_string()), "{error}");
    }
}
