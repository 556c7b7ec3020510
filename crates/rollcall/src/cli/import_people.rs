//! `rollcall import FILE --csv --directory NAME`: makes users of the rows of a table.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context as _, Result, anyhow, bail};
use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord};
use rollcall_core::Core;
use rollcall_core::moving::{People, Person};
use serde_json::json;

use crate::output::{self, Cell, Progress};

/// How many people one transaction makes.
const BATCH: usize = 200;
/// The longest row, in bytes.
const LONGEST_ROW: usize = 1024 * 1024;
/// How many wrong rows are told of, of however many there are.
const TOLD: usize = 20;
/// What a column is mapped to that is left out.
const LEFT_OUT: &str = "-";

/// What a column is.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    column: String,
    path: String,
}

impl FromStr for Mapping {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((column, path)) if !column.trim().is_empty() && !path.trim().is_empty() => {
                Ok(Self { column: column.trim().to_owned(), path: path.trim().to_owned() })
            }
            _ => Err("it must be COLUMN=PATH, such as Login=userName, or COLUMN=- to leave a column out"
                .to_owned()),
        }
    }
}

/// A table of people, and what is to be done with it.
pub(super) struct Table<'a> {
    pub(super) file: &'a Path,
    pub(super) mappings: &'a [Mapping],
    pub(super) dry_run: bool,
    pub(super) json: bool,
}

/// A column that says something of people.
struct Column {
    place: usize,
    name: String,
    path: String,
}

/// What a table has.
#[derive(Default)]
struct Found {
    new: u64,
    there: u64,
    wrong: Vec<String>,
    wrong_in_all: u64,
}

