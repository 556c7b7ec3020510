//! The query of a URL (RFC 7644 §3.4.2, §3.9; RFC 9865 §2), or of the body of a search.
//!
//! Names are taken whatever their case; parameters that are not ours are skipped, since identity providers add flags
//! of their own. A parameter without a value counts as not sent, but for `cursor`, which asks for the first page so.

mod search_request;

pub(crate) use search_request::SEARCH_REQUEST;

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use rollcall_api::v1::{ErrorReason, Projection, SortOrder};
use rollcall_scim::projection::items;

use crate::error::Problem;

/// The parameters of a request, as text.
#[derive(Debug, Default)]
pub(crate) struct Query<'a> {
    pub(crate) filter: Option<Cow<'a, str>>,
    sort_by: Option<Cow<'a, str>>,
    sort_order: Option<Cow<'a, str>>,
    start_index: Option<Cow<'a, str>>,
    count: Option<Cow<'a, str>>,
    cursor: Option<Cow<'a, str>>,
    attributes: Vec<String>,
    excluded_attributes: Vec<String>,
}

/// A page of a list, as messages to the core ask for it.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) filter: String,
    pub(crate) sort_by: String,
    pub(crate) sort_order: i32,
    /// How many resources at most.
    pub(crate) page_size: Option<i64>,
    /// The 1-based position of the first one; absent, paging by token.
    pub(crate) start_index: Option<i64>,
    pub(crate) page_token: String,
    pub(crate) projection: Projection,
}

/// Which page of a list.
#[derive(Debug, PartialEq, Eq)]
struct Paging {
    /// How many resources at most.
    count: Option<i64>,
    /// Where the page begins.
    from: Start,
}

/// Where a page begins.
#[derive(Debug, PartialEq, Eq)]
enum Start {
    /// The 1-based position of its first resource.
    Index(i64),
    /// The cursor of the page before; empty, the first page.
    Cursor(String),
}

impl<'a> Query<'a> {
    /// Reads a query. Errors: a value that is not well encoded, or a parameter sent twice.
    pub(crate) fn parse(query: Option<&'a str>) -> Result<Self, Problem> {
        let mut parsed = Self::default();
        for pair in query.unwrap_or_default().split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Ok(name) = decoded(name) else { continue };
            let (name, parameter) = match name.to_ascii_lowercase().as_str() {
                "filter" => ("filter", &mut parsed.filter),
                "sortby" => ("sortBy", &mut parsed.sort_by),
                "sortorder" => ("sortOrder", &mut parsed.sort_order),
                "startindex" => ("startIndex", &mut parsed.start_index),
                "count" => ("count", &mut parsed.count),
                "cursor" => ("cursor", &mut parsed.cursor),
                "attributes" => {
                    parsed.attributes.extend(names(&value_of("attributes", value)?));
                    continue;
                }
                "excludedattributes" => {
                    parsed.excluded_attributes.extend(names(&value_of("excludedAttributes", value)?));
                    continue;
                }
                _ => continue,
            };
            let value = value_of(name, value)?;
            if value.is_empty() && name != "cursor" {
                continue;
            }
            if parameter.replace(value).is_some() {
                return Err(refused(name, "it is sent twice; send it once"));
            }
        }
        Ok(parsed)
    }

    /// The page that is wanted.
    ///
    /// Errors: `invalidValue`, and `invalidCount` where pages are walked by cursor.
    pub(crate) fn wanted(mut self) -> Result<Wanted, Problem> {
        let paging = self.paging()?;
        let (start_index, page_token) = match paging.from {
            Start::Index(index) => (Some(index), String::new()),
            Start::Cursor(cursor) => (None, cursor),
        };
        Ok(Wanted {
            sort_order: self.sort_order()?.into(),
            projection: self.projection(),
            filter: self.filter.unwrap_or_default().into_owned(),
            sort_by: self.sort_by.unwrap_or_default().into_owned(),
            page_size: paging.count,
            start_index,
            page_token,
        })
    }

    /// Which attributes are wanted.
    pub(crate) fn projection(&mut self) -> Projection {
        Projection {
            attributes: std::mem::take(&mut self.attributes),
            excluded_attributes: std::mem::take(&mut self.excluded_attributes),
            scim_base_url: None,
        }
    }

    /// Which page is wanted. Without `cursor` pages are counted by index, from the first.
    fn paging(&self) -> Result<Paging, Problem> {
        let count = self.count.as_deref().map(|count| {
            integer(count).ok_or_else(|| {
                let reason =
                    if self.cursor.is_some() { ErrorReason::InvalidCount } else { ErrorReason::InvalidValue };
                Problem::new(reason, format!("count: {count:?} is no whole number"))
            })
        });
        let from = match (&self.cursor, self.start_index.as_deref()) {
            (Some(_), Some(_)) => {
                return Err(Problem::new(
                    ErrorReason::InvalidValue,
                    "cursor: it is sent together with startIndex; page by one of them",
                ));
            }
            (Some(cursor), None) => Start::Cursor(cursor.clone().into_owned()),
            (None, Some(index)) => Start::Index(integer(index).ok_or_else(|| {
                Problem::new(ErrorReason::InvalidValue, format!("startIndex: {index:?} is no whole number"))
            })?),
            (None, None) => Start::Index(1),
        };
        Ok(Paging { count: count.transpose()?, from })
    }

    /// The direction of the sort.
    fn sort_order(&self) -> Result<SortOrder, Problem> {
        match self.sort_order.as_deref() {
            None => Ok(SortOrder::Unspecified),
            Some(order) if order.eq_ignore_ascii_case("ascending") => Ok(SortOrder::Ascending),
            Some(order) if order.eq_ignore_ascii_case("descending") => Ok(SortOrder::Descending),
            Some(order) => Err(Problem::new(
                ErrorReason::InvalidValue,
                format!("sortOrder: {order:?} is neither ascending nor descending"),
            )),
        }
    }
}

