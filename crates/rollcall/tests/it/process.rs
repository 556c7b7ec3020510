//! Processes of the binary under test.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// An empty directory of a test's own.
pub(crate) fn directory(test: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    if path.exists() {
        fs::remove_dir_all(&path).unwrap();
    }
    fs::create_dir_all(&path).unwrap();
    path
}

/// The binary with some arguments, separated by spaces, and no settings from the environment of the test.
pub(crate) fn rollcall(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ROLLCALL_")) {
        command.env_remove(name);
    }
    command.args(arguments.split_whitespace());
    command
}

/// Runs to the end: exit status, standard output, standard error.
pub(crate) fn finish(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A server that is ready. Dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    /// What it printed until it was ready.
    pub(crate) greeting: String,
}

impl Server {
    /// Starts `rollcall serve` on free ports and waits until it has printed where.
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command.args(["--http-addr", "127.0.0.1:0", "--grpc-addr", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = String::new();
        while !greeting.contains("gRPC") {
            assert!(output.read_line(&mut greeting).unwrap() > 0, "the server ended: {greeting}");
        }
        Self { child, output, greeting }
    }

    /// What stands in the greeting after a word, up to the next white space or comma.
    pub(crate) fn said(&self, word: &str) -> &str {
        let (_, rest) = self.greeting.split_once(word).unwrap();
        rest.trim_start().split([' ', ',', '\n']).next().unwrap()
    }

    /// A connection to the SCIM endpoint.
    pub(crate) fn connect(&self) -> TcpStream {
        let address = self.said("SCIM endpoint").strip_prefix("http://").unwrap();
        TcpStream::connect(address.split('/').next().unwrap()).unwrap()
    }

    /// The status line of the answer to a GET.
    pub(crate) fn status_of(&self, path: &str) -> String {
        let mut connection = self.connect();
        write!(connection, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap().to_owned()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end: exit status, the rest of standard output, standard error.
    pub(crate) fn wait(mut self) -> (i32, String, String) {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code().unwrap(), rest, log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already where the test waited for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
