//! How texts are written into pages.

use std::fmt::{Result, Write};

use askama::filters::{Escaper, Html};
use rollcall_api::unseen::shown;

/// Writes what is unseen as what it is, and escapes what HTML would take for its own.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Shown;

impl Escaper for Shown {
    fn write_escaped_str<W: Write>(&self, page: W, text: &str) -> Result {
        Html.write_escaped_str(page, &shown(text, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_can_neither_turn_the_text_around_them_nor_become_markup() {
        let mut page = String::new();
        Shown.write_escaped_str(&mut page, "\u{202e}<b>&\n\u{0}").unwrap();
        assert_eq!(page, "\\u{202e}&#60;b&#62;&#38;\n\\u{0}");
    }
}
