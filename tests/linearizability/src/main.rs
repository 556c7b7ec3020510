//! Reads operations on registers, one JSON object a line, and prints the names of the registers whose history is not
//! linearizable. The exit status is 1 if there are any.

mod operation;
mod register;

use std::collections::BTreeMap;
use std::io::{Read as _, stdin};
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::operation::{Line, Operation};
use crate::register::is_linearizable;

fn main() -> Result<ExitCode> {
    let mut text = String::new();
    stdin().read_to_string(&mut text)?;
    let histories = histories(&text)?;
    let mut status = ExitCode::SUCCESS;
    for (register, operations) in &histories {
        if !is_linearizable(operations) {
            println!("{register}");
            status = ExitCode::FAILURE;
        }
    }
    Ok(status)
}

/// The operations of each register.
fn histories(text: &str) -> Result<BTreeMap<String, Vec<Operation>>> {
    let mut histories: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
    for line in text.lines() {
        let line: Line = serde_json::from_str(line).with_context(|| line.to_owned())?;
        histories.entry(line.register).or_default().push(line.operation);
    }
    Ok(histories)
}
