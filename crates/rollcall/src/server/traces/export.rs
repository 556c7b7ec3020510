//! Spans on their way to the collector: a queue that nobody waits for, and a task that empties it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use opentelemetry::Context;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanExporter, SpanProcessor};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::exporter::exporter;
use super::spans::Spans;
use crate::settings::{self, Otlp, SpanQueue};

/// How long the spans that wait at the end of the process may take.
const FAREWELL: Duration = Duration::from_secs(3);
/// How much longer than it may an exporter is waited for, which minds its time by itself.
const GRACE: Duration = Duration::from_secs(1);

/// What tells a collector of spans.
#[derive(Debug)]
pub(super) struct Export {
    pub(super) spans: Spans,
    pub(super) counts: Arc<SpanCounts>,
    /// The collector, for people.
    pub(super) collector: String,
    stop: CancellationToken,
    sending: JoinHandle<()>,
}

/// What became of spans.
#[derive(Debug, Default)]
pub(in crate::server) struct SpanCounts {
    exported: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

impl SpanCounts {
    /// How many there were, by what became of them.
    pub(in crate::server) fn load(&self) -> [(&'static str, u64); 3] {
        [("exported", &self.exported), ("dropped", &self.dropped), ("failed", &self.failed)]
            .map(|(outcome, count)| (outcome, count.load(Ordering::Relaxed)))
    }
}

impl Export {
    /// Begins to tell the collector of what a process does. Errors: the certificates cannot be used.
    pub(super) fn begin(otlp: &Otlp, resource: Resource) -> Result<Self> {
        let mut exporter = exporter(otlp)?;
        exporter.set_resource(&resource);
        let counts = Arc::<SpanCounts>::default();
        let (sender, waiting) = mpsc::channel(otlp.queue.longest);
        let queue = Queue { sender, counts: Arc::clone(&counts) };
        let provider = SdkTracerProvider::builder()
            .with_span_processor(queue)
            .with_sampler(sampler(otlp.sampler))
            .with_resource(resource)
            .build();
        let stop = CancellationToken::new();
        let sending = Sending::new(waiting, exporter, otlp, Arc::clone(&counts));
        Ok(Self {
            spans: Spans::new(provider.tracer("rollcall")),
            counts,
            collector: otlp.endpoint.to_string(),
            sending: tokio::spawn(sending.run(stop.clone())),
            stop,
        })
    }

