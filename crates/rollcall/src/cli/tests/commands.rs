//! Every command and every setting that an e-mail, an error, a help text, a page of the console or a document names is
//! one that there is, and one that parses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory as _};

use super::texts::{END, Kind, Text, texts};
use crate::cli::Cli;

/// What is put in the place of something that the reader is to put in, until one of them parses.
const STAND_INS: [&str; 6] = ["x", "1", "1h", "on", "2027-01-31T00:00:00Z", "http://localhost:1"];
/// The settings that have no flag, and those that are of the examples.
const WITHOUT_FLAG: [&str; 9] = [
    "ROLLCALL_ADMIN_KEY",
    "ROLLCALL_BOOTSTRAP_ADMIN_KEY",
    "ROLLCALL_BOOTSTRAP_GATEWAY_KEY",
    "ROLLCALL_BOOTSTRAP_SCIM_TOKEN",
    "ROLLCALL_GATEWAY_KEY",
    "ROLLCALL_OIDC_CLIENT_SECRET",
    "ROLLCALL_OIDC_SERVICE_KEY",
    "ROLLCALL_SERVICE_KEY",
    "ROLLCALL_SMTP_PASSWORD",
];

/// A command that a text tells.
#[derive(Debug)]
struct Told {
    place: String,
    kind: Kind,
    line: String,
}

/// The help of every command, as one text for each.
fn help_texts() -> Vec<Text> {
    fn of(command: &mut Command, words: &str, texts: &mut Vec<Text>) {
        let help = command.render_long_help().to_string();
        let lines = help.lines().filter(|line| !line.starts_with("Usage:"));
        let body = lines.collect::<Vec<_>>().join("\n");
        texts.push(Text { place: format!("{words} --help"), kind: Kind::Run, body });
        for inner in command.get_subcommands_mut() {
            let words = format!("{words} {}", inner.get_name());
            of(inner, &words, texts);
        }
    }
    let mut command = Cli::command().term_width(1000).max_term_width(1000);
    command.build();
    let mut texts = Vec::new();
    of(&mut command, "rollcall", &mut texts);
    texts
}

/// The commands that a text tells.
fn told(text: &Text) -> Vec<Told> {
    let body = joined(&text.body);
    let mut told = Vec::new();
    for (at, name) in body.match_indices("rollcall ") {
        let (before, after) = (&body[..at], &body[at..]);
        if !begins(before) || !after[name.len()..].starts_with(|c: char| c.is_ascii_lowercase() || c == '-') {
            continue;
        }
        let until = |end: char| after.split(end).next().unwrap_or_default().to_owned();
        let line = match before.chars().next_back() {
            Some('`') => until('`'),
            Some('“') => until('”'),
            Some('>') => until('<'),
            // In a paragraph, what is not marked as a command is a sentence.
            _ if text.kind == Kind::Named && has_extension(&text.place, "md") => continue,
            _ => shell_line(after),
        };
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        told.push(Told { place: text.place.clone(), kind: text.kind, line });
    }
    told
}

fn has_extension(place: &str, extension: &str) -> bool {
    Path::new(place).extension().is_some_and(|other| other == extension)
}

/// A text in which a command that goes on in the next line stands in one.
fn joined(text: &str) -> String {
    let mut parts = text.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| format!("{} {}", text.trim_end(), part.trim_start()))
}

/// Whether the name of the binary begins a command after this text.
fn begins(before: &str) -> bool {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let before_word = before[..before.len() - word.len()].split_whitespace().next_back().unwrap_or_default();
    // What clap shows as usage has places for any setting, and bytes are for nobody to read.
    let is_usage = word.starts_with(END) && before.trim_end_matches(END).ends_with("override_usage = ");
    // What Helm installs is called so too.
    let is_release =
        ["helm install ", "helm upgrade ", "helm template "].iter().any(|line| before.ends_with(line));
    if is_usage || is_release || word.trim_end_matches(END).ends_with("(b") {
        return false;
    }
    let is_path = ["release/", "debug/", "dist/", "bin/"].iter().any(|folder| word.ends_with(folder));
    let is_value = word.is_empty() && before_word.starts_with('-') && before_word.len() > 1;
    is_path || !is_value && (word.is_empty() || word.ends_with(['`', '“', '>', '(', END, '"']))
}

/// A command that stands in a line of a shell: up to what ends it there.
fn shell_line(text: &str) -> String {
    let (mut quote, mut depth) = (None, 0_usize);
    for (at, c) in text.char_indices() {
        // An operator stands apart; `on|off` is a choice, and `<name>` something to put in.
        let apart = [" ", "|", "&", ">", "#", "< ", "<<"];
        let ends = match (quote, c) {
            (_, '\n' | END) | (None, ';') => true,
            (None, ')') => depth == 0,
            (None, ' ') => apart.iter().any(|next| text[at + 1..].starts_with(next)),
            _ => false,
        };
        if ends {
            return text[..at].to_owned();
        }
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
    }
    text.to_owned()
}

