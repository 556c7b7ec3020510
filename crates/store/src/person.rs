//! People who signed in to the console with OpenID Connect.

use serde::{Deserialize, Serialize};

/// Somebody whom an OpenID provider vouches for, as it described them at that time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The issuer identifier of the OpenID provider (OpenID Connect Core 1.0 §2, `iss`).
    pub issuer: String,
    /// Who it is to that issuer, for good (`sub`).
    pub subject: String,
    /// The verified e-mail address; empty, there is none.
    pub email: String,
    /// What people call them; empty, there is none.
    pub name: String,
}
