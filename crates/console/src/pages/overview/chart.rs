//! A chart of requests over time: bars, drawn on the server.

use rollcall_api::v1::ActivitySpan;

use crate::time::{Moment, count, micros};

/// Bars in a chart: of 24 hours, one for each half.
pub(super) const BARS: i32 = 48;
/// The width of the chart, of which the template makes the view box.
const WIDTH: f64 = 600.0;
/// Where the bars stand, and how high they may be.
const GROUND: i64 = 124;
const HEIGHT: i64 = 116;
/// A bar of something is at least so high, so that one request can be seen beside a thousand.
const LOWEST: i64 = 3;

/// The chart.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    /// In words.
    pub(super) requests: String,
    pub(super) failures: String,
    pub(super) is_empty: bool,
}

/// One bar: what went well, and above it what failed.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) y: i64,
    pub(super) height: i64,
    pub(super) bad_y: i64,
    pub(super) bad_height: i64,
    pub(super) title: String,
}

impl Chart {
    pub(super) fn new(spans: &[ActivitySpan]) -> Self {
        let most = spans.iter().map(|span| span.requests).max().unwrap_or_default().max(1);
        let number = u32::try_from(spans.len().max(1)).unwrap_or(u32::MAX);
        let step = WIDTH / f64::from(number);
        let scaled = |requests: i64| match requests {
            0 => 0,
            requests => (requests * HEIGHT / most).max(LOWEST),
        };
        let bars = (0_u32..).zip(spans).map(|(index, span)| {
            let (height, bad_height) = (scaled(span.requests - span.failures), scaled(span.failures));
            let time = span.from.as_ref().map(|time| Moment::new(micros(time), 0).exact).unwrap_or_default();
            let time = time.get(11..16).unwrap_or_default().to_owned();
            Bar {
                x: format!("{:.1}", f64::from(index) * step + 1.0),
                width: format!("{:.1}", step - 2.0),
                y: GROUND - height,
                height,
                bad_y: GROUND - height - bad_height,
                bad_height,
                title: format!(
                    "{time} UTC: {}, {}",
                    told(span.requests, "request"),
                    told(span.failures, "error")
                ),
            }
        });
        let (requests, failures) = spans
            .iter()
            .fold((0, 0), |(requests, failures), span| (requests + span.requests, failures + span.failures));
        Self {
            bars: bars.collect(),
            requests: told(requests, "request"),
            failures: told(failures, "error"),
            is_empty: requests == 0,
        }
    }
}

fn told(number: i64, what: &str) -> String {
    count(u64::try_from(number).unwrap_or_default(), what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(requests: i64, failures: i64) -> ActivitySpan {
        ActivitySpan { requests, failures, ..ActivitySpan::default() }
    }

    #[test]
    fn bars_stand_on_the_ground_and_fit() {
        let chart = Chart::new(&[span(0, 0), span(1000, 10), span(1, 0)]);
        assert_eq!((chart.requests.as_str(), chart.failures.as_str()), ("1,001 requests", "10 errors"));
        for bar in &chart.bars {
            assert!(bar.bad_y >= 0 && bar.y + bar.height == GROUND, "{bar:?}");
            assert_eq!(bar.bad_y + bar.bad_height, bar.y);
        }
        assert_eq!(chart.bars[0].height, 0);
        assert_eq!(chart.bars[2].height, LOWEST, "one request is seen beside a thousand");
    }

    #[test]
    fn nothing_is_an_empty_chart() {
        assert!(Chart::new(&[]).is_empty);
        assert!(Chart::new(&[span(0, 0)]).is_empty);
    }
}
