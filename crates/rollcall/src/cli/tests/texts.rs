//! Where texts are that tell people commands and settings, and what their readers see of them.

use std::fs;
use std::path::{Path, PathBuf};

/// The end of a string in a source, which no text holds.
pub(super) const END: char = '\u{1}';

/// Where to look, from the root.
const PLACES: [&str; 13] = [
    "crates",
    "docs",
    "deploy",
    "examples",
    "proto",
    "tests/README.md",
    "tests/load/README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "justfile",
];

/// How a text says a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    /// To be run as it stands: in an e-mail, an error, a help text, a page, or a block of a document.
    Run,
    /// In a sentence, where it may be no more than the name of a command: in a comment, or a paragraph of a document.
    Named,
}

/// A text, and where it is.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) place: String,
    pub(super) kind: Kind,
    pub(super) body: String,
}

/// Every text of the repository that people read; what a test asserts is none.
pub(super) fn texts() -> Vec<Text> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for place in PLACES {
        collect(&root.join(place), &mut files);
    }
    files.sort();
    let mut texts = Vec::new();
    for file in files {
        let Ok(body) = fs::read_to_string(&file) else { continue };
        let place = file.strip_prefix(&root).unwrap().display().to_string();
        let parts = match file.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => of_rust(&body),
            Some("md") => of_markdown(&body),
            Some("py") => vec![(Kind::Run, unescaped(&body))],
            Some("html" | "txt" | "js") => vec![(Kind::Run, body)],
            Some("proto") => of_lines(&body, "//"),
            _ => of_lines(&body, "#"),
        };
        texts.extend(parts.into_iter().map(|(kind, body)| Text { place: place.clone(), kind, body }));
    }
    texts
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    let is_of_tests = path.file_stem().is_some_and(|stem| stem == "tests" || stem == "target");
    if is_of_tests && !path.ends_with("README.md") {
        return;
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), files);
        }
    } else {
        assert!(path.exists(), "{} is not there", path.display());
        files.push(path.to_owned());
    }
}

/// The comments of a source as named, and its strings as to be run, without its tests.
fn of_rust(source: &str) -> Vec<(Kind, String)> {
    let source = source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let is_comment = |line: &&str| line.trim_start().starts_with("//");
    let uncommented = |line: &str| line.trim_start().trim_start_matches(['/', '!']).to_owned();
    let comments: Vec<_> = source.lines().filter(is_comment).map(uncommented).collect();
    let code: Vec<_> = source.lines().filter(|line| !is_comment(line)).collect();
    vec![(Kind::Named, comments.join("\n")), (Kind::Run, unescaped(&code.join("\n")))]
}

/// What the strings of a source say; [`END`] is where one begins or ends.
fn unescaped(code: &str) -> String {
    let mut text = String::new();
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => text.push(END),
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                Some(c) => text.push(c),
                None => {}
            },
            c => text.push(c),
        }
    }
    text
}

/// The blocks of a document as to be run, but for those that are marked as text, and its paragraphs as named.
fn of_markdown(document: &str) -> Vec<(Kind, String)> {
    let mut parts = vec![(Kind::Named, String::new())];
    let mut is_fenced = false;
    for line in document.lines() {
        let fence = line.trim_start().strip_prefix("```");
        if let Some(language) = fence {
            is_fenced = !is_fenced;
            let runs = is_fenced && !matches!(language, "text" | "json" | "proto" | "rust" | "python");
            parts.push((if runs { Kind::Run } else { Kind::Named }, String::new()));
            continue;
        }
        let is_block = !is_fenced && line.starts_with("    ");
        if is_block {
            parts.push((Kind::Run, format!("{line}\n")));
            parts.push((Kind::Named, String::new()));
        } else if let Some((_, part)) = parts.last_mut() {
            part.push_str(line);
            part.push('\n');
        }
    }
    parts
}

fn of_lines(text: &str, comment: &str) -> Vec<(Kind, String)> {
    let is_comment = |line: &&str| line.trim_start().starts_with(comment);
    let uncommented = |line: &str| line.trim_start().trim_start_matches(comment).to_owned();
    let (comments, code): (Vec<_>, Vec<_>) = text.lines().partition(is_comment);
    let comments: Vec<_> = comments.into_iter().map(uncommented).collect();
    vec![(Kind::Named, comments.join("\n")), (Kind::Run, code.join("\n"))]
}
