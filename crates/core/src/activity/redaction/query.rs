//! The parameters of a query.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::names::{is_secret_name, mentions_secret};
use super::{REDACTED, Redaction, decoded, personal};

/// What would be read as something else in a query.
const ENCODED: &AsciiSet = &CONTROLS.add(b'%').add(b'&').add(b'+').add(b'#').add(b'=').add(b' ').add(b'"');

/// What is kept of a parameter as it was sent.
pub(super) fn parameter(redaction: &Redaction<'_>, sent: &str) -> String {
    let Some((name, value)) = sent.split_once('=') else {
        let is_kept = !redaction.is_secret_in_url(sent) && (!redaction.personal || personal::is_token(sent));
        return if is_kept { redaction.plain(sent) } else { REDACTED.to_owned() };
    };
    let (plain_name, plain_value) = (form_decoded(name), form_decoded(value));
    if redaction.is_secret_in_url(name) || (redaction.personal && !personal::is_token(&plain_name)) {
        return format!("{REDACTED}={REDACTED}");
    }
    let is_hidden =
        is_secret_name(&plain_name) || mentions_secret(&plain_value) || redaction.is_secret_in_url(value);
    let value = if is_hidden {
        Cow::Borrowed(REDACTED)
    } else if redaction.personal {
        Cow::Owned(without_person(&plain_name, &plain_value))
    } else {
        Cow::Borrowed(value)
    };
    redaction.plain(&format!("{name}={value}"))
}

/// What is kept of a value where personal data is not.
fn without_person(name: &str, value: &str) -> String {
    let is_list = |value: &str| value.split(',').all(personal::is_token);
    if name.eq_ignore_ascii_case("filter") {
        utf8_percent_encode(&personal::filter(value), ENCODED).to_string()
    } else if personal::is_harmless_name(name) && is_list(value) {
        value.to_owned()
    } else {
        REDACTED.to_owned()
    }
}

/// A part of a query, in which a plus stands for a space.
fn form_decoded(text: &str) -> Cow<'_, str> {
    if text.contains('+') { Cow::Owned(decoded(&text.replace('+', " ")).into_owned()) } else { decoded(text) }
}
