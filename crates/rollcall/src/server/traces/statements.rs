//! Statements of the store, which tells of them by spans of `tracing`: see [`rollcall_store::STATEMENTS`].

use std::fmt;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanKind, Status};
use opentelemetry_sdk::trace::Span;
use rollcall_api::traceparent::Traceparent;
use rollcall_store::STATEMENTS;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::spans::Spans;

/// The target of the spans by which a call says which one is the parent of its statements.
pub(in crate::server) const PARENTS: &str = "rollcall::traces::parents";

/// The span of `tracing` within which a call is served that has this place in a trace. It is nothing unless the trace is
/// recorded and somebody listens.
pub(super) fn parent(place: Option<Traceparent>) -> tracing::Span {
    match place.filter(|place| place.is_sampled()) {
        Some(place) => tracing::trace_span!(
            target: PARENTS,
            "call",
            trace_id = place.trace_id().as_u128(),
            span_id = place.span_id()
        ),
        None => tracing::Span::none(),
    }
}

/// Listens to the store, and tells of the statements of calls that are recorded.
#[derive(Debug)]
pub(in crate::server) struct Statements(Spans);

impl Statements {
    pub(super) fn new(spans: Spans) -> Self {
        Self(spans)
    }

    /// What there is to listen to.
    pub(in crate::server) fn filter() -> Targets {
        Targets::new().with_targets([PARENTS, STATEMENTS].map(|target| (target, Level::TRACE)))
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Statements {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(new) = context.span(id) else { return };
        if attributes.metadata().target() == PARENTS {
            let mut place = Place::default();
            attributes.record(&mut place);
            if let Some(parent) = Traceparent::new(place.trace_id, place.span_id, true) {
                new.extensions_mut().insert(parent);
            }
            return;
        }
        let parent = new.scope().find_map(|outer| outer.extensions().get::<Traceparent>().copied());
        if parent.is_some() {
            let mut said = Said(Vec::with_capacity(4));
            attributes.record(&mut said);
            let span = self.0.begin(said.name(), SpanKind::Client, parent, said.0);
            new.extensions_mut().insert(span);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(recorded) = context.span(id) else { return };
        if let Some(span) = recorded.extensions_mut().get_mut::<Span>() {
            let mut said = Said(Vec::new());
            values.record(&mut said);
            // What is said later is why it failed.
            span.set_status(Status::error(""));
            span.set_attributes(said.0);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let closed = context.span(&id).and_then(|closed| closed.extensions_mut().remove::<Span>());
        if let Some(mut span) = closed {
            span.end();
        }
    }
}

/// The place in a trace that a call says.
#[derive(Default)]
struct Place {
    trace_id: u128,
    span_id: u64,
}

impl Visit for Place {
    fn record_u128(&mut self, _: &Field, value: u128) {
        self.trace_id = value;
    }

    fn record_u64(&mut self, _: &Field, value: u64) {
        self.span_id = value;
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// What the store says of a statement, as attributes.
struct Said(Vec<KeyValue>);

impl Said {
    /// The name of the span: what is done, and to what.
    fn name(&self) -> String {
        let words = self
            .0
            .iter()
            .filter(|said| matches!(said.key.as_str(), "db.operation.name" | "db.collection.name"));
        words.map(|said| said.value.as_str()).collect::<Vec<_>>().join(" ")
    }
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push(KeyValue::new(field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
