//! The database: whether it answers, what it is, and whether it suits this version.

use std::path::Path;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use rollcall_core::{Clock as _, SystemClock};
use rollcall_store::{Examination, Options, examine};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use super::PATIENCE;
use super::finding::Finding;
use crate::server::database::{lacking, shown_url, sqlite_file, url};
use crate::settings::{Database, Invalid, Start};

/// How long an answer may take before it is worth a word: with several to a request, whoever waits notices.
const SLOW: Duration = Duration::from_millis(20);
/// Clocks that differ by more are worth a word, in µs.
const OFF: u64 = 1_000_000;
/// Clocks that differ by more decide wrongly who is too late, in µs.
const FAR_OFF: u64 = 60 * 1_000_000;
/// Room that should be left on the disk of a file, in bytes.
const ROOM: u64 = 1 << 30;
/// Room without which it is a matter of minutes, in bytes.
const NO_ROOM: u64 = 64 << 20;

/// Looks at the database.
pub(super) async fn check(settings: &Database, start: &Start) -> Vec<Finding> {
    let found = match look(settings).await {
        Ok(found) => found,
        Err(finding) => {
            let unasked = |name| Finding::not_checked(name, "the database cannot be asked");
            let asked = ["latency", "migrations", "clock"].map(unasked);
            let others = [time_outs(settings, None), disk(settings)];
            return [finding].into_iter().chain(asked).chain(others).collect();
        }
    };
    vec![
        database(settings, &found),
        latency(&found),
        migrations(&found, start.no_migrate),
        clock(&found),
        time_outs(settings, Some(&found)),
        disk(settings),
    ]
}

async fn look(settings: &Database) -> Result<Examination, Finding> {
    let shown = shown_url(settings);
    if let Some(file) = sqlite_file(settings).filter(|file| !file.exists()) {
        return Err(Finding::wrong(
            "database",
            format!("there is no database {}", file.display()),
            "Name the server's with --data-dir or --database-url, or make one with `rollcall migrate`. A gateway has none: \
             `rollcall doctor gateway` asks about one.",
        ));
    }
    let wrong = |found: String, advice: &str| Finding::wrong("database", found, advice);
    let url = url(settings).map_err(|Invalid(found)| wrong(found, "Mend database-url."))?;
    let options = Options {
        acquire_timeout: PATIENCE,
        statement_timeout: PATIENCE,
        pool_mode: settings.database_pool_mode.into(),
        ..Options::default()
    };
    let looking = examine(url.expose_secret(), &options, || SystemClock.now());
    let unreachable = "Start it, let this machine reach it, or mend database-url.";
    match timeout(PATIENCE, looking).await {
        Err(_) => Err(wrong(format!("{shown} does not answer within {PATIENCE:?}"), unreachable)),
        Ok(Err(rollcall_store::Error::Url(found))) => {
            Err(wrong(found, "Mend database-url, data-dir or database-pool-mode."))
        }
        Ok(Err(error)) => {
            let told = without_password(&told(&error), url.expose_secret());
            Err(wrong(format!("{shown} cannot be used: {told}"), unreachable))
        }
        Ok(Ok(found)) => Ok(found),
    }
}

/// What a server says, without the password of the URL: a hostile one repeats it.
fn without_password(text: &str, url: &str) -> String {
    let user = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).map_or("", |(user, _)| user);
    let Some((_, password)) = user.split_once(':').filter(|(_, password)| !password.is_empty()) else {
        return text.to_owned();
    };
    let decoded = percent_decode_str(password).decode_utf8_lossy();
    text.replace(password, "…").replace(&*decoded, "…")
}

/// An error with its causes, in a line, each once.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text
}

