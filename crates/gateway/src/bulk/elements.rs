//! The elements of an array, cut out of its text one after the other.

use std::fmt;

use bytes::Bytes;
use serde_json::value::RawValue;

/// The elements of an array.
#[derive(Clone)]
pub(super) struct Elements {
    /// What is left of the text, behind the bracket or an element.
    rest: Bytes,
}

impl fmt::Debug for Elements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Elements({} bytes)", self.rest.len())
    }
}

impl Elements {
    /// Those of a text that has been found to be an array.
    pub(super) fn of(array: &Bytes) -> Self {
        Self { rest: array.slice(usize::from(!array.is_empty())..) }
    }
}

impl Iterator for Elements {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
        let begin = self.rest.iter().position(|byte| !blank(byte)).unwrap_or(self.rest.len());
        let mut rest = self.rest.split_off(begin);
        if matches!(rest.first(), None | Some(b']')) {
            self.rest = Bytes::new();
            return None;
        }
        let mut values = serde_json::Deserializer::from_slice(&rest).into_iter::<&RawValue>();
        let end = match values.next() {
            Some(Ok(_)) => values.byte_offset(),
            // The whole has been read before, so this does not happen; nor would an operation be lost, but fail.
            _ => rest.len(),
        };
        let element = rest.split_to(end);
        self.rest = rest;
        Some(element)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(array: &'static str) -> Vec<String> {
        let texts = Elements::of(&Bytes::from_static(array.as_bytes()));
        texts.map(|text| String::from_utf8(text.to_vec()).unwrap()).collect()
    }

    #[test]
    fn each_element_is_cut_out_as_it_stands() {
        assert_eq!(
            elements("[ {\"a\": [1, \"],\"]} ,1,-2.5e3,\"x\\\"]\",null\n,[[]],true ]"),
            ["{\"a\": [1, \"],\"]}", "1", "-2.5e3", "\"x\\\"]\"", "null", "[[]]", "true"]
        );
        assert_eq!(elements("[]"), Vec::<String>::new());
        assert_eq!(elements("[ \n ]"), Vec::<String>::new());
    }

    #[test]
    fn a_text_that_breaks_off_is_one_element_that_cannot_be_read() {
        assert_eq!(elements("[1,{\"a\""), ["1", "{\"a\""]);
    }
}