/// The words of a command, and whether each is to be put in by the reader; one list for each of the choices in it.
fn choices(line: &str) -> Vec<Vec<(String, bool)>> {
    let mut lists = vec![Vec::new()];
    for word in words(line) {
        let word = word.trim_start_matches('[').trim_end_matches(']').to_owned();
        let options: Vec<_> = match word.as_str() {
            // `--flag VALUE...`
            "..." | "…" if lists[0].is_empty() => continue,
            word if word.contains('|') && !word.contains(' ') => word.split('|').map(filled).collect(),
            word => vec![filled(word)],
        };
        lists = options
            .into_iter()
            .flat_map(|option| {
                lists.iter().map(move |list| [list.as_slice(), std::slice::from_ref(&option)].concat())
            })
            .collect();
    }
    lists
}

/// A word with what the reader is to put in marked by a NUL, and whether there is anything of the kind.
fn filled(word: &str) -> (String, bool) {
    let is_name = |word: &str| word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    if !word.is_empty() && is_name(word) {
        return ("\0".to_owned(), true);
    }
    let mut text = word.replace('…', "\0");
    for (open, close) in [("$(", ')'), ("${", '}'), ("{", '}'), ("<", '>')] {
        while let Some((before, rest)) = text.split_once(open).map(|(a, b)| (a.to_owned(), b.to_owned())) {
            let after = rest.split_once(close).map(|(_, after)| after.to_owned()).unwrap_or_default();
            text = format!("{before}\0{after}");
        }
    }
    while let Some((before, rest)) = text.split_once('$').map(|(a, b)| (a.to_owned(), b.to_owned())) {
        let after = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        text = format!("{before}\0{after}");
    }
    let is_open = text.contains('\0');
    (text, is_open)
}

/// The words of a line as a shell splits it.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut is_word) = (Vec::new(), String::new(), None, false);
    let mut depth = 0;
    for c in line.chars() {
        match (quote, c) {
            (None, '\'' | '"') => (quote, is_word) = (Some(c), true),
            (Some(open), c) if open == c => quote = None,
            (None, ' ') if depth == 0 => {
                if is_word || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                is_word = false;
            }
            (_, c) => {
                depth += i32::from(c == '(') - i32::from(c == ')');
                word.push(c);
            }
        }
    }
    if is_word || !word.is_empty() {
        words.push(word);
    }
    words
}

/// What is wrong with a command, if anything is.
fn fault(told: &Told) -> Option<String> {
    choices(&told.line).iter().find_map(|words| {
        let is_bare = told.kind == Kind::Named && is_name_of_a_command(words);
        if is_bare { None } else { fault_of(words) }
    })
}

fn fault_of(words: &[(String, bool)]) -> Option<String> {
    let parsed = |stand_in: &str| {
        let words = words.iter().map(|(word, _)| word.replace('\0', stand_in));
        match Cli::command().try_get_matches_from(words) {
            Err(error) if !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
                Err(error)
            }
            _ => Ok(()),
        }
    };
    let error = parsed(STAND_INS[0]).err()?;
    let is_open = words.iter().any(|(_, is_open)| *is_open);
    let listed = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) => values.first().cloned(),
        _ => None,
    };
    let mut others = STAND_INS[1..].iter().copied().chain(listed.as_deref());
    if is_open && others.any(|stand_in| parsed(stand_in).is_ok()) {
        return None;
    }
    Some(error.to_string().lines().next().unwrap_or_default().to_owned())
}

/// Whether the words are those that call a command, and nothing else.
fn is_name_of_a_command(words: &[(String, bool)]) -> bool {
    let command = Cli::command();
    let mut at = Some(&command);
    for (word, _) in &words[1..] {
        at = at.and_then(|command| command.find_subcommand(word));
    }
    at.is_some()
}

