//! Forms (`application/x-www-form-urlencoded`).

use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};

use super::OAuthError;

/// The parameters of a form, of which one is the secret of a client.
#[derive(Debug)]
pub(super) struct Form(Vec<(String, SecretString)>);

impl Form {
    /// Reads a form. Errors: `invalid_request` for what is no UTF-8 text.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, OAuthError> {
        let no_text = || OAuthError::request("the body is no form of UTF-8 text");
        let text = std::str::from_utf8(bytes).map_err(|_| no_text())?;
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, SecretString::from(decode(value)?)))
        });
        pairs.collect::<Option<_>>().map(Self).ok_or_else(no_text)
    }

    /// The value of a parameter; one that is empty counts as left out (RFC 6749 §3.2). Errors: `invalid_request` for one
    /// that is there twice.
    pub(super) fn get(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        let values = self.0.iter().filter(|(known, _)| known == name);
        let mut values = values.map(|(_, value)| value.expose_secret());
        let value = values.next();
        if values.next().is_some() {
            return Err(OAuthError::request(format!("{name}: it is sent twice")));
        }
        Ok(value.filter(|value| !value.is_empty()))
    }
}

/// Decodes a name or a value; `None`, it is no UTF-8 text.
pub(super) fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_by_name() {
        let form = Form::parse(b"a=1&b=x+y%26z&c=&d&&a%20b=2").unwrap();
        assert_eq!(form.get("a").unwrap(), Some("1"));
        assert_eq!(form.get("b").unwrap(), Some("x y&z"));
        assert_eq!(form.get("c").unwrap(), None);
        assert_eq!(form.get("d").unwrap(), None);
        assert_eq!(form.get("a b").unwrap(), Some("2"));
        assert_eq!(form.get("e").unwrap(), None);
    }

    #[test]
    fn what_is_there_twice_or_is_no_text_is_refused() {
        assert!(Form::parse(b"a=1&a=2").unwrap().get("a").is_err());
        assert!(Form::parse(b"a=%ff").is_err());
        assert!(Form::parse(b"a=\xff").is_err());
        assert!(Form::parse(b"").unwrap().get("a").unwrap().is_none());
    }
}
