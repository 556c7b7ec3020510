//! Asking the person at the terminal whether to go on.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::{Result, bail};

use crate::output;

/// Asks, unless they have agreed before or nobody sits there. Errors: they would rather not.
pub(super) fn whether_to_go_on(agreed: bool) -> Result<()> {
    if agreed || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(());
    }
    output::remark("Go on? [y/N]");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    bail!("nothing was changed")
}
