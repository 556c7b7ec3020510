//! Tables: columns aligned by spaces, without lines between them.

use comfy_table::{Attribute, Color, ContentArrangement, presets};
use rollcall_api::unseen::shown;
use unicode_width::UnicodeWidthStr as _;

/// Spaces between two columns.
const GAP: usize = 2;
/// A text that was cut to so many columns of a terminal still says something.
const READABLE: usize = 24;

/// Rows under a header.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// One field of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// As it is.
    Plain(String),
    /// Something that works.
    Good(String),
    /// Something that somebody should look at.
    Doubtful(String),
    /// Something that has ended or is off.
    Faint(String),
}

impl Cell {
    /// A text, or a dash where there is none.
    pub(crate) fn optional(text: Option<impl Into<String>>) -> Self {
        text.map_or_else(|| Self::Faint("-".to_owned()), |text| Self::Plain(text.into()))
    }

    /// `on` or `off`.
    pub(crate) fn switch(on: bool) -> Self {
        if on { Self::Good("on".to_owned()) } else { Self::Faint("off".to_owned()) }
    }
}

impl Cell {
    fn text(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Good(text) | Self::Doubtful(text) | Self::Faint(text) => text,
        }
    }

    fn text_mut(&mut self) -> &mut String {
        match self {
            Self::Plain(text) | Self::Good(text) | Self::Doubtful(text) | Self::Faint(text) => text,
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::Plain(text.into())
    }
}

impl Table {
    /// An empty table.
    pub(crate) fn new(header: &'static [&'static str]) -> Self {
        Self { header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, row: impl Into<Vec<Cell>>) {
        self.rows.push(row.into());
    }

    /// Makes it as narrow as a terminal of so many columns, and names the columns that had to go for that: the last ones first,
    /// and never the first two, which may be a name and what it stands for. Where it is enough, the longest texts are cut
    /// instead.
    pub(crate) fn fit(&mut self, width: usize) -> Vec<&'static str> {
        let mut left_out = Vec::new();
        while self.header.len() > 2 {
            let widths: Vec<usize> = (0..self.header.len()).map(|column| self.width_of(column)).collect();
            let excess = (widths.iter().sum::<usize>() + GAP * (widths.len() - 1)).saturating_sub(width);
            if excess == 0 {
                break;
            }
            let (widest, most) =
                widths.iter().enumerate().max_by_key(|(_, width)| **width).unwrap_or((0, &0));
            if most.saturating_sub(excess) >= READABLE {
                self.cut(widest, most - excess);
                break;
            }
            left_out.extend(self.header.pop());
            for row in &mut self.rows {
                row.pop();
            }
        }
        left_out.reverse();
        left_out
    }

    fn width_of(&self, column: usize) -> usize {
        let cells =
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| shown(cell.text(), false).width());
        cells.chain([self.header[column].len()]).max().unwrap_or_default()
    }

    /// Cuts the texts of a column to so many columns of a terminal.
    fn cut(&mut self, column: usize, width: usize) {
        for cell in self.rows.iter_mut().filter_map(|row| row.get_mut(column)) {
            let text = shown(cell.text(), false);
            if text.width() <= width {
                continue;
            }
            let mut cut = text.into_owned();
            while cut.width() + 1 > width {
                cut.pop();
            }
            cut.push('…');
            *cell.text_mut() = cut;
        }
    }

    /// The text of the table, without a line end after it.
    pub(crate) fn render(&self, coloured: bool) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        if coloured {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        let header =
            self.header.iter().map(|name| comfy_table::Cell::new(name).add_attribute(Attribute::Bold));
        table.set_header(header);
        for row in &self.rows {
            table.add_row(row.iter().map(|cell| match cell {
                Cell::Plain(text) => comfy_table::Cell::new(shown(text, false)),
                Cell::Good(text) => comfy_table::Cell::new(shown(text, false)).fg(Color::Green),
                Cell::Doubtful(text) => comfy_table::Cell::new(shown(text, false)).fg(Color::Yellow),
                Cell::Faint(text) => comfy_table::Cell::new(shown(text, false)).add_attribute(Attribute::Dim),
            }));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table.trim_fmt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&["NAME", "SCIM", "PROFILE"]);
        table.row(["acme".into(), Cell::switch(true), "okta".into()]);
        table.row(["a-longer-name".into(), Cell::switch(false), Cell::optional(None::<String>)]);
        table
    }

    #[test]
    fn columns_are_aligned_by_spaces_and_rows_end_without_any() {
        let expected = "NAME           SCIM  PROFILE\n\
                        acme           on    okta\n\
                        a-longer-name  off   -";
        assert_eq!(table().render(false), expected);
    }

    #[test]
    fn a_table_fits_its_terminal_by_cutting_what_is_long_or_leaving_out_what_is_last() {
        let mut wide = Table::new(&["NAME", "CHANGES", "BY", "ID"]);
        let changes = "title Boss → Queen of all that is and will be";
        wide.row(["acme".into(), changes.into(), "it".into(), "0190f5e2".into()]);
        assert_eq!(wide.fit(65), [""; 0]);
        assert!(wide.render(false).contains(changes));
        assert_eq!(wide.fit(50), [""; 0]);
        let text = wide.render(false);
        assert!(text.contains("title Boss → Queen of all tha…  it  0190f5e2"), "{text}");
        assert_eq!(text.lines().map(str::width).max(), Some(50));
        assert_eq!(wide.fit(34), ["ID"]);
        assert_eq!(wide.render(false).lines().map(str::width).max(), Some(34));
        assert_eq!(wide.fit(8), ["BY"], "the first two stay");
        assert_eq!(wide.fit(1), [""; 0]);
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let coloured = table().render(true);
        assert!(coloured.contains("\u{1b}["), "{coloured:?}");
        let mut plain = String::new();
        let mut rest = coloured.as_str();
        while let Some((before, escape)) = rest.split_once("\u{1b}[") {
            plain.push_str(before);
            rest = escape.split_once('m').unwrap().1;
        }
        plain.push_str(rest);
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&plain), words(&table().render(false)));
    }

    #[test]
    fn an_empty_table_is_its_header() {
        assert_eq!(Table::new(&["ID", "NAME"]).render(false), "ID  NAME");
    }

    #[test]
    fn what_an_identity_provider_sent_cannot_steer_the_terminal() {
        let mut table = Table::new(&["NAME"]);
        table.row([Cell::from("a\u{1b}[2Jb\nc\td\u{9b}e")]);
        let text = table.render(false);
        assert_eq!(text, "NAME\na\\u{1b}[2Jb\\nc\\td\\u{9b}e");
    }
}
