//! How the core is told of requests, whatever becomes of its answers.

use std::future::{pending, ready};
use std::sync::Arc;
use std::time::Duration;

use rollcall_api::channel::CoreChannel;
use rollcall_api::error::status;
use rollcall_api::v1::ErrorReason;
use rollcall_api::v1::activity_service_server::ActivityServiceServer;
use rollcall_gateway::{ActivityLog, Settings};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, timeout};
use tonic::Status;
use tonic::service::Routes;

use crate::activity_core::{ActivityCore, silence};
use crate::http::Gateway;

/// A call: how many requests it told of, and when it came.
type Call = (usize, Instant);

/// A core with these answers in turn, after which it takes in everything, and the calls that it gets.
fn core(answers: Vec<Status>) -> (CoreChannel, UnboundedReceiver<Call>) {
    let (sender, calls) = unbounded_channel();
    let core = ActivityCore::new(move |call, message| {
        let requests = message.reports.iter().map(|report| report.requests.len()).sum();
        let _ = sender.send((requests, Instant::now()));
        answers.get(call).map_or(Ok(()), |status| Err(status.clone()))
    });
    (CoreChannel::memory(Routes::new(ActivityServiceServer::new(core))), calls)
}

/// A gateway that is gone after so many requests, and what is left to report.
async fn after(requests: usize) -> rollcall_gateway::Reporter {
    let (activity, reporter) = ActivityLog::new("test");
    let gateway = Gateway::with(Settings { activity, ..Settings::default() }).await;
    for _ in 0..requests {
        gateway.get("/scim/v2/Users/u1").await;
    }
    reporter
}

async fn all(mut calls: UnboundedReceiver<Call>) -> Vec<Call> {
    let mut all = Vec::new();
    while let Some(call) = calls.recv().await {
        all.push(call);
    }
    all
}

fn sizes(calls: &[Call]) -> Vec<usize> {
    calls.iter().map(|(requests, _)| *requests).collect()
}

/// The calls of a reporter until it ends, which it must.
async fn calls(requests: usize, answers: Vec<Status>, stop: impl Future<Output = ()>) -> Vec<Call> {
    let (core, calls) = core(answers);
    let run = after(requests).await.run(core, stop);
    timeout(Duration::from_hours(10), run).await.expect("the reporter ends");
    all(calls).await
}

fn away() -> Status {
    Status::unavailable("tcp connect error")
}

#[tokio::test(start_paused = true)]
async fn many_requests_are_told_of_in_one_call_and_each_of_them_once() {
    assert_eq!(sizes(&calls(3, Vec::new(), pending()).await), [3]);
    assert_eq!(sizes(&calls(1030, Vec::new(), pending()).await), [512, 512, 6]);
}

#[tokio::test(start_paused = true)]
async fn after_a_full_call_the_next_one_follows_without_a_rest() {
    let calls = calls(1030, Vec::new(), pending()).await;
    assert!(calls.windows(2).all(|pair| pair[0].1 == pair[1].1), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_core_that_is_away_is_asked_less_and_less_often_and_loses_nothing() {
    let calls = calls(2, vec![away(); 8], pending()).await;
    assert_eq!(sizes(&calls), [2; 9]);
    let pauses: Vec<_> = calls.windows(2).map(|pair| (pair[1].1 - pair[0].1).as_millis()).collect();
    let expected = [250, 500, 1000, 2000, 4000, 5000, 5000, 5000];
    // The clock of a runtime counts whole milliseconds, and may be one late.
    for (pause, expected) in pauses.iter().zip(expected) {
        assert!((expected..expected + 3).contains(pause), "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_call_that_the_core_was_away_for_waits_like_any_other() {
    let calls = calls(512, vec![away()], pending()).await;
    assert_eq!(sizes(&calls), [512, 512]);
    assert!(calls[1].1 - calls[0].1 >= Duration::from_millis(250), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_core_that_does_not_answer_is_told_again() {
    let calls = calls(1, vec![silence()], pending()).await;
    assert_eq!(sizes(&calls), [1, 1]);
    assert!(calls[1].1 - calls[0].1 < Duration::from_mins(1), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_told_again_has_its_id_and_no_other_call_has_it() {
    let (sender, mut ids) = unbounded_channel();
    let core = ActivityCore::new(move |call, message| {
        let _ = sender.send(message.call_id);
        if call == 0 { Err(away()) } else { Ok(()) }
    });
    let core = CoreChannel::memory(Routes::new(ActivityServiceServer::new(core)));
    after(513).await.run(core, pending()).await;
    let ids: Vec<String> = std::iter::from_fn(|| ids.try_recv().ok()).collect();
    assert_eq!(ids, ["test-0", "test-0", "test-1"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_core_refuses_is_let_go_and_the_next_is_told() {
    let refused = status(ErrorReason::InvalidValue, "no");
    assert_eq!(sizes(&calls(513, vec![refused], pending()).await), [512, 1]);
}

#[tokio::test(start_paused = true)]
async fn once_it_is_to_stop_the_reporter_tells_what_it_has_once_and_waits_for_nothing() {
    let calls = calls(600, vec![away(); 1000], ready(())).await;
    assert_eq!(sizes(&calls), [512, 512, 88]);
    assert!(calls.windows(2).all(|pair| pair[0].1 == pair[1].1), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn requests_are_told_of_while_the_gateway_runs() {
    let (activity, reporter) = ActivityLog::new("test");
    let gateway = Arc::new(Gateway::with(Settings { activity, ..Settings::default() }).await);
    let (core, mut calls) = core(Vec::new());
    let running = tokio::spawn(reporter.run(core, pending()));
    let mut times = Vec::new();
    for _ in 0..2 {
        gateway.get("/scim/v2/Users/u1").await;
        let (requests, time) = calls.recv().await.unwrap();
        assert_eq!(requests, 1);
        times.push(time);
    }
    assert!(times[1] - times[0] >= Duration::from_millis(10), "a rest between two calls");
    drop(gateway);
    running.await.unwrap();
}
