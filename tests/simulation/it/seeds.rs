//! Many seeds, and what they came to.

use std::env;
use std::time::Instant;

use crate::run::{self, Outcome};
use crate::template;

/// The seeds that `ROLLCALL_TEST_SIMULATION_SEEDS` names: `FIRST`, or `FIRST..END`.
fn chosen() -> (u64, u64) {
    let text = env::var("ROLLCALL_TEST_SIMULATION_SEEDS").unwrap_or_else(|_| "1..20".to_owned());
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("{text:?} is no seed"));
    match text.split_once("..") {
        Some((first, end)) => (number(first), number(end)),
        None => (number(&text), number(&text) + 1),
    }
}

/// Which share of them is this process's: `ROLLCALL_TEST_SIMULATION_SHARE`, such as `0/2`.
fn share() -> (u64, u64) {
    let text = env::var("ROLLCALL_TEST_SIMULATION_SHARE").unwrap_or_else(|_| "0/1".to_owned());
    let (number, of) = text.split_once('/').unwrap_or_else(|| panic!("{text:?} is no share"));
    (number.parse().unwrap(), of.parse().unwrap())
}

/// Runs the seeds, and prints what they came to.
#[test]
fn whatever_breaks_nothing_is_lost_nobody_gets_in_and_everybody_is_served_again() {
    let ((first, end), (number, of)) = (chosen(), share());
    let template = template::make();
    let began = Instant::now();
    let mut done = Vec::new();
    for seed in (first..end).filter(|seed| seed % of == number) {
        let outcome = run::run(seed, &template);
        if end == first + 1 {
            outcome.lines.iter().for_each(|line| println!("{line}"));
        }
        for finding in &outcome.findings {
            println!("seed {seed}: {finding}\nrepeat: tests/run simulation -- {seed}");
        }
        done.push(outcome);
    }
    let count = |of: fn(&Outcome) -> usize| done.iter().map(of).sum::<usize>();
    let findings = count(|outcome| outcome.findings.len());
    println!(
        "simulation: {} runs in {:.1} s, {} requests of which {} with a wrong token, {} answers, {} faults, {findings} findings",
        done.len(),
        began.elapsed().as_secs_f32(),
        count(|outcome| outcome.asked),
        count(|outcome| outcome.intrusions),
        count(|outcome| outcome.answered),
        count(|outcome| outcome.faults),
    );
    tally(&[
        (count(|outcome| outcome.asked), "inputs tried"),
        (count(|outcome| outcome.faults), "faults injected"),
        (done.len(), "histories checked"),
        (count(|outcome| outcome.answered), "answers checked"),
        (findings, "findings"),
    ]);
    assert_eq!(findings, 0);
}

/// Adds to what `tests/run` counts.
fn tally(counts: &[(usize, &str)]) {
    use std::io::Write as _;
    let Ok(path) = env::var("ROLLCALL_TEST_TALLY") else { return };
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    for (count, what) in counts {
        writeln!(file, "{count} {what}").unwrap();
    }
}
