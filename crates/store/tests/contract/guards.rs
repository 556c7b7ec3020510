//! Guard rails: who left within a window, and what is held until an administrator decides.

use rollcall_store::{
    DepartureKind, Directory, HeldChange, HeldOutcome, Hold, HoldState, Measure, Standing, Store,
};
use serde_json::json;
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::{directory, id, insert, named};

crate::on_both_databases!(
    a_window_counts_the_others_who_left_in_it_and_were_there_before,
    a_window_ends,
    a_measure_is_remembered_by_whoever_locks_the_guard,
    those_who_leave_at_once_queue_and_none_is_missed,
    active_users_are_those_who_were_made_until_a_time,
    a_hold_is_joined_until_its_window_ends_or_somebody_decides,
    a_change_that_is_asked_for_again_is_one_record,
    what_waits_is_found_until_it_is_settled_or_dropped,
    nothing_of_one_directory_is_seen_in_another,
);

/// When the window begins, and now.
const BEGAN: i64 = 1_000;
const NOW: i64 = 2_000;

async fn leave(store: &dyn Store, directory: &Directory, departures: &[(u128, i64, i64)]) {
    let mut transaction = store.begin().await.unwrap();
    for (number, created, left) in departures {
        transaction.count_departure(directory.id, id(*number), *created, *left).await.unwrap();
    }
    transaction.save().await.unwrap();
}

async fn standing(store: &dyn Store, directory: &Directory, number: u128, began: i64, now: i64) -> Standing {
    let mut transaction = store.begin().await.unwrap();
    transaction.standing(directory.id, id(number), began, now).await.unwrap()
}

pub(crate) fn hold(number: u128, directory: &Directory, ends: i64) -> Hold {
    Hold {
        id: id(number),
        directory: directory.id,
        state: HoldState::Pending,
        guard_rail: "10,20%,1h".to_owned(),
        active_users: 40,
        created: NOW,
        ends,
        decided: None,
        decided_by: None,
        changes: 0,
        waiting: 0,
    }
}

fn change(hold: u128, user: u128) -> HeldChange {
    HeldChange {
        hold: id(hold),
        user: id(user),
        user_name: format!("user{user}"),
        kind: DepartureKind::Deactivation,
        changes: json!({ "active": { "before": true, "after": false } }),
        credential: id(77),
        credential_prefix: None,
        request_id: "a request".to_owned(),
        first_asked: NOW,
        last_asked: NOW,
        times_asked: 1,
        outcome: HeldOutcome::Pending,
        reason: None,
    }
}

pub(crate) async fn record(store: &dyn Store, directory: &Directory, holds: &[Hold], changes: &[HeldChange]) {
    let mut transaction = store.begin().await.unwrap();
    for hold in holds {
        transaction.insert_hold(hold).await.unwrap();
    }
    for change in changes {
        transaction.put_held_change(directory.id, change).await.unwrap();
    }
    transaction.save().await.unwrap();
}

async fn decide(store: &dyn Store, hold: &Hold, state: HoldState, ends: i64) {
    let mut transaction = store.begin().await.unwrap();
    let decided = Hold { state, ends, decided: Some(NOW), decided_by: Some(id(78)), ..hold.clone() };
    transaction.decide_hold(&decided).await.unwrap();
    transaction.save().await.unwrap();
}

async fn hold_of(store: &dyn Store, directory: &Directory, user: u128, now: i64) -> Option<Uuid> {
    let mut transaction = store.begin().await.unwrap();
    transaction.hold_of(directory.id, id(user), now).await.unwrap().map(|hold| hold.id)
}

async fn open_hold(store: &dyn Store, directory: &Directory, now: i64) -> Option<Uuid> {
    let mut transaction = store.begin().await.unwrap();
    transaction.open_hold(directory.id, now).await.unwrap().map(|hold| hold.id)
}

async fn a_window_counts_the_others_who_left_in_it_and_were_there_before(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let departures = [
        (1, 10, 1_500),
        (2, BEGAN, 1_001),
        // Made after the window began, and left before it did.
        (3, BEGAN + 1, 1_500),
        (4, 10, BEGAN),
    ];
    leave(&*store, &acme, &departures).await;
    let nobody = standing(&*store, &acme, 9, BEGAN, NOW).await;
    let expected = Standing {
        others: 2,
        is_counted: false,
        is_approved: false,
        has_holds: false,
        measure: Measure::default(),
    };
    assert_eq!(nobody, expected);
    assert_eq!(
        standing(&*store, &acme, 1, BEGAN, NOW).await,
        Standing { others: 1, is_counted: true, ..expected }
    );
    assert_eq!(standing(&*store, &acme, 4, BEGAN, NOW).await, expected, "who left before is not counted");
    leave(&*store, &acme, &[(1, 10, 1_600)]).await;
    assert_eq!(standing(&*store, &acme, 9, BEGAN, NOW).await.others, 2, "each counts once");
}

