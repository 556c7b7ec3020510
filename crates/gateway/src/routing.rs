//! Which endpoint a path names. Empty segments do not count: `/scim/v2//Users/` is `/scim/v2/Users`.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::base_url::BasePath;

/// The suffix of a resource in the media type `application/scim+json`.
const FORMAT: &str = ".scim";

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// `/healthz`.
    Liveness,
    /// `/readyz`.
    Readiness,
    /// `/oauth2/token`.
    Token,
    /// A SCIM endpoint, and the base path that it was reached by.
    Scim(BasePath, Endpoint<'a>),
    /// A version of SCIM that is not served here, such as `v1`.
    OtherVersion(&'a str),
    /// Nothing that this gateway serves.
    Elsewhere,
}

/// An endpoint of RFC 7644 §3.2.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Endpoint<'a> {
    /// All resources of all types.
    Root,
    Users,
    User(Cow<'a, str>),
    Groups,
    Group(Cow<'a, str>),
    /// `/.search`.
    Search,
    /// `/Users/.search`.
    UserSearch,
    /// `/Groups/.search`.
    GroupSearch,
    ServiceProviderConfig,
    ResourceTypes,
    ResourceType(Cow<'a, str>),
    Schemas,
    Schema(Cow<'a, str>),
    Me,
    Bulk,
    /// `/openapi.json`, which is also at the root of the server.
    OpenApi,
    /// No endpoint.
    Unknown,
    /// A path that has the base path again behind the base path; and what it leads to without.
    BaseAgain(String),
    /// A path whose percent-encoding is no UTF-8 text.
    Unreadable,
}

impl Route<'_> {
    /// The route as a pattern, whatever base path it was reached by.
    pub(crate) fn pattern(&self) -> &'static str {
        match self {
            Self::Liveness => "/healthz",
            Self::Readiness => "/readyz",
            Self::Token => "/oauth2/token",
            Self::Scim(_, endpoint) => endpoint.pattern(),
            Self::OtherVersion(_) | Self::Elsewhere => "",
        }
    }
}

impl Endpoint<'_> {
    fn pattern(&self) -> &'static str {
        match self {
            Self::Root => "/scim/v2",
            Self::Users => "/scim/v2/Users",
            Self::User(_) => "/scim/v2/Users/{id}",
            Self::Groups => "/scim/v2/Groups",
            Self::Group(_) => "/scim/v2/Groups/{id}",
            Self::Search => "/scim/v2/.search",
            Self::UserSearch => "/scim/v2/Users/.search",
            Self::GroupSearch => "/scim/v2/Groups/.search",
            Self::ServiceProviderConfig => "/scim/v2/ServiceProviderConfig",
            Self::ResourceTypes => "/scim/v2/ResourceTypes",
            Self::ResourceType(_) => "/scim/v2/ResourceTypes/{name}",
            Self::Schemas => "/scim/v2/Schemas",
            Self::Schema(_) => "/scim/v2/Schemas/{urn}",
            Self::Me => "/scim/v2/Me",
            Self::Bulk => "/scim/v2/Bulk",
            Self::OpenApi => "/openapi.json",
            Self::Unknown | Self::BaseAgain(_) | Self::Unreadable => "",
        }
    }
}

/// Reads a path.
pub(crate) fn route(path: &str) -> Route<'_> {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let base = match segments.next() {
        Some("scim") => match segments.next() {
            Some("v2") => BasePath::Rollcall,
            Some(version) if is_version(version) => return Route::OtherVersion(version),
            _ => return Route::Elsewhere,
        },
        Some("api") if segments.by_ref().take(3).eq(["ee", "scim", "v2"]) => BasePath::Metabase,
        Some("oauth2") if segments.by_ref().eq(["token"]) => return Route::Token,
        Some("healthz") if segments.next().is_none() => return Route::Liveness,
        Some("readyz") if segments.next().is_none() => return Route::Readiness,
        Some("openapi.json") if segments.next().is_none() => {
            return Route::Scim(BasePath::Rollcall, Endpoint::OpenApi);
        }
        _ => return Route::Elsewhere,
    };
    Route::Scim(base, within(segments))
}

/// The endpoint at the segments behind a base path. Whoever gave an identity provider the base URL for a base URL without the
/// path finds the path twice.
fn within<'a>(segments: impl Iterator<Item = &'a str> + Clone) -> Endpoint<'a> {
    let mut rest = segments.clone();
    let mut is_again = false;
    while let Some(behind) = behind_base(&rest) {
        (rest, is_again) = (behind, true);
    }
    if is_again {
        return Endpoint::BaseAgain(rest.flat_map(|segment| ["/", segment]).collect());
    }
    at(segments)
}

