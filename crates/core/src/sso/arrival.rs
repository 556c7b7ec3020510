//! A person who wants to come in, as the application tells of them.

use std::collections::{BTreeMap, BTreeSet};

use rollcall_api::v1::{self, ErrorReason, SignInRequest};
use rollcall_scim::fold::fold;
use rollcall_store::Protocol;

use super::address::Address;
use crate::error::{Error, Result, shortened};

/// The longest issuer, and the longest subject, in bytes: both stand in the key of a link.
const LONGEST_KEY: usize = 800;
/// The longest name or value of an attribute, and the longest name of a group, in bytes.
const LONGEST_TEXT: usize = 1_000;
/// Attributes at most.
const MOST_ATTRIBUTES: usize = 200;
/// Values of attributes at most, all together.
const MOST_VALUES: usize = 1_000;
/// Groups at most: Entra sends no more than 200, Active Directory about 1,000.
const MOST_GROUPS: usize = 2_000;

/// A sign-in that has been judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) protocol: Protocol,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) address: Option<Address>,
    /// Whether the application vouches that the address is the person's.
    pub(crate) is_vouched_for: bool,
    pub(crate) attributes: BTreeMap<String, Vec<String>>,
    /// Folded.
    pub(crate) groups: BTreeSet<String>,
}

impl Arrival {
    /// Judges a request. Errors: `INVALID_VALUE` and `TOO_MANY`, naming the field.
    pub(crate) fn judge(request: SignInRequest) -> Result<Self> {
        let protocol = protocol(request.protocol).ok_or_else(|| {
            Error::value(format!(
                "protocol: give one of saml, oidc, jwt and ldap; {} is none of them",
                request.protocol
            ))
        })?;
        require_key("issuer", &request.issuer)?;
        require_key("subject", &request.subject)?;
        let address = match request.email.as_str() {
            "" => None,
            text => Some(Address::parse(text).map_err(|why| {
                Error::value(format!("email: {:?} is no e-mail address: {why}", shortened(text)))
            })?),
        };
        let is_vouched_for = request.email_verified.unwrap_or(protocol != Protocol::Oidc);
        Ok(Self {
            protocol,
            issuer: request.issuer,
            subject: request.subject,
            address,
            is_vouched_for,
            attributes: attributes(request.attributes)?,
            groups: groups(&request.groups)?,
        })
    }

    /// The address, if it can be known from it whose account it is.
    pub(crate) fn vouched_address(&self) -> Option<&Address> {
        self.address.as_ref().filter(|_| self.is_vouched_for)
    }

    /// Whether it has this value of this attribute.
    pub(crate) fn has(&self, name: &str, value: &str) -> bool {
        self.attributes.get(name).is_some_and(|values| values.iter().any(|held| held == value))
    }
}

/// The protocol of that number.
pub(crate) fn protocol(number: i32) -> Option<Protocol> {
    match v1::Protocol::try_from(number).ok()? {
        v1::Protocol::Unspecified => None,
        v1::Protocol::Saml => Some(Protocol::Saml),
        v1::Protocol::Oidc => Some(Protocol::Oidc),
        v1::Protocol::Jwt => Some(Protocol::Jwt),
        v1::Protocol::Ldap => Some(Protocol::Ldap),
    }
}

/// The message of a protocol.
pub(crate) fn protocol_message(protocol: Protocol) -> v1::Protocol {
    match protocol {
        Protocol::Saml => v1::Protocol::Saml,
        Protocol::Oidc => v1::Protocol::Oidc,
        Protocol::Jwt => v1::Protocol::Jwt,
        Protocol::Ldap => v1::Protocol::Ldap,
    }
}

/// Refuses a text that is missing, blank, too long for a key, or has what no name has.
fn require_key(field: &str, text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Error::value(format!("{field}: it is missing")));
    }
    if text.len() > LONGEST_KEY {
        return Err(Error::value(format!("{field}: it is longer than {LONGEST_KEY} bytes")));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::value(format!("{field}: it has a control character")));
    }
    Ok(())
}

