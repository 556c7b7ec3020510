//! Files of settings: secrets, certificates and the configuration, which are small and there at once.

use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read as _, Result};
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

/// The largest that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// How long a pipe is waited for: what writes into it may have to ask for a password first.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What a file holds, or what comes through a pipe, as a shell makes them of `<(command)`.
///
/// Errors: it cannot be read, holds more than 1 MiB, or is a pipe into which nobody has written everything after 10 s.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    if fs::metadata(path)?.is_file() { read_now(path) } else { read_within(path, LONGEST_WAIT) }
}

fn read_now(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::new(ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    Ok(bytes)
}

/// Both opening a pipe and reading from it wait for somebody who writes, so that is left to a thread of its own.
fn read_within(path: &Path, longest: Duration) -> Result<Vec<u8>> {
    let (read, come) = sync_channel(1);
    let path = path.to_owned();
    thread::spawn(move || {
        let _ = read.send(read_now(&path));
    });
    come.recv_timeout(longest).unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::TimedOut, "it is a pipe, and nobody has written into it and closed it"))
    })
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_file_is_read_up_to_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, b"text").unwrap();
        assert_eq!(read(&path).unwrap(), b"text");
        File::create(&path).unwrap().set_len(LARGEST + 1).unwrap();
        assert_eq!(read(&path).unwrap_err().kind(), ErrorKind::FileTooLarge);
        assert_eq!(read(&folder.path().join("none")).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(read(folder.path()).is_err(), "a folder");
    }

    #[test]
    fn a_pipe_is_read_and_not_waited_for_without_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let [used, forgotten] = ["used", "forgotten"].map(|name| folder.path().join(name));
        assert!(Command::new("mkfifo").args([&used, &forgotten]).status().unwrap().success());
        let nobody = read_within(&forgotten, Duration::from_millis(10)).unwrap_err();
        assert_eq!(nobody.kind(), ErrorKind::TimedOut);
        thread::scope(|scope| {
            scope.spawn(|| fs::write(&used, b"secret").unwrap());
            assert_eq!(read(&used).unwrap(), b"secret");
        });
    }
}
