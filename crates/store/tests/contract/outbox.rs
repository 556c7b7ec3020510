//! The outbox: each e-mail is given to one who sends it at a time, and is never lost.

use futures_util::future::join_all;
use rollcall_store::{Mail, MailKind, MailQuery, MailState, Store};
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::directory;

crate::on_both_databases!(
    mails_are_listed_newest_first,
    a_mail_is_claimed_when_it_is_due_and_not_again_before_the_claim_ends,
    of_several_who_claim_at_once_each_gets_another_mail,
    an_attempt_is_settled_by_whoever_made_it,
    a_parked_mail_is_given_a_new_try,
    what_nobody_could_send_is_parked,
    old_mails_are_deleted,
);

pub(crate) fn mail(number: u128, directory: Uuid) -> Mail {
    Mail {
        id: Uuid::from_u128(number),
        directory,
        kind: MailKind::FirstSignIn,
        recipient: "admin@example.com".to_owned(),
        subject: "Ána created an account".to_owned(),
        text: "Ána".to_owned(),
        html: "<p>Ána</p>".to_owned(),
        created: 10,
        state: MailState::Pending,
        attempts: 0,
        next_attempt: 10,
        last_attempt: None,
        give_up: 1000,
        error: None,
    }
}

async fn insert(store: &dyn Store, mails: &[Mail]) {
    let mut transaction = store.begin().await.unwrap();
    for mail in mails {
        transaction.insert_mail(mail).await.unwrap();
    }
    transaction.save().await.unwrap();
}

async fn claim(store: &dyn Store, now: i64, until: i64) -> Option<Mail> {
    let mut transaction = store.begin().await.unwrap();
    let mail = transaction.claim_mail(now, until).await.unwrap();
    transaction.save().await.unwrap();
    mail
}

async fn settle(store: &dyn Store, mail: &Mail) -> bool {
    let mut transaction = store.begin().await.unwrap();
    let settled = transaction.settle_mail(mail).await.unwrap();
    transaction.save().await.unwrap();
    settled
}

async fn mails_are_listed_newest_first(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await.id, directory(&*store, 2).await.id);
    let parked = Mail {
        state: MailState::Parked,
        kind: MailKind::Test,
        last_attempt: Some(20),
        error: Some("no".to_owned()),
        ..mail(2, acme)
    };
    let mails = [mail(1, acme), parked.clone(), mail(3, acme), mail(4, other)];
    insert(&*store, &mails).await;
    let ids = async |query: MailQuery| {
        let mails = store.mails(query).await.unwrap();
        mails.iter().map(|mail| mail.id.as_u128()).collect::<Vec<_>>()
    };
    let all = MailQuery { limit: 10, ..MailQuery::default() };
    assert_eq!(ids(all).await, [4, 3, 2, 1]);
    assert_eq!(ids(MailQuery { directory: Some(acme), ..all }).await, [3, 2, 1]);
    assert_eq!(ids(MailQuery { state: Some(MailState::Parked), ..all }).await, [2]);
    assert_eq!(ids(MailQuery { limit: 2, ..all }).await, [4, 3]);
    assert_eq!(ids(MailQuery { after: Some(Uuid::from_u128(3)), ..all }).await, [2, 1]);
    assert_eq!(store.mail(parked.id).await.unwrap(), Some(parked));
    assert_eq!(store.mail(Uuid::from_u128(9)).await.unwrap(), None);
}

async fn a_mail_is_claimed_when_it_is_due_and_not_again_before_the_claim_ends(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await.id;
    insert(&*store, &[mail(1, acme), Mail { next_attempt: 5, ..mail(2, acme) }]).await;
    assert!(!store.has_due_mail(4).await.unwrap());
    assert_eq!(claim(&*store, 4, 100).await, None);
    assert!(store.has_due_mail(10).await.unwrap());
    let first = claim(&*store, 10, 100).await.unwrap();
    assert_eq!(first.id, Uuid::from_u128(2), "it has been due for longer");
    assert_eq!((first.attempts, first.last_attempt, first.next_attempt), (1, Some(10), 100));
    assert_eq!(claim(&*store, 10, 100).await.unwrap().id, Uuid::from_u128(1));
    assert_eq!(claim(&*store, 99, 200).await, None);
    assert_eq!(claim(&*store, 100, 200).await.unwrap().attempts, 2);
}

