//! How spans begin, and how their place in a trace travels.

use std::borrow::Cow;

use axum::http::HeaderMap;
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, TraceContextExt as _, TraceFlags, TraceId,
    TraceState, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, Span};
use rollcall_api::traceparent::{TRACEPARENT, Traceparent};

tokio::task_local! {
    /// The place of the request that this task serves, for calls that do not say which one needs them: those of the console.
    pub(super) static CURRENT: Option<Traceparent>;
}

/// Begins spans. Clones tell them to the same collector.
#[derive(Debug, Clone)]
pub(super) struct Spans(SdkTracer);

impl Spans {
    pub(super) fn new(tracer: SdkTracer) -> Self {
        Self(tracer)
    }

    /// Begins a span. Without a parent it begins a trace.
    pub(super) fn begin(
        &self,
        name: impl Into<Cow<'static, str>>,
        kind: SpanKind,
        parent: Option<Traceparent>,
        attributes: Vec<KeyValue>,
    ) -> Span {
        let context = parent.map_or_else(Context::new, context_of);
        let span = SpanBuilder::from_name(name).with_kind(kind).with_attributes(attributes);
        self.0.build_with_context(span, &context)
    }
}

/// Writes the place of a span over the one that a request came with.
pub(super) fn pass_on(span: &Span, headers: &mut HeaderMap) -> Option<Traceparent> {
    let place = place_of(span.span_context())?;
    headers.insert(TRACEPARENT, place.header());
    Some(place)
}

fn context_of(place: Traceparent) -> Context {
    let trace_id = TraceId::from(place.trace_id().as_u128());
    let flags = TraceFlags::default().with_sampled(place.is_sampled());
    let span = SpanContext::new(trace_id, SpanId::from(place.span_id()), flags, true, TraceState::NONE);
    Context::new().with_remote_span_context(span)
}

fn place_of(span: &SpanContext) -> Option<Traceparent> {
    let trace_id = u128::from_be_bytes(span.trace_id().to_bytes());
    let span_id = u64::from_be_bytes(span.span_id().to_bytes());
    Traceparent::new(trace_id, span_id, span.is_sampled())
}
