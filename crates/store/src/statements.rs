//! What is told of statements to whoever wants to know how long each takes: spans of `tracing` at the level `trace`, which cost
//! next to nothing where nobody listens. Their fields are attributes of OpenTelemetry. A statement's values are in none.

use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::{Error, Result};

/// The target of the spans.
pub const STATEMENTS: &str = "rollcall_store::statements";
/// The field that is written once a statement has failed.
const ERROR_TYPE: &str = "error.type";

/// The span of a statement with this text on a database of this kind, by the name that OpenTelemetry gives it.
pub(crate) fn span(system: &'static str, text: &str) -> Span {
    tracing::trace_span!(
        target: STATEMENTS,
        "statement",
        db.system.name = system,
        db.operation.name = operation(text),
        db.collection.name = collection(text),
        "error.type" = Empty
    )
}

/// What is answered, within the span of the statement.
pub(crate) async fn within<T>(span: Span, answer: impl Future<Output = Result<T>>) -> Result<T> {
    let answer = answer.instrument(span.clone()).await;
    if let Err(error) = &answer {
        note_failure(&span, error);
    }
    answer
}

/// Notes of which kind the error of a statement is.
pub(crate) fn note_failure(span: &Span, error: &Error) {
    span.record(ERROR_TYPE, error.kind());
}

/// What a statement does.
fn operation(text: &str) -> &str {
    Gist::of(text).map_or_else(|| text.split_ascii_whitespace().next().unwrap_or_default(), |gist| gist.verb)
}

/// The table that a statement is about. It is never a value, since no text has one.
fn collection(text: &str) -> Option<&str> {
    Gist::of(text).map(|gist| gist.table)
}

/// What a statement does to which table: outside of its parentheses, or if there is none, what is the first within.
#[derive(Debug, Clone, Copy)]
struct Gist<'t> {
    verb: &'t str,
    table: &'t str,
}

impl<'t> Gist<'t> {
    fn of(text: &'t str) -> Option<Self> {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        // The verb of each pair of parentheses that is open.
        let mut verbs = vec![""];
        let mut is_before_table = false;
        let mut within = None;
        let mut rest = text;
        while let Some(start) = rest.find(|c| is_of_name(c) || matches!(c, '(' | ')')) {
            rest = &rest[start..];
            let end = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len()).max(1);
            let (word, behind) = rest.split_at(end);
            rest = behind;
            match word {
                "(" => verbs.push(""),
                ")" if verbs.len() > 1 => _ = verbs.pop(),
                _ if is_before_table => {
                    let gist = Self { verb: verbs.last().copied().unwrap_or_default(), table: word };
                    if verbs.len() == 1 {
                        return Some(gist);
                    }
                    within = within.or(Some(gist));
                }
                "SELECT" | "INSERT" | "UPDATE" | "DELETE" => verbs.last_mut().map_or((), |verb| *verb = word),
                _ => {}
            }
            is_before_table = matches!(word, "FROM" | "INTO" | "UPDATE");
        }
        within.filter(|gist| !gist.verb.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_known_by_what_it_does_and_to_which_table() {
        for (text, is) in [
            ("SELECT id FROM users WHERE name = $1", ("SELECT", Some("users"))),
            ("INSERT INTO events(id) VALUES ($1)", ("INSERT", Some("events"))),
            ("UPDATE resources SET version = version + 1", ("UPDATE", Some("resources"))),
            ("DELETE\n  FROM members, others", ("DELETE", Some("members"))),
            ("WITH found AS (SELECT 1 FROM tokens) INSERT INTO x SELECT 2", ("INSERT", Some("x"))),
            ("WITH added AS (INSERT INTO x VALUES ($1)) SELECT 1", ("INSERT", Some("x"))),
            (
                "SELECT a, (SELECT COUNT(*) FROM members) FROM resources r FOR UPDATE",
                ("SELECT", Some("resources")),
            ),
            ("SELECT x FROM (SELECT y FROM z)", ("SELECT", Some("z"))),
            ("SELECT x FROM (SELECT 1)", ("SELECT", None)),
            ("COMMIT", ("COMMIT", None)),
            ("", ("", None)),
        ] {
            assert_eq!((operation(text), collection(text)), is, "{text}");
        }
    }
}
