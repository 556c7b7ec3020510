//! Where settings come from, and what is said about those that make no sense.

use std::fs;
use std::net::TcpListener;

use crate::process::{directory, finish, rollcall};

/// A listener that keeps an address busy, and that address: a server that tries to listen there says so.
fn busy() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    (listener, address)
}

#[test]
fn flags_come_before_the_environment_before_the_file_before_defaults() {
    let (_flag, by_flag) = busy();
    let (_variable, by_variable) = busy();
    let (_file, by_file) = busy();
    let file = directory("precedence").join("rollcall.toml");
    fs::write(&file, format!("http-addr = \"{by_file}\"\n")).unwrap();

    let from_file = || {
        let mut command = rollcall("gateway");
        command.env("ROLLCALL_CONFIG", &file);
        command
    };
    let from_variable = || {
        let mut command = from_file();
        command.env("ROLLCALL_HTTP_ADDR", &by_variable);
        command
    };
    let used = |(status, _, error): (i32, String, String)| {
        assert_eq!(status, 1, "{error}");
        error
    };
    let error = used(finish(from_variable().args(["--http-addr", &by_flag])));
    assert!(error.contains(&by_flag), "{error}");
    let error = used(finish(&mut from_variable()));
    assert!(error.contains(&by_variable), "{error}");
    let error = used(finish(&mut from_file()));
    assert!(error.contains(&by_file), "{error}");
    let error = used(finish(rollcall("gateway --config").arg(&file)));
    assert!(error.contains(&by_file), "{error}");
}

#[test]
fn a_variable_that_is_set_to_nothing_is_not_set() {
    let (_listener, address) = busy();
    let mut command = rollcall("gateway --http-addr");
    let (status, _, error) =
        finish(command.arg(&address).env("ROLLCALL_PUBLIC_URL", "").env("ROLLCALL_CONFIG", ""));
    assert_eq!(status, 1, "{error}");
    assert!(error.contains(&address), "{error}");
}

#[test]
fn a_bad_value_is_told_with_the_place_that_it_came_from() {
    let file = directory("bad-value").join("rollcall.toml");
    fs::write(&file, "http-addr = \"localhost\"\n").unwrap();
    let (status, _, error) = finish(rollcall("serve --config").arg(&file));
    assert_eq!(status, 2, "{error}");
    assert!(error.contains("--http-addr") && error.contains(file.to_str().unwrap()), "{error}");

    let (status, _, error) = finish(rollcall("serve").env("ROLLCALL_PUBLIC_URL", "id.example.com"));
    assert_eq!(status, 2, "{error}");
    assert!(error.contains("environment variable ROLLCALL_PUBLIC_URL"), "{error}");

    let (status, _, error) = finish(&mut rollcall("serve --public-url id.example.com"));
    assert_eq!(status, 2, "{error}");
    assert!(error.contains("--public-url") && !error.contains("environment"), "{error}");
}

#[test]
fn a_file_with_an_unknown_key_is_refused_by_every_server() {
    let file = directory("unknown-key").join("rollcall.toml");
    fs::write(&file, "colour = \"red\"\n").unwrap();
    for command in ["serve", "core", "gateway", "migrate", "admin-key create"] {
        let (status, _, error) = finish(rollcall(command).env("ROLLCALL_CONFIG", &file));
        assert_eq!(status, 2, "{command}: {error}");
        assert!(error.starts_with("rollcall: ") && error.contains("\"colour\""), "{command}: {error}");
        assert_eq!(error.lines().count(), 1, "{command}: {error}");
    }
}

#[test]
fn one_file_does_for_all_servers() {
    let (_listener, address) = busy();
    let file = directory("one-file").join("rollcall.toml");
    fs::write(
        &file,
        format!("no-migrate = true\nmax-page-size = 50\ndefault-page-size = 60\ngrpc-addr = \"{address}\"\n"),
    )
    .unwrap();
    let (status, _, error) = finish(rollcall("core --config").arg(&file));
    assert_eq!(status, 2, "{error}");
    assert!(error.contains("max-page-size"), "{error}");
    let (status, _, error) = finish(rollcall("gateway --http-addr").arg(&address).arg("--config").arg(&file));
    assert_eq!(status, 1, "{error}");
    assert!(error.contains("--http-addr"), "{error}");
}

#[test]
fn a_weak_bootstrap_secret_is_refused_and_not_repeated() {
    for variable in ["ROLLCALL_BOOTSTRAP_SCIM_TOKEN", "ROLLCALL_BOOTSTRAP_ADMIN_KEY"] {
        let (status, output, error) = finish(rollcall("serve").env(variable, "correct-horse"));
        assert_eq!(status, 2, "{error}");
        assert!(error.contains(variable) && error.contains("128 bits"), "{error}");
        assert!(!error.contains("correct-horse") && output.is_empty(), "{error}");
    }
}

#[test]
fn without_an_admin_key_one_is_asked_for() {
    let (status, _, error) = finish(&mut rollcall("directory list"));
    assert_eq!(status, 2, "{error}");
    assert!(error.contains("ROLLCALL_ADMIN_KEY") && error.contains("admin-key create"), "{error}");
}

#[test]
fn a_core_that_is_not_there_is_named_with_the_way_to_start_one() {
    let (listener, address) = busy();
    drop(listener);
    let mut command = rollcall("directory list --server");
    let (status, _, error) = finish(command.arg(format!("http://{address}")).env("ROLLCALL_ADMIN_KEY", "x"));
    assert_eq!(status, 1, "{error}");
    assert!(error.contains(&address) && error.contains("rollcall serve"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}
