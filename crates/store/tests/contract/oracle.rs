//! SQL answers every filter as plain evaluation does: random users, random filters, both databases.

use std::cell::Cell;

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use rollcall_scim::definition::Extension;
use rollcall_scim::evaluate::{View, matches};
use rollcall_scim::filter::Filter;
use rollcall_scim::resolve::resolve;
use rollcall_scim::{Definition, Profile, Resource, builtin, resource};
use rollcall_store::{Paging, Query, ResourceType, Selection, Store, StoredResource};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::databases::Database;
use crate::fixture::{directory, draft, search, user};

crate::on_both_databases!(sql_answers_every_filter_as_evaluation_does);

const EXTENSION: &str = "urn:example:params:scim:schemas:extension:test:1.0:User";

/// How many sets of users and filters are tried.
const CASES: u32 = 60;
const USERS: usize = 12;
const FILTERS: usize = 25;

/// Texts that are near to one another, fold, or mean something to SQL.
const TEXTS: [&str; 18] = [
    "a",
    "A",
    "ab",
    "AB",
    "b",
    "ba",
    "Straße",
    "STRASSE",
    "É",
    "é",
    "%",
    "_",
    "'",
    "\"",
    "\\",
    "a b",
    "日本",
    "a\u{10FFFF}",
];
const TIMES: [&str; 4] = [
    "1970-01-01T00:00:01Z",
    "2011-05-13T04:42:34Z",
    "2011-05-13T06:42:34+02:00",
    "2024-02-29T23:59:59.123456Z",
];
const INTEGERS: [i64; 5] = [-1, 0, 1, 7, 9_007_199_254_740_993];
const DECIMALS: [&str; 5] = ["-1.5", "0.1", "1", "1.10", "3e2"];

/// Users with an extension that has an attribute of every type.
fn definition() -> Definition {
    let schema = json!({
        "id": EXTENSION,
        "name": "Test",
        "attributes": [
            {"name": "text", "type": "string"},
            {"name": "exact", "type": "string", "caseExact": true},
            {"name": "flag", "type": "boolean"},
            {"name": "integer", "type": "integer"},
            {"name": "decimal", "type": "decimal"},
            {"name": "time", "type": "dateTime"},
            {"name": "binary", "type": "binary", "caseExact": true},
            {"name": "texts", "type": "string", "multiValued": true},
            {"name": "integers", "type": "integer", "multiValued": true},
            {"name": "flags", "type": "boolean", "multiValued": true},
            {"name": "times", "type": "dateTime", "multiValued": true},
            {"name": "levels", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "value", "type": "integer"},
                {"name": "note", "type": "string"},
                {"name": "at", "type": "dateTime"},
                {"name": "primary", "type": "boolean"},
            ]},
        ],
    });
    let mut definition = builtin::user().clone();
    definition
        .extensions
        .push(Extension { schema: serde_json::from_value(schema).unwrap(), required: false });
    definition
}

fn text() -> impl Strategy<Value = Value> {
    select(&TEXTS).prop_map(Value::from)
}

fn time() -> impl Strategy<Value = Value> {
    select(&TIMES).prop_map(Value::from)
}

fn integer() -> impl Strategy<Value = Value> {
    select(&INTEGERS).prop_map(Value::from)
}

fn decimal() -> impl Strategy<Value = Value> {
    select(&DECIMALS).prop_map(|digits| serde_json::from_str(digits).unwrap())
}

fn flag() -> impl Strategy<Value = Value> {
    any::<bool>().prop_map(Value::from)
}

/// An object with the members that have a value.
fn object(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let members: Vec<_> = members
        .into_iter()
        .map(|(name, value)| option::of(value).prop_map(move |value| (name, value)))
        .collect();
    members
        .prop_map(|members| {
            members
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect::<Resource>()
                .into()
        })
        .boxed()
}

fn list(element: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    vec(element, 0..3).prop_map(Value::Array).boxed()
}

fn multi_value() -> BoxedStrategy<Value> {
    object(vec![("value", text().boxed()), ("type", text().boxed()), ("display", text().boxed())])
}

fn attributes() -> BoxedStrategy<Value> {
    let extension = object(vec![
        ("text", text().boxed()),
        ("exact", text().boxed()),
        ("flag", flag().boxed()),
        ("integer", integer().boxed()),
        ("decimal", decimal().boxed()),
        ("time", time().boxed()),
        ("binary", select(&["YQ==", "YWI=", "Yg=="][..]).prop_map(Value::from).boxed()),
        ("texts", list(text())),
        ("integers", list(integer())),
        ("flags", list(flag())),
        ("times", list(time())),
        (
            "levels",
            list(object(vec![
                ("value", integer().boxed()),
                ("note", text().boxed()),
                ("at", time().boxed()),
            ])),
        ),
    ]);
    let enterprise =
        object(vec![("department", text().boxed()), ("manager", object(vec![("value", text().boxed())]))]);
    object(vec![
        ("externalId", text().boxed()),
        ("active", flag().boxed()),
        ("title", text().boxed()),
        ("name", object(vec![("familyName", text().boxed()), ("givenName", text().boxed())])),
        ("emails", list(multi_value())),
        ("phoneNumbers", list(multi_value())),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", enterprise),
        (EXTENSION, extension),
    ])
}

