//! The configuration file: a flat TOML table of settings.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::{Invalid, small_file};

/// The settings of a file, by name, as text.
pub(super) type FileSettings = BTreeMap<String, String>;

/// Reads a configuration file that may hold the known settings.
///
/// Errors: it cannot be read, is no TOML, has a key that is no setting, or a value that is neither text, number nor
/// boolean.
pub(super) fn read(path: &Path, known: &[String]) -> Result<FileSettings, Invalid> {
    let at = path.display();
    let bytes = small_file::read(path)
        .map_err(|error| Invalid(format!("cannot read the configuration file {at}: {error}")))?;
    let text = str::from_utf8(&bytes)
        .map_err(|_| Invalid(format!("the configuration file {at} is not text (UTF-8)")))?;
    parse(text, known).map_err(|error| Invalid(format!("configuration file {at}: {error}")))
}

fn parse(text: &str, known: &[String]) -> Result<FileSettings, String> {
    let table: Table = toml::from_str(text).map_err(|error| match error.span() {
        Some(span) => format!("line {}: {}", line(text, span.start), error.message()),
        None => error.message().to_owned(),
    })?;
    table
        .into_iter()
        .map(|(key, value)| {
            if !known.contains(&key) {
                return Err(unknown(&key, known));
            }
            let value = match value {
                Value::String(text) => text,
                Value::Integer(number) => number.to_string(),
                Value::Boolean(truth) => truth.to_string(),
                _ => return Err(format!("{key}: give text, a whole number, true or false")),
            };
            Ok((key, value))
        })
        .collect()
}

fn unknown(key: &str, known: &[String]) -> String {
    let plain =
        |name: &str| name.to_ascii_lowercase().trim_start_matches("rollcall_").replace(['_', '-'], "");
    match known.iter().find(|name| plain(name) == plain(key)) {
        Some(name) => format!("there is no setting {key:?}; it is written {name:?}"),
        None => format!("there is no setting {key:?}; `rollcall serve --help` lists them"),
    }
}

fn line(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(file: &str) -> Result<FileSettings, String> {
        parse(file, &["http-addr", "no-migrate", "database-connections"].map(str::to_owned))
    }

    #[test]
    fn text_numbers_and_booleans_are_settings() {
        let file = "http-addr = \"0.0.0.0:80\"\nno-migrate = true\ndatabase-connections = 4\n";
        let settings = settings(file).unwrap();
        assert_eq!(settings["http-addr"], "0.0.0.0:80");
        assert_eq!(settings["no-migrate"], "true");
        assert_eq!(settings["database-connections"], "4");
        assert!(self::settings("").unwrap().is_empty());
    }

    #[test]
    fn an_unknown_key_is_named_and_a_near_miss_corrected() {
        let error = settings("colour = \"red\"").unwrap_err();
        assert!(error.contains("\"colour\""), "{error}");
        for near in ["http_addr", "HTTP_ADDR", "ROLLCALL_HTTP_ADDR", "httpaddr"] {
            let error = settings(&format!("{near} = 1")).unwrap_err();
            assert!(error.contains(near) && error.contains("\"http-addr\""), "{error}");
        }
    }

    #[test]
    fn what_is_no_toml_is_an_error_with_its_line() {
        let error = settings("no-migrate = true\nhttp-addr = \n").unwrap_err();
        assert!(error.starts_with("line 2: "), "{error}");
        let error = settings("no-migrate = true\nno-migrate = false\n").unwrap_err();
        assert!(error.starts_with("line 2: "), "{error}");
    }

    #[test]
    fn tables_and_lists_are_no_settings() {
        for bad in ["[http-addr]\nport = 1", "http-addr = [1]", "http-addr = 1.5"] {
            let error = settings(bad).unwrap_err();
            assert!(error.contains("http-addr"), "{error}");
        }
    }
}
