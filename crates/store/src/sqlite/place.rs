//! Where the file is: whether what stands under its name is still the file that was opened.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The name of a file that is open, and which file it was.
#[derive(Debug)]
pub(super) struct Place {
    file: PathBuf,
    identity: (u64, u64),
}

impl Place {
    /// The place of a file that is there. Errors: [`Error::Unavailable`].
    pub(super) fn of(file: &Path) -> Result<Self> {
        let identity = identity(file).map_err(|error| Error::Unavailable(Box::new(error)))?;
        Ok(Self { file: file.to_owned(), identity })
    }

    /// Makes sure that the file is still there: what is written into one that was moved away, replaced or removed is lost with
    /// it. Errors: why nothing may be written.
    pub(super) fn require_unchanged(&self) -> Result<(), String> {
        let what = match identity(&self.file) {
            Ok(identity) if identity == self.identity => return Ok(()),
            Ok(_) => "was replaced".to_owned(),
            Err(error) => format!("is not there any more ({error})"),
        };
        Err(format!(
            "the database file {} {what} while it was in use, and nothing is written any more: end this server, put the right \
             file in its place, and start it again",
            self.file.display()
        ))
    }
}

fn identity(file: &Path) -> io::Result<(u64, u64)> {
    fs::metadata(file).map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_replaced_or_removed_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rollcall.db");
        fs::write(&file, "one").unwrap();
        let place = Place::of(&file).unwrap();
        fs::write(&file, "longer").unwrap();
        assert_eq!(place.require_unchanged(), Ok(()), "what is in it may change");
        fs::rename(&file, folder.path().join("elsewhere")).unwrap();
        assert!(place.require_unchanged().unwrap_err().contains("is not there any more"));
        fs::write(&file, "another").unwrap();
        assert!(place.require_unchanged().unwrap_err().contains("was replaced"));
        fs::rename(folder.path().join("elsewhere"), &file).unwrap();
        assert_eq!(place.require_unchanged(), Ok(()));
    }
}
