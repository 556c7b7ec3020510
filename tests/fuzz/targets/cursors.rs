//! Page tokens: what a list gave leads on where it stands, and nothing else leads anywhere: what was made up, was changed, or is
//! another list's.

#![no_main]

use arbitrary::Arbitrary;
use axum::body::Body;
use http::{Method, Request, header};
use libfuzzer_sys::fuzz_target;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rollcall_api::v1::activity_service_client::ActivityServiceClient;
use rollcall_api::v1::audit_service_client::AuditServiceClient;
use rollcall_api::v1::directory_service_client::DirectoryServiceClient;
use rollcall_api::v1::group_service_client::GroupServiceClient;
use rollcall_api::v1::hold_service_client::HoldServiceClient;
use rollcall_api::v1::notice_service_client::NoticeServiceClient;
use rollcall_api::v1::search_service_client::SearchServiceClient;
use rollcall_api::v1::user_service_client::UserServiceClient;
use rollcall_api::v1::{
    CreateUserRequest, ErrorReason, ListActivityRequest, ListAuditRecordsRequest, ListDeletedUsersRequest,
    ListDirectoriesRequest, ListGroupsRequest, ListHoldsRequest, ListNoticesRequest, ListUsersRequest,
    Profile, SearchResourcesRequest, User,
};
use rollcall_fuzz::answer::ask;
use rollcall_fuzz::house::{self, ADMIN_KEY, Directory, House, answered, judged};

/// Users of the directory.
const USERS: usize = 5;

#[derive(Debug, Arbitrary)]
struct Asked<'a> {
    list: u8,
    /// How a page of the list of users is asked for.
    query: Query<'a>,
    token: Token<'a>,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
struct Query<'a> {
    filter: &'a str,
    sort_by: Sort,
    descending: bool,
    page_size: u8,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Sort {
    Nothing,
    UserName,
    Created,
    Id,
    Title,
}

#[derive(Debug, Arbitrary)]
enum Token<'a> {
    Own(&'a str),
    /// One that a list gave, with these bytes changed.
    Changed {
        changes: Vec<(u8, u8)>,
        cut: Option<u8>,
        more: &'a str,
    },
    /// One that a list gave, for another query.
    Elsewhere(Query<'a>),
    /// One that a list gave, for another directory.
    OfAnother,
}

fuzz_target!(|asked: Asked<'_>| {
    house::run(async |house| asked.answer(house).await);
});

impl Asked<'_> {
    async fn answer(&self, house: &House) {
        if let Token::Own(token) = self.token {
            elsewhere(house, self.list, token).await;
            by_cursor(house, token).await;
            return;
        }
        let directory = peopled(house).await;
        let Ok(first) = page(house, &directory.name, self.query, "").await else { return };
        let token = first.1.clone();
        walk(house, &directory.name, self.query, first).await;
        if token.is_empty() {
            return;
        }
        match &self.token {
            Token::Own(_) => {}
            Token::Changed { changes, cut, more } => {
                let changed = changed(&token, changes, *cut, more);
                if changed != token && !changed.is_empty() {
                    let refused = page(house, &directory.name, self.query, &changed).await.err();
                    assert_eq!(refused, Some(ErrorReason::InvalidCursor), "{changed:?} for {token:?}");
                }
            }
            Token::Elsewhere(query) => {
                if !query.asks_as(&self.query) {
                    let refused = page(house, &directory.name, *query, &token).await;
                    refused.expect_err("a token is bound to its query");
                }
            }
            Token::OfAnother => {
                let other = house.directory(Profile::Generic).await;
                let refused = page(house, &other.name, self.query, &token).await.err();
                assert_eq!(refused, Some(ErrorReason::InvalidCursor));
            }
        }
    }
}

impl Query<'_> {
    fn asks_as(&self, other: &Query<'_>) -> bool {
        let key =
            |query: &Self| (query.filter.trim().to_owned(), query.sort_by(), query.descending, query.size());
        let other = Query { filter: other.filter, ..*other };
        key(self) == (other.filter.trim().to_owned(), other.sort_by(), other.descending, other.size())
    }

    fn size(&self) -> i64 {
        i64::from(self.page_size % 4) + 1
    }

    fn sort_by(&self) -> &'static str {
        match self.sort_by {
            Sort::Nothing => "",
            Sort::UserName => "userName",
            Sort::Created => "meta.created",
            Sort::Id => "id",
            Sort::Title => "title",
        }
    }
}

