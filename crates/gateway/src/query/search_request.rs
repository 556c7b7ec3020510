//! The body of a search (RFC 7644 §3.4.3), which has the parameters of a query as its members.

use std::borrow::Cow;

use rollcall_api::v1::ErrorReason;
use serde_json::{Map, Number, Value};

use super::{Query, refused, require_no_null};
use crate::body::kind;
use crate::error::Problem;
use crate::patch_body::{require_urn, take};

pub(crate) const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

impl Query<'static> {
    /// Reads the body of a search. Names are taken whatever their case, those that are not ours are skipped, and null counts
    /// as not sent.
    ///
    /// Errors: `invalidSyntax`, with another schema than its own; `invalidValue`, `invalidFilter`, `invalidCursor` or `invalidCount`, for a
    /// member of a wrong type.
    pub(crate) fn of_search(mut body: Map<String, Value>) -> Result<Self, Problem> {
        require_urn(take(&mut body, "schemas").as_ref(), SEARCH_REQUEST, "a search")?;
        let mut member = |name| take(&mut body, name).filter(|value| !value.is_null());
        let cursor = text("cursor", member("cursor"))?;
        let is_walk = cursor.is_some();
        let filled = |text: Option<Cow<'static, str>>| text.filter(|text| !text.is_empty());
        Ok(Self {
            filter: filled(text("filter", member("filter"))?),
            sort_by: filled(text("sortBy", member("sortBy"))?),
            sort_order: filled(text("sortOrder", member("sortOrder"))?),
            start_index: number("startIndex", member("startIndex"), false)?,
            count: number("count", member("count"), is_walk)?,
            cursor,
            attributes: names("attributes", member("attributes"))?,
            excluded_attributes: names("excludedAttributes", member("excludedAttributes"))?,
        })
    }
}

fn text(name: &'static str, value: Option<Value>) -> Result<Option<Cow<'static, str>>, Problem> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => {
            require_no_null(name, &text)?;
            Ok(Some(text.into()))
        }
        Some(other) => Err(refused(name, &format!("expected a string, got {}", kind(&other)))),
    }
}

fn number(
    name: &'static str,
    value: Option<Value>,
    is_walk: bool,
) -> Result<Option<Cow<'static, str>>, Problem> {
    match value {
        None => Ok(None),
        // Whether it is a whole one is judged with those of URLs.
        Some(Value::Number(number)) => Ok(Some(digits(&number).into())),
        Some(other) => {
            let reason = if is_walk { ErrorReason::InvalidCount } else { ErrorReason::InvalidValue };
            Err(Problem::new(reason, format!("{name}: expected a whole number, got {}", kind(&other))))
        }
    }
}

