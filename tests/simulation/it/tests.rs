//! What one scene shows by itself.

use std::time::Duration;

use crate::faults::{Fault, Planned};
use crate::run::{self, Scene};
use crate::template;

#[test]
fn a_seed_happens_the_same_way_each_time() {
    let template = template::make();
    // In the last two, callers who have hung up come to the core at the same moment as that they have.
    for seed in (1..=10).chain([40, 79]) {
        let (first, second) = (run::run(seed, &template), run::run(seed, &template));
        let differs = first.lines.iter().zip(&second.lines).find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.lines.len(), second.lines.len(), "seed {seed}");
    }
}

#[test]
fn a_connection_to_the_core_that_dies_silently_is_noticed_within_15_seconds() {
    let template = template::make();
    // What was under way is lost, also the end of the connection, and a moment later the network is well again.
    let cut = Fault::Cut(("gateway-0".to_owned(), "core".to_owned()));
    let ends = Duration::from_secs(3);
    let scene = Scene {
        gateways: 1,
        people: 3,
        latency: Duration::from_millis(5),
        storm: ends,
        faults: vec![Planned { fault: cut, begins: Duration::from_secs(2), ends }],
    };
    for seed in 1..=10 {
        assert_eq!(run::play(seed, &scene, &template).findings, Vec::<String>::new(), "seed {seed}");
    }
}
