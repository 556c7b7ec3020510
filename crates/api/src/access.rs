//! Which scope each rpc requires, as the protos say.

use crate::v1::Scope;

/// Every rpc of `rollcall.v1`, by its path, with the scope that it requires.
const RPCS: &[(&str, i32)] = &include!(concat!(env!("OUT_DIR"), "/rpcs.rs"));

/// The scope that the rpc of this path (`/rollcall.v1.UserService/GetUser`) requires; `None` for an rpc that
/// Rollcall does not have, which nobody may call.
pub fn required_scope(path: &str) -> Option<Scope> {
    RPCS.iter().find(|(rpc, _)| *rpc == path).and_then(|(_, scope)| Scope::try_from(*scope).ok())
}

/// Every rpc with its scope, in the order of the protos.
pub fn rpcs() -> impl Iterator<Item = (&'static str, Scope)> {
    RPCS.iter().filter_map(|(path, scope)| Some((*path, Scope::try_from(*scope).ok()?)))
}

/// The scope's name on the command line and in settings, such as `directory.read`; `None` for scopes that no key
/// can carry.
pub fn scope_name(scope: Scope) -> Option<&'static str> {
    match scope {
        Scope::DirectoryRead => Some("directory.read"),
        Scope::DirectoryWrite => Some("directory.write"),
        Scope::SsoSignIn => Some("sso.sign-in"),
        Scope::EventsRead => Some("events.read"),
        Scope::PasswordVerify => Some("password.verify"),
        Scope::ActivityWrite => Some("activity.write"),
        Scope::Admin => Some("admin"),
        Scope::Unspecified | Scope::Public | Scope::Authenticated => None,
    }
}

/// The scopes that a key can carry.
pub const KEY_SCOPES: [Scope; 7] = [
    Scope::DirectoryRead,
    Scope::DirectoryWrite,
    Scope::SsoSignIn,
    Scope::EventsRead,
    Scope::PasswordVerify,
    Scope::ActivityWrite,
    Scope::Admin,
];

/// The scope of that name.
pub fn scope_from_name(name: &str) -> Option<Scope> {
    KEY_SCOPES.into_iter().find(|scope| scope_name(*scope) == Some(name))
}
