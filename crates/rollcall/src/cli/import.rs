//! `rollcall import`: makes a directory of what `rollcall export` wrote.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use rollcall_core::moving::{Header, Id, Importing, Line, Target, Trailer};
use rollcall_core::{Core, Limits};
use serde_json::{Value, json};

use super::export_file::{Counts, ExportReader, in_words};
use super::import_people::{Mapping, Table};
use crate::output::{self, Progress};
use crate::server::{database, logging};
use crate::settings::{Database, General};

/// How much one transaction writes, in users, groups, members and their like.
const BATCH: u64 = 500;

/// `rollcall import`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  rollcall import acme.ndjson --directory acme --dry-run\n  \
                        rollcall import acme.ndjson --directory acme --database-url postgres://rollcall@db/rollcall\n\n\
                        The directory must not be there yet, or be empty; the server may be running. Ids, versions and times \
                        stay as they were. Until all is there its SCIM endpoint does not answer; an import that was killed \
                        goes on with --resume. Make a token then, with `rollcall token create --directory acme`.\n\n\
                        People out of a table:\n  \
                        rollcall import people.csv --csv --directory acme --dry-run\n  \
                        rollcall import people.csv --csv --directory acme --map 'Login=userName' \\\n    \
                        --map 'Mail=emails[type eq \"work\"].value' --map 'Room=-'\n\n\
                        The directory must be there. Every row is judged before anybody is made; who is there already is left \
                        alone, so that it can be run again.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(super) struct Import {
    /// The file that was exported, or the table
    file: PathBuf,

    /// The file is a table of people: CSV in UTF-8, whose first line names the columns
    #[arg(long)]
    csv: bool,

    /// Which attribute a column is, as a path of PATCH has it; `-` for a column that is to be left out; once for each column that
    /// is not called as its attribute
    #[arg(long, value_name = "COLUMN=PATH", requires = "csv")]
    map: Vec<Mapping>,

    /// The directory that it goes into
    #[arg(long, value_name = "NAME")]
    directory: String,

    /// Go on with an import of the same file that was not finished; begin one if there is none
    #[arg(long, conflicts_with = "csv")]
    resume: bool,

    /// Read the file, say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    database: Database,

    #[command(flatten)]
    pub(super) general: General,
}

impl Import {
    pub(super) async fn run(self) -> Result<()> {
        logging::init(&self.general)?;
        if self.csv {
            return self.people().await;
        }
        let store = database::open_existing(&self.database).await?;
        database::require_migrated(&*store).await?;
        let core = database::core(store.clone(), Limits::default())?;
        let done = self.act(&core).await;
        store.close().await;
        done
    }

    async fn people(self) -> Result<()> {
        let store = database::open_existing(&self.database).await?;
        database::require_migrated(&*store).await?;
        let core = database::core(store.clone(), Limits::default())?;
        let table = Table { file: &self.file, mappings: &self.map, dry_run: self.dry_run, json: self.json };
        let done = table.import(&core, &self.directory).await;
        store.close().await;
        done
    }

    async fn act(&self, core: &Core) -> Result<()> {
        let (header, trailer, first_event) = self
            .checked(core)
            .with_context(|| format!("nothing was imported from {}", self.file.display()))?;
        let target = core
            .import_target(&self.directory, &trailer.sha256, self.resume)
            .await
            .context("nothing was imported")?;
        if let (Target::New | Target::Empty, Some(first)) = (&target, first_event) {
            core.require_new_events(first).await.context("nothing was imported")?;
        }
        if !self.dry_run {
            let importing = core
                .import(&self.directory, header.clone(), &trailer.sha256, self.resume)
                .await
                .context("nothing was imported")?;
            self.write(importing, &trailer.counts)
                .await
                .with_context(|| {
                    let name = &self.directory;
                    format!(
                        "the import was not finished: go on with this very file and --resume, or give it up with `rollcall \
                         directory delete {name} --confirm {name}`"
                    )
                })?;
        }
        self.print(&header, &trailer, &target)
    }

