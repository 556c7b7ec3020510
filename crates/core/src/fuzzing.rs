//! What the targets of tests/fuzz call: this is compiled for nobody else.

pub use crate::activity::kept_texts as kept;
