//! The tree of a filter, or of the condition in brackets of a path, as clients write them: names and values that nobody has
//! looked up yet.

use std::fmt;

use serde_json::Number;

use crate::condition::Operator;

/// A node of a filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// All hold. Has two parts or more.
    And(Vec<Expression>),
    /// One holds. Has two parts or more.
    Or(Vec<Expression>),
    /// It does not hold.
    Not(Box<Expression>),
    /// An attribute, or a sub-attribute behind a dot, is tested.
    Attribute {
        /// The name as it was written.
        attribute: String,
        /// The test.
        test: Test,
    },
    /// One element of a multi-valued attribute fulfils a condition: `emails[type eq "work"]`.
    Element {
        /// The name as it was written.
        attribute: String,
        /// The condition in brackets, whose names are sub-attributes.
        condition: Box<Expression>,
        /// What the same element fulfils besides: `….value eq "ana@example.com"`.
        then: Option<(String, Test)>,
    },
}

/// What is asked of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// It has a value.
    Present,
    /// It compares so.
    Compare(Operator, Literal),
}

/// A value as it was written.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A text in quotes; in some directories also a bare word.
    String(String),
    /// A number with its digits.
    Number(Number),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`.
    Null,
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => joined(f, parts, " and ", |part| matches!(part, Self::And(_) | Self::Or(_))),
            Self::Or(parts) => joined(f, parts, " or ", |part| matches!(part, Self::Or(_))),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Attribute { attribute, test } => write!(f, "{attribute} {test}"),
            Self::Element { attribute, condition, then: None } => write!(f, "{attribute}[{condition}]"),
            Self::Element { attribute, condition, then: Some((sub_attribute, test)) } => {
                write!(f, "{attribute}[{condition}].{sub_attribute} {test}")
            }
        }
    }
}

fn joined(
    f: &mut fmt::Formatter<'_>,
    parts: &[Expression],
    separator: &str,
    needs_parentheses: fn(&Expression) -> bool,
) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        if needs_parentheses(part) { write!(f, "({part})")? } else { write!(f, "{part}")? }
    }
    Ok(())
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("pr"),
            Self::Compare(operator, value) => write!(f, "{} {value}", operator.as_str()),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => serde_json::Value::from(text.as_str()).fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Boolean(value) => value.fmt(f),
            Self::Null => f.write_str("null"),
        }
    }
}