fn database(settings: &Database, found: &Examination) -> Finding {
    let what = format!("{}, {}, {} MB", found.engine, shown_url(settings), found.bytes.div_ceil(1_000_000));
    if found.takes_changes {
        return Finding::ok("database", what);
    }
    let advice = match sqlite_file(settings) {
        Some(_) => "Give the file to the user that the server runs as.",
        None => {
            "Name the primary, or all of them and add target_session_attrs=read-write to the URL: a standby takes none."
        }
    };
    Finding::wrong("database", format!("{what}: it takes no changes"), advice)
}

fn latency(found: &Examination) -> Finding {
    let what = format!("it answers within {:.1} ms", found.latency.as_secs_f64() * 1000.0);
    if found.latency <= SLOW {
        return Finding::ok("latency", what);
    }
    Finding::warning(
        "latency",
        what,
        "Bring server and database closer together: each request waits for several answers.",
    )
}

fn migrations(found: &Examination, no_migrate: bool) -> Finding {
    let migrations = &found.migrations;
    let numbers = |numbers: &[i64]| numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    if !migrations.altered.is_empty() {
        return Finding::wrong(
            "migrations",
            format!("applied with another text than this version has: {}", numbers(&migrations.altered)),
            "Run the version that made this database: this binary and it do not belong together.",
        );
    }
    if !migrations.pending.is_empty() {
        let what = format!("the database lacks {}", lacking(&migrations.pending));
        if no_migrate {
            return Finding::wrong(
                "migrations",
                what,
                "Apply them with `rollcall migrate`: no-migrate is set.",
            );
        }
        let advice = "Nothing, if the next start may apply them; else `rollcall migrate` does.";
        return Finding::warning("migrations", what, advice);
    }
    if !migrations.later.is_empty() {
        return Finding::warning(
            "migrations",
            format!("a later version of Rollcall has made {}", numbers(&migrations.later)),
            "Use that version once every replica has it.",
        );
    }
    Finding::ok("migrations", "none is pending")
}

fn clock(found: &Examination) -> Finding {
    let Some(ahead) = found.ahead else {
        return Finding::not_checked("clock", "the database is a file on this machine, and has its clock");
    };
    let off = ahead.unsigned_abs();
    let side = if ahead < 0 { "ahead of" } else { "behind" };
    let seconds = Duration::from_micros(off).as_secs_f64();
    let what = format!("the clock of this machine is {seconds:.1} s {side} the database's");
    let advice = "Let both follow a time server (NTP): keys, sessions and leases end by these clocks.";
    match off {
        FAR_OFF.. => Finding::wrong("clock", what, advice),
        OFF.. => Finding::warning("clock", what, advice),
        _ => Finding::ok("clock", "it agrees with the database's to the second"),
    }
}

fn time_outs(settings: &Database, found: Option<&Examination>) -> Finding {
    if let Err(Invalid(refused)) = settings.check_order(None) {
        return Finding::wrong("time-outs", refused, "Mend the setting: the server does not start with it.");
    }
    let asked = settings.database_connections;
    if let Some(room) = found.and_then(|found| found.connections).filter(|room| *room < asked) {
        return Finding::warning(
            "time-outs",
            format!("the database lets {room} connections in, and database-connections is {asked}"),
            "Lower database-connections, or raise max_connections: who gets none waits, and is refused.",
        );
    }
    let (lock, statement) = (settings.database_lock_timeout, settings.database_statement_timeout);
    Finding::ok("time-outs", format!("a lock is waited for {lock:?}, a statement {statement:?}"))
}

fn disk(settings: &Database) -> Finding {
    let Some(file) = sqlite_file(settings) else {
        return Finding::not_checked("disk", "it is the database server's");
    };
    if !file.exists() {
        return Finding::not_checked("disk", "there is no database on it");
    }
    match free(&file) {
        Some(free) => judged_disk(free, file.metadata().map_or(0, |file| file.len())),
        None => Finding::not_checked("disk", "the system does not tell how much room it has"),
    }
}

