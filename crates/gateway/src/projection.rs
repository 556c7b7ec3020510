//! Which attributes come back of one resource, and the version with them: the `ETag` is part of every answer (RFC 7644
//! §3.14), also when the client leaves `meta` out.

use rollcall_api::v1::{Meta, Projection};

const META: &str = "meta";
const VERSION: &str = "meta.version";

/// What of the `meta` that the core answers with the client has asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetaShown {
    All,
    WithoutVersion,
    Nothing,
}

/// Sees to it that the core answers with the version, whatever the client wants. Names may be behind `urn`, that of the
/// core schema.
pub(crate) fn with_version(projection: &mut Projection, urn: &str) -> MetaShown {
    let Projection { attributes, excluded_attributes: excluded } = projection;
    let is = |written: &String, name| unqualified(written, urn).eq_ignore_ascii_case(name);
    let is_part_of_meta = |written: &String| {
        let part = unqualified(written, urn).split_once('.');
        part.is_some_and(|(attribute, _)| attribute.eq_ignore_ascii_case(META))
    };
    let asks = |name| attributes.iter().any(|asked| is(asked, name));
    let leaves_out = |name| excluded.iter().any(|left| is(left, name));
    match (attributes.is_empty(), excluded.is_empty()) {
        (false, true) if asks(META) || asks(VERSION) => MetaShown::All,
        (false, true) => {
            let asks_a_part = attributes.iter().any(is_part_of_meta);
            attributes.push(VERSION.to_owned());
            if asks_a_part { MetaShown::WithoutVersion } else { MetaShown::Nothing }
        }
        (true, false) if leaves_out(META) => {
            excluded.retain(|left| !is(left, META) && !is_part_of_meta(left));
            MetaShown::Nothing
        }
        (true, false) if leaves_out(VERSION) => {
            excluded.retain(|left| !is(left, VERSION));
            MetaShown::WithoutVersion
        }
        // Both lists at once is a mistake, which the core refuses.
        _ => MetaShown::All,
    }
}

/// The version alone.
pub(crate) fn version_only() -> Projection {
    Projection { attributes: vec![VERSION.to_owned()], excluded_attributes: Vec::new() }
}

/// Takes the version out of the `meta` of a resource, and with it what the client has not asked for.
pub(crate) fn take_version(meta: &mut Option<Meta>, shown: MetaShown) -> String {
    let Some(known) = meta else { return String::new() };
    let version = match shown {
        MetaShown::All => known.version.clone(),
        MetaShown::WithoutVersion | MetaShown::Nothing => std::mem::take(&mut known.version),
    };
    if shown == MetaShown::Nothing || *known == Meta::default() {
        *meta = None;
    }
    version
}

fn unqualified<'a>(written: &'a str, urn: &str) -> &'a str {
    match written.split_at_checked(urn.len()) {
        Some((start, name)) if start.eq_ignore_ascii_case(urn) => name.strip_prefix(':').unwrap_or(written),
        _ => written,
    }
}

#[cfg(test)]
mod tests {
    use rollcall_scim::schema::USER;

    use super::*;

    fn sent(attributes: &[&str], excluded: &[&str]) -> (Vec<String>, Vec<String>, MetaShown) {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut projection =
            Projection { attributes: owned(attributes), excluded_attributes: owned(excluded) };
        let shown = with_version(&mut projection, USER);
        (projection.attributes, projection.excluded_attributes, shown)
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_version_is_asked_for_where_the_client_did_not() {
        assert_eq!(sent(&[], &[]), (names(&[]), names(&[]), MetaShown::All));
        assert_eq!(
            sent(&["userName"], &[]),
            (names(&["userName", "meta.version"]), names(&[]), MetaShown::Nothing)
        );
        assert_eq!(sent(&["META"], &[]), (names(&["META"]), names(&[]), MetaShown::All));
        assert_eq!(
            sent(&["meta.created"], &[]),
            (names(&["meta.created", "meta.version"]), names(&[]), MetaShown::WithoutVersion)
        );
        let qualified = format!("{USER}:meta.version");
        assert_eq!(sent(&[&qualified], &[]), (names(&[&qualified]), names(&[]), MetaShown::All));
    }

    #[test]
    fn the_version_is_not_left_out_on_the_way() {
        assert_eq!(sent(&[], &["emails"]), (names(&[]), names(&["emails"]), MetaShown::All));
        assert_eq!(sent(&[], &["emails", "Meta"]), (names(&[]), names(&["emails"]), MetaShown::Nothing));
        assert_eq!(sent(&[], &["meta.version"]), (names(&[]), names(&[]), MetaShown::WithoutVersion));
        assert_eq!(sent(&[], &["metal"]), (names(&[]), names(&["metal"]), MetaShown::All));
    }

    #[test]
    fn both_lists_are_left_for_the_core_to_refuse() {
        assert_eq!(sent(&["id"], &["meta"]), (names(&["id"]), names(&["meta"]), MetaShown::All));
    }

    #[test]
    fn what_was_not_asked_for_does_not_reach_the_client() {
        let meta =
            Meta { version: "W/\"1\"".to_owned(), resource_type: "User".to_owned(), ..Meta::default() };
        let left = |shown, meta: Meta| {
            let mut meta = Some(meta);
            assert_eq!(take_version(&mut meta, shown), "W/\"1\"");
            meta
        };
        assert_eq!(left(MetaShown::All, meta.clone()), Some(meta.clone()));
        assert_eq!(left(MetaShown::WithoutVersion, meta.clone()).unwrap().version, "");
        assert_eq!(left(MetaShown::Nothing, meta.clone()), None);
        let version = Meta { resource_type: String::new(), ..meta };
        assert_eq!(left(MetaShown::WithoutVersion, version), None);
    }
}
