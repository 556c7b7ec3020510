//! The file of an export: a line of JSON each, the last of which says what came before.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, Read as _, Write};

use anyhow::{Context as _, Result, bail};
use rollcall_core::moving::{Header, Line, Trailer};
use sha2::{Digest as _, Sha256};

/// How many of what there are.
pub(super) type Counts = BTreeMap<String, u64>;

/// The longest line that is read, in bytes: far more than a resource can have.
const LONGEST_LINE: u64 = 64 << 20;

/// An export that is being written.
#[derive(Debug)]
pub(super) struct ExportWriter<W> {
    out: W,
    digest: Sha256,
    pub(super) counts: Counts,
}

impl<W: Write> ExportWriter<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, digest: Sha256::new(), counts: Counts::new() }
    }

    pub(super) fn write(&mut self, line: &Line) -> Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.digest.update(&text);
        count(&mut self.counts, line);
        self.out.write_all(&text).context("the export cannot be written")
    }

    /// Writes the last line, and gives back what was written to.
    pub(super) fn end(mut self) -> Result<(W, Trailer)> {
        let trailer = Trailer { counts: self.counts, sha256: hexadecimal(self.digest) };
        let mut text = serde_json::to_vec(&Line::End(trailer.clone()))?;
        text.push(b'\n');
        self.out.write_all(&text).and_then(|()| self.out.flush()).context("the export cannot be written")?;
        Ok((self.out, trailer))
    }
}

/// An export that is being read, of which each line is told as it comes.
#[derive(Debug)]
pub(super) struct ExportReader<R> {
    from: R,
    digest: Sha256,
    counts: Counts,
    /// The line that was read last, from 1 on.
    number: u64,
    place: u8,
    end: Option<Trailer>,
}

impl<R: BufRead> ExportReader<R> {
    /// Reads the first line. Errors: it is not that of an export.
    pub(super) fn new(from: R) -> Result<(Self, Header)> {
        let mut reader =
            Self { from, digest: Sha256::new(), counts: Counts::new(), number: 0, place: 0, end: None };
        let first = reader.line().context("it is no export of Rollcall's")?;
        let Some(Line::Export(header)) = first else { bail!("it is no export of Rollcall's") };
        Ok((reader, header))
    }

    /// The next line but for the last one; `None`, it is over, and nothing is missing.
    ///
    /// Errors: a line is none of an export, or where it does not belong; the file was cut or changed.
    pub(super) fn next(&mut self) -> Result<Option<Line>> {
        let Some(line) = self.line()? else { bail!("it was cut: its last line is missing") };
        let number = self.number;
        if matches!(line, Line::Export(_)) || line.place() < self.place {
            bail!("line {number} is not where it belongs: the file was changed");
        }
        self.place = line.place();
        let Line::End(trailer) = line else { return Ok(Some(line)) };
        if self.from.fill_buf().context("it cannot be read")? != b"" {
            bail!("there is something behind its last line, {number}: the file was changed");
        }
        let found = hexadecimal(self.digest.clone());
        if trailer.sha256 != found || trailer.counts != self.counts {
            bail!("it was changed, or something is missing: what it holds is not what its last line says");
        }
        self.end = Some(trailer);
        Ok(None)
    }

    /// The last line, once it has been read.
    pub(super) fn end(self) -> Option<Trailer> {
        self.end
    }

    fn line(&mut self) -> Result<Option<Line>> {
        let mut text = Vec::new();
        let mut rest = (&mut self.from).take(LONGEST_LINE);
        rest.read_until(b'\n', &mut text).context("it cannot be read")?;
        if text.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let number = self.number;
        if text.last() != Some(&b'\n') {
            bail!("line {number} was cut");
        }
        let line: Line = serde_json::from_slice(&text)
            .with_context(|| format!("line {number} is none of an export that this version reads"))?;
        if !matches!(line, Line::End(_)) {
            self.digest.update(&text);
            count(&mut self.counts, &line);
        }
        Ok(Some(line))
    }
}

fn count(counts: &mut Counts, line: &Line) {
    if let Some(kind) = line.kind() {
        *counts.entry(kind.to_owned()).or_default() += line.count();
    }
}

/// Counts in words.
pub(super) fn in_words(counts: &Counts) -> String {
    if counts.is_empty() {
        return "nothing".to_owned();
    }
    let words = |kind: &str| match kind {
        "deletedUsers" => "deleted users".to_owned(),
        "provisioningRules" => "provisioning rules".to_owned(),
        kind => kind.to_owned(),
    };
    counts.iter().map(|(kind, count)| format!("{} {count}", words(kind))).collect::<Vec<_>>().join(", ")
}

fn hexadecimal(digest: Sha256) -> String {
    digest.finalize().iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use rollcall_core::moving::{FORMAT, Id, Members};
    use serde_json::Map;

    use super::*;

    fn header() -> Header {
        Header {
            format: FORMAT,
            version: "0".to_owned(),
            passwords: false,
            events: false,
            directory: "acme".to_owned(),
            profile: "okta".to_owned(),
            scim: true,
            groups: true,
            settings: Map::new(),
            created: 1,
            modified: 2,
        }
    }

    fn export() -> String {
        let mut writer = ExportWriter::new(Vec::new());
        writer.write(&Line::Export(header())).unwrap();
        let group = "0190f5e2-0000-7000-8000-000000000001".to_owned();
        let group = Id::try_from(group).unwrap();
        writer.write(&Line::Members(Members { group, users: vec![group; 3], groups: vec![] })).unwrap();
        let (written, trailer) = writer.end().unwrap();
        assert_eq!(in_words(&trailer.counts), "members 3");
        String::from_utf8(written).unwrap()
    }

    /// Why a text is no whole export.
    fn fault(text: &str) -> String {
        let read = || {
            let (mut reader, _) = ExportReader::new(text.as_bytes())?;
            while reader.next()?.is_some() {}
            anyhow::Ok(())
        };
        read().map_or_else(|error| format!("{error:#}"), |()| String::new())
    }

    #[test]
    fn an_export_is_read_as_it_was_written() {
        let text = export();
        let (mut reader, read) = ExportReader::new(text.as_bytes()).unwrap();
        assert_eq!(read, header());
        assert_eq!(reader.next().unwrap().unwrap().count(), 3);
        assert_eq!(reader.next().unwrap(), None);
        assert_eq!(reader.end().unwrap().counts["members"], 3);
    }

    #[test]
    fn an_export_that_was_cut_or_changed_is_known() {
        let text = export();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        assert_eq!(fault(&text), "");
        assert!(fault("").contains("no export"), "{}", fault(""));
        assert!(fault("PK\u{3}\u{4}\n").contains("no export"));
        assert!(fault(&lines[..2].concat()).contains("its last line is missing"));
        assert!(fault(&text[..text.len() - 1]).contains("line 3 was cut"));
        assert!(fault(&[lines[0], lines[2]].concat()).contains("something is missing"));
        assert!(fault(&text.replace("okta", "entra")).contains("was changed"));
        assert!(fault(&[lines[0], lines[1], lines[1], lines[2]].concat()).contains("was changed"));
        assert!(fault(&[&text, "\n"].concat()).contains("behind its last line"));
        assert!(fault(&[lines[0], lines[0], lines[1], lines[2]].concat()).contains("line 2 is not where"));
    }
}
