//! People out of a table: each is made as an administrator makes somebody, with an event of its own.

use rollcall_api::v1::ErrorReason;
use rollcall_scim::fold::fold;
use rollcall_scim::patch::{self, Kind, Operation};
use rollcall_scim::{Profile, Resource, schema};
use rollcall_store::{Directory, UserKey, UserOrigin};
use serde_json::Value;

use super::ways_on;
use crate::Core;
use crate::error::{Error, Result};
use crate::events::Origin;
use crate::passwords::PASSWORD;
use crate::types::Types;
use crate::users::NewUser;

/// A directory that people come into.
#[derive(Debug)]
pub struct People {
    core: Core,
    directory: Directory,
    types: Types,
}

/// Somebody who is to come, with attributes that the directory takes.
#[derive(Debug)]
pub struct Person {
    attributes: Resource,
    user_name: String,
}

impl Person {
    /// The userName in the form in which it is unique.
    pub fn unique_name(&self) -> String {
        fold(&self.user_name)
    }
}

impl Core {
    /// The directory of this name, for people to come into. Errors: `NOT_FOUND`; `FORBIDDEN`, it is being imported.
    pub async fn people_of(&self, name: &str) -> Result<People> {
        let directory = self.store.directory(name).await?.ok_or_else(|| {
            let detail =
                format!("there is no directory {name:?}; make it with `rollcall directory create NAME --profile generic`");
            Error::new(ErrorReason::NotFound, detail)
        })?;
        if self.store.import(directory.id).await?.is_some() {
            let detail =
                format!("the directory {name:?} is being imported; let that end first: {}", ways_on(name));
            return Err(Error::new(ErrorReason::Forbidden, detail));
        }
        let types = self.types(&directory).await?;
        Ok(People { core: self.clone(), directory, types })
    }
}

impl People {
    /// The shortest path of an attribute that the directory knows by this one, and keeps what a table says of. Errors: it is none.
    pub fn known_path<'p>(&self, path: &'p str) -> Result<&'p str> {
        let short = without_core_schema(path);
        if short.eq_ignore_ascii_case(PASSWORD) {
            return Err(Error::value("passwords do not come by a table"));
        }
        let without = Operation { kind: Kind::Remove, path: Some(path.to_owned()), value: None };
        match self.patched(&[without]) {
            Ok(_) => Ok(short),
            Err(error) => Err(Error::value(without_place(&error.to_string(), 0))),
        }
    }

    /// Judges somebody by values of attributes, each with the path of the attribute; empty ones say nothing.
    ///
    /// Errors: the place among the values at which one was refused, if one was, and why.
    pub async fn judge(&self, values: &[(&str, &str)]) -> Result<Person, (Option<usize>, Error)> {
        let said: Vec<_> = values.iter().enumerate().filter(|(_, (_, value))| !value.is_empty()).collect();
        let pairs: Vec<_> = said.iter().map(|(_, pair)| **pair).collect();
        let attributes = self.applied(&pairs).map_err(|error| {
            let refused = (0..pairs.len()).find(|last| self.applied(&pairs[..=*last]).is_err());
            let (place, error) = match refused {
                // The last one is the first that is refused, and is said to be wrong by its place.
                Some(last) => (Some(said[last].0), Error::value(without_place(&error.to_string(), last))),
                None => (None, error),
            };
            (place, error)
        })?;
        let new = self.new_user(&attributes).await.map_err(|error| (None, error))?;
        let user_name =
            new.user.attributes.get("userName").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Person { attributes, user_name })
    }

    /// Whether somebody of this name is in the directory already.
    pub async fn has(&self, person: &Person) -> Result<bool> {
        let key = UserKey::Name(&person.user_name);
        Ok(self.core.store.user_id(self.directory.id, key).await?.is_some())
    }

    /// Makes these people, in one transaction. Errors: `UNIQUENESS`, one is there by now; then none has been made.
    pub async fn make(&self, people: &[Person]) -> Result<()> {
        let mut new = Vec::with_capacity(people.len());
        for person in people {
            new.push(self.new_user(&person.attributes).await?);
        }
        let (core, directory, new) = (&self.core, &self.directory, &new);
        core.in_a_transaction(|mut transaction| async move {
            for user in new {
                core.create_user(&mut *transaction, Origin::SYSTEM, directory, user).await?;
            }
            Ok(((), transaction))
        })
        .await
    }

    async fn new_user(&self, attributes: &Resource) -> Result<NewUser<'_>> {
        let (attributes, definition) = (attributes.clone(), self.types.user());
        self.core.new_user(&self.directory, attributes, definition, UserOrigin::Admin).await
    }

    /// The attributes with these values. A table has nothing but text, which is read as Entra's, whose booleans are text too.
    fn applied(&self, values: &[(&str, &str)]) -> Result<Resource> {
        let operations: Vec<_> = values
            .iter()
            .map(|(path, value)| Operation {
                kind: Kind::Add,
                path: Some((*path).to_owned()),
                value: Some(Value::from(*value)),
            })
            .collect();
        self.patched(&operations)
    }

    fn patched(&self, operations: &[Operation]) -> Result<Resource> {
        Ok(patch::apply(&Resource::new(), "", operations, self.types.user(), Profile::Entra.rules())?)
    }
}

/// A path without the schema that it has when none is named (RFC 7644 §3.10).
fn without_core_schema(path: &str) -> &str {
    let schema = schema::USER;
    match (path.get(..schema.len()), path.get(schema.len()..)) {
        (Some(named), Some(behind)) if named.eq_ignore_ascii_case(schema) => {
            behind.strip_prefix(':').unwrap_or(path)
        }
        _ => path,
    }
}

/// What is wrong with an operation, without the place that it is said to have.
fn without_place(detail: &str, place: usize) -> String {
    detail.strip_prefix(&format!("Operations[{place}]: ")).unwrap_or(detail).to_owned()
}