/// What follows a base path; `None`, the segments do not begin with one.
fn behind_base<'a, I: Iterator<Item = &'a str> + Clone>(segments: &I) -> Option<I> {
    [BasePath::Rollcall, BasePath::Metabase].into_iter().find_map(|base| {
        let mut rest = segments.clone();
        let mut names = base.as_str().split('/').filter(|name| !name.is_empty());
        names.all(|name| rest.next() == Some(name)).then_some(rest)
    })
}

/// The endpoint at a path that begins behind the base path.
pub(crate) fn endpoint_at(path: &str) -> Endpoint<'_> {
    at(path.split('/').filter(|segment| !segment.is_empty()))
}

fn at<'a>(mut segments: impl Iterator<Item = &'a str>) -> Endpoint<'a> {
    match (segments.next(), segments.next(), segments.next()) {
        (None, ..) => Endpoint::Root,
        (Some(name), id, None) => endpoint(name, id),
        _ => Endpoint::Unknown,
    }
}

fn endpoint<'a>(name: &'a str, id: Option<&'a str>) -> Endpoint<'a> {
    let Some(name) = decoded(name) else { return Endpoint::Unreadable };
    let id = match id.map(decoded) {
        None => None,
        Some(Some(id)) => Some(id),
        Some(None) => return Endpoint::Unreadable,
    };
    match (name.as_ref(), id) {
        (".search", None) => Endpoint::Search,
        ("Users", None) => Endpoint::Users,
        ("Users", Some(id)) if id == ".search" => Endpoint::UserSearch,
        ("Users", Some(id)) => Endpoint::User(without_format(id)),
        ("Groups", None) => Endpoint::Groups,
        ("Groups", Some(id)) if id == ".search" => Endpoint::GroupSearch,
        ("Groups", Some(id)) => Endpoint::Group(without_format(id)),
        ("ServiceProviderConfig", None) => Endpoint::ServiceProviderConfig,
        ("ResourceTypes", None) => Endpoint::ResourceTypes,
        ("ResourceTypes", Some(id)) => Endpoint::ResourceType(id),
        ("Schemas", None) => Endpoint::Schemas,
        ("Schemas", Some(id)) => Endpoint::Schema(id),
        ("Me", None) => Endpoint::Me,
        ("Bulk", None) => Endpoint::Bulk,
        ("openapi.json", None) => Endpoint::OpenApi,
        _ => Endpoint::Unknown,
    }
}

