//! What breaks in a run, and when.

use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use turmoil::Sim;

/// Something that breaks. A link has two ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// What is sent is lost. A connection with something under way is dead from then on, and nobody is told.
    Cut(Link),
    /// What is sent from the first to the second is lost.
    CutOneWay(Link),
    /// What is sent arrives afterwards, all at once.
    Hold(Link),
    /// Messages take up to so many milliseconds, and so overtake one another.
    Slow(Link, u64),
    /// A host ends in the middle of what it does, and starts again.
    Crash(String),
}

pub(crate) type Link = (String, String);

/// A fault with its time.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) fault: Fault,
    pub(crate) begins: Duration,
    pub(crate) ends: Duration,
}

impl Fault {
    /// What of the network it is about: nothing breaks twice at once.
    fn place(&self) -> String {
        match self {
            Self::Cut((a, b)) | Self::CutOneWay((a, b)) | Self::Hold((a, b)) | Self::Slow((a, b), _) => {
                let (first, second) = if a < b { (a, b) } else { (b, a) };
                format!("{first} and {second}")
            }
            Self::Crash(host) => host.clone(),
        }
    }

    pub(crate) fn begin(&self, sim: &mut Sim<'_>) {
        match self {
            Self::Cut((a, b)) => sim.partition(a.as_str(), b.as_str()),
            Self::CutOneWay((from, to)) => sim.partition_oneway(from.as_str(), to.as_str()),
            Self::Hold((a, b)) => sim.hold(a.as_str(), b.as_str()),
            Self::Slow((a, b), latest) => {
                sim.set_link_max_message_latency(a.as_str(), b.as_str(), Duration::from_millis(*latest));
            }
            Self::Crash(host) => sim.crash(host.as_str()),
        }
    }

    /// `usual`: how long a message takes at most where nothing is slow.
    pub(crate) fn end(&self, sim: &mut Sim<'_>, usual: Duration) {
        match self {
            Self::Cut((a, b)) => sim.repair(a.as_str(), b.as_str()),
            Self::CutOneWay((from, to)) => sim.repair_oneway(from.as_str(), to.as_str()),
            Self::Hold((a, b)) => sim.release(a.as_str(), b.as_str()),
            Self::Slow((a, b), _) => sim.set_link_max_message_latency(a.as_str(), b.as_str(), usual),
            Self::Crash(host) => sim.bounce(host.as_str()),
        }
    }
}

/// What breaks within so long among these gateways. All of it has ended by then.
pub(crate) fn plan(chance: &mut StdRng, gateways: &[String], storm: Duration) -> Vec<Planned> {
    let mut planned: Vec<Planned> = Vec::new();
    for _ in 0..chance.random_range(1..=6) {
        let fault = fault(chance, gateways);
        let begins = between(chance, storm / 10, storm * 9 / 10);
        // Many are brief: they hit what is under way, and have ended before anybody looks.
        let longest = if chance.random_bool(0.5) { Duration::from_millis(200) } else { storm };
        let ends = between(chance, begins, storm.min(begins + longest));
        let is_apart = |other: &Planned| {
            other.fault.place() != fault.place() || other.ends < begins || ends < other.begins
        };
        if planned.iter().all(is_apart) {
            planned.push(Planned { fault, begins, ends });
        }
    }
    planned
}

fn fault(chance: &mut StdRng, gateways: &[String]) -> Fault {
    let gateway = gateways[chance.random_range(0..gateways.len())].clone();
    let (one, other) = match chance.random_range(0..10) {
        0..=5 => (gateway.clone(), "core".to_owned()),
        6..=8 => (gateway.clone(), "people".to_owned()),
        _ => ("people".to_owned(), "core".to_owned()),
    };
    let link = if chance.random_bool(0.5) { (one, other) } else { (other, one) };
    match chance.random_range(0..10) {
        0..=2 => Fault::Cut(link),
        3 | 4 => Fault::CutOneWay(link),
        5 => Fault::Hold(link),
        6 => Fault::Slow(link, chance.random_range(300..1500)),
        7 => Fault::Crash(gateway),
        _ => Fault::Crash("core".to_owned()),
    }
}

fn between(chance: &mut StdRng, least: Duration, most: Duration) -> Duration {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap();
    Duration::from_micros(chance.random_range(micros(least)..=micros(most)))
}
