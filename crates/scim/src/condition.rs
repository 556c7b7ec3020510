//! A filter that has been resolved against a [`Definition`](crate::Definition): what a database or an evaluator
//! answers. Every attribute exists, every value has the attribute's type, strings of attributes that are not
//! `caseExact` are folded, and shorthand is written out.

use crate::definition::AttributeRef;

/// A resolved filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition<'a> {
    /// All hold. Never empty.
    And(Vec<Condition<'a>>),
    /// One holds. Never empty.
    Or(Vec<Condition<'a>>),
    /// It does not hold.
    Not(Box<Condition<'a>>),
    /// The attribute has a value (`pr`; also `ne null`; `eq null` is its negation).
    Present(AttributeRef<'a>),
    /// Some value of the attribute compares so. Where the attribute has no value, only [`Operator::Ne`] holds.
    Compare(AttributeRef<'a>, Operator, Operand),
    /// One element of the multi-valued complex attribute fulfils the whole condition, in which every
    /// [`AttributeRef`] names the same attribute with a sub-attribute of the element.
    AnyElement(AttributeRef<'a>, Box<Condition<'a>>),
}

/// A comparison (RFC 7644 §3.4.2.2, table 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// Equal.
    Eq,
    /// Some value differs, or there is none.
    Ne,
    /// Contains.
    Co,
    /// Starts with.
    Sw,
    /// Ends with.
    Ew,
    /// Greater than.
    Gt,
    /// Greater than or equal.
    Ge,
    /// Less than.
    Lt,
    /// Less than or equal.
    Le,
}

impl Operator {
    /// Every operator, in the order of the RFC.
    pub const ALL: [Self; 9] =
        [Self::Eq, Self::Ne, Self::Co, Self::Sw, Self::Ew, Self::Gt, Self::Ge, Self::Lt, Self::Le];

    /// The operator as filters write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }
}

/// The right side of a comparison, in the type of its attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// For string, reference and binary attributes; folded unless `caseExact`. Ordered by bytes of UTF-8.
    Text(String),
    /// For booleans: `eq` and `ne` only.
    Boolean(bool),
    /// For integers.
    Integer(i64),
    /// For decimals; compared as IEEE 754 doubles on every database.
    Decimal(f64),
    /// For dateTimes: microseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
}
