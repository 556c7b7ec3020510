//! The members of a group, and the groups of a user: a page of them at a time, however many there are.

use askama::Template;
use rollcall_api::client;
use rollcall_api::v1::user::GroupMembership;
use rollcall_api::v1::{GroupMember, ListMembersRequest, User};

use super::history::About;
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::directory_path;
use crate::time::count;
use crate::{Console, url};

/// Members in a page.
const MEMBERS: i32 = 50;
/// Groups in a page.
const GROUPS: usize = 25;

/// A member, or a group that somebody is in.
#[derive(Debug)]
struct Link {
    path: String,
    title: String,
    sub: String,
    kind: &'static str,
    inactive: bool,
}

/// Members or groups.
#[derive(Debug, Template)]
#[template(path = "members.html")]
pub(super) struct Links {
    pub(super) title: &'static str,
    none: &'static str,
    rows: Vec<Link>,
    summary: String,
    /// What is looked for among them; `None`, there is no search.
    pub(super) q: Option<String>,
    first: String,
    next: String,
}

impl Links {
    /// The groups of a user, from the one at a place on: those that they are in themselves first.
    pub(super) fn of_user(user: &User, base: &str, page: &str, place: &str) -> Self {
        let mut groups: Vec<&GroupMembership> = user.groups.iter().collect();
        groups.sort_by_key(|group| (is_indirect(group), name_of(group).to_lowercase()));
        let place = place.parse().unwrap_or(0_usize).min(groups.len());
        let address = |place: usize| format!("{page}?groups={place}#members");
        let more = groups.len() > place + GROUPS;
        let link = |group: &&GroupMembership| Link {
            path: format!("{base}/groups/{}", url::escape(group.value.as_deref().unwrap_or_default())),
            title: name_of(group).to_owned(),
            sub: String::new(),
            kind: if is_indirect(group) { "through another group" } else { "direct" },
            inactive: false,
        };
        Self {
            title: "Groups",
            none: "In no group of this directory.",
            rows: groups.iter().skip(place).take(GROUPS).map(link).collect(),
            summary: count(groups.len() as u64, "group"),
            q: None,
            first: if place > 0 { address(0) } else { String::new() },
            next: if more { address(place + GROUPS) } else { String::new() },
        }
    }
}

impl Console {
    /// Members of a group whose names begin so.
    pub(super) async fn members(
        &self,
        session: &SignedIn,
        group: &About<'_>,
        q: &str,
        token: &str,
    ) -> Result<Links, Problem> {
        let request = session.message(ListMembersRequest {
            directory: group.directory.to_owned(),
            id: group.id.to_owned(),
            page_size: MEMBERS,
            page_token: token.to_owned(),
            name_prefix: q.to_owned(),
        });
        let listed = self.answered(client::groups(self.core()).list_members(request)).await?;
        let base = directory_path(group.directory);
        let address = |token: &str| {
            format!("{}{}#members", group.page, url::query(&[("member", q), ("members", token)]))
        };
        Ok(Links {
            title: "Members",
            none: if q.is_empty() {
                "Nobody is in this group."
            } else {
                "No member has a name that begins so."
            },
            rows: listed.members.into_iter().map(|member| member_link(member, &base)).collect(),
            summary: count(u64::try_from(listed.total_results).unwrap_or_default(), "member"),
            q: Some(q.to_owned()),
            first: if token.is_empty() { String::new() } else { address("") },
            next: match listed.next_page_token.as_str() {
                "" => String::new(),
                token => address(token),
            },
        })
    }
}

fn member_link(known: GroupMember, base: &str) -> Link {
    let member = known.member.unwrap_or_default();
    let (folder, kind) = match member.r#type.as_deref() {
        Some("Group") => ("groups", "group"),
        _ => ("users", ""),
    };
    let called = member.display.filter(|name| !name.is_empty());
    Link {
        path: format!("{base}/{folder}/{}", url::escape(&member.value)),
        sub: if called.is_some() { known.user_name.clone() } else { String::new() },
        title: called
            .or_else(|| Some(known.user_name).filter(|name| !name.is_empty()))
            .unwrap_or(member.value),
        kind,
        inactive: !known.active,
    }
}

fn is_indirect(group: &GroupMembership) -> bool {
    group.r#type.as_deref() == Some("indirect")
}

fn name_of(group: &GroupMembership) -> &str {
    group.display.as_deref().or(group.value.as_deref()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_of_a_user_come_direct_ones_first_and_in_pages() {
        let group = |number: usize| GroupMembership {
            value: Some(format!("{number}")),
            display: Some(format!("Group {number:03}")),
            r#type: Some(if number.is_multiple_of(2) { "direct" } else { "indirect" }.to_owned()),
            ..GroupMembership::default()
        };
        let user = User { groups: (0..60).rev().map(group).collect(), ..User::default() };
        let titles = |place: &str| {
            let links = Links::of_user(&user, "/b", "/b/users/1", place);
            let titles: Vec<_> = links.rows.into_iter().map(|row| (row.title, row.kind)).collect();
            (titles, links.first, links.next)
        };
        let (first, back, next) = titles("");
        assert_eq!((first.len(), first[0].clone()), (25, ("Group 000".to_owned(), "direct")));
        assert_eq!((back.as_str(), next.as_str()), ("", "/b/users/1?groups=25#members"));
        let (second, back, next) = titles("25");
        assert_eq!(second[5], ("Group 001".to_owned(), "through another group"));
        assert_eq!(
            (back.as_str(), next.as_str()),
            ("/b/users/1?groups=0#members", "/b/users/1?groups=50#members")
        );
        let (last, _, next) = titles("50");
        assert_eq!((last.len(), next.as_str()), (10, ""));
        assert_eq!(titles("9999").0, [], "a place that is none is no error");
        assert_eq!(titles("x").0.len(), 25);
    }
}
