//! What is stored of sign-ins: who is linked to whom, and who may come in.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Result, StoredResource};

/// How a person signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// SAML 2.0.
    Saml,
    /// OpenID Connect.
    Oidc,
    /// A signed token that the application itself understands.
    Jwt,
    /// A bind to an LDAP directory.
    Ldap,
}

impl Protocol {
    /// Every protocol.
    pub const ALL: [Self; 4] = [Self::Saml, Self::Oidc, Self::Jwt, Self::Ldap];

    /// The name as it is written in settings and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Saml => "saml",
            Self::Oidc => "oidc",
            Self::Jwt => "jwt",
            Self::Ldap => "ldap",
        }
    }

    /// The name as people know it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Saml => "SAML",
            Self::Oidc => "OpenID Connect",
            Self::Jwt => "JWT",
            Self::Ldap => "LDAP",
        }
    }

    /// The protocol of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == name)
    }
}

/// By which protocols a first sign-in may create an account, as an administrator has chosen it. At first, by all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProvisioningChoices {
    off: BTreeSet<Protocol>,
}

impl ProvisioningChoices {
    /// Whether a first sign-in by this protocol may create an account.
    pub fn is_on(&self, protocol: Protocol) -> bool {
        !self.off.contains(&protocol)
    }

    /// Chooses for a protocol.
    pub fn set(&mut self, protocol: Protocol, on: bool) {
        if on {
            self.off.remove(&protocol);
        } else {
            self.off.insert(protocol);
        }
    }

    /// The protocols by which it may not.
    pub fn off(&self) -> impl Iterator<Item = Protocol> {
        self.off.iter().copied()
    }
}

/// Who signs in as whom: one subject of one issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInLink {
    /// Who speaks for the person, as the application knows it.
    pub issuer: String,
    /// The person, as the issuer knows them.
    pub subject: String,
    /// The user.
    pub user: Uuid,
    /// How the person came in first.
    pub protocol: Protocol,
    /// When, in µs.
    pub created: i64,
}

/// A user who has an e-mail address, or is called by it.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The user.
    pub user: StoredResource,
    /// The issuer and subject who signs in as this user already.
    pub claimed_by: Option<(String, String)>,
}

/// One of the rules of a directory on which first sign-ins may create an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisioningRule {
    /// The key.
    pub id: Uuid,
    /// What it does with a sign-in that it matches.
    pub effect: Effect,
    /// Which sign-ins it matches.
    pub conditions: Conditions,
    /// A description for people.
    pub description: String,
    /// When it was made, in µs.
    pub created: i64,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The account is created.
    Allow,
    /// It is not.
    Refuse,
}

impl Effect {
    /// The name as it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Refuse => "refuse",
        }
    }

    /// The effect of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Allow, Self::Refuse].into_iter().find(|effect| effect.as_str() == name)
    }
}

/// Which sign-ins a rule matches: those that fulfil every kind of condition that is given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conditions {
    /// It comes by one of these; empty, by whichever.
    pub protocols: BTreeSet<Protocol>,
    /// The address is in one of these domains, folded; empty, in whichever.
    pub email_domains: BTreeSet<String>,
    /// It names one of these groups, folded; empty, whichever.
    pub groups: BTreeSet<String>,
    /// It has all of these attributes: a name, and a value among its values.
    pub attributes: BTreeSet<(String, String)>,
}

/// What decides a sign-in: read as it is, or within a transaction.
#[async_trait]
pub trait SignInReading: Send {
    /// The user whom a subject of an issuer signs in as.
    async fn linked_user(
        &mut self,
        directory: Uuid,
        issuer: &str,
        subject: &str,
    ) -> Result<Option<StoredResource>>;

    /// The users who have this folded e-mail address, or are called by it, in order of their ids, at most `limit`.
    async fn sign_in_candidates(
        &mut self,
        directory: Uuid,
        address: &str,
        limit: u32,
    ) -> Result<Vec<Candidate>>;

    /// The departed user whom a subject signed in as, or else the one who was last deleted of those with this folded address
    /// or `userName`.
    async fn departed_arrival(
        &mut self,
        directory: Uuid,
        issuer: &str,
        subject: &str,
        address: Option<&str>,
    ) -> Result<Option<StoredResource>>;

    /// The rules of a directory that this transaction has read, in order.
    async fn provisioning_rules(&mut self, directory: Uuid) -> Result<Vec<ProvisioningRule>>;
}

/// Writing who signs in as whom, and who may come in.
#[async_trait]
pub trait SignInWriting {
    /// Lets a subject sign in as a user that this transaction has read or made.
    ///
    /// Errors: [`Error::Conflict`](crate::Error::Conflict) where the subject, or the user, has a link already.
    async fn insert_link(&mut self, directory: Uuid, link: &SignInLink) -> Result<()>;

    /// Takes the link of a user away, and returns its issuer and subject.
    async fn delete_link_of(&mut self, directory: Uuid, user: Uuid) -> Result<Option<(String, String)>>;

    /// Gives a directory that this transaction has read these rules, in this order, instead of those that it has.
    async fn set_provisioning_rules(&mut self, directory: Uuid, rules: &[ProvisioningRule]) -> Result<()>;
}
