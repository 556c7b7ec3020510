//! The look-up that identity providers send before almost every write, `userName eq "…"`: the user is read in the statement
//! that checks the credential, and the list is answered from that.

use rollcall_scim::condition::{Condition, Operand, Operator};
use rollcall_scim::fold::fold;
use rollcall_store::{Listing, Page, Paging, Query, ResourceType, StoredDocument};

/// A userName that was looked up, and who has it.
#[derive(Debug)]
pub(crate) struct Named {
    /// The folded userName.
    pub(crate) name: String,
    pub(crate) user: Option<StoredDocument>,
}

/// The folded userName that a filter asks for, if that is plainly all it asks. What a filter means, its directory's rules
/// say; so this is a guess that [`Named::answers`] holds against the resolved filter.
pub(crate) fn lone_user_name(filter: &str) -> Option<String> {
    let mut words = filter.splitn(3, ' ');
    let is = |word: Option<&str>, name: &str| word.is_some_and(|word| word.eq_ignore_ascii_case(name));
    if !is(words.next(), "userName") || !is(words.next(), Operator::Eq.as_str()) {
        return None;
    }
    let name: String = serde_json::from_str(words.next()?).ok()?;
    // No text of PostgreSQL's has U+0000; the filter's own refusal says so.
    (!name.contains('\0')).then(|| fold(&name))
}

impl Named {
    /// Whether a query asks for the first page of the users with this userName and nothing else.
    pub(crate) fn answers(&self, query: &Query<'_>) -> bool {
        let [selection] = query.selections else { return false };
        let Some(Condition::Compare(attribute, Operator::Eq, Operand::Text(name))) = selection.condition
        else {
            return false;
        };
        selection.resource_type == ResourceType::User
            && attribute.extension.is_none()
            && attribute.attribute.name == "userName"
            && *name == self.name
            && query.limit > 0
            && matches!(query.paging, Paging::Offset(0) | Paging::After(None))
    }

    /// The only page of those users.
    pub(crate) fn into_listing(self) -> Listing {
        let total = u64::from(self.user.is_some());
        Listing { page: Page { resources: self.user.into_iter().collect(), next: None }, total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_user_name_is_seen_in_any_spelling() {
        for filter in [
            r#"userName eq "ana@example.com""#,
            r#"USERNAME EQ "ANA@example.com""#,
            r#"userName eq "\u0061na@example.com" "#,
        ] {
            assert_eq!(lone_user_name(filter).as_deref(), Some("ana@example.com"), "{filter}");
        }
    }

    #[test]
    fn a_filter_that_asks_for_more_is_left_to_the_grammar() {
        for filter in [
            "",
            "userName",
            "userName eq",
            "userName eq ana",
            "userName pr",
            r#"userName ne "ana""#,
            r#"userName sw "ana""#,
            r#"displayName eq "ana""#,
            r#"userName eq "ana" or active eq true"#,
            r#"not (userName eq "ana")"#,
            r#"userName eq "a\u0000na""#,
        ] {
            assert_eq!(lone_user_name(filter), None, "{filter}");
        }
    }
}
