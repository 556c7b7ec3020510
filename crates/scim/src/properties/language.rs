//! Filters and paths.

use proptest::prelude::*;

use super::generate;
use crate::builtin;
use crate::filter::Filter;
use crate::path::Path;
use crate::projection::Projection;
use crate::resolve::{resolve, resolve_path, resolve_sort};

/// Attributes of users, as clients name them, and what nothing is called.
const NAMES: &[&str] = &[
    "userName",
    "NAME.familyName",
    "emails[type eq \"work\"].value",
    "emails.primary, active",
    "meta.version",
    "urn:ietf:params:scim:schemas:core:2.0:User:title",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "password",
    "nothing",
];

proptest! {
    #[test]
    fn a_printed_filter_is_read_as_the_same(expression in generate::expression(), rules in generate::rules()) {
        let filter = Filter { expression, rules };
        prop_assert_eq!(Filter::parse(&filter.to_string(), rules).unwrap(), filter);
    }

    #[test]
    fn a_printed_path_is_read_as_the_same(path in generate::path(), rules in generate::rules()) {
        prop_assert_eq!(Path::parse(&path.to_string(), rules).unwrap(), path);
    }

    #[test]
    fn no_text_is_too_much_for_the_parsers(text in generate::text(), rules in generate::rules()) {
        if let Ok(filter) = Filter::parse(&text, rules) {
            let printed = filter.to_string();
            prop_assert_eq!(Filter::parse(&printed, rules).unwrap(), filter, "{}", printed);
        }
        if let Ok(path) = Path::parse(&text, rules) {
            let printed = path.to_string();
            prop_assert_eq!(Path::parse(&printed, rules).unwrap(), path, "{}", printed);
        }
    }

    #[test]
    fn no_filter_path_or_name_is_too_much_for_the_resolver(
        expression in generate::expression(),
        path in generate::path(),
        text in generate::text(),
        rules in generate::rules(),
    ) {
        for definition in [builtin::user(), builtin::group()] {
            let _ = resolve(&Filter { expression: expression.clone(), rules }, definition);
            let _ = resolve_path(&path, definition, rules);
            let _ = resolve_sort(&text, definition);
        }
        let _ = Projection::parse(std::slice::from_ref(&text), &[]);
    }

    #[test]
    fn a_projection_takes_away_and_adds_nothing(
        user in generate::user(),
        names in prop::collection::vec(prop::sample::select(NAMES), 0..4),
        excludes in any::<bool>(),
    ) {
        let names = names.into_iter().map(str::to_owned).collect();
        let (only, without) = if excludes { (vec![], names) } else { (names, vec![]) };
        let projection = Projection::parse(&only, &without).unwrap();
        let mut shown = user.clone();
        projection.apply(&mut shown, builtin::user());
        prop_assert!(shown.keys().all(|name| user.contains_key(name) && name != "password"));
        let mut again = shown.clone();
        projection.apply(&mut again, builtin::user());
        prop_assert_eq!(again, shown);
    }
}
