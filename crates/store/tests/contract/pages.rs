//! Pages: every order, both ways of paging.

use rollcall_scim::definition::AttributeRef;
use rollcall_scim::resolve::resolve_sort;
use rollcall_scim::{Profile, builtin, filter::Filter, resolve::resolve};
use rollcall_store::{Directory, Key, Paging, Query, ResourceType, Selection, Store};
use serde_json::json;
use uuid::Uuid;

use crate::databases::Database;
use crate::fixture::{directory, id, insert, user};

crate::on_both_databases!(
    pages_by_index_and_by_key_are_parts_of_one_list,
    users_without_a_value_come_last_and_first_when_descending,
    of_many_values_the_primary_one_is_sorted_by,
    the_total_counts_what_matches_on_all_pages,
);

async fn some_users(store: &dyn Store) -> Directory {
    let acme = directory(store, 1).await;
    let users: Vec<_> = (1..=23_u128)
        .map(|number| {
            let mut attributes = json!({ "userName": format!("User{:02}", 97 * number % 23) });
            if number % 3 != 0 {
                attributes["title"] = json!(["boss", "Chief", "clerk", "Éclair"][(number % 4) as usize]);
            }
            if number % 4 != 0 {
                attributes["active"] = json!(number % 2 == 0);
            }
            if number % 5 != 0 {
                attributes["emails"] = json!([
                    {"value": format!("z{number}@ex.com")},
                    {"value": format!("a{}@ex.com", number % 7), "primary": true},
                ]);
            }
            user(number, attributes)
        })
        .collect();
    insert(store, &acme, &users).await;
    acme
}

const ORDERS: [Option<&str>; 9] = [
    None,
    Some("userName"),
    Some("title"),
    Some("active"),
    Some("emails"),
    Some("meta.created"),
    Some("meta.version"),
    Some("meta.resourceType"),
    Some("id"),
];

fn by(name: &str) -> AttributeRef<'static> {
    resolve_sort(name, builtin::user()).unwrap()
}

fn select_users(sort: Option<&str>) -> [Selection<'static>; 1] {
    [Selection { resource_type: ResourceType::User, condition: None, sort: sort.map(by) }]
}

/// The ids on a page, and where it ends.
async fn page(store: &dyn Store, acme: &Directory, query: Query<'_>) -> (Vec<Uuid>, Option<Key>) {
    let listing = store.resources(acme.id, &query).await.unwrap();
    assert_eq!(listing.total, 23);
    (listing.page.resources.into_iter().map(|user| user.id).collect(), listing.page.next)
}

async fn pages_by_index_and_by_key_are_parts_of_one_list(database: &dyn Database) {
    let store = database.store().await;
    let acme = some_users(&*store).await;
    for (name, descending) in ORDERS.iter().flat_map(|name| [(*name, false), (*name, true)]) {
        let selections = select_users(name);
        let query = |paging, limit| Query { selections: &selections, descending, paging, limit };
        let (whole, next) = page(&*store, &acme, query(Paging::Offset(0), 100)).await;
        assert_eq!((whole.len(), next), (23, None));
        for size in [1, 4, 22, 23] {
            let mut by_index = Vec::new();
            for offset in (0..23).step_by(size as usize) {
                by_index.extend(page(&*store, &acme, query(Paging::Offset(offset), size)).await.0);
            }
            assert_eq!(by_index, whole, "by index: {name:?}, descending: {descending}, size {size}");
            let (mut by_key, mut key) = (Vec::new(), None);
            loop {
                let (part, next) = page(&*store, &acme, query(Paging::After(key), size)).await;
                by_key.extend(part);
                key = next;
                if key.is_none() {
                    break;
                }
            }
            assert_eq!(by_key, whole, "by key: {name:?}, descending: {descending}, size {size}");
        }
        assert!(page(&*store, &acme, query(Paging::Offset(23), 5)).await.0.is_empty());
    }
}

async fn users_without_a_value_come_last_and_first_when_descending(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let users = [
        user(1, json!({"userName": "a"})),
        user(2, json!({"userName": "b", "title": "Zoo"})),
        user(3, json!({"userName": "c", "title": "apple"})),
        user(4, json!({"userName": "d", "title": "Éclair"})),
    ];
    insert(&*store, &acme, &users).await;
    let order = async |descending| {
        let selections = select_users(Some("title"));
        let query = Query { selections: &selections, descending, paging: Paging::Offset(0), limit: 9 };
        let page = store.resources(acme.id, &query).await.unwrap().page;
        page.resources.into_iter().map(|user| user.id).collect::<Vec<_>>()
    };
    assert_eq!(order(false).await, [id(3), id(2), id(4), id(1)], "whatever the case, and bytes in order");
    assert_eq!(order(true).await, [id(1), id(4), id(2), id(3)]);
}

async fn of_many_values_the_primary_one_is_sorted_by(database: &dyn Database) {
    let store = database.store().await;
    let acme = directory(&*store, 1).await;
    let users = [
        user(1, json!({"userName": "a", "emails": [{"value": "a@x"}, {"value": "z@x", "primary": true}]})),
        user(2, json!({"userName": "b", "emails": [{"value": "m@x"}, {"value": "a@x"}]})),
        user(
            3,
            json!({"userName": "c", "emails": [{"value": "b@x", "primary": false}, {"value": "c@x", "primary": true}]}),
        ),
    ];
    insert(&*store, &acme, &users).await;
    let selections = select_users(Some("emails"));
    let query = Query { selections: &selections, descending: false, paging: Paging::Offset(0), limit: 9 };
    let page = store.resources(acme.id, &query).await.unwrap().page;
    assert_eq!(page.resources.into_iter().map(|user| user.id).collect::<Vec<_>>(), [id(3), id(2), id(1)]);
}

async fn the_total_counts_what_matches_on_all_pages(database: &dyn Database) {
    let store = database.store().await;
    let acme = some_users(&*store).await;
    let filter = Filter::parse("active eq true", Profile::Generic.rules()).unwrap();
    let condition = resolve(&filter, builtin::user()).unwrap();
    for (paging, limit) in [
        (Paging::Offset(0), 2),
        (Paging::Offset(3), 2),
        (Paging::Offset(0), 0),
        (Paging::After(None), 100),
        (Paging::After(Some(Key { value: None, id: id(10) })), 1),
    ] {
        let selections = [Selection { condition: Some(&condition), ..select_users(None)[0] }];
        let query = Query { selections: &selections, descending: false, paging: paging.clone(), limit };
        let listing = store.resources(acme.id, &query).await.unwrap();
        assert_eq!(listing.total, 6, "{paging:?}, {limit}");
    }
}