/// An id without the suffix by which a client may ask for the format (RFC 7644 §3.8), which is the only one that there is.
/// No id of ours ends so.
fn without_format(id: Cow<'_, str>) -> Cow<'_, str> {
    match id {
        Cow::Borrowed(id) => Cow::Borrowed(id.strip_suffix(FORMAT).unwrap_or(id)),
        Cow::Owned(id) => Cow::Owned(id.strip_suffix(FORMAT).unwrap_or(&id).to_owned()),
    }
}

fn decoded(segment: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(segment).decode_utf8().ok()
}

/// RFC 7644 §3.13: `v` and a number.
fn is_version(segment: &str) -> bool {
    let number = segment.strip_prefix(['v', 'V']).unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scim(path: &str) -> Endpoint<'_> {
        match route(path) {
            Route::Scim(_, endpoint) => endpoint,
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn both_base_paths_lead_to_the_same_endpoints() {
        assert_eq!(route("/scim/v2/Users"), Route::Scim(BasePath::Rollcall, Endpoint::Users));
        assert_eq!(route("/api/ee/scim/v2/Users"), Route::Scim(BasePath::Metabase, Endpoint::Users));
        assert_eq!(scim("/scim/v2/Users/u1"), Endpoint::User("u1".into()));
        assert_eq!(scim("/scim/v2/Schemas/urn:a:b"), Endpoint::Schema("urn:a:b".into()));
        assert_eq!(scim("/scim/v2/Schemas/urn%3Aa%3Ab"), Endpoint::Schema("urn:a:b".into()));
    }

    #[test]
    fn searches_are_no_ids() {
        assert_eq!(scim("/scim/v2/.search"), Endpoint::Search);
        assert_eq!(scim("/scim/v2/Users/.search"), Endpoint::UserSearch);
        assert_eq!(scim("/scim/v2/Groups/%2Esearch"), Endpoint::GroupSearch);
        assert_eq!(scim("/scim/v2/Users/.SEARCH"), Endpoint::User(".SEARCH".into()));
        assert_eq!(scim("/scim/v2/Bulk/.search"), Endpoint::Unknown);
    }

    #[test]
    fn a_resource_with_the_suffix_of_its_format_is_that_resource() {
        assert_eq!(scim("/scim/v2/Users/u1.scim"), Endpoint::User("u1".into()));
        assert_eq!(scim("/api/ee/scim/v2/Groups/g1%2Escim/"), Endpoint::Group("g1".into()));
        assert_eq!(scim("/scim/v2/Users/u1.scim.scim"), Endpoint::User("u1.scim".into()));
        assert_eq!(scim("/scim/v2/Users/u1.json"), Endpoint::User("u1.json".into()));
        assert_eq!(scim("/scim/v2/Users.scim"), Endpoint::Unknown);
        assert_eq!(scim("/scim/v2/Schemas/urn:a.scim"), Endpoint::Schema("urn:a.scim".into()));
    }

    #[test]
    fn a_base_path_behind_the_base_path_is_told_apart() {
        for (path, rest) in [
            ("/scim/v2/scim/v2/Users/u1", "/Users/u1"),
            ("/scim/v2/scim/v2/scim/v2//Users/", "/Users"),
            ("/api/ee/scim/v2/scim/v2", ""),
            ("/scim/v2/api/ee/scim/v2/Bulk", "/Bulk"),
        ] {
            assert_eq!(scim(path), Endpoint::BaseAgain(rest.to_owned()), "{path}");
        }
        for path in ["/scim/v2/scim", "/scim/v2/scim/v3/Users", "/scim/v2/Users/scim/v2"] {
            assert_eq!(scim(path), Endpoint::Unknown, "{path}");
        }
    }

    #[test]
    fn the_description_is_at_each_base_path_and_outside() {
        assert_eq!(scim("/scim/v2/openapi.json"), Endpoint::OpenApi);
        assert_eq!(scim("/api/ee/scim/v2/openapi.json"), Endpoint::OpenApi);
        assert_eq!(route("/openapi.json"), Route::Scim(BasePath::Rollcall, Endpoint::OpenApi));
        assert_eq!(route("/openapi.json/x"), Route::Elsewhere);
    }

    #[test]
    fn the_token_endpoint_is_at_the_root_of_the_server() {
        assert_eq!(route("/oauth2/token"), Route::Token);
        assert_eq!(route("/oauth2/token/"), Route::Token);
        for path in ["/oauth2", "/oauth2/token/x", "/oauth2/authorize", "/scim/v2/oauth2/token"] {
            assert_ne!(route(path), Route::Token, "{path}");
        }
    }

    #[test]
    fn the_root_is_all_resources() {
        for path in ["/scim/v2", "/scim/v2/", "/scim/v2//"] {
            assert_eq!(scim(path), Endpoint::Root, "{path}");
        }
        assert_eq!(route("/api/ee/scim/v2"), Route::Scim(BasePath::Metabase, Endpoint::Root));
    }

    #[test]
    fn empty_segments_do_not_count() {
        for path in ["/scim/v2//Users", "/scim/v2/Users/", "//scim//v2//Users//"] {
            assert_eq!(scim(path), Endpoint::Users, "{path}");
        }
        assert_eq!(scim("/scim/v2//Users/u1/"), Endpoint::User("u1".into()));
    }

    #[test]
    fn what_is_no_endpoint_is_unknown() {
        for path in ["/scim/v2/users", "/scim/v2/Users/u1/emails", "/scim/v2/../Users", "/scim/v2/Me/x"] {
            assert_eq!(scim(path), Endpoint::Unknown, "{path}");
        }
        for path in
            ["/", "/Users", "/scim", "/scimv2/Users", "/api/ee/scim", "/api/ee/scim/v1/Users", "/healthz/x"]
        {
            assert_eq!(route(path), Route::Elsewhere, "{path}");
        }
        assert_eq!(route("/scim/v1/Users"), Route::OtherVersion("v1"));
    }

    #[test]
    fn odd_bytes_are_part_of_an_id_or_unreadable_but_never_trouble() {
        assert_eq!(scim("/scim/v2/Users/%00"), Endpoint::User("\0".into()));
        assert_eq!(scim("/scim/v2/Users/.."), Endpoint::User("..".into()));
        assert_eq!(scim("/scim/v2/Users/%2e%2e%2fGroups"), Endpoint::User("../Groups".into()));
        assert_eq!(scim("/scim/v2/Users/%"), Endpoint::User("%".into()));
        assert_eq!(scim("/scim/v2/Users/%ff"), Endpoint::Unreadable);
        assert_eq!(scim("/scim/v2/%C3"), Endpoint::Unreadable);
    }
}