fn judged_disk(free: u64, taken: u64) -> Finding {
    let what = format!("{} MB are free where the database is", free / 1_000_000);
    match free {
        ..NO_ROOM => Finding::wrong("disk", what, "Make room now: without it, no change is taken."),
        free if free < ROOM.max(taken) => Finding::warning(
            "disk",
            what,
            "Make room: a backup on this disk takes as much as the database, and without room no change is taken.",
        ),
        _ => Finding::ok("disk", what),
    }
}

/// How many bytes may still be written beside a file.
#[cfg(target_os = "linux")]
fn free(file: &Path) -> Option<u64> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let told = rustix::fs::statvfs(directory).ok()?;
    told.f_bavail.checked_mul(told.f_frsize)
}

#[cfg(not(target_os = "linux"))]
fn free(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use rollcall_store::Migrations;

    use super::super::finding::Verdict;
    use super::*;

    fn found() -> Examination {
        Examination {
            engine: "PostgreSQL 17.2".to_owned(),
            latency: Duration::from_micros(400),
            ahead: Some(0),
            bytes: 1,
            takes_changes: true,
            connections: Some(97),
            migrations: Migrations::default(),
        }
    }

    #[test]
    fn clocks_may_differ_by_a_little() {
        let judged = |ahead| clock(&Examination { ahead, ..found() });
        for (ahead, verdict) in [
            (Some(400_000), Verdict::Ok),
            (Some(-2_000_000), Verdict::Warning),
            (Some(61_000_000), Verdict::Wrong),
            (Some(i64::MIN), Verdict::Wrong),
            (None, Verdict::NotChecked),
        ] {
            assert_eq!(judged(ahead).verdict, verdict, "{ahead:?}");
        }
        assert!(judged(Some(-2_000_000)).found.contains("2.0 s ahead of the database's"));
        assert!(judged(Some(2_000_000)).found.contains("2.0 s behind the database's"));
    }

    #[test]
    fn a_password_that_a_server_repeats_is_not_told() {
        let told = |url| without_password("bad password hunter2 p@w", url);
        assert_eq!(told("postgres://ana:hunter2@host/db"), "bad password … p@w");
        assert_eq!(told("postgres://ana:p%40w@host/db"), "bad password hunter2 …");
        for url in ["postgres://ana@host/db", "postgres://ana:@host", "sqlite:x"] {
            assert_eq!(told(url), "bad password hunter2 p@w", "{url}");
        }
    }

    #[test]
    fn pending_migrations_are_wrong_where_no_start_applies_them() {
        let judged = |has: Migrations, no_migrate| {
            migrations(&Examination { migrations: has, ..found() }, no_migrate).verdict
        };
        let pending = Migrations { pending: vec!["0021 x".to_owned()], ..Migrations::default() };
        assert_eq!(judged(pending.clone(), false), Verdict::Warning);
        assert_eq!(judged(pending, true), Verdict::Wrong);
        assert_eq!(judged(Migrations { later: vec![99], ..Migrations::default() }, false), Verdict::Warning);
        assert_eq!(judged(Migrations { altered: vec![2], ..Migrations::default() }, false), Verdict::Wrong);
        assert_eq!(judged(Migrations::default(), true), Verdict::Ok);
    }

    #[test]
    fn a_disk_should_hold_a_backup_too() {
        assert_eq!(judged_disk(1 << 20, 0).verdict, Verdict::Wrong);
        assert_eq!(judged_disk(100 << 20, 0).verdict, Verdict::Warning);
        assert_eq!(judged_disk(2 << 30, 3 << 30).verdict, Verdict::Warning);
        assert_eq!(judged_disk(2 << 30, 1 << 30).verdict, Verdict::Ok);
    }

    #[test]
    fn slowness_and_standbys_are_told() {
        assert_eq!(
            latency(&Examination { latency: Duration::from_millis(90), ..found() }).verdict,
            Verdict::Warning
        );
        assert_eq!(latency(&found()).verdict, Verdict::Ok);
    }
}
