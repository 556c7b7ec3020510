//! Laws that hold for whatever clients send.

mod comparing;
mod generate;
mod language;
mod resources;
