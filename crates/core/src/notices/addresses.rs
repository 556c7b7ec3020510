//! E-mail addresses that notices go to.

use lettre::Address;
use rollcall_scim::fold::fold;

use crate::error::{Error, Result, shortened};

/// How many addresses a directory may name.
const MOST_ADDRESSES: usize = 50;
/// The longest address in bytes (RFC 5321 §4.5.3.1.3, without the angle brackets).
const LONGEST_ADDRESS: usize = 254;

/// Reads the addresses that a request names, each once, in its order.
///
/// Errors: `INVALID_VALUE` that names the address that is none; more than 50.
pub(crate) fn read(addresses: &[String]) -> Result<Vec<String>> {
    let mut known: Vec<String> = Vec::new();
    for text in addresses {
        let address = text.trim();
        if parse(address).is_none() {
            return Err(Error::value(format!(
                "admin_emails: {:?} is no e-mail address; give one such as it@example.com",
                shortened(text)
            )));
        }
        if !known.iter().any(|other| folded(other) == folded(address)) {
            known.push(address.to_owned());
        }
    }
    if known.len() > MOST_ADDRESSES {
        return Err(Error::value(format!(
            "admin_emails: {} addresses are too many; give {MOST_ADDRESSES} at most, or the address of a mailing list",
            known.len()
        )));
    }
    Ok(known)
}

/// An address that an e-mail can be sent to. Quoted local parts are legal, but nobody has one, and they may hold anything.
pub(crate) fn parse(text: &str) -> Option<Address> {
    let is_plain = text.len() <= LONGEST_ADDRESS
        && !text.contains(|c: char| c.is_control() || c.is_whitespace() || "\"<>(),:;\\".contains(c));
    text.parse().ok().filter(|_| is_plain)
}

/// The form in which two spellings of one address are the same. The part before the `@` may legally tell upper from lower
/// case, but no mailbox does, and nobody wants two e-mails.
pub(crate) fn folded(address: &str) -> String {
    fold(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(addresses: &[&str]) -> Vec<String> {
        addresses.iter().map(|address| (*address).to_owned()).collect()
    }

    #[test]
    fn addresses_are_kept_once_in_their_order() {
        let read =
            read(&owned(&["it@example.com", " boss@example.com", "IT@Example.com", "jürgen@bücher.example"]));
        assert_eq!(read.unwrap(), ["it@example.com", "boss@example.com", "jürgen@bücher.example"]);
        assert_eq!(super::read(&[]).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_address_is_named() {
        for bad in [
            "",
            "it",
            "@example.com",
            "it@",
            "it@exa mple.com",
            "IT <it@example.com>",
            "a@example.com,b@example.com",
            "it@example.com\r\nBcc: all@example.com",
            "\"it\r\n\"@example.com",
            "it@example.com\0",
            &format!("{}@example.com", "a".repeat(300)),
        ] {
            let error = read(&owned(&["good@example.com", bad])).unwrap_err().to_string();
            assert!(error.contains("admin_emails") && !error.contains("good@"), "{bad:?}: {error}");
            assert!(error.contains(&format!("{:?}", shortened(bad))), "{bad:?}: {error}");
        }
    }

    #[test]
    fn a_directory_names_fifty_addresses_at_most() {
        let many: Vec<_> = (0..=50).map(|number| format!("it{number}@example.com")).collect();
        assert!(read(&many[1..]).is_ok());
        assert!(read(&many).unwrap_err().to_string().contains("51"));
    }
}
