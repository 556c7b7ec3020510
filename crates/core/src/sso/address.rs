//! E-mail addresses: whose domain is asked for by rules, and which lead to an account.

use rollcall_scim::fold::fold;

/// The longest address in bytes (RFC 5321 §4.5.3.1.3, without the brackets).
const LONGEST_ADDRESS: usize = 254;
/// The longest domain in bytes (RFC 1035 §2.3.4, as it is written).
const LONGEST_DOMAIN: usize = 253;
/// The longest part of a domain between two dots.
const LONGEST_LABEL: usize = 63;

/// An e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// As it was sent.
    pub(crate) text: String,
    /// As addresses are compared.
    pub(crate) folded: String,
    /// The folded domain.
    pub(crate) domain: String,
}

impl Address {
    /// Reads an address of the usual form; a quoted local part is not one. Errors: what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (local, domain) = text.rsplit_once('@').ok_or("it has no @")?;
        if text.len() > LONGEST_ADDRESS {
            return Err(format!("it is longer than {LONGEST_ADDRESS} bytes"));
        }
        if local.is_empty() {
            return Err("nothing stands before the @".to_owned());
        }
        let is_bad =
            |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | '"' | '<' | '>' | ',');
        if let Some(bad) = local.chars().find(|c| is_bad(*c)) {
            return Err(format!("it has {bad:?} before the @"));
        }
        Ok(Self { text: text.to_owned(), folded: fold(text), domain: self::domain(domain)? })
    }
}

/// Reads the domain of an e-mail address, folded. Errors: why no address can be in it.
pub(crate) fn domain(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("the domain is empty".to_owned());
    }
    if text.contains('@') {
        return Err(format!("a domain has no @: write {:?}", text.rsplit('@').next().unwrap_or_default()));
    }
    if text.len() > LONGEST_DOMAIN {
        return Err(format!("a domain has at most {LONGEST_DOMAIN} bytes"));
    }
    for label in text.split('.') {
        if label.is_empty() {
            return Err("a domain has something before and behind each dot".to_owned());
        }
        if label.len() > LONGEST_LABEL {
            return Err(format!("a part of a domain has at most {LONGEST_LABEL} bytes"));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Err("no part of a domain begins or ends with -".to_owned());
        }
        if let Some(bad) = label.chars().find(|c| !c.is_alphanumeric() && *c != '-') {
            return Err(format!("a domain has no {bad:?}"));
        }
    }
    let last = text.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("a domain does not end with a number".to_owned());
    }
    Ok(fold(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_compared_folded_and_has_a_domain() {
        let address = Address::parse("Ana.Ruiz+x@Partner.Example").unwrap();
        assert_eq!(address.text, "Ana.Ruiz+x@Partner.Example");
        assert_eq!(address.folded, "ana.ruiz+x@partner.example");
        assert_eq!(address.domain, "partner.example");
        for good in ["a@b", "ana@xn--bcher-kva.example", "jörg@bücher.example", "o'neil@a-b.c1"] {
            assert!(Address::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_no_mail_could_reach_is_no_address() {
        let long = format!("{}@example.com", "a".repeat(250));
        for (bad, why) in [
            ("ana", "no @"),
            ("@example.com", "before the @"),
            ("ana@", "empty"),
            ("ana b@example.com", "' '"),
            ("ana@b@example.com", "'@'"),
            ("ana\0@example.com", "'\\0'"),
            ("ana@exa mple.com", "' '"),
            ("ana@example..com", "dot"),
            ("ana@example.com.", "dot"),
            ("ana@-example.com", "-"),
            ("ana@10.0.0.1", "number"),
            ("ana@[10.0.0.1]", "'['"),
            (long.as_str(), "254"),
        ] {
            let error = Address::parse(bad).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[test]
    fn a_domain_that_was_written_as_an_address_is_told_what_to_write() {
        assert!(domain("@partner.example").unwrap_err().contains("\"partner.example\""));
    }
}
