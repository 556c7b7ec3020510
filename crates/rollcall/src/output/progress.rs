//! How far something is that takes its time: one line on standard error, where a person looks at it.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often the line is written.
const PAUSE: Duration = Duration::from_millis(200);

/// The line.
#[derive(Debug)]
pub(crate) struct Progress {
    is_seen: bool,
    shown: Option<Instant>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { is_seen: io::stderr().is_terminal(), shown: None }
    }

    /// Shows how far it is, unless it has only just done so.
    pub(crate) fn show(&mut self, text: impl FnOnce() -> String) {
        if self.is_seen && self.shown.is_none_or(|shown| shown.elapsed() >= PAUSE) {
            self.shown = Some(Instant::now());
            write(&text());
        }
    }
}

fn write(text: &str) {
    // What cannot be shown is lost on nobody.
    _ = write!(io::stderr().lock(), "\r\u{1b}[K{text}");
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            write("");
        }
    }
}
