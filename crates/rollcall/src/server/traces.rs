//! Traces: what of a request took how long, from the gateway over the core to each statement, told to a collector by OTLP.
//!
//! A layer around each part writes its own span into the `traceparent` that it passes on, so that the parts themselves know
//! nothing of OpenTelemetry, but for the place of a request in a trace, which is in the lines of their logs. Where nothing is told
//! the layers see to that place alone.

mod calls;
mod export;
mod exporter;
mod hops;
mod requests;
mod spans;
mod statements;

use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::http::HeaderMap;
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use rollcall_api::channel::CoreChannel;
use rollcall_api::traceparent::{TRACEPARENT, Traceparent};
use rollcall_core::{Random as _, SystemRandom};
use tonic::service::Routes;

use self::calls::Calls;
use self::export::Export;
pub(super) use self::export::SpanCounts;
use self::hops::Hops;
use self::requests::Requests;
use self::spans::Spans;
pub(super) use self::statements::{PARENTS, Statements};
use super::gateway::process_name;
use crate::settings::Otlp;

/// The traces of a process.
#[derive(Debug)]
pub(super) struct Traces {
    /// What ids of traces are made of that nobody records here.
    random: Arc<SystemRandom>,
    export: Option<Export>,
}

impl Traces {
    /// What the environment asks for, in a process that is called so unless the environment says otherwise.
    ///
    /// Errors: a variable has a value that it cannot have, or a certificate cannot be used.
    pub(super) fn begin(service: &'static str) -> Result<Self> {
        let random = SystemRandom::new().context("the system has no randomness to give")?;
        let export = match Otlp::of_environment()? {
            Some(otlp) => Some(Export::begin(&otlp, resource(service, &otlp)?)?),
            None => None,
        };
        Ok(Self { random: Arc::new(random), export })
    }

    /// Says in the log where spans go. To be called once there is one.
    pub(super) fn tell(&self) {
        if let Some(export) = &self.export {
            tracing::info!(collector = %export.collector, "traces are exported");
        }
    }

    /// What listens to the statements of the store, where spans are told.
    pub(super) fn statements(&self) -> Option<Statements> {
        self.spans().map(Statements::new)
    }

    /// How spans fare, where they are told.
    pub(super) fn counts(&self) -> Option<Arc<SpanCounts>> {
        self.export.as_ref().map(|export| Arc::clone(&export.counts))
    }

    /// A router each of whose requests has a place in a trace.
    pub(super) fn around_router(&self, router: Router) -> Router {
        router.layer(Requests::new(Arc::clone(&self.random), self.spans()))
    }

    /// Services each of whose calls has a place in a trace.
    pub(super) fn around_services(&self, routes: Routes) -> Routes {
        let calls = Calls::new(Arc::clone(&self.random), self.spans());
        Routes::from(routes.into_axum_router().layer(calls)).prepare()
    }

    /// The way to the cores at these URLs, or where there are none to that in this process, whose calls are told of as parts of the requests that need them.
    pub(super) fn around_channel(&self, channel: CoreChannel, urls: &[String]) -> CoreChannel {
        match self.spans() {
            Some(spans) => {
                // Of several nobody knows here which one a call goes to.
                let address = if let [url] = urls { Some(url.as_str()) } else { None };
                channel.layer(&Hops::new(spans, address))
            }
            None => channel,
        }
    }

    /// Tells what has not been told yet, for as long as that may take.
    pub(super) async fn end(self) {
        if let Some(export) = self.export {
            export.end().await;
        }
    }

    fn spans(&self) -> Option<Spans> {
        self.export.as_ref().map(|export| export.spans.clone())
    }
}

/// What tells this process from others.
fn resource(service: &'static str, otlp: &Otlp) -> Result<Resource> {
    let resource = Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", service),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", process_name()?),
        ])
        .with_detectors(&[Box::new(TelemetryResourceDetector), Box::new(EnvResourceDetector::new())]);
    Ok(match &otlp.service_name {
        Some(name) => resource.with_service_name(name.clone()),
        None => resource,
    }
    .build())
}

/// Gives a request that has none a place in a trace, which nobody records here.
fn place(headers: &mut HeaderMap, random: &SystemRandom) {
    if Traceparent::of(headers).is_some() {
        return;
    }
    let (mut trace_id, mut span_id) = ([0; 16], [0; 8]);
    random.fill(&mut trace_id);
    random.fill(&mut span_id);
    match Traceparent::new(u128::from_be_bytes(trace_id), u64::from_be_bytes(span_id), false) {
        Some(place) => _ = headers.insert(TRACEPARENT, place.header()),
        None => _ = headers.remove(TRACEPARENT),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_request_keeps_its_place_or_gets_one() {
        let random = SystemRandom::new().unwrap();
        let placed = |sent: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in sent {
                headers.append(TRACEPARENT, HeaderValue::from_static(value));
            }
            place(&mut headers, &random);
            let values: Vec<_> = headers.get_all(TRACEPARENT).iter().cloned().collect();
            (values.len(), Traceparent::of(&headers).unwrap())
        };
        let sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(placed(&[sent]), (1, Traceparent::parse(sent.as_bytes()).unwrap()));
        for odd in [&[][..], &["odd"], &[sent, sent]] {
            let (count, made) = placed(odd);
            assert!(count == 1 && !made.is_sampled() && made != placed(odd).1, "{odd:?}");
        }
    }
}
