//! Who may see the memory of this process, in which secrets stand.

use std::io;

use anyhow::{Context as _, Result};
use rlimit::Resource;

/// The largest core dump, in bytes. Nothing would count for files alone: where dumps go to a program, Linux gives it one all the
/// same, and none for a limit of 1.
const LARGEST_DUMP: u64 = 1;

/// Has the system write no core dump of this process, and keeps others of its user out of its memory and its environment.
pub(crate) fn close() -> Result<()> {
    forbid_dumps().and_then(|()| keep_out_others()).context(
        "the memory of this process cannot be closed to core dumps and debuggers; where that is as it should be, allow them \
         with core-dumps (ROLLCALL_CORE_DUMPS=true)",
    )
}

fn forbid_dumps() -> io::Result<()> {
    let (_, highest) = Resource::CORE.get()?;
    let limit = LARGEST_DUMP.min(highest);
    Resource::CORE.set(limit, limit)
}

#[cfg(target_os = "linux")]
fn keep_out_others() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

#[cfg(not(target_os = "linux"))]
fn keep_out_others() -> io::Result<()> {
    Ok(())
}
