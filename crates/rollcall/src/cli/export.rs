//! `rollcall export`: all that a directory is, as lines of JSON.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use rollcall_core::moving::{Beside, Trailer};
use rollcall_core::{Core, Limits};
use serde_json::json;

use super::export_file::{ExportWriter, in_words};
use super::whole_file::{WholeFile, keep_off_database};
use crate::output::{self, Progress};
use crate::server::{database, logging};
use crate::settings::{Database, General, Invalid};

/// What stands for standard output.
const STANDARD_OUTPUT: &str = "-";

/// `rollcall export`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rollcall export acme.ndjson --directory acme --data-dir ./rollcall-data\n  \
                        rollcall export --directory acme --database-url postgres://rollcall@db/rollcall | gzip > acme.ndjson.gz\n\n\
                        It is all of one moment, and the server may be running. It can be imported, also into another database. Tokens, keys and the activity log are not in it, and events only with --events."
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(super) struct Export {
    /// The file that is made, readable by its owner alone; - is standard output
    #[arg(default_value = STANDARD_OUTPUT)]
    file: PathBuf,

    /// The directory
    #[arg(long, value_name = "NAME")]
    directory: String,

    /// With the hashes of passwords, by which they can be guessed one by one
    #[arg(long)]
    passwords: bool,

    /// With what has happened in the directory: its events
    #[arg(long)]
    events: bool,

    /// Replace a file that is there
    #[arg(long)]
    force: bool,

    /// Print JSON; not to standard output together with the export
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    database: Database,

    #[command(flatten)]
    pub(super) general: General,
}

impl Export {
    pub(super) async fn run(self) -> Result<()> {
        logging::init(&self.general)?;
        let to_standard_output = self.file == Path::new(STANDARD_OUTPUT);
        if to_standard_output && self.json {
            return Err(Invalid("--json needs a FILE: standard output is the export".to_owned()).into());
        }
        if !to_standard_output {
            keep_off_database(&self.file, database::sqlite_file(&self.database).as_deref())?;
        }
        let store = database::open_existing(&self.database).await?;
        database::require_migrated(&*store).await?;
        let core = database::core(store.clone(), Limits::default())?;
        let done =
            if to_standard_output { self.to_standard_output(&core).await } else { self.to_file(&core).await };
        store.close().await;
        done
    }

    async fn to_standard_output(&self, core: &Core) -> Result<()> {
        let out = BufWriter::new(io::stdout().lock());
        let (_, counts) = self.write(core, out).await?;
        output::remark(&format!("exported {counts}"));
        Ok(())
    }

    async fn to_file(&self, core: &Core) -> Result<()> {
        let (whole, file) = WholeFile::new(&self.file, self.force)?;
        let (trailer, counts) = self.write(core, BufWriter::new(file)).await?;
        whole.put()?;
        if self.json {
            return output::json(&json!({
                "file": self.file.display().to_string(),
                "directory": self.directory,
                "counts": trailer.counts,
                "sha256": trailer.sha256,
            }));
        }
        output::line(&format!("{}: {counts}", self.file.display()))
    }

    /// Writes the export, and says what is in it.
    async fn write(&self, core: &Core, out: impl Write) -> Result<(Trailer, String)> {
        let beside = Beside { passwords: self.passwords, events: self.events };
        let mut exporting = core.export(&self.directory, beside).await.context("nothing was exported")?;
        let mut writer = ExportWriter::new(out);
        let mut progress = Progress::new();
        while let Some(lines) = exporting.next().await.context("the export was not finished")? {
            lines.iter().try_for_each(|line| writer.write(line))?;
            progress.show(|| format!("exported {}", in_words(&writer.counts)));
        }
        let (_, trailer) = writer.end()?;
        let counts = in_words(&trailer.counts);
        Ok((trailer, counts))
    }
}
