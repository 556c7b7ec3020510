//! The number up to which everything has been worked off, in a file.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The file.
#[derive(Debug)]
pub(crate) struct PositionFile {
    path: PathBuf,
}

impl PositionFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The number; `None`, nothing has been worked off yet.
    pub(crate) fn read(&self) -> Result<Option<i64>> {
        match fs::read_to_string(&self.path) {
            Ok(text) => {
                let number = text.trim().parse();
                number.map(Some).with_context(|| format!("{} holds no number", self.path.display()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.path.display())),
        }
    }

    /// Replaces the file as a whole, so that a crash leaves the old number or the new one.
    pub(crate) fn write(&self, position: i64) -> Result<()> {
        let new = self.path.with_extension("new");
        let written = File::create(&new).and_then(|mut file| {
            file.write_all(position.to_string().as_bytes())?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        });
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_comes_back_and_what_is_none_is_told() {
        let folder = std::env::temp_dir().join(format!("follower-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = PositionFile::new(folder.join("position"));
        assert_eq!(file.read().unwrap(), None);
        file.write(17).unwrap();
        file.write(1800).unwrap();
        assert_eq!(file.read().unwrap(), Some(1800));
        fs::write(file.path(), "x").unwrap();
        assert!(file.read().unwrap_err().to_string().contains("holds no number"));
        fs::remove_dir_all(folder).unwrap();
    }
}
