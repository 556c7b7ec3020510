//! The form of a notice, told twice: as text and as HTML.
//!
//! Names come from identity providers and sign-ins, so nothing in a letter is trusted: each value is one line without
//! characters that steer a terminal, a header or the direction of writing, and HTML is escaped where it is made.

use std::fmt::Write as _;

use rollcall_api::unseen::is_unseen;

/// The longest value in characters.
const LONGEST_VALUE: usize = 200;
/// The longest subject in characters.
const LONGEST_SUBJECT: usize = 150;

/// A letter to an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    /// What happened, in a sentence without a full stop: the subject, and the heading.
    pub(super) title: String,
    /// What it means.
    pub(super) lead: String,
    /// The facts: what each is called, and what it is.
    pub(super) facts: Vec<(&'static str, String)>,
    /// What to do next: in words, and as a command where there is one.
    pub(super) steps: Vec<(String, Option<String>)>,
    /// Why the reader gets it.
    pub(super) reason: String,
}

impl Letter {
    /// The subject.
    pub(super) fn subject(&self) -> String {
        shortened(&one_line(&self.title), LONGEST_SUBJECT)
    }

    /// The letter as text.
    pub(super) fn text(&self) -> String {
        let width = self.facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        let mut text = format!("{}\n\n{}\n", value(&self.title), one_line(&self.lead));
        if !self.facts.is_empty() {
            text.push('\n');
        }
        for (name, fact) in &self.facts {
            _ = writeln!(text, "  {name:width$}  {}", value(fact));
        }
        for (words, command) in &self.steps {
            _ = writeln!(text, "\n{}", one_line(words));
            if let Some(command) = command {
                _ = writeln!(text, "\n  {}", one_line(command));
            }
        }
        _ = writeln!(text, "\n-- \n{}", one_line(&self.reason));
        text
    }

    /// The letter as HTML.
    pub(super) fn html(&self) -> String {
        let title = escaped(&value(&self.title));
        let mut html = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
             <body style=\"font-family: sans-serif; color: #222; max-width: 40em\">\n<h1 style=\"font-size: 1.25em\">\
             {title}</h1>\n<p>{}</p>\n",
            escaped(&one_line(&self.lead))
        );
        if !self.facts.is_empty() {
            html.push_str("<table>\n");
            for (name, fact) in &self.facts {
                _ = writeln!(
                    html,
                    "<tr><th style=\"text-align: left; padding-right: 1em\">{}</th><td>{}</td></tr>",
                    escaped(name),
                    escaped(&value(fact))
                );
            }
            html.push_str("</table>\n");
        }
        for (words, command) in &self.steps {
            _ = writeln!(html, "<p>{}</p>", escaped(&one_line(words)));
            if let Some(command) = command {
                _ = writeln!(html, "<pre>{}</pre>", escaped(&one_line(command)));
            }
        }
        _ = write!(
            html,
            "<p style=\"color: #666; font-size: 0.85em\">{}</p>\n</body>\n</html>\n",
            escaped(&one_line(&self.reason))
        );
        html
    }
}

/// A value that came from elsewhere: one line, and not without end.
pub(super) fn value(text: &str) -> String {
    shortened(&one_line(text), LONGEST_VALUE)
}

/// Text in one line: every run of white space is a space, and what cannot be seen is left out.
fn one_line(text: &str) -> String {
    let seen = text.chars().filter(|c| c.is_whitespace() || !is_unseen(*c));
    seen.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shortened(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(name: &str) -> Letter {
        Letter {
            title: format!("{name} created an account"),
            lead: "A new account.".to_owned(),
            facts: vec![("Name", name.to_owned()), ("Directory", "acme".to_owned())],
            steps: vec![
                ("See it:".to_owned(), Some("rollcall user show".to_owned())),
                ("Rest.".to_owned(), None),
            ],
            reason: "You are an administrator.".to_owned(),
        }
    }

    #[test]
    fn a_letter_reads_as_text() {
        assert_eq!(
            letter("Ána Ruiz").text(),
            "Ána Ruiz created an account\n\nA new account.\n\n  Name       Ána Ruiz\n  Directory  acme\n\nSee it:\n\n  \
             rollcall user show\n\nRest.\n\n-- \nYou are an administrator.\n"
        );
    }

    #[test]
    fn html_is_escaped() {
        let html = letter("<script>alert(\"1\")</script> & 'Co'").html();
        assert!(!html.contains("<script>"), "{html}");
        assert!(
            html.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;Co&#39;"),
            "{html}"
        );
    }

    #[test]
    fn a_name_is_one_line_whatever_it_holds() {
        let letter = letter("Ana\r\nBcc: all@example.com\0\u{1b}[2J\u{202e}\u{2028}zi\u{200b}uR\t \u{85}x");
        assert_eq!(letter.subject(), "Ana Bcc: all@example.com[2J ziuR x created an account");
        assert!(
            letter.text().contains("  Name       Ana Bcc: all@example.com[2J ziuR x\n"),
            "{}",
            letter.text()
        );
        assert!(!letter.html().contains(['\r', '\0', '\u{1b}', '\u{202e}']));
    }

    #[test]
    fn a_name_without_end_is_cut() {
        let letter = letter(&"ä".repeat(100_000));
        assert_eq!(letter.subject().chars().count(), LONGEST_SUBJECT + 1);
        assert!(letter.text().len() < 2000 && letter.html().len() < 4000);
    }
}
