//! One run, from its seed to its verdict.

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::time::{Instant, sleep, sleep_until};
use turmoil::{Builder, Sim};

use crate::faults::{self, Planned};
use crate::follower::Follower;
use crate::history::{History, Wish};
use crate::people::{Known, Person};
use crate::time::{SeededRandom, SimulatedClock};
use crate::witnesses::{self, Stored};
use crate::{check, core_host, events, gateway_host, template};

/// How far the simulated time goes at once.
const TICK: Duration = Duration::from_millis(10);
/// How long a run may take, in simulated time.
const LONGEST: Duration = Duration::from_mins(5);
/// How long after the last answer what nobody waits for any more may still happen.
const SETTLING: Duration = Duration::from_secs(4);

/// Held by the run that this process makes.
static ALONE: Mutex<()> = Mutex::new(());

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What happened, line by line: the same for the same seed.
    pub(crate) lines: Vec<String>,
    pub(crate) findings: Vec<String>,
    pub(crate) asked: usize,
    pub(crate) answered: usize,
    pub(crate) intrusions: usize,
    pub(crate) faults: usize,
}

/// What a run is made of.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) gateways: usize,
    pub(crate) people: usize,
    /// How long a message takes at most.
    pub(crate) latency: Duration,
    /// How long things break and people ask.
    pub(crate) storm: Duration,
    pub(crate) faults: Vec<Planned>,
}

impl Scene {
    /// That of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let gateways = chance.random_range(1..=2);
        // Some are long: what was asked at their beginning has been given up before anything is mended.
        let seconds = if chance.random_bool(0.05) { 30 } else { chance.random_range(2..=7) };
        let storm = Duration::from_secs(seconds);
        Self {
            gateways,
            people: chance.random_range(2..=5),
            latency: Duration::from_millis([5, 30, 100, 400][chance.random_range(0..4)]),
            storm,
            faults: faults::plan(&mut chance, &names(gateways), storm),
        }
    }
}

fn names(gateways: usize) -> Vec<String> {
    (0..gateways).map(|number| format!("gateway-{number}")).collect()
}

/// Runs a seed on a copy of the template.
pub(crate) fn run(seed: u64, template: &[u8]) -> Outcome {
    play(seed, &Scene::of(seed), template)
}

/// Plays a scene, in which chance is that of a seed.
pub(crate) fn play(seed: u64, scene: &Scene, template: &[u8]) -> Outcome {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    count_alike();
    let folder = template::scratch();
    let file = template::file(folder.path());
    fs::write(&file, template).unwrap();
    let history = History::default();
    let mut sim = Builder::new()
        .rng_seed(seed)
        .enable_random_order()
        .tick_duration(TICK)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(scene.latency)
        .simulation_duration(LONGEST)
        .tcp_capacity(1024)
        .build();
    let gateways = names(scene.gateways);
    hosts(&mut sim, seed, &gateways, file);
    let (noted, people, storm) = (history.clone(), scene.people, scene.storm);
    let gateways = Rc::new(gateways);
    sim.client("people", async move {
        ask(noted, gateways, people, seed, storm).await;
        Ok(())
    });
    if let Err(error) = step(&mut sim, scene, &history) {
        history.find(format!("it does not end: {error}"));
    }
    drop(sim);
    let deeds = history.deeds();
    Outcome {
        asked: deeds.len(),
        answered: deeds.iter().filter(|deed| deed.answer.is_some()).count(),
        intrusions: deeds.iter().filter(|deed| deed.wish == Wish::Intrude).count(),
        faults: scene.faults.len(),
        lines: history.lines(),
        findings: history.findings(),
    }
}

/// Has the tasks of a run be counted alike in each run. tokio counts them through the whole process, and by their numbers it
/// chooses the order in which it drops those of a host that crashes. So one process makes one run at a time.
fn count_alike() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let number = || tokio::spawn(async {}).id().to_string().parse::<u64>().unwrap();
        while !number().is_multiple_of(64) {}
    });
}

fn hosts(sim: &mut Sim<'_>, seed: u64, gateways: &[String], file: PathBuf) {
    let (clock, random) = (Arc::new(SimulatedClock::default()), Arc::new(SeededRandom::new(seed)));
    sim.host("core", move || {
        let (file, clock, random) = (file.clone(), Arc::clone(&clock), Arc::clone(&random));
        async move { core_host::serve(&file, clock, random).await }
    });
    for gateway in gateways {
        let (name, starts) = (gateway.clone(), Cell::new(0));
        sim.host(gateway.as_str(), move || {
            starts.set(starts.get() + 1);
            gateway_host::serve(format!("{name}-{}", starts.get()))
        });
    }
}

/// Lets time pass, and things break, until everybody has what they wanted.
fn step(sim: &mut Sim<'_>, scene: &Scene, history: &History) -> turmoil::Result {
    let mut due: Vec<(Duration, bool, &Planned)> = Vec::new();
    for planned in &scene.faults {
        due.push((planned.begins, true, planned));
        due.push((planned.ends, false, planned));
    }
    due.sort_by_key(|(at, begins, _)| (*at, !begins));
    let mut due = due.into_iter().peekable();
    while !sim.step()? {
        let now = sim.elapsed();
        while let Some((_, begins, planned)) = due.next_if(|(at, ..)| *at <= now) {
            history.line_at(now, &format!("{} {:?}", if begins { "begins" } else { "ends" }, planned.fault));
            if begins {
                planned.fault.begin(sim);
            } else {
                planned.fault.end(sim, scene.latency);
            }
        }
    }
    Ok(())
}

/// What is asked: amid the faults, and afterwards.
async fn ask(history: History, gateways: Rc<Vec<String>>, people: usize, seed: u64, storm: Duration) {
    let known = Rc::new(RefCell::new(Known::default()));
    let person = |number: u64| {
        Person::new(history.clone(), Rc::clone(&gateways), Rc::clone(&known), seed.wrapping_add(number << 32))
    };
    let mended = Instant::now() + storm + TICK * 2;
    let mut asking: Vec<_> =
        (1..=people as u64).map(|number| tokio::task::spawn_local(person(number).live(mended))).collect();
    let follower = Follower::default();
    tokio::task::spawn_local(follower.clone().follow(history.clone()));
    sleep_until(mended).await;
    for gateway in gateways.iter() {
        asking.push(tokio::task::spawn_local(witnesses::is_served(person(0), gateway.clone())));
    }
    for one in asking {
        one.await.unwrap();
    }
    sleep(SETTLING).await;
    let stored = Stored::read(&gateways[0]).await;
    match events::read().await {
        Ok(told) => {
            let newest = told.last().map_or(0, |event| event.number);
            follower.reach(newest, mended + witnesses::BOUND, &history).await;
            check::judge(&history, &told, &stored);
        }
        Err(finding) => history.find(finding),
    }
}
