//! Sizes in bytes, as people write them.

use std::fmt;
use std::str::FromStr;

use rollcall_api::client::MAX_MESSAGE_BYTES;

const UNITS: [(&str, usize); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)];

/// A number of bytes, from 1 to the largest message between gateway and core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ByteSize(pub(crate) usize);

/// A number of bytes of memory, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory(pub(crate) usize);

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match bytes_of(text)? {
            bytes if bytes > MAX_MESSAGE_BYTES => {
                Err(format!("at most {} fit between gateway and core", Self(MAX_MESSAGE_BYTES)))
            }
            bytes => Ok(Self(bytes)),
        }
    }
}

impl FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        bytes_of(text).map(Self)
    }
}

fn bytes_of(text: &str) -> Result<usize, String> {
    let (number, factor) = UNITS
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?.trim_end(), *factor)))
        .unwrap_or((text, 1));
    match number.parse::<usize>().ok().and_then(|number| number.checked_mul(factor)) {
        None => Err("give a number of bytes, with a unit if you like: 2097152, 2048KiB or 2MiB".to_owned()),
        Some(0) => Err("it must be more than nothing".to_owned()),
        Some(bytes) => Ok(bytes),
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fitting = UNITS.iter().filter(|(_, factor)| self.0.is_multiple_of(*factor));
        match fitting.max_by_key(|(_, factor)| *factor) {
            Some((unit, factor)) if *factor > 1 => write!(f, "{}{unit}", self.0 / factor),
            _ => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_a_unit() {
        for (text, bytes) in
            [("1", 1), ("17B", 17), ("2048KiB", 2 << 20), ("2MiB", 2 << 20), ("2 MiB", 2 << 20)]
        {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
        }
        assert_eq!(ByteSize(2 << 20).to_string(), "2MiB");
        assert_eq!(ByteSize(1537).to_string(), "1537");
    }

    #[test]
    fn memory_may_be_more_than_fits_into_a_message() {
        assert_eq!("1GiB".parse(), Ok(Memory(1 << 30)));
        assert!("0".parse::<Memory>().is_err());
    }

    #[test]
    fn sizes_that_make_no_sense_are_refused() {
        for bad in [
            "",
            "MiB",
            "0",
            "-1",
            "2MB",
            "1.5MiB",
            "1GiB",
            "99999999999999999999999",
            "18446744073709551615KiB",
        ] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad}");
        }
    }
}
