//! One operation of a bulk request. One that cannot be read becomes one that fails in its place.

use std::borrow::Cow;

use rollcall_api::v1::bulk_operation::{
    CreateGroup, CreateUser, DeleteResource, Operation, PatchResource, Refused, ReplaceGroup, ReplaceUser,
};
use rollcall_api::v1::{BulkOperation, ErrorReason, PatchOperation, User};
use rollcall_api::{patch, user};
use rollcall_scim::schema::{GROUP, USER};
use serde_json::Value;
use serde_json::value::RawValue;

use super::LEVELS;
use crate::allowance::Allowance;
use crate::body::kind;
use crate::error::Refusal;
use crate::group_body::{self, GroupBody};
use crate::group_patch::GroupPatch;
use crate::implied_schemas::{are_missing_in, complete};
use crate::patch_body::{self, PATCH_OP};
use crate::raw::{self, RawObject};
use crate::routing::{Endpoint, Route, endpoint_at, route};

/// How many levels deep the data of an operation stand in the body.
const DATA_LEVELS: usize = LEVELS + 1;

/// The message of the next operation, within what is allowed of a user, and of a group beside its members.
pub(super) fn message(text: &[u8], allowance: &mut Allowance) -> BulkOperation {
    let mut outline = Outline::default();
    allowance.begin_next();
    let operation = read(text, allowance, &mut outline).unwrap_or_else(|refusal| {
        Operation::Refused(Refused { reason: refusal.reason.into(), message: refusal.detail.into_owned() })
    });
    BulkOperation {
        bulk_id: outline.bulk_id.unwrap_or_default(),
        implied_schema: outline.implied_schema.unwrap_or_default().to_owned(),
        operation: Some(operation),
    }
}

/// What a client calls an operation, and what it is to be done to, as far as this can be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    pub(super) method: Option<String>,
    pub(super) bulk_id: Option<String>,
    pub(super) path: Option<String>,
    /// The schema that its data do not name and its endpoint implies.
    pub(super) implied_schema: Option<&'static str>,
}

impl Outline {
    /// That of an operation.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut outline = Self::default();
        if let Ok(mut members) = object(text) {
            outline.method = members.take("method").and_then(raw::text);
            outline.bulk_id = members.take("bulkId").and_then(raw::text);
            outline.path = members.take("path").and_then(raw::text);
        }
        outline
    }
}

/// The methods that a bulk request can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The method of that name, whatever its case.
    pub(super) fn named(name: &str) -> Option<Self> {
        [Self::Post, Self::Put, Self::Patch, Self::Delete]
            .into_iter()
            .find(|method| method.as_str().eq_ignore_ascii_case(name))
    }

    /// Its name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// The endpoint that the path of an operation names: relative to the base URL, or with the base path before it.
pub(super) fn endpoint(path: &str) -> Endpoint<'_> {
    match route(path) {
        Route::Scim(_, endpoint) => endpoint,
        _ => endpoint_at(path),
    }
}