/// What is wrong with the encoding of a text.
enum Malformed {
    Percent,
    Utf8,
}

fn value_of<'a>(name: &'static str, text: &'a str) -> Result<Cow<'a, str>, Problem> {
    let value = decoded(text).map_err(|malformed| {
        refused(
            name,
            match malformed {
                Malformed::Percent => {
                    "a % in it is not followed by two hexadecimal digits; a % itself is sent as %25"
                }
                Malformed::Utf8 => "its percent-encoded bytes are no UTF-8",
            },
        )
    })?;
    require_no_null(name, &value)?;
    Ok(value)
}

/// Refuses what no attribute can hold, and so no filter can ask for.
fn require_no_null(name: &'static str, text: &str) -> Result<(), Problem> {
    if !text.contains('\0') {
        return Ok(());
    }
    let reason = if name == "cursor" { ErrorReason::InvalidCursor } else { ErrorReason::InvalidValue };
    Err(Problem::new(reason, format!("{name}: it holds the character U+0000, which no attribute can have")))
}

fn refused(name: &'static str, why: &str) -> Problem {
    let reason = match name {
        "filter" => ErrorReason::InvalidFilter,
        "cursor" => ErrorReason::InvalidCursor,
        _ => ErrorReason::InvalidValue,
    };
    Problem::new(reason, format!("{name}: {why}"))
}

/// Decodes a name or value as forms are encoded: `+` is a space. Nothing is repaired: a filter that was guessed at
/// could find another user.
fn decoded(text: &str) -> Result<Cow<'_, str>, Malformed> {
    if !text.contains(['%', '+']) {
        return Ok(Cow::Borrowed(text));
    }
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('%') {
        if after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() != 2 {
            return Err(Malformed::Percent);
        }
        rest = after;
    }
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => Ok(Cow::Owned(decoded.into_owned())),
        Err(_) => Err(Malformed::Utf8),
    }
}

/// The names of a comma-separated list of attributes.
fn names(list: &str) -> impl Iterator<Item = String> {
    items(list).map(str::to_owned)
}

