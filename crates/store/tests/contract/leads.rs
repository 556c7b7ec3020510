//! Filters to which indexes of names lead, alone and as alternatives: they find what plain evaluation does.

use rollcall_scim::filter::Filter;
use rollcall_scim::{Profile, builtin};
use serde_json::json;

use crate::databases::Database;
use crate::fixture::{directory, insert, user};
use crate::oracle::{answered, expected};

crate::on_both_databases!(beginnings_of_names_are_found_as_evaluation_finds_them);

const FILTERS: [&str; 22] = [
    r#"displayName sw "gra""#,
    r#"displayName eq "GRACE HOPPER""#,
    r#"displayName sw "É""#,
    r#"name.familyName sw "hop""#,
    r#"emails.value sw "grace""#,
    r#"emails.value sw "OTHER""#,
    r#"not (displayName sw "gra")"#,
    r#"not (emails.value sw "grace")"#,
    r#"displayName sw """#,
    r#"userName sw "ho" or displayName sw "ho" or name.familyName sw "ho" or emails.value sw "ho""#,
    r#"userName sw "g" or displayName sw "g" or name.familyName sw "g" or emails.value sw "g""#,
    r#"userName eq "grace" or externalId eq "e4""#,
    r#"externalId sw "e" or emails.value eq "other@ex.com""#,
    r#"not (userName sw "g" or name.familyName sw "h")"#,
    r#"(userName sw "g" or emails.value sw "o") and active eq true"#,
    r#"active eq false and (displayName sw "l" or name.familyName sw "l")"#,
    r#"displayName sw "g" or title eq "boss""#,
    r#"displayName ne "grace hopper" or userName eq "nobody""#,
    r#"displayName gt "gra" or displayName sw "é""#,
    r#"emails.value sw "%" or displayName sw "_""#,
    r#"userName sw "nobody" or displayName sw "nobody""#,
    r#"displayName pr or emails.value eq "x""#,
];

async fn beginnings_of_names_are_found_as_evaluation_finds_them(database: &dyn Database) {
    let store = database.store().await;
    let (acme, other) = (directory(&*store, 1).await, directory(&*store, 2).await);
    // Longer than what an index of names holds, and than what one of PostgreSQL could.
    let long = "x".repeat(5_000);
    let users = [
        user(
            1,
            json!({"userName": "grace", "displayName": "Grace Hopper", "active": true, "externalId": "e1",
                "name": {"familyName": "Hopper"}, "emails": [{"value": "grace@ex.com"}, {"value": "Other@ex.com"}]}),
        ),
        user(2, json!({"userName": "hopeful", "displayName": "grace", "active": false, "title": "Boss"})),
        user(3, json!({"userName": "émile", "displayName": "Émile Zola", "name": {"familyName": "ZOLA"}})),
        user(
            4,
            json!({"userName": "long", "displayName": format!("L{long}"), "active": true, "externalId": "e4"}),
        ),
        user(
            5,
            json!({"userName": "longer", "displayName": format!("l{long}a"), "name": {"familyName": format!("L{long}")},
                "active": false, "emails": [{"value": "hop@ex.com", "type": "work"}]}),
        ),
        user(6, json!({"userName": "_", "active": true, "emails": [{"type": "home"}]})),
    ];
    insert(&*store, &acme, &users).await;
    insert(&*store, &other, &[user(9, json!({"userName": "grace", "displayName": "Grace", "active": true}))])
        .await;
    let held = "x".repeat(99);
    let filters = FILTERS.iter().map(ToString::to_string).chain([
        format!(r#"displayName sw "l{held}""#),
        format!(r#"displayName sw "l{held}x""#),
        format!(r#"displayName sw "l{long}a""#),
        format!(r#"displayName eq "l{held}""#),
        format!(r#"displayName eq "l{long}" or userName eq "longer""#),
        format!(r#"name.familyName sw "{}" or displayName sw "{held}""#, &held[1..]),
    ]);
    for text in filters {
        let filter = Filter::parse(&text, Profile::Generic.rules()).unwrap();
        let expected = expected(&users, &filter, builtin::user());
        let (found, counted) = answered(&*store, acme.id, &filter, builtin::user()).await;
        assert_eq!(found, expected, "{text}");
        assert_eq!(counted, expected.len() as u64, "{text}");
    }
}