async fn a_window_ends(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let window = NOW - BEGAN;
    leave(&*store, &acme, &[(1, 10, NOW)]).await;
    for (now, others) in [(NOW, 1), (NOW + window - 1, 1), (NOW + window, 0), (NOW + window + 1, 0)] {
        assert_eq!(standing(&*store, &acme, 2, now - window, now).await.others, others, "at {now}");
        assert_eq!(standing(&*store, &acme, 1, now - window, now).await.is_counted, others == 1, "at {now}");
    }
    let mut transaction = store.begin().await.unwrap();
    transaction.forget_departures(acme.id, NOW - 1).await.unwrap();
    assert_eq!(transaction.standing(acme.id, id(2), BEGAN, NOW).await.unwrap().others, 1);
    transaction.forget_departures(acme.id, NOW).await.unwrap();
    assert_eq!(transaction.standing(acme.id, id(2), BEGAN, NOW).await.unwrap().others, 0);
}

async fn a_measure_is_remembered_by_whoever_locks_the_guard(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    let measure = Measure { measured: NOW, active_users: 40 };
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.lock_guard(acme.id).await.unwrap(), Measure::default());
    transaction.set_measure(acme.id, measure).await.unwrap();
    transaction.save().await.unwrap();
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.lock_guard(acme.id).await.unwrap(), measure);
    assert_eq!(transaction.lock_guard(other.id).await.unwrap(), Measure::default());
}

async fn those_who_leave_at_once_queue_and_none_is_missed(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let leaving = (0..20_u128).map(|number| {
        let (store, acme) = (&store, &acme);
        async move {
            let mut transaction = store.begin().await.unwrap();
            transaction.lock_guard(acme.id).await.unwrap();
            let before = transaction.standing(acme.id, id(number), BEGAN, NOW).await.unwrap().others;
            transaction.count_departure(acme.id, id(number), 10, NOW).await.unwrap();
            transaction.save().await.unwrap();
            before
        }
    });
    let mut seen = futures_util::future::join_all(leaving).await;
    seen.sort_unstable();
    assert_eq!(seen, (0..20).collect::<Vec<_>>(), "each sees all who were before, and no two the same");
}

async fn active_users_are_those_who_were_made_until_a_time(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let mut inactive = named(3, "cleo");
    inactive.attributes.insert("active".to_owned(), json!(false));
    insert(&*store, &acme, &[named(1, "ana"), named(2, "ben"), inactive]).await;
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.active_users(acme.id, 999).await.unwrap(), 0);
    assert_eq!(transaction.active_users(acme.id, 1_000).await.unwrap(), 1);
    assert_eq!(transaction.active_users(acme.id, 9_000).await.unwrap(), 2);
}

async fn a_hold_is_joined_until_its_window_ends_or_somebody_decides(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let first = hold(1, &acme, NOW + 10);
    record(&*store, &acme, std::slice::from_ref(&first), &[change(1, 5)]).await;
    assert_eq!(open_hold(&*store, &acme, NOW + 9).await, Some(first.id));
    assert_eq!(open_hold(&*store, &acme, NOW + 10).await, None);
    assert_eq!(
        hold_of(&*store, &acme, 5, NOW + 99).await,
        Some(first.id),
        "what nobody decides about stays held"
    );
    let of = |state: Standing| (state.is_approved, state.has_holds);
    assert_eq!(of(standing(&*store, &acme, 5, BEGAN, NOW + 99).await), (false, true));

    decide(&*store, &first, HoldState::Approved, NOW + 50).await;
    assert_eq!(open_hold(&*store, &acme, NOW).await, None);
    assert_eq!(of(standing(&*store, &acme, 5, BEGAN, NOW + 49).await), (true, false));
    assert_eq!(of(standing(&*store, &acme, 5, BEGAN, NOW + 50).await), (false, false));

    let second = hold(2, &acme, NOW + 10);
    record(&*store, &acme, std::slice::from_ref(&second), &[change(2, 6)]).await;
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.drop_held_changes(second.id).await.unwrap(), 1);
    assert_eq!(transaction.drop_held_changes(second.id).await.unwrap(), 0);
    transaction.save().await.unwrap();
    decide(&*store, &second, HoldState::Rejected, NOW + 80).await;
    assert_eq!(hold_of(&*store, &acme, 6, NOW + 79).await, Some(second.id), "a repeat is refused");
    assert_eq!(hold_of(&*store, &acme, 6, NOW + 80).await, None, "until the window ends");
    assert_eq!(of(standing(&*store, &acme, 6, BEGAN, NOW + 79).await), (false, true));
    assert_eq!(of(standing(&*store, &acme, 6, BEGAN, NOW + 80).await), (false, false));
}

