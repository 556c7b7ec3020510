//! People who signed in with OpenID Connect, as messages.

use rollcall_api::v1;
use rollcall_store::Person;

use crate::error::{Error, Result};

/// More than any of the texts needs: an address has at most 254 characters, and a `sub` 255.
const LONGEST: usize = 400;

/// Reads whom a caller vouches for. Errors: `INVALID_VALUE` for one without an issuer or a subject, or with a text that is too
/// long or has control characters.
pub(crate) fn person_of(message: v1::Person) -> Result<Person> {
    let v1::Person { issuer, subject, email, name } = message;
    for (attribute, text) in [("issuer", &issuer), ("subject", &subject)] {
        if text.is_empty() {
            return Err(Error::value(format!("person.{attribute}: it is empty; a person has both")));
        }
    }
    for (attribute, text) in [("issuer", &issuer), ("subject", &subject), ("email", &email), ("name", &name)]
    {
        if text.chars().count() > LONGEST {
            return Err(Error::value(format!("person.{attribute}: it is longer than {LONGEST} characters")));
        }
        if text.chars().any(char::is_control) {
            return Err(Error::value(format!("person.{attribute}: it has control characters")));
        }
    }
    Ok(Person { issuer, subject, email, name })
}

/// A person as a message.
pub(crate) fn person_message(person: Person) -> v1::Person {
    let Person { issuer, subject, email, name } = person;
    v1::Person { issuer, subject, email, name }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person() -> v1::Person {
        v1::Person {
            issuer: "https://op.example".to_owned(),
            subject: "1".to_owned(),
            email: String::new(),
            name: String::new(),
        }
    }

    #[test]
    fn a_person_has_an_issuer_and_a_subject() {
        assert_eq!(person_message(person_of(person()).unwrap()), person());
        for (bad, attribute) in [
            (v1::Person { issuer: String::new(), ..person() }, "person.issuer"),
            (v1::Person { subject: String::new(), ..person() }, "person.subject"),
            (v1::Person { email: "a\n@b".to_owned(), ..person() }, "person.email"),
            (v1::Person { name: "x".repeat(401), ..person() }, "person.name"),
        ] {
            let error = person_of(bad).unwrap_err().to_string();
            assert!(error.contains(attribute), "{error}");
        }
    }
}
