//! Tables: columns aligned by spaces, without lines between them.

use comfy_table::{Attribute, Color, ContentArrangement, presets};
use rollcall_api::unseen::shown;

/// Rows under a header.
#[derive(Debug)]
pub(crate) struct Table {
    header: &'static [&'static str],
    rows: Vec<Vec<Cell>>,
}

/// One field of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// As it is.
    Plain(String),
    /// Something that works.
    Good(String),
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

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::Plain(text.into())
    }
}

impl Table {
    /// An empty table.
    pub(crate) fn new(header: &'static [&'static str]) -> Self {
        Self { header, rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, row: impl Into<Vec<Cell>>) {
        self.rows.push(row.into());
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