async fn a_change_that_is_asked_for_again_is_one_record(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    record(&*store, &acme, &[hold(1, &acme, NOW + 10)], &[change(1, 5), change(1, 6)]).await;
    let again = HeldChange {
        kind: DepartureKind::Deletion,
        changes: json!({}),
        request_id: "another request".to_owned(),
        last_asked: NOW + 5,
        ..change(1, 5)
    };
    record(&*store, &acme, &[], std::slice::from_ref(&again)).await;
    let mut transaction = store.begin().await.unwrap();
    let found = transaction.held_change(id(1), id(5)).await.unwrap().unwrap();
    assert_eq!(found, HeldChange { first_asked: NOW, times_asked: 2, ..again });
    assert_eq!(transaction.held_change(id(1), id(7)).await.unwrap(), None);
    drop(transaction);
    let held = store.hold(acme.id, id(1)).await.unwrap().unwrap();
    assert_eq!((held.changes, held.waiting), (2, 2));
}

async fn what_waits_is_found_until_it_is_settled_or_dropped(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let changes: Vec<HeldChange> = (1..=4).map(|user| change(1, user)).collect();
    record(&*store, &acme, &[hold(1, &acme, NOW + 10), hold(2, &acme, NOW + 10)], &changes).await;
    let mut transaction = store.begin().await.unwrap();
    for (user, outcome, reason) in
        [(1, HeldOutcome::Applied, None), (2, HeldOutcome::Failed, Some("gone".to_owned()))]
    {
        let settled = HeldChange { outcome, reason, ..change(1, user) };
        transaction.settle_held_change(&settled).await.unwrap();
    }
    transaction.save().await.unwrap();
    let users = async |waiting, after: Option<u128>, limit| {
        let changes = store.held_changes(id(1), waiting, after.map(id), limit).await.unwrap();
        changes.into_iter().map(|change| (change.user, change.outcome, change.reason)).collect::<Vec<_>>()
    };
    let pending = |user| (id(user), HeldOutcome::Pending, None);
    assert_eq!(users(true, None, 10).await, [pending(3), pending(4)]);
    assert_eq!(users(true, Some(3), 10).await, [pending(4)]);
    let failed = (id(2), HeldOutcome::Failed, Some("gone".to_owned()));
    assert_eq!(users(false, Some(1), 2).await, [failed, pending(3)]);
    let listed = store.holds(acme.id, None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|hold| hold.id).collect::<Vec<_>>(), [id(2), id(1)], "newest first");
    assert_eq!((listed[1].changes, listed[1].waiting, listed[0].changes), (4, 2, 0));
    assert_eq!(store.holds(acme.id, Some(id(2)), 10).await.unwrap(), listed[1..]);
}

async fn nothing_of_one_directory_is_seen_in_another(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    record(&*store, &acme, &[hold(1, &acme, NOW + 10)], &[change(1, 5)]).await;
    leave(&*store, &acme, &[(1, 10, NOW)]).await;
    insert(&*store, &acme, &[named(1, "ana")]).await;
    assert_eq!(open_hold(&*store, &other, NOW).await, None);
    assert_eq!(hold_of(&*store, &other, 5, NOW).await, None);
    assert_eq!(store.holds(other.id, None, 10).await.unwrap(), []);
    assert_eq!(store.hold(other.id, id(1)).await.unwrap(), None);
    let untouched = Standing {
        others: 0,
        is_counted: false,
        is_approved: false,
        has_holds: false,
        measure: Measure::default(),
    };
    assert_eq!(standing(&*store, &other, 1, BEGAN, NOW).await, untouched);
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.hold(other.id, id(1)).await.unwrap(), None);
    assert_eq!(transaction.active_users(other.id, NOW).await.unwrap(), 0);
}
