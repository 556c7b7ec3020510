//! What a check found, and how it is told.

use rollcall_api::unseen::shown;
use serde_json::{Value, json};

use crate::output::{Paint, without_secrets};

/// What is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is as it has to be.
    Ok,
    /// It works, and will not for long or not everywhere.
    Warning,
    /// It does not work.
    Wrong,
    /// Nobody looked: it is not set, or what it needs is not there.
    NotChecked,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Wrong => "wrong",
            Self::NotChecked => "not checked",
        }
    }

    fn paint(self) -> Paint {
        match self {
            Self::Ok => Paint::Good,
            Self::Warning => Paint::Doubtful,
            Self::Wrong => Paint::Bad,
            Self::NotChecked => Paint::Faint,
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// Which check.
    pub(super) name: &'static str,
    pub(super) verdict: Verdict,
    /// What there is, or what went wrong. It has no secrets.
    pub(super) found: String,
    /// What is to be done about it; empty, nothing.
    pub(super) advice: String,
}

impl Finding {
    /// All is well.
    pub(super) fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Ok, found: told(found), advice: String::new() }
    }

    /// It works, and something is to be done all the same.
    pub(super) fn warning(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Warning, found: told(found), advice: advice.into() }
    }

    /// It does not work until something is done.
    pub(super) fn wrong(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::Wrong, found: told(found), advice: advice.into() }
    }

    /// Nobody looked, and why not.
    pub(super) fn not_checked(name: &'static str, why: impl Into<String>) -> Self {
        Self { name, verdict: Verdict::NotChecked, found: told(why), advice: String::new() }
    }

    pub(super) fn is_wrong(&self) -> bool {
        self.verdict == Verdict::Wrong
    }
}

/// What was found, without the secrets that may be in what was given.
fn told(found: impl Into<String>) -> String {
    without_secrets(&found.into()).into_owned()
}

/// The findings for people: a line each, with what is to be done below it.
pub(super) fn report(findings: &[Finding], is_coloured: bool) -> String {
    let widest = findings.iter().map(|finding| finding.name.len()).max().unwrap_or_default();
    let verdicts = Verdict::NotChecked.word().len();
    let mut lines = Vec::new();
    for Finding { name, verdict, found, advice } in findings {
        let word = verdict.paint().on(&format!("{:verdicts$}", verdict.word()), is_coloured);
        lines.push(format!("{word}  {name:widest$}  {}", shown(found, false)));
        if !advice.is_empty() {
            let margin = " ".repeat(verdicts + 2 + widest + 2);
            lines.push(format!("{margin}→ {}", shown(advice, false)));
        }
    }
    lines.join("\n")
}

/// The same for machines.
pub(super) fn as_json(findings: &[Finding]) -> Value {
    let checks = findings.iter().map(|finding| {
        json!({
            "name": finding.name,
            "verdict": finding.verdict.word().replace(' ', "-"),
            "found": finding.found,
            "advice": Some(&finding.advice).filter(|advice| !advice.is_empty()),
        })
    });
    json!({ "ok": !findings.iter().any(Finding::is_wrong), "checks": checks.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> [Finding; 3] {
        [
            Finding::ok("database", "PostgreSQL 17.2"),
            Finding::wrong("smtp", "it said: 535 no\u{1b}[2J", "Check the password"),
            Finding::not_checked("public-url", "it is not set"),
        ]
    }

    #[test]
    fn people_read_a_line_for_each_check_and_what_is_to_be_done() {
        let expected = "ok           database    PostgreSQL 17.2\n\
                        wrong        smtp        it said: 535 no\\u{1b}[2J\n\
                        \x20                        → Check the password\n\
                        not checked  public-url  it is not set";
        assert_eq!(report(&findings(), false), expected);
        assert!(report(&findings(), true).starts_with("\u{1b}[32mok "));
    }

    #[test]
    fn machines_read_whether_all_is_well() {
        let json = as_json(&findings());
        assert_eq!(json["ok"], false);
        assert_eq!(json["checks"][0]["advice"], Value::Null);
        assert_eq!(json["checks"][2]["verdict"], "not-checked");
        assert_eq!(as_json(&findings()[..1])["ok"], true);
    }
}
