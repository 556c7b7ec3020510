//! How much a request may say that is read into a tree, where each value takes many times its text.

use rollcall_api::v1::ErrorReason;

use crate::error::Refusal;

/// How many values one resource, or the PATCH of one, may hold beside members. Far more than any user has.
const MOST: usize = 100_000;
/// How many those of a bulk request may hold together.
const MOST_IN_BULK: usize = 200_000;
/// About how many bytes a value takes in a tree.
const BYTES_EACH: usize = 512;

/// What may still come beside members.
#[derive(Debug)]
pub(crate) struct Allowance {
    bytes: usize,
    bytes_each: usize,
    values: usize,
    values_in_all: usize,
    /// Whether more values came.
    has_too_many: bool,
}

impl Allowance {
    /// That of one resource, which may have so many bytes.
    pub(crate) const fn of_one(bytes: usize) -> Self {
        Self::new(bytes, MOST)
    }

    /// That of a bulk request, whose operations may have so many bytes each.
    pub(crate) const fn of_bulk(bytes_each: usize) -> Self {
        Self::new(bytes_each, MOST_IN_BULK)
    }

    const fn new(bytes: usize, values: usize) -> Self {
        Self { bytes, bytes_each: bytes, values, values_in_all: values, has_too_many: false }
    }

    /// Begins the next operation of a bulk request.
    pub(crate) fn begin_next(&mut self) {
        self.bytes = self.bytes_each;
    }

    /// Counts a JSON text before it becomes a tree. Errors: it is more than may still come.
    pub(crate) fn take(&mut self, text: &[u8]) -> Result<(), Refusal> {
        let too_large = |detail| Refusal::new(ErrorReason::PayloadTooLarge, detail);
        self.bytes = self.bytes.checked_sub(text.len()).ok_or_else(|| {
            let limit = self.bytes_each;
            too_large(format!("the body is larger than the {limit} bytes allowed here beside members"))
        })?;
        let Some(left) = self.values.checked_sub(count(text)) else {
            self.has_too_many = true;
            return Err(too_large(self.too_many()));
        };
        self.values = left;
        Ok(())
    }

    /// That more values came than there may be, if they did.
    pub(crate) fn past(&self) -> Option<Refusal> {
        self.has_too_many.then(|| Refusal::new(ErrorReason::PayloadTooLarge, self.too_many()))
    }

    fn too_many(&self) -> String {
        let limit = self.values_in_all;
        format!(
            "the body holds more than the {limit} values allowed, of which each string, number, object and so on is one, and \
             those of members are none"
        )
    }
}

/// About how many bytes a JSON text takes as a tree, as far as it may become one.
pub(crate) fn bytes_as_tree(text: &[u8]) -> usize {
    count(text).min(MOST_IN_BULK) * BYTES_EACH
}

/// Whether a JSON text may hold more values than a bulk request may, members counted as well.
pub(crate) fn may_be_too_many(text: &[u8]) -> bool {
    count(text) > MOST_IN_BULK
}

/// How many values a JSON text holds, or one more for each array or object that is empty.
fn count(text: &[u8]) -> usize {
    let (mut count, mut is_string, mut is_escaped) = (1, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_string,
            b'"' => is_string = !is_string,
            b',' | b'[' | b'{' if !is_string => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_and_not_what_stands_in_strings() {
        for (text, counted) in [
            ("7", 1),
            (r#"{"a":1}"#, 2),
            (r#"[{"a":1},{"b":[2,3]}]"#, 7),
            (r#"["a,b","[{\",",""]"#, 4),
            (r#"["\\",1]"#, 3),
            ("[]", 2),
        ] {
            assert_eq!(count(text.as_bytes()), counted, "{text}");
        }
    }

    #[test]
    fn more_than_may_still_come_is_refused() {
        let refused = |allowance: &mut Allowance, text: &str| {
            let refusal = allowance.take(text.as_bytes()).unwrap_err();
            assert_eq!(refusal.reason, ErrorReason::PayloadTooLarge);
            refusal.detail.into_owned()
        };
        let mut allowance = Allowance::new(9, 5);
        allowance.take(b"[1,2]").unwrap();
        assert!(refused(&mut allowance, "[1,2]").contains("the 9 bytes"));
        allowance.begin_next();
        assert!(allowance.past().is_none());
        assert!(refused(&mut allowance, "[1,2]").contains("the 5 values"));
        assert!(allowance.past().is_some());
        allowance.take(b"[]").unwrap();
    }
}
