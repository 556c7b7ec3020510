//! How a server starts for the first time and again, and how it ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::process::{Server, directory, finish, rollcall};

fn serve(data: &Path) -> Command {
    let mut command = rollcall("serve --data-dir");
    command.arg(data);
    command
}

#[test]
fn the_first_start_shows_its_secrets_once_and_not_in_the_log() {
    let data = directory("first-start").join("data");
    let mut server = Server::start(&mut serve(&data));
    assert_eq!(server.status_of("/readyz"), "HTTP/1.1 200 OK");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("rollcall.db")), 0o600);
    let endpoint = server.said("SCIM endpoint").to_owned();
    assert!(endpoint.starts_with("http://127.0.0.1:") && endpoint.ends_with("/scim/v2"), "{endpoint}");
    server.signal("TERM");
    let greeting = std::mem::take(&mut server.greeting);
    let (status, rest, log) = server.wait();
    assert_eq!(status, 0, "{log}");
    let shown = format!("{greeting}{rest}");
    assert!(shown.contains("rc_scim_") && shown.contains("rc_admin_"), "{shown}");
    assert!(!log.contains("rc_scim_") && !log.contains("rc_admin_"), "{log}");

    let mut server = Server::start(&mut serve(&data));
    assert_eq!(server.greeting.lines().count(), 1, "{}", server.greeting);
    server.signal("INT");
    let greeting = std::mem::take(&mut server.greeting);
    let (status, rest, log) = server.wait();
    assert_eq!((status, rest.as_str()), (0, ""), "{log}");
    assert!(!greeting.contains("rc_"), "{greeting}");
}

#[test]
fn secrets_that_were_brought_along_work_and_are_not_shown() {
    let data = directory("bootstrap").join("data");
    let key = "0f3a9c71d2e84b5690a1c2d3e4f56789";
    let server = Server::start(
        serve(&data)
            .env("ROLLCALL_BOOTSTRAP_ADMIN_KEY", key)
            .env("ROLLCALL_BOOTSTRAP_SCIM_TOKEN", "a_3-Zq81LmPw72Xr0TbVn5Ks"),
    );
    let mut list = rollcall("directory list --json --server");
    let (status, output, error) = finish(list.arg(server.said("gRPC")).env("ROLLCALL_ADMIN_KEY", key));
    assert_eq!(status, 0, "{error}");
    assert!(output.contains("\"default\""), "{output}");
    server.signal("TERM");
    let greeting = server.greeting.clone();
    let (_, rest, log) = server.wait();
    for secret in [key, "a_3-Zq81LmPw72Xr0TbVn5Ks"] {
        assert!(!greeting.contains(secret) && !rest.contains(secret) && !log.contains(secret));
    }
}

#[test]
fn a_lost_admin_key_is_replaced_on_the_database() {
    let data = directory("lost-key").join("data");
    let (status, _, error) = finish(rollcall("admin-key create --data-dir").arg(&data));
    assert_eq!(status, 1);
    assert!(error.contains("there is no database"), "{error}");
    assert!(!data.exists(), "a command that works on a database makes none");

    let server = Server::start(&mut serve(&data));
    let (status, key, error) = finish(rollcall("admin-key create --name laptop --data-dir").arg(&data));
    assert_eq!(status, 0, "{error}");
    assert!(error.contains("only time"), "{error}");
    let mut show = rollcall("directory show default --server");
    let (status, output, error) =
        finish(show.arg(server.said("gRPC")).env("ROLLCALL_ADMIN_KEY", key.trim_end()));
    assert_eq!(status, 0, "{error}");
    assert!(output.contains("default") && output.contains("generic"), "{output}");
}

