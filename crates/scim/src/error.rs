//! What is wrong with a request, in SCIM's own words (RFC 7644 §3.12, table 9).

use std::fmt;

/// The result of a function that judges what a client sent.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The `scimType` of an error: which rule of the protocol was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScimType {
    /// The filter has bad syntax, or compares what cannot be compared.
    InvalidFilter,
    /// The request could not be parsed, or breaks the structure of its message schema.
    InvalidSyntax,
    /// A required value is missing, or a value is not of the attribute's type.
    InvalidValue,
    /// The path of a PATCH operation or of a sort is malformed or names no attribute.
    InvalidPath,
    /// A PATCH path selects nothing.
    NoTarget,
    /// The attribute may not be changed in this way.
    Mutability,
    /// More than a published limit allows.
    TooMany,
}

impl ScimType {
    /// The word as it stands in an error body.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidFilter => "invalidFilter",
            Self::InvalidSyntax => "invalidSyntax",
            Self::InvalidValue => "invalidValue",
            Self::InvalidPath => "invalidPath",
            Self::NoTarget => "noTarget",
            Self::Mutability => "mutability",
            Self::TooMany => "tooMany",
        }
    }
}

/// A client's mistake. The detail is written for whoever sent the request: what was wrong, where, and what
/// would be right. It never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The rule that was broken.
    pub scim_type: ScimType,
    /// One sentence for the client, naming the attribute, path or column.
    pub detail: String,
}

impl Error {
    /// An error of the given type.
    pub fn new(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self { scim_type, detail: detail.into() }
    }

    /// `invalidFilter`.
    pub fn filter(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidFilter, detail)
    }

    /// `invalidSyntax`.
    pub fn syntax(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidSyntax, detail)
    }

    /// `invalidValue`.
    pub fn value(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidValue, detail)
    }

    /// `invalidPath`.
    pub fn path(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidPath, detail)
    }

    /// `noTarget`.
    pub fn no_target(detail: impl Into<String>) -> Self {
        Self::new(ScimType::NoTarget, detail)
    }

    /// `mutability`.
    pub fn mutability(detail: impl Into<String>) -> Self {
        Self::new(ScimType::Mutability, detail)
    }

    /// `tooMany`.
    pub fn too_many(detail: impl Into<String>) -> Self {
        Self::new(ScimType::TooMany, detail)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_has_the_word_of_the_rfc_and_says_what_was_wrong() {
        for (error, word) in [
            (Error::filter("a"), "invalidFilter"),
            (Error::syntax("a"), "invalidSyntax"),
            (Error::value("a"), "invalidValue"),
            (Error::path("a"), "invalidPath"),
            (Error::no_target("a"), "noTarget"),
            (Error::mutability("a"), "mutability"),
            (Error::too_many("a"), "tooMany"),
        ] {
            assert_eq!(error.scim_type.as_str(), word);
            assert_eq!(error.to_string(), "a");
        }
    }
}