/// A number as URLs have it. JSON may write a whole one with an exponent or with zeros behind a point.
fn digits(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if !number.is_i64() && !number.is_u64() && float.fract() == 0.0 => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

/// A list of names; one alone may stand for itself.
fn names(name: &'static str, value: Option<Value>) -> Result<Vec<String>, Problem> {
    let elements = match value {
        None => return Ok(Vec::new()),
        Some(Value::Array(elements)) => elements,
        Some(Value::String(list)) => vec![Value::String(list)],
        Some(other) => {
            return Err(refused(name, &format!("expected an array of strings, got {}", kind(&other))));
        }
    };
    let mut all = Vec::with_capacity(elements.len());
    for (index, element) in elements.into_iter().enumerate() {
        let Value::String(text) = element else {
            let detail = format!("{name}[{index}]: expected a string, got {}", kind(&element));
            return Err(Problem::new(ErrorReason::InvalidValue, detail));
        };
        require_no_null(name, &text)?;
        all.extend(super::names(&text));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::query::Wanted;

    fn read(members: Value) -> Result<Wanted, Problem> {
        let Value::Object(mut body) = members else { panic!("{members}") };
        body.insert("schemas".to_owned(), json!([SEARCH_REQUEST]));
        Query::of_search(body)?.wanted()
    }

    fn said(members: Value) -> (String, String) {
        let answer = read(members).err().unwrap().into_answer();
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        (body["scimType"].as_str().unwrap().to_owned(), body["detail"].as_str().unwrap().to_owned())
    }

    #[test]
    fn a_search_has_the_parameters_of_a_query() {
        let wanted = read(json!({
            "Filter": "userName sw \"a\"",
            "sortby": "name.familyName",
            "sortOrder": "descending",
            "startIndex": 3,
            "COUNT": 2,
            "attributes": ["userName", "emails[type eq \"a,b\"],title"],
            "excludedAttributes": null,
            "shoeSize": {},
        }))
        .unwrap();
        assert_eq!(
            (wanted.filter.as_str(), wanted.sort_by.as_str()),
            ("userName sw \"a\"", "name.familyName")
        );
        assert_eq!((wanted.start_index, wanted.page_size, wanted.sort_order), (Some(3), Some(2), 2));
        assert_eq!(wanted.projection.attributes, ["userName", "emails[type eq \"a,b\"]", "title"]);
    }

    #[test]
    fn an_empty_cursor_asks_for_the_first_page_of_a_walk() {
        let wanted = read(json!({"cursor": "", "count": 2})).unwrap();
        assert_eq!((wanted.start_index, wanted.page_token.as_str()), (None, ""));
        let wanted = read(json!({"cursor": null, "filter": ""})).unwrap();
        assert_eq!((wanted.start_index, wanted.filter.as_str()), (Some(1), ""));
        assert_eq!(read(json!({"cursor": "abc"})).unwrap().page_token, "abc");
    }

    #[test]
    fn numbers_are_whole_however_they_are_written_and_however_large() {
        let body = r#"{"startIndex": 1E+30, "count": -1e400}"#;
        for (text, start_index, count) in [
            (r#"{"startIndex": 1E+30, "count": 2.0}"#, i64::MAX, 2),
            (r#"{"startIndex": 12e1, "count": 1e30}"#, 120, i64::MAX),
            (r#"{"startIndex": -99999999999999999999999, "count": -1e30}"#, i64::MIN, i64::MIN),
        ] {
            let wanted = read(serde_json::from_str(text).unwrap()).unwrap();
            assert_eq!((wanted.start_index, wanted.page_size), (Some(start_index), Some(count)), "{text}");
        }
        assert_eq!(said(serde_json::from_str(body).unwrap()).0, "invalidValue");
    }

    #[test]
    fn what_is_wrong_is_said_by_name() {
        for (members, scim_type, part) in [
            (json!({"filter": 1}), "invalidFilter", "filter: expected a string, got a number"),
            (json!({"filter": "a\u{0}"}), "invalidValue", "U+0000"),
            (json!({"sortBy": []}), "invalidValue", "sortBy"),
            (json!({"sortOrder": "up"}), "invalidValue", "sortOrder"),
            (json!({"startIndex": "1"}), "invalidValue", "startIndex: expected a whole number, got a string"),
            (json!({"startIndex": 1.5}), "invalidValue", "startIndex"),
            (json!({"count": "ten"}), "invalidValue", "count"),
            (json!({"cursor": "", "count": true}), "invalidCount", "count"),
            (json!({"cursor": "", "count": 1.5}), "invalidCount", "count"),
            (json!({"cursor": 1}), "invalidCursor", "cursor"),
            (json!({"cursor": "a", "startIndex": 1}), "invalidValue", "cursor"),
            (json!({"attributes": {}}), "invalidValue", "attributes: expected an array of strings"),
            (json!({"attributes": ["a", 1]}), "invalidValue", "attributes[1]"),
        ] {
            let (got, detail) = said(members.clone());
            assert_eq!(got, scim_type, "{members}");
            assert!(detail.contains(part), "{members}: {detail}");
        }
        for schemas in [json!({}), json!("x"), json!([1]), json!([SEARCH_REQUEST.replace("Search", "Bulk")])]
        {
            let body = Map::from_iter([("schemas".to_owned(), schemas)]);
            assert!(Query::of_search(body).is_err());
        }
        for schemas in [json!(null), json!([])] {
            let body = Map::from_iter([("schemas".to_owned(), schemas)]);
            assert!(Query::of_search(body).is_ok(), "implied");
        }
        assert!(Query::of_search(Map::new()).is_ok(), "implied");
    }
}