#[test]
fn a_stolen_admin_key_is_found_and_revoked_on_the_database() {
    let data = directory("stolen-key").join("data");
    let server = Server::start(&mut serve(&data));
    let on_database = |command: &str| finish(rollcall(&format!("{command} --data-dir")).arg(&data));
    let (_, key, _) = on_database("admin-key create --name laptop");
    let show = || {
        let mut show = rollcall("directory show default --server");
        finish(show.arg(server.said("gRPC")).env("ROLLCALL_ADMIN_KEY", key.trim_end()))
    };
    assert_eq!(show().0, 0);

    let (status, listed, error) = on_database("admin-key list");
    assert_eq!(status, 0, "{error}");
    let line = listed.lines().find(|line| line.contains("laptop")).unwrap();
    let prefix = line.split_whitespace().next().unwrap();
    assert!(key.starts_with(prefix) && line.contains("live") && !listed.contains(key.trim_end()), "{listed}");

    let (status, revoked, error) = on_database(&format!("admin-key revoke {prefix} --json"));
    assert_eq!(status, 0, "{error}");
    assert!(revoked.contains("\"state\": \"revoked\""), "{revoked}");
    let (status, _, error) = show();
    assert_ne!(status, 0, "{error}");
    let (status, _, error) = finish(rollcall("admin-key revoke").arg("").arg("--data-dir").arg(&data));
    assert_eq!(status, 1);
    assert!(error.contains("name one"), "{error}");
    let (status, _, error) = on_database("admin-key revoke rc_admin_none");
    assert_eq!(status, 1);
    assert!(error.contains("no admin key with the id or prefix"), "{error}");
}

#[test]
fn migrations_can_be_checked_before_they_are_applied() {
    let data = directory("migrate").join("data");
    let migrate = |flag: &str| finish(rollcall(&format!("migrate {flag} --data-dir")).arg(&data));
    let (status, output, error) = migrate("");
    assert_eq!(status, 0, "{error}");
    assert!(output.starts_with("applied 0001"), "{output}");
    let (status, output, _) = migrate("--check --json");
    assert_eq!(status, 0);
    assert!(output.contains("\"pending\": []"), "{output}");

    let empty = directory("migrate-empty");
    let on_empty = |command: &str| finish(rollcall(&format!("{command} --data-dir")).arg(&empty));
    let (status, _, error) = on_empty("core --grpc-addr 127.0.0.1:0 --no-migrate");
    assert_eq!(status, 1);
    assert!(error.contains("rollcall migrate"), "{error}");
    let (status, output, error) = on_empty("migrate --check");
    assert_eq!(status, 1);
    assert!(output.starts_with("pending 0001") && error.contains("rollcall migrate"), "{output}{error}");
    assert_eq!(on_empty("migrate --dry-run").0, 0);
}

#[test]
fn a_request_under_way_is_answered_before_the_end() {
    let server = Server::start(&mut serve(&directory("drain").join("data")));
    let mut connection = server.connect();
    // The server asks for the body of a request that it has begun to handle.
    let head =
        "POST /scim/v2/Users HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n";
    write!(connection, "{head}Authorization: Bearer {}\r\n\r\n", token(&server)).unwrap();
    let mut answer = BufReader::new(connection.try_clone().unwrap());
    let mut line = String::new();
    answer.read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 100 Continue\r\n");

    server.signal("TERM");
    connection.write_all(b"{}").unwrap();
    let mut rest = String::new();
    answer.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("HTTP/1.1 400 Bad Request"), "{rest}");
    let (status, _, log) = server.wait();
    assert_eq!(status, 0, "{log}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let server = Server::start(serve(&directory("second-signal").join("data")).args(["--drain-delay", "1h"]));
    assert_eq!(server.status_of("/readyz"), "HTTP/1.1 200 OK");
    server.signal("TERM");
    while server.status_of("/readyz") != "HTTP/1.1 503 Service Unavailable" {}
    assert_eq!(server.status_of("/healthz"), "HTTP/1.1 200 OK", "it still takes requests");
    server.signal("TERM");
    let (status, _, log) = server.wait();
    assert_eq!(status, 1, "{log}");
    assert!(log.contains("second signal"), "{log}");
}

#[test]
fn the_deadline_ends_it_with_requests_under_way() {
    let server =
        Server::start(serve(&directory("deadline").join("data")).args(["--drain-deadline", "100ms"]));
    let mut connection = server.connect();
    let head =
        "POST /scim/v2/Users HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2\r\n";
    write!(connection, "{head}Authorization: Bearer {}\r\n\r\n", token(&server)).unwrap();
    let mut byte = [0];
    connection.read_exact(&mut byte).unwrap();
    server.signal("TERM");
    let (status, _, log) = server.wait();
    assert_eq!(status, 1, "{log}");
    assert!(log.contains("deadline"), "{log}");
}

/// The SCIM token that the first start showed.
fn token(server: &Server) -> &str {
    server.said("SCIM token")
}
