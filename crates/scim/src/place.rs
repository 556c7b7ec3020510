//! Where in a resource a value stands, for messages to the client.

use std::fmt;

use crate::definition::AttributeRef;
use crate::schema::Attribute;

/// An attribute, and the element of it where it is a list: `emails[1].value`. Elements are counted from 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    attribute: AttributeRef<'a>,
    element: Option<usize>,
}

impl<'a> Place<'a> {
    pub(crate) fn of(attribute: AttributeRef<'a>) -> Self {
        Self { attribute, element: None }
    }

    /// The attribute whose value stands here.
    pub(crate) fn leaf(&self) -> &'a Attribute {
        self.attribute.leaf()
    }

    pub(crate) fn element(self, index: usize) -> Self {
        Self { element: Some(index), ..self }
    }

    pub(crate) fn sub_attribute(self, sub_attribute: &'a Attribute) -> Self {
        Self { attribute: AttributeRef { sub_attribute: Some(sub_attribute), ..self.attribute }, ..self }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(index) = self.element else { return self.attribute.fmt(f) };
        let list = AttributeRef { sub_attribute: None, ..self.attribute };
        write!(f, "{list}[{index}]")?;
        match self.attribute.sub_attribute {
            Some(sub) => write!(f, ".{}", sub.name),
            None => Ok(()),
        }
    }
}