#[test]
fn every_command_that_anything_tells_is_one_that_parses() {
    let told: Vec<_> = texts().iter().chain(&help_texts()).flat_map(told).collect();
    let faults: Vec<_> = told
        .iter()
        .filter_map(|told| fault(told).map(|fault| format!("{}: {}\n    {fault}", told.place, told.line)))
        .collect();
    assert!(faults.is_empty(), "{} commands are wrong:\n{}", faults.len(), faults.join("\n"));

    // A pattern that finds nothing proves nothing.
    let mut counts = BTreeMap::<_, usize>::new();
    for told in &told {
        let place =
            if told.place.ends_with("--help") { "help" } else { told.place.split('/').next().unwrap() };
        *counts.entry(place).or_default() += 1;
    }
    let letters = told.iter().filter(|told| told.place.ends_with("notices/letters.txt")).count();
    let pages = told.iter().filter(|told| has_extension(&told.place, "html")).count();
    let found = |place: &str| counts.get(place).copied().unwrap_or_default();
    for (place, found, least) in [
        ("letters", letters, 8),
        ("pages", pages, 2),
        ("help", found("help"), 65),
        ("crates", found("crates"), 130),
        ("docs", found("docs"), 170),
        ("examples", found("examples"), 4),
    ] {
        assert!(found >= least, "{place}: {found} commands were found, not {least}: {counts:?}");
    }
}

#[test]
fn commands_are_found_wherever_they_stand() {
    let text = |kind, place: &str, body: &str| {
        let text = Text { place: place.to_owned(), kind, body: body.to_owned() };
        told(&text).into_iter().map(|told| told.line).collect::<Vec<_>>()
    };
    let run = |body| text(Kind::Run, "x.sh", body);
    assert_eq!(run("$ rollcall user list --all | wc -l"), ["rollcall user list --all"]);
    assert_eq!(
        run("T=$(rollcall token list --json | jq)\nrollcall serve  # all"),
        ["rollcall token list --json", "rollcall serve"]
    );
    assert_eq!(run("rollcall a \\\n   --b 'c | d'"), ["rollcall a --b 'c | d'"]);
    assert_eq!(run("run target/release/rollcall serve && x"), ["rollcall serve"]);
    assert_eq!(run("rollcall schema register - <<'JSON'\n{}\nJSON"), ["rollcall schema register -"]);
    assert_eq!(run("kubectl -n rollcall create secret; ls crates/rollcall src"), [""; 0]);
    assert_eq!(run("<p>On it, <code>rollcall migrate</code> does it.</p>"), ["rollcall migrate"]);
    let named = |body| text(Kind::Named, "x.md", body);
    assert_eq!(named("By `rollcall user\nlist` or rollcall alone, as rollcall does"), ["rollcall user list"]);
}

#[test]
fn a_command_that_does_not_parse_is_found() {
    let fault = |kind, line: &str| fault(&Told { place: String::new(), kind, line: line.to_owned() });
    for (line, is_named) in [
        ("rollcall hold approve 1", false),
        ("rollcall hold approve|reject {hold}", false),
        ("rollcall hold approve|dismiss 1 --directory …", false),
        ("rollcall token rotate", true),
        ("rollcall token list --directory acme --al", false),
        ("rollcall conjure", false),
        ("rollcall directory update acme --retention soon", false),
    ] {
        assert!(fault(Kind::Run, line).is_some(), "{line}");
        assert_eq!(fault(Kind::Named, line).is_none(), is_named, "{line}");
    }
    for line in [
        "rollcall hold approve|reject {hold} --directory …",
        "rollcall directory update NAME --retention DAYS",
        "rollcall directory update acme --groups on|off",
        "rollcall user show \"$ID\" --directory <name>",
        "rollcall serve --http-addr 127.0.0.1:80 --help",
        "rollcall user list --directory acme --filter 'userName eq \"ada\"'",
    ] {
        assert_eq!(fault(Kind::Run, line), None, "{line}");
    }
}

/// The variables that a text names.
fn variables(text: &str) -> Vec<&str> {
    let names = text.match_indices("ROLLCALL_").map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
        &rest[..end.unwrap_or(rest.len())]
    });
    // `ROLLCALL_…` stands for all of them, and those of the tests are no settings.
    names.filter(|name| !name.ends_with('_') && !name.starts_with("ROLLCALL_TEST_")).collect()
}

#[test]
fn every_setting_that_anything_names_is_one() {
    fn of(command: &Command, names: &mut BTreeSet<String>) {
        let variables = command.get_arguments().filter_map(Arg::get_env);
        names.extend(variables.map(|name| name.to_string_lossy().into_owned()));
        command.get_subcommands().for_each(|inner| of(inner, names));
    }
    let mut known = WITHOUT_FLAG.map(str::to_owned).into();
    of(&Cli::command(), &mut known);
    let texts = texts();
    let named =
        || texts.iter().flat_map(|text| variables(&text.body).into_iter().map(move |name| (text, name)));
    let unknown: Vec<_> =
        named().filter(|(_, name)| !known.contains(*name)).map(|(text, name)| (&text.place, name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    assert!(named().count() > 200, "{}", named().count());
    let unnamed: Vec<_> = known.iter().filter(|known| named().all(|(_, name)| name != *known)).collect();
    assert!(unnamed.is_empty(), "nothing names {unnamed:?}");
}