    /// Reads the whole file, to make sure that it is one, and all of one, and that each line can be written, and gives its first
    /// event too. Errors: what is wrong with it.
    fn checked(&self, core: &Core) -> Result<(Header, Trailer, Option<Id>)> {
        let (mut reader, header) = self.read()?;
        let mut judging = core.judge(&header)?;
        let mut progress = Progress::new();
        let mut lines: u64 = 1;
        let (mut first_event, mut fault) = (None, None);
        while let Some(line) = reader.next()? {
            // A file that was changed by mistake is told by its checksum, whatever came of that.
            if fault.is_none() {
                fault = judging.line(&line).err();
            }
            if let Line::Event(event) = &line {
                first_event.get_or_insert(event.id);
            }
            lines += 1;
            progress.show(|| format!("read {lines} lines"));
        }
        let trailer = reader.end().context("it was cut: its last line is missing")?;
        match fault {
            None => Ok((header, trailer, first_event)),
            Some(fault) => Err(fault.into()),
        }
    }

    fn read(&self) -> Result<(ExportReader<BufReader<File>>, Header)> {
        // Asked before it is opened: to open a pipe is to wait for whoever writes into it.
        if self.file.exists() && !self.file.is_file() {
            bail!("it is no file, and it has to be read twice: first to see that nothing is missing");
        }
        let file = File::open(&self.file).context("it cannot be opened")?;
        ExportReader::new(BufReader::new(file))
    }

    /// Writes what is not in the directory yet, in transactions of bounded size. A transaction has lines of one kind.
    async fn write(&self, mut importing: Importing, all: &Counts) -> Result<()> {
        let (mut reader, _) = self.read()?;
        let mut progress = Progress::new();
        let mut behind = importing.lines().saturating_sub(1);
        let mut written = Counts::new();
        let mut batch: Vec<Line> = Vec::new();
        let mut weight = 0;
        loop {
            let line = reader.next()?;
            let ends = line.as_ref().is_none_or(|line| {
                weight >= BATCH || batch.first().is_some_and(|first| first.place() != line.place())
            });
            if ends && !batch.is_empty() {
                importing.write(std::mem::take(&mut batch)).await?;
                weight = 0;
                progress.show(|| format!("imported {} of {}", in_words(&written), in_words(all)));
            }
            let Some(line) = line else { break };
            if let Some(kind) = line.kind() {
                *written.entry(kind.to_owned()).or_default() += line.count();
            }
            if behind > 0 {
                behind -= 1;
                continue;
            }
            weight += line.count();
            batch.push(line);
        }
        Ok(importing.finish().await?)
    }

    fn print(&self, header: &Header, trailer: &Trailer, target: &Target) -> Result<()> {
        if self.json {
            return output::json(&self.as_json(header, trailer, target));
        }
        let verb = if self.dry_run { "would import" } else { "imported" };
        let into = match target {
            Target::New => "a new one",
            Target::Empty => "which was empty, and is as the export says",
            Target::Unfinished(_) => "which had a part of it",
        };
        let counts = in_words(&trailer.counts);
        output::line(&format!(
            "{verb} {counts} of the directory {} into {}, {into}",
            header.directory, self.directory
        ))?;
        if !self.dry_run {
            output::remark(&format!(
                "Tokens are not moved: make one with `rollcall token create --directory {}`.",
                self.directory
            ));
        }
        Ok(())
    }

    fn as_json(&self, header: &Header, trailer: &Trailer, target: &Target) -> Value {
        let (target, lines) = match target {
            Target::New => ("new", 0),
            Target::Empty => ("empty", 0),
            Target::Unfinished(lines) => ("unfinished", *lines),
        };
        json!({
            "directory": self.directory,
            "from": header.directory,
            "target": target,
            "linesBefore": lines,
            "dryRun": self.dry_run,
            "counts": trailer.counts,
            "sha256": trailer.sha256,
        })
    }
}
