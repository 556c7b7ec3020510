//! Moving a directory: all that it is, line by line, out of one database and into another one.
//!
//! What stands in the lines is here; how they are kept in a file is the business of whoever asks.

mod exporting;
mod importing;
mod judging;
mod lines;
mod people;
mod records;

pub use exporting::{Beside, Exporting};
pub use importing::{Importing, Target};
pub use judging::Judging;
pub use lines::{
    DeletedUser, Event, FORMAT, Group, Header, Id, Line, Link, Members, ProvisioningRule, Record, Schema,
    Trailer, User,
};
pub use people::{People, Person};

/// What can become of a directory that is being imported, for people.
pub(crate) fn ways_on(directory: &str) -> String {
    format!(
        "go on with `rollcall import FILE --directory {directory} --resume`, or give it up with `rollcall directory delete \
         {directory} --confirm {directory}`"
    )
}
