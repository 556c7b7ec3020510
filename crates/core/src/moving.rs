//! Moving a directory: all that it is, line by line, out of one database and into another one.
//!
//! What stands in the lines is here; how they are kept in a file is the business of whoever asks.

mod exporting;
mod importing;
mod lines;
mod people;

pub use exporting::{Beside, Exporting};
pub use importing::{Importing, Target};
pub use lines::{
    DeletedUser, Event, FORMAT, Group, Header, Id, Line, Link, Members, ProvisioningRule, Record, Schema,
    Trailer, User,
};
pub use people::{People, Person};