impl Table<'_> {
    /// Judges every row, and then makes who is not there yet. Errors: what is wrong with the table; nobody has been made then.
    pub(super) async fn import(&self, core: &Core, directory: &str) -> Result<()> {
        let people = core.people_of(directory).await.context("nobody was imported")?;
        self.require_rows().context("nobody was imported")?;
        let (columns, example) = self.columns(&people).context("nobody was imported")?;
        let found = self.judge(&people, &columns).await.context("nobody was imported")?;
        if found.wrong_in_all + found.new + found.there == 0 {
            bail!("nobody was imported: {} has no rows below the names of its columns", self.file.display());
        }
        if found.wrong_in_all > 0 {
            let others = found.wrong_in_all - found.wrong.len() as u64;
            let others = if others > 0 { format!("\nand {others} more") } else { String::new() };
            bail!(
                "nobody was imported: of {}, {}\n{}{others}",
                counted(found.wrong_in_all + found.new + found.there, "row", "rows"),
                counted(found.wrong_in_all, "is wrong", "are wrong"),
                found.wrong.join("\n")
            );
        }
        if !self.dry_run {
            self.make(&people, &columns, found.new).await.context(
                "not everybody was imported: mend what is wrong and run it again, which leaves alone who is there",
            )?;
        }
        self.print(directory, &columns, &example, &found)
    }

    /// The columns, and what the first row has in each. Errors: one is no attribute.
    fn columns(&self, people: &People) -> Result<(Vec<Column>, StringRecord)> {
        let mut reader = self.read()?;
        let header = reader.headers().context("its first row cannot be read")?.clone();
        for mapping in self.mappings {
            if !header.iter().any(|name| name.trim() == mapping.column) {
                let names: Vec<_> = header.iter().map(|name| format!("{:?}", name.trim())).collect();
                bail!("it has no column {:?}; it has {}", mapping.column, names.join(", "));
            }
        }
        let mut columns: Vec<Column> = Vec::new();
        for (place, name) in header.iter().enumerate() {
            let name = name.trim();
            let mapping = self.mappings.iter().find(|mapping| mapping.column == name);
            let path = mapping.map_or(name, |mapping| &mapping.path);
            if path == LEFT_OUT {
                continue;
            }
            let path = people.known_path(path).map_err(|error| {
                anyhow!("the column {name:?}: {error}; say which attribute it is with --map '{name}=PATH', or '{name}=-' to leave it out")
            })?;
            if let Some(other) = columns.iter().find(|column| column.path.eq_ignore_ascii_case(path)) {
                bail!("the columns {:?} and {name:?} are both {path}: leave one of them out", other.name);
            }
            columns.push(Column { place, name: name.to_owned(), path: path.to_owned() });
        }
        // Whether it can be read is told with the other rows.
        let example = reader.records().next().and_then(Result::ok);
        Ok((columns, example.unwrap_or_default()))
    }

    async fn judge(&self, people: &People, columns: &[Column]) -> Result<Found> {
        let mut found = Found::default();
        let mut progress = Progress::new();
        let mut rows: HashMap<String, u64> = HashMap::new();
        // As spreadsheets count them: the columns are named in the first.
        for (row, record) in (2..).zip(self.read()?.records()) {
            let judged = match record {
                Ok(record) => person(people, columns, &record).await,
                Err(error) => Err(wrong_row(error)?),
            };
            let judged = judged.and_then(|person| match rows.insert(person.unique_name(), row) {
                Some(before) => Err(format!("the userName is that of row {before} as well")),
                None => Ok(person),
            });
            match judged {
                Ok(person) if people.has(&person).await? => found.there += 1,
                Ok(_) => found.new += 1,
                Err(wrong) => {
                    found.wrong_in_all += 1;
                    if found.wrong.len() < TOLD {
                        found.wrong.push(format!("row {row}: {wrong}"));
                    }
                }
            }
            progress.show(|| format!("read {row} rows"));
        }
        Ok(found)
    }

    async fn make(&self, people: &People, columns: &[Column], all: u64) -> Result<()> {
        let mut progress = Progress::new();
        let mut made = 0;
        let mut batch = Vec::with_capacity(BATCH);
        for record in self.read()?.records() {
            let record = record?;
            let person = person(people, columns, &record)
                .await
                .map_err(|wrong| anyhow!("the file has changed: {wrong}"))?;
            if people.has(&person).await? {
                continue;
            }
            batch.push(person);
            if batch.len() == BATCH {
                people.make(&batch).await?;
                made += batch.len();
                batch.clear();
                progress.show(|| format!("imported {made} of {all} users"));
            }
        }
        Ok(people.make(&batch).await?)
    }

    /// What is no table may be one row without an end, and a quote that is not closed makes one field of all that is behind it:
    /// both would be held in memory.
    fn require_rows(&self) -> Result<()> {
        let mut file = BufReader::new(self.open()?);
        let (mut is_quoted, mut row, mut length) = (false, 1_u64, 0);
        loop {
            let piece = file.fill_buf()?;
            if piece.is_empty() {
                break;
            }
            for byte in piece {
                is_quoted ^= *byte == b'"';
                length += 1;
                if *byte == b'\n' && !is_quoted {
                    (row, length) = (row + 1, 0);
                }
                if length > LONGEST_ROW {
                    bail!(
                        "row {row} of {} is longer than 1 MiB: a quote (\") may not be closed",
                        self.file.display()
                    );
                }
            }
            let read = piece.len();
            file.consume(read);
        }
        if is_quoted {
            bail!("{} has a quote (\") that is not closed, or one too many", self.file.display());
        }
        Ok(())
    }

    fn read(&self) -> Result<Reader<File>> {
        let mut first = String::new();
        BufReader::new(self.open()?).take(LONGEST_ROW as u64).read_line(&mut first).unwrap_or_default();
        Ok(ReaderBuilder::new().delimiter(delimiter(&first)).from_reader(self.open()?))
    }

    fn open(&self) -> Result<File> {
        // Asked before it is opened: to open a pipe is to wait for whoever writes into it.
        if self.file.exists() && !self.file.is_file() {
            bail!("{} is no file, and it has to be read twice", self.file.display());
        }
        File::open(self.file).with_context(|| format!("cannot open {}", self.file.display()))
    }

    fn print(
        &self,
        directory: &str,
        columns: &[Column],
        example: &StringRecord,
        found: &Found,
    ) -> Result<()> {
        let Found { new, there, .. } = found;
        if self.json {
            let mapped: serde_json::Map<_, _> =
                columns.iter().map(|column| (column.name.clone(), column.path.clone().into())).collect();
            return output::json(&json!({
                "directory": directory,
                "dryRun": self.dry_run,
                "columns": mapped,
                "new": new,
                "there": there,
            }));
        }
        if self.dry_run {
            let mut table = output::Table::new(&["COLUMN", "ATTRIBUTE", "FIRST VALUE"]);
            for column in columns {
                let value = example.get(column.place).unwrap_or_default();
                table.row([
                    Cell::Plain(column.name.clone()),
                    Cell::Plain(column.path.clone()),
                    Cell::optional((!value.is_empty()).then_some(value)),
                ]);
            }
            output::table(&table)?;
        }
        let verb = if self.dry_run { "would import" } else { "imported" };
        let new = counted(*new, "user", "users");
        let there =
            counted(*there, "is there already and stays as it is", "are there already and stay as they are");
        output::line(&format!("{verb} {new} into {directory}; {there}"))
    }
}

/// So many, in words that go with the number.
fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// What is wrong with a row that cannot be read. Errors: it is not the row.
fn wrong_row(error: csv::Error) -> Result<String, csv::Error> {
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            Ok(format!("it has {len} fields, and the first row has {expected_len}"))
        }
        ErrorKind::Utf8 { err, .. } => Ok(format!("field {} is no UTF-8", err.field() + 1)),
        _ => Err(error),
    }
}

/// Who a row tells of. Errors: what is wrong with it, and in which column.
async fn person(people: &People, columns: &[Column], record: &StringRecord) -> Result<Person, String> {
    let values: Vec<_> = columns
        .iter()
        .map(|column| (column.path.as_str(), record.get(column.place).unwrap_or_default().trim()))
        .collect();
    people.judge(&values).await.map_err(|(place, error)| match place {
        Some(place) => format!("{}: {error}", columns[place].name),
        None => error.to_string(),
    })
}

/// What separates the columns whose names are in the first row: spreadsheets write what the language of the machine wants.
fn delimiter(first_row: &str) -> u8 {
    let count = |delimiter: u8| first_row.bytes().filter(|byte| *byte == delimiter).count();
    // Of equals the last counts, which is the comma.
    b"\t;,".iter().copied().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_separates_columns_is_seen_by_their_names() {
        for (row, expected) in [
            ("Login,Mail\n", b','),
            ("Login;Mail;Given, family\n", b';'),
            ("Login\tMail\n", b'\t'),
            ("Login\n", b','),
            ("", b','),
        ] {
            assert_eq!(delimiter(row), expected, "{row:?}");
        }
    }
}
