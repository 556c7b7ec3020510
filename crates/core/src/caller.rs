//! Who is calling, and what that lets them do.

use std::sync::Arc;

use rollcall_api::access;
use rollcall_api::v1::{CredentialKind as Kind, ErrorReason, Scope};
use rollcall_store::{
    Actor, Credential, CredentialKind, Directory, ResourceType, Session, SessionHolder, Store, UserOrigin,
};
use tonic::Extensions;
use uuid::Uuid;

use crate::error::{Error, Result, shortened};
use crate::events::{Origin, Party};
use crate::implied_schemas::require_schemas;
use crate::moving::ways_on;
use crate::notes::Notes;
use crate::texts::is_directory_name;

/// A caller whose credential has been checked: put into the request by the [`gate`](crate::gate), and the only way
/// to a directory.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    credential: Credential,
    directory: Option<Arc<Directory>>,
    session: Option<Arc<Session>>,
    request_id: String,
    notes: Notes,
    /// The schema that the gateway has taken as implied.
    implied_schema: Option<String>,
    /// Whether it is Rollcall itself.
    is_system: bool,
}

impl Caller {
    pub(crate) fn new(credential: Credential, directory: Option<Directory>, request_id: String) -> Self {
        Self {
            credential,
            directory: directory.map(Arc::new),
            session: None,
            request_id,
            notes: Notes::default(),
            implied_schema: None,
            is_system: false,
        }
    }

    /// Rollcall itself, which may do in all directories what an administrator may. Its credential is nobody's.
    pub(crate) fn system() -> Self {
        let credential = Credential {
            id: Uuid::nil(),
            kind: CredentialKind::AdminKey,
            directory: None,
            name: String::new(),
            prefix: String::new(),
            hash: [0; 32],
            scopes: Vec::new(),
            created: 0,
            expires: None,
            revoked: None,
            user: None,
            client: None,
            secret: None,
            last_use: None,
        };
        Self { is_system: true, ..Self::new(credential, None, String::new()) }
    }

    /// The same caller, in a session.
    pub(crate) fn in_session(self, session: Option<Arc<Session>>) -> Self {
        Self { session, ..self }
    }

    /// The same caller, of whose body the gateway has taken this schema as implied.
    pub(crate) fn implying(self, implied_schema: Option<String>) -> Self {
        Self { implied_schema, ..self }
    }

    /// The same caller, whose request is noted here.
    pub(crate) fn noting(self, notes: Notes) -> Self {
        Self { notes, ..self }
    }

    /// Checks that the body had the `schemas` that it needs, or that the directory lets them be implied.
    ///
    /// Errors: `INVALID_VALUE`.
    pub(crate) fn require_schemas(&self, directory: &Directory) -> Result<()> {
        require_schemas(directory, self.implied_schema.as_deref())
    }

    /// The caller of a request. The gate lets no request without one through to an rpc that asks for it.
    pub(crate) fn of(extensions: &Extensions) -> Result<&Self> {
        Self::if_any(extensions)
            .ok_or_else(|| Error::new(ErrorReason::CredentialMissing, "this call needs a credential"))
    }

    /// The caller of a request that needs no credential, if it came with one.
    pub(crate) fn if_any(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<Self>()
    }

    /// Whether the credential carries a scope.
    pub(crate) fn has(&self, scope: Scope) -> bool {
        match scope {
            Scope::Unspecified => false,
            Scope::Public | Scope::Authenticated => true,
            _ => self.scopes().any(|held| held == scope || held == Scope::Admin),
        }
    }

    /// The scopes that the credential carries.
    pub(crate) fn scopes(&self) -> impl Iterator<Item = Scope> {
        let fixed: &[Scope] = match self.credential.kind {
            CredentialKind::ScimToken => &[Scope::DirectoryRead, Scope::DirectoryWrite],
            CredentialKind::ServiceKey | CredentialKind::ClientSecret | CredentialKind::AccessToken => &[],
            CredentialKind::AdminKey => &access::KEY_SCOPES,
        };
        let named = self.credential.scopes.iter().filter_map(|name| access::scope_from_name(name));
        fixed.iter().copied().chain(named)
    }

    /// The directory that a request is about: the one it names, else the one that the credential is bound to.
    ///
    /// Errors: `NOT_FOUND` for one out of reach, in the same words as for one that does not exist; `INVALID_VALUE`
    /// where none is named and the credential is for all.
    pub(crate) async fn directory(&self, store: &dyn Store, name: &str) -> Result<Arc<Directory>> {
        match &self.directory {
            Some(bound) if name.is_empty() || name == bound.name => Ok(Arc::clone(bound)),
            Some(_) => Err(no_directory(name)),
            None if name.is_empty() => Err(Error::value(
                "directory: name one; this credential is for all directories, and SCIM needs a token of one directory",
            )),
            None if !is_directory_name(name) => Err(no_directory(name)),
            None => store.directory(name).await?.map(Arc::new).ok_or_else(|| no_directory(name)),
        }
    }

    /// The same, of a request that changes what is in it, or what it is like. Errors: `FORBIDDEN` too, it is being imported.
    pub(crate) async fn directory_to_change(&self, store: &dyn Store, name: &str) -> Result<Arc<Directory>> {
        let directory = self.directory(store, name).await?;
        require_whole(&directory)?;
        Ok(directory)
    }

    /// The directory that the credential is bound to; `None`, all.
    pub(crate) fn bound_to(&self) -> Option<&Directory> {
        self.directory.as_deref()
    }

