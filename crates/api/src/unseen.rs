//! Characters that nobody sees, but that change how the text around them is read. Whoever shows names that others chose shows
//! these as what they are, or leaves them out.

use std::borrow::Cow;

/// Whether a character is not seen itself, but changes how others are: controls, marks of direction, and what has no width. The
/// joiners are not among them: Persian, Hindi and emoji cannot be written without.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}

/// The text with what is unseen written out, such as `\u{202e}`; line breaks and tabs as well, unless `keeps_lines`.
pub fn shown(text: &str, keeps_lines: bool) -> Cow<'_, str> {
    let is_hidden = |c: char| is_unseen(c) && !(keeps_lines && matches!(c, '\n' | '\r' | '\t'));
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unseen_is_written_out() {
        assert_eq!(shown("Ana\u{202e}zi\u{200b}\u{1b}[2J", false), r"Ana\u{202e}zi\u{200b}\u{1b}[2J");
        assert_eq!(shown("a\tb\r\nc", false), r"a\tb\r\nc");
        assert_eq!(shown("a\tb\r\nc\0", true), "a\tb\r\nc\\u{0}");
    }

    #[test]
    fn what_is_seen_or_joins_stays() {
        for text in ["Zoë O’Brien", "می\u{200c}خواهم", "👩\u{200d}💻", "שלום", ""] {
            assert!(matches!(shown(text, false), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
