//! URLs of databases as they are read, for the fuzzer: this is compiled for nobody else.

use std::path::PathBuf;

use crate::Result;
use crate::postgres::host_names;
use crate::sqlite::file_of;

/// The hosts of a URL of PostgreSQL with their ports, and whether only one will do that takes changes.
pub fn hosts(url: &str) -> Result<(Vec<(String, u16)>, bool)> {
    host_names(url)
}

/// The file of a URL of SQLite.
pub fn file(url: &str) -> Result<PathBuf> {
    file_of(url)
}
