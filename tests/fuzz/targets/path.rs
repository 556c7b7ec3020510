//! PATCH paths: whatever is read prints as something that reads the same, and resolves or is refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_scim::path::Path;
use rollcall_scim::resolve::resolve_path;
use rollcall_scim::{Profile, builtin};

fuzz_target!(|text: &str| {
    for profile in [Profile::Generic, Profile::Entra] {
        let rules = profile.rules();
        let Ok(path) = Path::parse(text, rules) else { continue };
        let printed = path.to_string();
        if printed.len() <= rollcall_scim::grammar::LONGEST {
            assert_eq!(Path::parse(&printed, rules).expect("a printed path is a path"), path);
        }
        for definition in [builtin::user(), builtin::group()] {
            _ = resolve_path(&path, definition, rules);
        }
    }
});