    /// The user that the credential stands for. Errors: `NOT_IMPLEMENTED` where it stands for none (RFC 7644 §3.11).
    pub(crate) fn me(&self) -> Result<Uuid> {
        self.credential.user.ok_or_else(|| {
            Error::new(
                ErrorReason::NotImplemented,
                "/Me: this credential stands for a directory or a service, and not for a user; read users under /Users, \
                 or make a token that stands for one",
            )
        })
    }

    /// The user that a request is about: the one of this id, or the caller.
    ///
    /// Errors: `NOT_FOUND` for what is no id, `INVALID_VALUE` for one beside `me`, `NOT_IMPLEMENTED` as [`me`](Self::me).
    pub(crate) fn user(&self, id: &str, me: bool) -> Result<Uuid> {
        match (me, id) {
            (false, id) => parse_id(ResourceType::User.as_str(), id),
            (true, "") => self.me(),
            (true, _) => Err(Error::value("id: leave it out beside me")),
        }
    }

    /// Refuses a credential that is bound to one directory.
    pub(crate) fn require_all_directories(&self) -> Result<()> {
        match &self.directory {
            None => Ok(()),
            Some(bound) => Err(Error::new(
                ErrorReason::Forbidden,
                format!(
                    "this credential is bound to the directory {:?}; use one for all directories",
                    bound.name
                ),
            )),
        }
    }

    /// What the events of this request say of where they come from. Who acts by an access token is the client secret that
    /// it was issued for: access tokens come and go.
    pub(crate) fn origin(&self) -> Origin<'_> {
        if self.is_system {
            return Origin::SYSTEM;
        }
        let party = match self.is_identity_provider() {
            true => Party::IdentityProvider,
            false if self.scopes().any(|held| held == Scope::Admin) => Party::Administrator,
            false => Party::Inside,
        };
        let credential = self.credential.secret.unwrap_or(self.credential.id);
        Origin {
            actor: Actor::Credential(credential),
            person: self.session().and_then(|session| session.person.as_ref()),
            request_id: &self.request_id,
            party,
            notes: Some(&self.notes),
        }
    }

    /// Whether it is the identity provider of a directory who calls, through the SCIM endpoint.
    pub(crate) fn is_identity_provider(&self) -> bool {
        self.credential.kind.is_of_identity_provider()
    }

    /// Where the users come from that this caller makes.
    pub(crate) fn user_origin(&self) -> UserOrigin {
        match self.credential.kind {
            CredentialKind::ScimToken | CredentialKind::AccessToken => UserOrigin::Scim,
            CredentialKind::ServiceKey | CredentialKind::AdminKey | CredentialKind::ClientSecret => {
                UserOrigin::Admin
            }
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        kind_message(self.credential.kind)
    }

    /// The hash of the credential, to look it up again.
    pub(crate) fn hash(&self) -> &[u8; 32] {
        &self.credential.hash
    }

    pub(crate) fn credential_id(&self) -> Uuid {
        self.credential.id
    }

    pub(crate) fn user_id(&self) -> Option<Uuid> {
        self.credential.user
    }

    /// The session that the call is made in.
    pub(crate) fn session(&self) -> Option<&Session> {
        self.session.as_deref()
    }

    /// The same, to be kept.
    pub(crate) fn shared_session(&self) -> Option<Arc<Session>> {
        self.session.clone()
    }

    /// Whose sessions the caller can see and end: in a session of a person, that person's alone.
    pub(crate) fn session_holder(&self) -> SessionHolder<'_> {
        match self.session().and_then(|session| session.person.as_ref()) {
            Some(person) => SessionHolder::Person(person, self.credential.id),
            None => SessionHolder::Credential(self.credential.id),
        }
    }

    /// The name of the credential, for people.
    pub(crate) fn name(&self) -> &str {
        &self.credential.name
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.credential.prefix
    }
}

/// A kind of credential as a message.
pub(crate) fn kind_message(kind: CredentialKind) -> Kind {
    match kind {
        CredentialKind::ScimToken => Kind::ScimToken,
        CredentialKind::ServiceKey => Kind::ServiceKey,
        CredentialKind::AdminKey => Kind::AdminKey,
        CredentialKind::ClientSecret => Kind::ClientSecret,
        CredentialKind::AccessToken => Kind::AccessToken,
    }
}

/// Refuses to change a directory that is being imported: what is still to come would not know of it.
///
/// Errors: `FORBIDDEN`.
fn require_whole(directory: &Directory) -> Result<()> {
    if !directory.importing {
        return Ok(());
    }
    let name = &directory.name;
    Err(Error::new(
        ErrorReason::Forbidden,
        format!(
            "the directory {name:?} is being imported, and nothing else changes it until all is there: {}",
            ways_on(name)
        ),
    ))
}

/// There is no such directory, or none that the caller may know of.
pub(crate) fn no_directory(name: &str) -> Error {
    Error::new(ErrorReason::NotFound, format!("there is no directory named {:?}", shortened(name)))
}

/// Reads an id that a client sent. Only the canonical form is an id: a second spelling of one is another id, which
/// does not exist.
pub(crate) fn parse_id(resource_type: &str, text: &str) -> Result<Uuid> {
    let canonical = |id: &Uuid| id.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text;
    Uuid::try_parse(text).ok().filter(canonical).ok_or_else(|| Error::not_found(resource_type, text))
}