/// A directory with people in it.
async fn peopled(house: &House) -> Directory {
    let directory = house.directory(Profile::Generic).await;
    for number in 0..USERS {
        let user = User {
            user_name: Some(format!("user-{number}")),
            title: (number % 2 == 0).then(|| "boss".to_owned()),
            ..Default::default()
        };
        let request =
            CreateUserRequest { directory: directory.name.clone(), user: Some(user), ..Default::default() };
        answered(UserServiceClient::new(house.way(ADMIN_KEY)).create_user(request).await);
    }
    directory
}

/// The ids of a page, and the token of the next one.
async fn page(
    house: &House,
    directory: &str,
    query: Query<'_>,
    token: &str,
) -> Result<(Vec<String>, String), ErrorReason> {
    let request = ListUsersRequest {
        directory: directory.to_owned(),
        filter: query.filter.to_owned(),
        sort_by: query.sort_by().to_owned(),
        sort_order: if query.descending { 2 } else { 1 },
        page_size: Some(query.size()),
        page_token: token.to_owned(),
        ..Default::default()
    };
    let page = judged(UserServiceClient::new(house.way(ADMIN_KEY)).list_users(request).await)?;
    Ok((page.users.into_iter().map(|user| user.id).collect(), page.next_page_token))
}

/// Goes on to the end, and meets nobody twice.
async fn walk(house: &House, directory: &str, query: Query<'_>, first: (Vec<String>, String)) {
    let (mut met, mut token) = first;
    while !token.is_empty() {
        let (ids, next) = page(house, directory, query, &token).await.expect("a token leads on");
        met.extend(ids);
        token = next;
        assert!(met.len() <= USERS, "a walk has an end");
    }
    let count = met.len();
    met.sort();
    met.dedup();
    assert_eq!(met.len(), count, "nobody is met twice");
    assert!(!query.filter.trim().is_empty() || count == USERS, "everybody is met");
}

fn changed(token: &str, changes: &[(u8, u8)], cut: Option<u8>, more: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = token.as_bytes().to_vec();
    for (at, letter) in changes {
        let at = usize::from(*at) % bytes.len();
        bytes[at] = LETTERS[usize::from(*letter) % 64];
    }
    if let Some(cut) = cut {
        bytes.truncate(usize::from(cut) % (bytes.len() + 1));
    }
    String::from_utf8(bytes).expect("letters") + more
}

/// A token that nobody gave, for any list.
async fn elsewhere(house: &House, list: u8, token: &str) {
    let (way, page_token) = (house.way(ADMIN_KEY), token.to_owned());
    let directory = "default".to_owned();
    macro_rules! refused {
        ($client:ident.$call:ident($request:ident { $($field:ident),* })) => {
            judged($client::new(way).$call($request { page_token, $($field,)* ..Default::default() }).await).err()
        };
    }
    let refused = match list % 9 {
        0 => refused!(UserServiceClient.list_users(ListUsersRequest { directory })),
        1 => refused!(GroupServiceClient.list_groups(ListGroupsRequest { directory })),
        2 => refused!(SearchServiceClient.search_resources(SearchResourcesRequest { directory })),
        3 => refused!(ActivityServiceClient.list_activity(ListActivityRequest { directory })),
        4 => refused!(AuditServiceClient.list_audit_records(ListAuditRecordsRequest { directory })),
        5 => refused!(DirectoryServiceClient.list_directories(ListDirectoriesRequest {})),
        6 => refused!(HoldServiceClient.list_holds(ListHoldsRequest { directory })),
        7 => refused!(NoticeServiceClient.list_notices(ListNoticesRequest { directory })),
        _ => refused!(UserServiceClient.list_deleted_users(ListDeletedUsersRequest { directory })),
    };
    let expected = (!token.is_empty()).then_some(ErrorReason::InvalidCursor);
    assert_eq!(refused, expected, "{token:?} for list {list}");
}

/// The same over REST, where the parameter is `cursor`.
async fn by_cursor(house: &House, cursor: &str) {
    let directory = house.directory(Profile::Generic).await;
    let cursor = utf8_percent_encode(cursor, NON_ALPHANUMERIC);
    let request = Request::get(format!("/scim/v2/Users?cursor={cursor}"))
        .header(header::HOST, "id.example.com")
        .header(header::AUTHORIZATION, format!("Bearer {}", directory.token))
        .body(Body::empty())
        .expect("a request");
    ask(&house.router, request).await.judge(&Method::GET);
}
