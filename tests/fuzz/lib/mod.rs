//! What the targets share that need a whole application: an installation in this process, and what is sent to it.

pub mod answer;
pub mod house;
pub mod json;
pub mod text;