/// A whole number. One past 64 bits is the last one of 64 bits: it is as far beyond any list.
fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.parse().unwrap_or(if negative { i64::MIN } else { i64::MAX }))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn parse(query: &str) -> Query<'_> {
        Query::parse(Some(query)).unwrap()
    }

    /// The `scimType` and `detail` of a problem.
    fn said<T>(result: Result<T, Problem>) -> (String, String) {
        let body: Value = serde_json::from_slice(&result.err().unwrap().into_answer().body).unwrap();
        (body["scimType"].as_str().unwrap().to_owned(), body["detail"].as_str().unwrap().to_owned())
    }

    #[test]
    fn parameters_are_taken_whatever_the_case_of_their_names() {
        let query = parse("FILTER=a&SortBy=b&sortorder=Descending&startindex=3&COUNT=4&excludedattributes=e");
        assert_eq!(query.filter.as_deref(), Some("a"));
        assert_eq!(query.sort_by.as_deref(), Some("b"));
        assert_eq!(query.sort_order().unwrap(), SortOrder::Descending);
        assert_eq!(query.paging().unwrap(), Paging { count: Some(4), from: Start::Index(3) });
        assert_eq!(query.excluded_attributes, ["e"]);
    }

    #[test]
    fn unknown_and_valueless_parameters_are_skipped() {
        let query = parse("aadOptscim062020&filter=&count&startIndex=&x=%FF&%zz=1&&=");
        assert!(query.filter.is_none());
        assert_eq!(query.paging().unwrap(), Paging { count: None, from: Start::Index(1) });
        assert!(Query::parse(None).unwrap().filter.is_none());
    }

    #[test]
    fn values_are_decoded_as_forms_are() {
        let query = parse("filter=userName+eq+%22ana%2Bx%40ex.com%22%20or%20%E6%97%A5&aad");
        assert_eq!(query.filter.as_deref(), Some("userName eq \"ana+x@ex.com\" or 日"));
        assert_eq!(parse("filter=a=b").filter.as_deref(), Some("a=b"));
    }

    #[test]
    fn values_that_are_not_well_encoded_are_refused_by_name() {
        for (query, scim_type, part) in [
            ("filter=100%", "invalidFilter", "filter: a % in it"),
            ("filter=%4", "invalidFilter", "hexadecimal"),
            ("filter=%4é", "invalidFilter", "hexadecimal"),
            ("sortBy=%zz", "invalidValue", "sortBy"),
            ("filter=%C3%28", "invalidFilter", "UTF-8"),
            ("filter=a%00b", "invalidValue", "filter: it holds the character U+0000"),
            ("attributes=%00", "invalidValue", "attributes"),
            ("cursor=%ff", "invalidCursor", "cursor"),
            ("count=1&Count=2", "invalidValue", "count: it is sent twice"),
        ] {
            let (got, detail) = said(Query::parse(Some(query)));
            assert_eq!(got, scim_type, "{query}");
            assert!(detail.contains(part), "{query}: {detail}");
        }
    }

    #[test]
    fn a_cursor_without_a_value_asks_for_the_first_page() {
        for query in ["cursor", "cursor=", "cursor&startIndex="] {
            assert_eq!(parse(query).paging().unwrap().from, Start::Cursor(String::new()), "{query}");
        }
        assert_eq!(
            parse("cursor=abc&count=0").paging().unwrap(),
            Paging { count: Some(0), from: Start::Cursor("abc".to_owned()) }
        );
    }

    #[test]
    fn paging_both_ways_at_once_is_refused() {
        assert_eq!(said(parse("cursor&startIndex=1").paging()).0, "invalidValue");
    }

    #[test]
    fn a_count_that_is_no_number_is_named_after_the_kind_of_paging() {
        assert_eq!(said(parse("count=ten").paging()).0, "invalidValue");
        assert_eq!(said(parse("count=1.5&cursor").paging()).0, "invalidCount");
        assert_eq!(said(parse("startIndex=one").paging()).0, "invalidValue");
        assert_eq!(said(parse("sortOrder=up").sort_order()).0, "invalidValue");
    }

    #[test]
    fn numbers_past_64_bits_are_the_last_of_64_bits() {
        assert_eq!(integer("9223372036854775807"), Some(i64::MAX));
        assert_eq!(integer("99999999999999999999"), Some(i64::MAX));
        assert_eq!(integer("-99999999999999999999"), Some(i64::MIN));
        assert_eq!(integer("-3"), Some(-3));
        for text in ["", "-", "+3", " 3", "3 ", "0x3", "1e3", "³"] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn attributes_are_split_at_commas_outside_value_filters() {
        let mut query = parse(
            "attributes=userName,%20name.familyName%20,,emails[type%20eq%20%22a,b]%5C%22,%22%20and%20x%20eq%201].value,id&attributes=title",
        );
        assert_eq!(
            query.projection().attributes,
            ["userName", "name.familyName", "emails[type eq \"a,b]\\\",\" and x eq 1].value", "id", "title"]
        );
    }
}
