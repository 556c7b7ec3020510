//! Bodies: what is read is in canonical form, and reads as itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_scim::projection::Projection;
use rollcall_scim::{builtin, resource, search_form};

fuzz_target!(|bytes: &[u8]| {
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };
    for definition in [builtin::user(), builtin::group()] {
        let Ok(canonical) = resource::normalize(body.clone(), definition) else { continue };
        let again =
            resource::normalize_attributes(canonical.clone(), definition).expect("a canonical resource");
        assert_eq!(again, canonical);
        _ = search_form::of(&canonical, definition);
        let mut shown = canonical;
        Projection::default().apply(&mut shown, definition);
    }
});
