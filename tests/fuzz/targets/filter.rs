//! Filters: whatever is read prints as something that reads the same, and resolves or is refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_scim::filter::Filter;
use rollcall_scim::resolve::{resolve, resolve_among, resolve_sort};
use rollcall_scim::{Profile, builtin};

fuzz_target!(|text: &str| {
    for profile in [Profile::Generic, Profile::Okta] {
        let rules = profile.rules();
        let Ok(filter) = Filter::parse(text, rules) else { continue };
        let printed = filter.to_string();
        // Escapes can make the printed form longer than a filter may be.
        if printed.len() <= rollcall_scim::grammar::LONGEST {
            let again = Filter::parse(&printed, rules).expect("a printed filter is a filter");
            assert_eq!(again, filter);
        }
        let types = [builtin::user(), builtin::group()];
        for definition in types {
            let alone = resolve(&filter, definition);
            let among = resolve_among(&filter, definition, &types);
            assert!(
                alone.is_err() || alone == among,
                "what one type answers, a list of several answers alike"
            );
        }
    }
    _ = resolve_sort(text, builtin::user());
});