fn attributes(sent: BTreeMap<String, v1::AttributeValues>) -> Result<BTreeMap<String, Vec<String>>> {
    require_few("attributes", sent.len(), MOST_ATTRIBUTES)?;
    require_few("values of attributes", sent.values().map(|sent| sent.values.len()).sum(), MOST_VALUES)?;
    for (name, sent) in &sent {
        require_text("attributes", name)?;
        for value in sent.values.iter().filter(|value| !value.is_empty()) {
            require_text(&format!("attributes.{}", shortened(name)), value)?;
        }
    }
    Ok(sent.into_iter().map(|(name, sent)| (name, sent.values)).collect())
}

fn groups(sent: &[String]) -> Result<BTreeSet<String>> {
    require_few("groups", sent.len(), MOST_GROUPS)?;
    for group in sent {
        require_text("groups", group)?;
    }
    Ok(sent.iter().map(|group| fold(group)).collect())
}

fn require_few(what: &str, count: usize, most: usize) -> Result<()> {
    if count <= most {
        return Ok(());
    }
    Err(Error::new(ErrorReason::TooMany, format!("{what}: {count} are more than the {most} allowed")))
}

/// Refuses a name or value that is empty, too long, or has a NUL, which no database keeps.
pub(crate) fn require_text(field: &str, text: &str) -> Result<()> {
    let why = if text.is_empty() {
        "an empty text stands for nothing".to_owned()
    } else if text.len() > LONGEST_TEXT {
        format!("a text is longer than {LONGEST_TEXT} bytes")
    } else if text.contains('\0') {
        "a text has the character U+0000".to_owned()
    } else {
        return Ok(());
    };
    Err(Error::value(format!("{field}: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> SignInRequest {
        SignInRequest {
            protocol: v1::Protocol::Saml.into(),
            issuer: "https://idp.example".to_owned(),
            subject: "17".to_owned(),
            email: "Ana@Example.com".to_owned(),
            ..SignInRequest::default()
        }
    }

    fn refused(request: SignInRequest, naming: &str) {
        let error = Arrival::judge(request).unwrap_err();
        assert!(error.to_string().starts_with(naming), "{error}");
    }

    #[test]
    fn who_is_silent_on_the_address_vouches_for_it_except_by_oidc() {
        for protocol in Protocol::ALL {
            let sent = |verified| SignInRequest {
                protocol: protocol_message(protocol).into(),
                email_verified: verified,
                ..request()
            };
            let vouched = |verified| Arrival::judge(sent(verified)).unwrap().vouched_address().is_some();
            assert_eq!(vouched(None), protocol != Protocol::Oidc);
            assert!(vouched(Some(true)));
            assert!(!vouched(Some(false)));
        }
    }

    #[test]
    fn what_is_missing_or_malformed_is_named() {
        refused(SignInRequest { protocol: 0, ..request() }, "protocol: ");
        refused(SignInRequest { protocol: 9, ..request() }, "protocol: ");
        refused(SignInRequest { issuer: String::new(), ..request() }, "issuer: ");
        refused(SignInRequest { subject: "  ".to_owned(), ..request() }, "subject: ");
        refused(SignInRequest { subject: "a\0".to_owned(), ..request() }, "subject: ");
        refused(SignInRequest { subject: "a".repeat(801), ..request() }, "subject: ");
        refused(SignInRequest { email: "ana".to_owned(), ..request() }, "email: ");
        refused(SignInRequest { groups: vec![String::new()], ..request() }, "groups: ");
        refused(SignInRequest { groups: vec!["a".to_owned(); 2_001], ..request() }, "groups: ");
        let values = v1::AttributeValues { values: vec!["a\0".to_owned()] };
        let attributes = BTreeMap::from([("title".to_owned(), values)]);
        refused(SignInRequest { attributes, ..request() }, "attributes.title: ");
    }

    #[test]
    fn groups_have_no_case_and_attributes_have() {
        let values = v1::AttributeValues { values: vec!["Sales".to_owned(), "EMEA".to_owned()] };
        let arrival = Arrival::judge(SignInRequest {
            groups: vec!["Staff".to_owned(), "STAFF".to_owned()],
            attributes: BTreeMap::from([("dept".to_owned(), values)]),
            ..request()
        })
        .unwrap();
        assert_eq!(arrival.groups, BTreeSet::from(["staff".to_owned()]));
        assert!(arrival.has("dept", "EMEA"));
        assert!(!arrival.has("dept", "emea") && !arrival.has("Dept", "EMEA"));
    }
}
