//! Who the members are that a history tells of.

use std::collections::HashMap;

use rollcall_api::client;
use rollcall_api::v1::resource::Resource as Kind;
use rollcall_api::v1::{Event, EventChange, Projection, Resource, SearchResourcesRequest};

use super::said::Said;
use crate::problem::Problem;
use crate::session::SignedIn;
use crate::shell::directory_path;
use crate::{Console, url};

/// Members of a change that are named.
const NAMED: usize = 5;

/// Names and pages of members, by id; of those who are gone there is none.
pub(super) type Names = HashMap<String, Said>;

/// The members of one side of a change that are named.
pub(super) fn named(ids: &[String]) -> &[String] {
    ids.get(..NAMED).unwrap_or(ids)
}

impl Console {
    /// The names of the members that some changes tell of.
    pub(super) async fn names_of_members(
        &self,
        session: &SignedIn,
        directory: &str,
        events: &[Event],
    ) -> Result<Names, Problem> {
        let of_change = |change: &EventChange| [named(&change.added), named(&change.removed)].concat();
        let mut ids: Vec<String> =
            events.iter().flat_map(|event| &event.changes).flat_map(of_change).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Names::new());
        }
        let conditions: Vec<String> = ids.iter().map(|id| format!("id eq \"{id}\"")).collect();
        let request = session.message(SearchResourcesRequest {
            directory: directory.to_owned(),
            filter: conditions.join(" or "),
            page_size: i64::try_from(ids.len()).ok(),
            projection: Some(Projection {
                attributes: vec!["userName".to_owned(), "displayName".to_owned()],
                ..Projection::default()
            }),
            ..SearchResourcesRequest::default()
        });
        let found = self.answered(client::search(self.core()).search_resources(request)).await?;
        let base = directory_path(directory);
        Ok(found.resources.into_iter().filter_map(|resource| said(resource, &base)).collect())
    }
}

fn said(resource: Resource, base: &str) -> Option<(String, Said)> {
    let (folder, id, names) = match resource.resource? {
        Kind::User(user) => ("users", user.id, [user.display_name, user.user_name]),
        Kind::Group(group) => ("groups", group.id, [group.display_name, None]),
        // Nothing was asked for as SCIM.
        Kind::ScimUser(_) | Kind::ScimGroup(_) => return None,
    };
    let text = names.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or_else(|| id.clone());
    let path = format!("{base}/{folder}/{}", url::escape(&id));
    Some((id, Said { text, path }))
}