fn stored(number: usize, mut attributes: Value, definition: &Definition) -> StoredResource {
    let text = TEXTS[number % TEXTS.len()];
    attributes["userName"] = json!(format!("{text}{number}"));
    let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
    let canonical = resource::normalize_attributes(attributes, definition).unwrap();
    StoredResource {
        version: i64::try_from(number % 3).unwrap() + 1,
        ..user(number as u128 + 1, Value::Object(canonical))
    }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn text_test() -> BoxedStrategy<String> {
    let operator = select(&["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"][..]);
    let operand = prop_oneof![9 => select(&TEXTS), 1 => Just("")];
    prop_oneof![
        8 => (operator, operand).prop_map(|(operator, text)| format!("{operator} {}", quoted(text))),
        1 => Just("pr".to_owned()),
        1 => Just("eq null".to_owned()),
    ]
    .boxed()
}

fn ordered_test(operand: impl Strategy<Value = String> + 'static) -> BoxedStrategy<String> {
    let operator = select(&["eq", "ne", "gt", "ge", "lt", "le"][..]);
    prop_oneof![
        8 => (operator, operand).prop_map(|(operator, operand)| format!("{operator} {operand}")),
        1 => Just("pr".to_owned()),
        1 => Just("ne null".to_owned()),
    ]
    .boxed()
}

fn flag_test() -> BoxedStrategy<String> {
    select(&["eq true", "eq false", "ne true", "ne false", "pr"][..]).prop_map(str::to_owned).boxed()
}

fn time_test() -> BoxedStrategy<String> {
    ordered_test(select(&TIMES).prop_map(quoted))
}

fn integer_test() -> BoxedStrategy<String> {
    ordered_test(select(&INTEGERS).prop_map(|integer| integer.to_string()))
}

fn named(names: &'static [&'static str], test: BoxedStrategy<String>) -> BoxedStrategy<String> {
    (select(names), test).prop_map(|(name, test)| format!("{name} {test}")).boxed()
}

fn extension(names: &'static [&'static str], test: BoxedStrategy<String>) -> BoxedStrategy<String> {
    named(names, test).prop_map(|comparison| format!("{EXTENSION}:{comparison}")).boxed()
}

fn combined(leaf: BoxedStrategy<String>) -> BoxedStrategy<String> {
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" and "))),
            vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" or "))),
            inner.prop_map(|inner| format!("not ({inner})")),
        ]
    })
    .boxed()
}

fn value_path() -> BoxedStrategy<String> {
    let inner = combined(named(&["value", "type", "display"], text_test()));
    let then = option::of(named(&["value", "type"], text_test()));
    (select(&["emails", "phoneNumbers"][..]), inner, then)
        .prop_map(|(attribute, inner, then)| match then {
            None => format!("{attribute}[{inner}]"),
            Some(then) => format!("{attribute}[{inner}].{then}"),
        })
        .boxed()
}

fn level_path() -> BoxedStrategy<String> {
    let inner = combined(
        prop_oneof![
            named(&["value"], integer_test()),
            named(&["note"], text_test()),
            named(&["at"], time_test()),
            named(&["primary"], flag_test()),
        ]
        .boxed(),
    );
    inner.prop_map(|inner| format!("{EXTENSION}:levels[{inner}]")).boxed()
}

fn id_or_version() -> BoxedStrategy<String> {
    let id = crate::fixture::id(3).to_string();
    let upper = id.to_uppercase();
    select(vec![
        format!("id eq \"{id}\""),
        format!("id ne \"{id}\""),
        format!("id eq \"{upper}\""),
        format!("id sw \"{}\"", &id[..20]),
        format!("id ew \"{}\"", &id[30..]),
        format!("id gt \"{id}\""),
        "id eq \"no-id\"".to_owned(),
        "id ne \"no-id\"".to_owned(),
        "meta.version eq \"W/\\\"2\\\"\"".to_owned(),
        "meta.version ne \"2\"".to_owned(),
        "meta.version gt \"W/\\\"1\\\"\"".to_owned(),
        "meta.resourceType eq \"User\"".to_owned(),
        "meta.resourceType sw \"G\"".to_owned(),
        "meta pr".to_owned(),
        "meta.created gt \"1970-01-01T00:00:00.005Z\"".to_owned(),
        "meta.lastModified le \"1970-01-01T00:00:00.005Z\"".to_owned(),
        "schemas co \"enterprise\"".to_owned(),
        "schemas eq \"urn:ietf:params:scim:schemas:core:2.0:User\"".to_owned(),
        "schemas ne \"urn:ietf:params:scim:schemas:core:2.0:User\"".to_owned(),
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr".to_owned(),
        format!("{EXTENSION} pr"),
    ])
    .boxed()
}

