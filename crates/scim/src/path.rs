//! The paths of PATCH operations (RFC 7644 §3.5.2, figure 7).

use std::fmt;

use crate::error::{Result, ScimType};
use crate::expression::Expression;
use crate::grammar::Parser;
use crate::profile::Rules;

/// A path that follows the grammar.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The attribute as it was written, with its sub-attribute where no brackets follow: `name.familyName`.
    pub attribute: String,
    /// Which elements of the attribute are meant: `[type eq "work"]`.
    pub condition: Option<Expression>,
    /// The sub-attribute of those elements.
    pub sub_attribute: Option<String>,
}

impl Path {
    /// Reads a path. Errors: `invalidPath`, with the column of the mistake.
    pub fn parse(text: &str, rules: Rules) -> Result<Self> {
        let (attribute, condition, sub_attribute) =
            Parser::new(text, rules, ScimType::InvalidPath)?.path()?;
        Ok(Self { attribute, condition, sub_attribute })
    }
}

/// The path in the RFC's own spelling; read again it is the same path.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.attribute)?;
        if let Some(condition) = &self.condition {
            write!(f, "[{condition}]")?;
        }
        if let Some(sub_attribute) = &self.sub_attribute {
            write!(f, ".{sub_attribute}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Profile;

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        for text in [
            "members",
            "name.familyName",
            "addresses[type eq \"work\"]",
            "members[value eq \"2819c223-7f76-453a-919d-413861904646\"]",
            "members[value eq \"2819c223-7f76-453a-919d-413861904646\"].displayName",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
        ] {
            assert_eq!(Path::parse(text, Profile::Generic.rules()).unwrap().to_string(), text);
        }
    }

    #[test]
    fn mistakes_are_told_with_their_column() {
        for (text, column) in [
            ("", 1),
            ("emails[type eq \"work\"", 22),
            ("emails[]", 8),
            ("emails[type eq \"work\"]value", 23),
            ("emails[type eq \"work\"].", 24),
            ("a b", 3),
            ("[type eq \"work\"]", 1),
            ("emails[0].value", 8),
        ] {
            let error = Path::parse(text, Profile::Generic.rules()).expect_err(text);
            assert_eq!(error.scim_type, ScimType::InvalidPath);
            assert!(error.detail.starts_with(&format!("path, column {column}:")), "{text}: {error}");
        }
    }
}
