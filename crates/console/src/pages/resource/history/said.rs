//! What a history says of a value.

/// A value in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) text: String,
    /// The page of whom it is; empty, it is nobody's.
    pub(crate) path: String,
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self { text, path: String::new() }
    }
}
