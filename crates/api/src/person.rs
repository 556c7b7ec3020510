//! People who signed in with OpenID Connect.

use crate::v1::Person;

/// What people call somebody: the address, else the name, else the subject.
pub fn label(person: &Person) -> &str {
    let names = [&person.email, &person.name, &person.subject];
    names.into_iter().find(|name| !name.is_empty()).map_or("", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_called_by_what_people_know_best() {
        let mut person = Person { subject: "00u1".to_owned(), ..Person::default() };
        assert_eq!(label(&person), "00u1");
        person.name = "Ana".to_owned();
        assert_eq!(label(&person), "Ana");
        person.email = "ana@example.com".to_owned();
        assert_eq!(label(&person), "ana@example.com");
    }
}
