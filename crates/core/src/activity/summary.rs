//! The activity in numbers.

use rollcall_api::v1::{ActivitySpan, SummarizeActivityRequest, SummarizeActivityResponse};

use crate::Core;
use crate::caller::Caller;
use crate::credentials::timestamp;
use crate::error::{Error, Result};
use crate::log_query::micros;

/// Spans in one answer at most.
const MOST_SPANS: i64 = 200;

impl Core {
    /// Counts the requests of a directory in spans of equal length.
    pub(super) async fn summarize_activity(
        &self,
        caller: &Caller,
        request: SummarizeActivityRequest,
    ) -> Result<SummarizeActivityResponse> {
        let directory = caller.directory(&*self.store, &request.directory).await?.id;
        let given = |field: &str, time: Option<i64>| {
            time.ok_or_else(|| Error::value(format!("{field}: it is missing; give a time")))
        };
        let from = given("from", micros("from", request.from)?)?;
        let until = given("until", micros("until", request.until)?)?;
        let spans = i64::from(request.spans);
        if !(1..=MOST_SPANS).contains(&spans) {
            return Err(Error::value(format!("spans: give a number from 1 to {MOST_SPANS}")));
        }
        let length = until.saturating_sub(from) / spans;
        if from < 0 || length <= 0 {
            return Err(Error::value("until: it is not after `from` by a µs for each span"));
        }
        let counts = self.store.activity_counts(directory, from, from + length * spans, length).await?;
        let spans = (0..spans).map(|span| {
            let count = counts.iter().find(|count| count.span == span);
            ActivitySpan {
                from: Some(timestamp(from + span * length)),
                requests: count.map_or(0, |count| count.requests),
                failures: count.map_or(0, |count| count.failures),
            }
        });
        Ok(SummarizeActivityResponse { spans: spans.collect() })
    }
}
