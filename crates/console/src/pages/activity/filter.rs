//! Which requests are asked for, as the form has it.

use jiff::Timestamp;
use rollcall_api::v1::ActivityFilter;

use crate::pages::{Parameters, given};
use crate::problem::Problem;
use crate::time::timestamp;
use crate::url;

const HOUR: i64 = 3600 * 1_000_000;

/// A text of each field of the form.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub(super) status: String,
    pub(super) method: String,
    pub(super) span: String,
    /// Times of UTC such as `2026-11-24T10:03`.
    pub(super) from: String,
    pub(super) until: String,
    /// The name of a user or group, or its id.
    pub(super) about: String,
    /// A part of the path or the query.
    pub(super) path: String,
    /// The page.
    pub(super) token: String,
}

impl Filter {
    pub(super) fn of(query: &Parameters) -> Self {
        let text = |name| given(query, name).trim().to_owned();
        Self {
            status: text("status"),
            method: text("method"),
            span: text("span"),
            from: text("from"),
            until: text("until"),
            about: text("about"),
            path: text("path"),
            token: text("page"),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields().iter().all(|(_, text)| text.is_empty())
    }

    /// Whether times are given, rather than how long ago.
    pub(super) fn has_times(&self) -> bool {
        !self.from.is_empty() || !self.until.is_empty()
    }

    /// The same for the core, at a time in µs.
    pub(super) fn message(&self, now: i64) -> Result<ActivityFilter, Problem> {
        let (min_status, max_status) = match self.status.as_str() {
            "2xx" => (200, 299),
            "4xx" => (400, 499),
            "5xx" => (500, 599),
            status => status.parse().map_or((0, 0), |status| (status, status)),
        };
        let hours = match self.span.as_str() {
            "1h" => Some(1),
            "24h" => Some(24),
            "7d" => Some(7 * 24),
            _ => None,
        };
        let recent = hours.map(|hours| now.saturating_sub(hours * HOUR));
        let (from, until) = (time(&self.from, "from when")?, time(&self.until, "until when")?);
        let (target_id, about) =
            if is_id(&self.about) { (self.about.to_lowercase(), "") } else { (String::new(), &*self.about) };
        Ok(ActivityFilter {
            min_status,
            max_status,
            failures_only: self.status == "failed",
            method: self.method.clone(),
            target_id,
            about: about.to_owned(),
            path_contains: self.path.clone(),
            from: from.max(recent).map(timestamp),
            until: until.map(timestamp),
            ..ActivityFilter::default()
        })
    }

    /// The address of what is asked for.
    pub(super) fn address(&self, page: &str, token: &str) -> String {
        let mut fields = self.fields().to_vec();
        fields.push(("page", token));
        format!("{page}{}", url::query(&fields))
    }

    fn fields(&self) -> [(&'static str, &str); 7] {
        [
            ("status", self.status.as_str()),
            ("method", &self.method),
            ("span", &self.span),
            ("from", &self.from),
            ("until", &self.until),
            ("about", &self.about),
            ("path", &self.path),
        ]
    }
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// A time of UTC in µs; `None`, there is none.
fn time(text: &str, what: &str) -> Result<Option<i64>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let time = format!("{}Z", text.trim_end_matches('Z')).parse::<Timestamp>();
    let problem =
        || Problem::value(format!("Say {what} as a date and a time of UTC, such as 2026-11-24T10:03."));
    time.map(|time| Some(time.as_microsecond())).map_err(|_| problem())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(filter: &Filter) -> ActivityFilter {
        filter.message(2 * HOUR).unwrap()
    }

    #[test]
    fn an_id_is_told_from_a_name() {
        let about = |about: &str| message(&Filter { about: about.to_owned(), ..Filter::default() });
        let by_id = about("01890000-0000-7000-8000-00000000000A");
        assert_eq!(
            (by_id.target_id.as_str(), by_id.about.as_str()),
            ("01890000-0000-7000-8000-00000000000a", "")
        );
        let by_name = about("Ana@Ex.com");
        assert_eq!((by_name.target_id.as_str(), by_name.about.as_str()), ("", "Ana@Ex.com"));
    }

    #[test]
    fn a_status_is_a_class_or_one() {
        let of = |status: &str| {
            let message = message(&Filter { status: status.to_owned(), ..Filter::default() });
            (message.min_status, message.max_status, message.failures_only)
        };
        assert_eq!(of(""), (0, 0, false));
        assert_eq!(of("failed"), (0, 0, true));
        assert_eq!(of("4xx"), (400, 499, false));
        assert_eq!(of("409"), (409, 409, false));
    }

    #[test]
    fn the_later_of_two_beginnings_counts() {
        let from = |span: &str, from: &str| {
            let filter = Filter { span: span.to_owned(), from: from.to_owned(), ..Filter::default() };
            message(&filter).from.map(|time| time.seconds)
        };
        assert_eq!(from("", ""), None);
        assert_eq!(from("1h", ""), Some(3600));
        assert_eq!(from("1h", "1970-01-01T00:30"), Some(3600));
        assert_eq!(from("1h", "1970-01-01T01:30"), Some(5400));
        assert_eq!(from("", "1970-01-01T00:00:07Z"), Some(7));
    }

    #[test]
    fn a_time_that_is_none_is_refused() {
        let filter = Filter { until: "yesterday".to_owned(), ..Filter::default() };
        assert!(filter.message(0).unwrap_err().correctable().unwrap().contains("until when"));
    }
}