fn read(text: &[u8], allowance: &mut Allowance, outline: &mut Outline) -> Result<Operation, Refusal> {
    let mut members = object(text)?;
    let mut string = |name: &'static str| match members.take(name).filter(|value| !raw::is_null(value)) {
        None => Ok(None),
        Some(value) => raw::text(value)
            .map(Some)
            .ok_or_else(|| Refusal::syntax(format!("{name}: expected a string, got {}", raw::kind(value)))),
    };
    outline.bulk_id = string("bulkId")?.filter(|id| !id.is_empty());
    let Some(name) = string("method")? else {
        return Err(Refusal::syntax("method: it is missing; send POST, PUT, PATCH or DELETE"));
    };
    let method = Method::named(&name).ok_or_else(|| {
        Refusal::syntax(format!("method: expected POST, PUT, PATCH or DELETE, got {name:?}"))
    })?;
    let Some(path) = string("path")? else {
        return Err(Refusal::syntax("path: it is missing; send one such as /Users or /Groups/{id}"));
    };
    let version = string("version")?;
    let data = members.take("data").filter(|data| !raw::is_null(data));

    let endpoint = endpoint(&path);
    outline.implied_schema = data.and_then(|data| implied_schema(method, &endpoint, data));
    let if_match = match version {
        Some(version) if version.trim().is_empty() => {
            return Err(Refusal::value("version: it holds no entity tag; send one such as W/\"3\""));
        }
        version => version.into_iter().collect(),
    };
    let data =
        || data.ok_or_else(|| Refusal::value(format!("data: it is missing; {} needs it", method.as_str())));
    let id = |id: Cow<'_, str>| id.into_owned();
    match (method, endpoint) {
        (Method::Post, Endpoint::Users | Endpoint::Groups) if outline.bulk_id.is_none() => {
            Err(Refusal::value("bulkId: it is missing; POST needs one that no other operation has"))
        }
        (Method::Post, Endpoint::Users) => {
            Ok(Operation::CreateUser(CreateUser { user: Some(a_user(data()?, allowance)?) }))
        }
        (Method::Put, Endpoint::User(user)) => Ok(Operation::ReplaceUser(ReplaceUser {
            id: id(user),
            user: Some(a_user(data()?, allowance)?),
            if_match,
        })),
        (Method::Patch, Endpoint::User(user)) => {
            let operations = user_patch(data()?, allowance)?;
            Ok(Operation::PatchUser(PatchResource { id: id(user), operations, if_match }))
        }
        (Method::Delete, Endpoint::User(user)) => {
            Ok(Operation::DeleteUser(DeleteResource { id: id(user), if_match }))
        }
        (Method::Post, Endpoint::Groups) => {
            let GroupBody { group, members } = a_group(data()?, allowance)?;
            let members = members.unwrap_or_default().into_chunks().flatten().collect();
            Ok(Operation::CreateGroup(CreateGroup { group: Some(group), members }))
        }
        (Method::Put, Endpoint::Group(place)) => {
            let GroupBody { group, members } = a_group(data()?, allowance)?;
            Ok(Operation::ReplaceGroup(ReplaceGroup {
                id: id(place),
                group: Some(group),
                has_members: members.is_some(),
                members: members.unwrap_or_default().into_chunks().flatten().collect(),
                if_match,
            }))
        }
        (Method::Patch, Endpoint::Group(group)) => {
            let operations = group_patch(data()?, allowance)?;
            Ok(Operation::PatchGroup(PatchResource { id: id(group), operations, if_match }))
        }
        (Method::Delete, Endpoint::Group(group)) => {
            Ok(Operation::DeleteGroup(DeleteResource { id: id(group), if_match }))
        }
        (Method::Post, Endpoint::User(_) | Endpoint::Group(_)) => {
            Err(Refusal::value(format!("path: POST takes /Users or /Groups, got {path:?}")))
        }
        (_, Endpoint::Users | Endpoint::Groups) => {
            Err(Refusal::value(format!("path: {} takes one with an id, got {path:?}", method.as_str())))
        }
        _ => Err(Refusal::new(
            ErrorReason::NotFound,
            format!("path: there is no such endpoint as {path:?}; there are /Users and /Groups"),
        )),
    }
}

/// The schema that data should have named and do not. What is no object has no schemas, and is judged as what it is.
fn implied_schema(method: Method, endpoint: &Endpoint<'_>, data: &RawValue) -> Option<&'static str> {
    let urn = match (method, endpoint) {
        (Method::Patch, _) => PATCH_OP,
        (_, Endpoint::Users | Endpoint::User(_)) => USER,
        (_, Endpoint::Groups | Endpoint::Group(_)) => GROUP,
        _ => return None,
    };
    RawObject::of(data).is_ok_and(|data| are_missing_in(&data)).then_some(urn)
}

/// The members of an operation.
fn object(text: &[u8]) -> Result<RawObject<'_>, Refusal> {
    let raw: &RawValue = serde_json::from_slice(text).map_err(|error| Refusal::syntax(error.to_string()))?;
    RawObject::of(raw)
}

fn a_user(data: &RawValue, allowance: &mut Allowance) -> Result<User, Refusal> {
    allowance.take(data.get().as_bytes()).map_err(|refusal| in_data(&refusal))?;
    let mut data = raw::value(data, DATA_LEVELS)?;
    if let Value::Object(body) = &mut data {
        complete(body, USER);
    }
    Ok(user::from_json(data)?)
}

fn a_group(data: &RawValue, allowance: &mut Allowance) -> Result<GroupBody, Refusal> {
    group_body::read(RawObject::of(data).map_err(|refusal| in_data(&refusal))?, DATA_LEVELS, allowance)
}

/// The operations of a PATCH. The RFC's own examples show the bare list (erratum 5050).
fn user_patch(data: &RawValue, allowance: &mut Allowance) -> Result<Vec<PatchOperation>, Refusal> {
    allowance.take(data.get().as_bytes()).map_err(|refusal| in_data(&refusal))?;
    let operations = match raw::value(data, DATA_LEVELS)? {
        Value::Object(body) => patch_body::operations(body)?,
        list @ Value::Array(_) => patch_body::list(Some(list))?,
        other => {
            let detail = format!("expected an object, got {}", kind(&other));
            return Err(in_data(&Refusal::syntax(detail)));
        }
    };
    Ok(patch::to_messages(operations))
}

fn group_patch(data: &RawValue, allowance: &mut Allowance) -> Result<Vec<PatchOperation>, Refusal> {
    let patch = if raw::is_array(data) {
        GroupPatch::of_operations(data, DATA_LEVELS, allowance)?
    } else {
        GroupPatch::read(RawObject::of(data).map_err(|refusal| in_data(&refusal))?, DATA_LEVELS, allowance)?
    };
    Ok(patch.into_operations().collect())
}

fn in_data(refusal: &Refusal) -> Refusal {
    Refusal::new(refusal.reason, format!("data: {}", refusal.detail))
}