async fn of_several_who_claim_at_once_each_gets_another_mail(database: &dyn Database) {
    let stores = [database.store().await, database.open().await];
    let acme = directory(&*stores[0], 1).await.id;
    insert(&*stores[0], &(1..=5).map(|number| mail(number, acme)).collect::<Vec<_>>()).await;
    let mut claimed = Vec::new();
    // Whoever loses against another one gets nothing, and asks again.
    while claimed.len() < 5 {
        let round = join_all((0..8).map(|number| claim(&*stores[number % 2], 10, 100))).await;
        claimed.extend(round.into_iter().flatten().map(|mail| mail.id.as_u128()));
    }
    claimed.sort_unstable();
    assert_eq!(claimed, [1, 2, 3, 4, 5]);
    assert_eq!(claim(&*stores[0], 10, 100).await, None);
}

async fn an_attempt_is_settled_by_whoever_made_it(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await.id;
    insert(&*store, &[mail(1, acme)]).await;
    let first = claim(&*store, 10, 100).await.unwrap();
    let second = claim(&*store, 100, 200).await.unwrap();
    let late = Mail { next_attempt: 15, error: Some("slow".to_owned()), ..first };
    assert!(!settle(&*store, &late).await, "another attempt is under way");
    let failed = Mail { next_attempt: 150, error: Some("down".to_owned()), ..second };
    assert!(settle(&*store, &failed).await);
    assert_eq!(store.mail(failed.id).await.unwrap(), Some(failed));
    let third = claim(&*store, 150, 200).await.unwrap();
    assert!(settle(&*store, &Mail { state: MailState::Sent, error: None, ..third.clone() }).await);
    assert!(!settle(&*store, &third).await, "what was sent stays sent");
    assert!(!store.has_due_mail(i64::MAX).await.unwrap());
}

async fn a_parked_mail_is_given_a_new_try(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await.id;
    let parked = Mail {
        state: MailState::Parked,
        attempts: 9,
        last_attempt: Some(900),
        error: Some("down".to_owned()),
        ..mail(1, acme)
    };
    insert(&*store, &[parked.clone(), mail(2, acme)]).await;
    let mut transaction = store.begin().await.unwrap();
    assert!(transaction.retry_mail(parked.id, 2000, 3000).await.unwrap());
    assert!(!transaction.retry_mail(parked.id, 2000, 3000).await.unwrap(), "it is not parked any more");
    assert!(!transaction.retry_mail(Uuid::from_u128(2), 2000, 3000).await.unwrap());
    assert!(!transaction.retry_mail(Uuid::from_u128(3), 2000, 3000).await.unwrap());
    transaction.save().await.unwrap();
    let again =
        Mail { state: MailState::Pending, attempts: 0, next_attempt: 2000, give_up: 3000, ..parked.clone() };
    assert_eq!(store.mail(parked.id).await.unwrap(), Some(again));
}

async fn what_nobody_could_send_is_parked(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await.id;
    let failed = Mail { error: Some("down".to_owned()), ..mail(2, acme) };
    let claimed = Mail { next_attempt: 1500, ..mail(3, acme) };
    let young = Mail { give_up: 5000, ..mail(4, acme) };
    insert(&*store, &[mail(1, acme), failed, claimed, young]).await;
    let mut transaction = store.begin().await.unwrap();
    assert_eq!(transaction.park_overdue_mails(1000, "nobody sent it").await.unwrap(), 2);
    transaction.save().await.unwrap();
    let parked = MailQuery { state: Some(MailState::Parked), limit: 10, ..MailQuery::default() };
    let parked = store.mails(parked).await.unwrap();
    let parked: Vec<_> =
        parked.iter().map(|mail| (mail.id.as_u128(), mail.error.as_deref().unwrap())).collect();
    assert_eq!(parked, [(2, "down"), (1, "nobody sent it")]);
}

async fn old_mails_are_deleted(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await.id;
    let sent = Mail { state: MailState::Sent, ..mail(2, acme) };
    insert(&*store, &[mail(1, acme), sent.clone(), Mail { id: Uuid::from_u128(3), created: 20, ..sent }])
        .await;
    let mut transaction = store.begin().await.unwrap();
    transaction.delete_old_mails(MailState::Sent, 20).await.unwrap();
    transaction.save().await.unwrap();
    let left = store.mails(MailQuery { limit: 10, ..MailQuery::default() }).await.unwrap();
    assert_eq!(left.iter().map(|mail| mail.id.as_u128()).collect::<Vec<_>>(), [3, 1]);
}