    /// Sends what waits, as far as the collector takes it in time.
    pub(super) async fn end(mut self) {
        self.stop.cancel();
        if timeout(FAREWELL, &mut self.sending).await.is_err() {
            self.sending.abort();
            tracing::warn!("the last spans were not exported in time");
        }
    }
}

fn sampler(settings::Sampler { asks_parent, share }: settings::Sampler) -> Sampler {
    let of_root = Sampler::TraceIdRatioBased(share);
    if asks_parent { Sampler::ParentBased(Box::new(of_root)) } else { of_root }
}

/// Where spans wait that have ended. Where it is full they are dropped, and counted.
#[derive(Debug)]
struct Queue {
    sender: mpsc::Sender<SpanData>,
    counts: Arc<SpanCounts>,
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.sender.try_send(span).is_err() {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Who empties it is told by [`Export::end`].
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Who empties the queue.
struct Sending<E> {
    waiting: mpsc::Receiver<SpanData>,
    /// What is sent next.
    batch: Vec<SpanData>,
    exporter: E,
    queue: SpanQueue,
    /// How long the collector is waited for.
    longest: Duration,
    counts: Arc<SpanCounts>,
    is_failing: bool,
}

impl<E: SpanExporter> Sending<E> {
    fn new(waiting: mpsc::Receiver<SpanData>, exporter: E, otlp: &Otlp, counts: Arc<SpanCounts>) -> Self {
        let (queue, longest) = (otlp.queue, otlp.timeout + GRACE);
        let batch = Vec::with_capacity(queue.largest_batch);
        Self { waiting, batch, exporter, queue, longest, counts, is_failing: false }
    }

    /// Sends batches until it is told to stop, and then what still waits.
    async fn run(mut self, stop: CancellationToken) {
        while stop.run_until_cancelled(self.gather()).await == Some(true) {
            self.send().await;
        }
        self.waiting.close();
        self.send().await;
        while self.waiting.recv_many(&mut self.batch, self.queue.largest_batch).await > 0 {
            self.send().await;
        }
    }

    /// Waits until there is a batch, or the first of its spans has waited for long enough. Says whether there may be more.
    async fn gather(&mut self) -> bool {
        if self.waiting.recv_many(&mut self.batch, self.queue.largest_batch).await == 0 {
            return false;
        }
        let deadline = Instant::now() + self.queue.delay;
        while let room @ 1.. = self.queue.largest_batch.saturating_sub(self.batch.len()) {
            match timeout_at(deadline, self.waiting.recv_many(&mut self.batch, room)).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
        true
    }

    async fn send(&mut self) {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(self.queue.largest_batch));
        if batch.is_empty() {
            return;
        }
        let spans = batch.len() as u64;
        let cause = match timeout(self.longest, self.exporter.export(batch)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("it did not answer in time".to_owned()),
        };
        let count = if cause.is_some() { &self.counts.failed } else { &self.counts.exported };
        count.fetch_add(spans, Ordering::Relaxed);
        let was_failing = std::mem::replace(&mut self.is_failing, cause.is_some());
        match cause {
            Some(cause) if !was_failing => {
                tracing::warn!(cause, "the collector does not take spans, which are lost until it does");
            }
            None if was_failing => tracing::info!("the collector takes spans again"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use opentelemetry::trace::{Span as _, Tracer as _};
    use opentelemetry_sdk::error::OTelSdkError;

    use super::*;

    /// A collector that takes what it is told while it is there.
    #[derive(Debug, Clone, Default)]
    struct Collector {
        taken: Arc<Mutex<Vec<Vec<String>>>>,
        is_away: bool,
    }

    impl SpanExporter for Collector {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            if self.is_away {
                return Err(OTelSdkError::InternalFailure("nobody is there".to_owned()));
            }
            let names = batch.into_iter().map(|span| span.name.into_owned()).collect();
            self.taken.lock().unwrap().push(names);
            Ok(())
        }
    }

    /// A queue of four spans, of which two are sent at once, and who empties it.
    fn queue(collector: &Collector) -> (SdkTracerProvider, Sending<Collector>, Arc<SpanCounts>) {
        let counts = Arc::<SpanCounts>::default();
        let queue = SpanQueue { longest: 4, largest_batch: 2, delay: Duration::from_secs(5) };
        let (sender, waiting) = mpsc::channel(queue.longest);
        let sending = Sending {
            waiting,
            batch: Vec::new(),
            exporter: collector.clone(),
            queue,
            longest: GRACE,
            counts: Arc::clone(&counts),
            is_failing: false,
        };
        let queue = Queue { sender, counts: Arc::clone(&counts) };
        (SdkTracerProvider::builder().with_span_processor(queue).build(), sending, counts)
    }

    fn make_spans(provider: &SdkTracerProvider, names: &[&'static str]) {
        for name in names {
            provider.tracer("").start(*name).end();
        }
    }

    #[tokio::test]
    async fn what_has_no_room_is_dropped_and_counted_and_the_rest_is_sent_at_the_end() {
        let collector = Collector::default();
        let (provider, sending, counts) = queue(&collector);
        make_spans(&provider, &["a", "b", "c", "d", "e", "f"]);
        let stop = CancellationToken::new();
        stop.cancel();
        sending.run(stop).await;
        assert_eq!(*collector.taken.lock().unwrap(), [["a", "b"], ["c", "d"]]);
        assert_eq!(counts.load(), [("exported", 4), ("dropped", 2), ("failed", 0)]);
    }

    #[tokio::test]
    async fn a_full_batch_waits_for_nothing() {
        let collector = Collector::default();
        let (provider, mut sending, _) = queue(&collector);
        make_spans(&provider, &["a", "b", "c"]);
        assert!(sending.gather().await);
        sending.send().await;
        assert_eq!(*collector.taken.lock().unwrap(), [["a", "b"]]);
    }

    #[tokio::test]
    async fn what_a_collector_does_not_take_is_counted() {
        let (provider, sending, counts) = queue(&Collector { is_away: true, ..Collector::default() });
        make_spans(&provider, &["a", "b", "c"]);
        let stop = CancellationToken::new();
        stop.cancel();
        sending.run(stop).await;
        assert_eq!(counts.load(), [("exported", 0), ("dropped", 0), ("failed", 3)]);
    }
}