fn filter() -> BoxedStrategy<String> {
    let text_names = &[
        "userName",
        "externalId",
        "title",
        "name.familyName",
        "name.givenName",
        "nickName",
        "department",
        "manager",
    ];
    let multi_names =
        &["emails", "emails.value", "emails.type", "phoneNumbers.value", "phoneNumbers.display", "ims.value"];
    combined(
        prop_oneof![
            4 => named(text_names, text_test()),
            3 => named(multi_names, text_test()),
            1 => named(&["active", "emails.primary"], flag_test()),
            1 => named(&["name", "emails", "manager", "phoneNumbers"], Just("pr".to_owned()).boxed()),
            3 => value_path(),
            1 => level_path(),
            1 => id_or_version(),
            1 => extension(&["text", "exact", "texts", "levels.note"], text_test()),
            1 => extension(&["flag", "flags"], flag_test()),
            1 => extension(&["integer", "integers", "levels", "levels.value"], integer_test()),
            1 => extension(&["decimal"], ordered_test(select(&DECIMALS).prop_map(str::to_owned))),
            1 => extension(&["time", "times", "levels.at"], time_test()),
            1 => extension(&["binary"], select(&["eq \"YQ==\"", "ne \"YWI=\"", "sw \"Y\""][..]).prop_map(str::to_owned).boxed()),
        ]
        .boxed(),
    )
}

/// The ids of the users that fulfil a filter, by evaluation.
pub(crate) fn expected(
    users: &[StoredResource],
    filter: &Filter,
    definition: &Definition,
) -> Vec<uuid::Uuid> {
    let condition = resolve(filter, definition).unwrap();
    let fulfils = |user: &&StoredResource| {
        let view = View {
            id: &user.id.to_string(),
            resource_type: "User",
            version: &format!("W/\"{}\"", user.version),
            created: user.created,
            modified: user.modified,
            search: &search(&user.attributes, definition),
        };
        matches(&condition, &view)
    };
    users.iter().filter(fulfils).map(|user| user.id).collect()
}

/// The ids of the users that fulfil a filter, and how many they are, by the database.
pub(crate) async fn answered(
    store: &dyn Store,
    directory: uuid::Uuid,
    filter: &Filter,
    definition: &Definition,
) -> (Vec<uuid::Uuid>, u64) {
    let condition = resolve(filter, definition).unwrap();
    let selections =
        [Selection { resource_type: ResourceType::User, condition: Some(&condition), sort: None }];
    let query = Query { selections: &selections, descending: false, paging: Paging::Offset(0), limit: 100 };
    let listing =
        store.resources(directory, &query).await.unwrap_or_else(|error| panic!("{filter}: {error}"));
    let counted = store.resources(directory, &Query { limit: 0, ..query }).await.unwrap();
    (listing.page.resources.into_iter().map(|user| user.id).collect(), counted.total)
}

async fn sql_answers_every_filter_as_evaluation_does(database: &dyn Database) {
    assert!(TIMES.iter().all(|time| time.parse::<Timestamp>().is_ok()));
    let store = database.store().await;
    let definition = definition();
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let strategy = (vec(attributes(), USERS), vec(filter(), FILTERS));
    let count = Cell::new(0);
    tokio::task::block_in_place(|| {
        let outcome = runner.run(&strategy, |(attributes, filters)| {
            let number = count.get() + 1;
            count.set(number);
            let users: Vec<_> = attributes
                .into_iter()
                .enumerate()
                .map(|(index, each)| stored(index, each, &definition))
                .collect();
            Handle::current().block_on(async {
                let acme = directory(&*store, number).await;
                let mut transaction = store.begin().await.unwrap();
                for user in &users {
                    let search = search(&user.attributes, &definition);
                    let draft = draft(user, &search, true);
                    transaction.insert_resource(acme.id, draft).await.unwrap();
                }
                transaction.save().await.unwrap();
                for text in &filters {
                    let filter = Filter::parse(text, Profile::Generic.rules()).unwrap();
                    let expected = expected(&users, &filter, &definition);
                    let (found, counted) = answered(&*store, acme.id, &filter, &definition).await;
                    prop_assert_eq!(&found, &expected, "{}", text);
                    prop_assert_eq!(counted, expected.len() as u64, "{}", text);
                }
                Ok(())
            })
        });
        outcome.unwrap();
    });
}
