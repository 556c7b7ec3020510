//! Laws that hold for whatever clients send.

mod generate;
mod language;
mod resources;
