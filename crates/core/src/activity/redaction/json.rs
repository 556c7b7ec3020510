//! The beginning of a JSON text, read as far as it goes. What is behind the first mistake, or behind where it was cut off,
//! is not there.

/// How deep a text is read. The gateway refuses what is deeper.
const MAX_DEPTH: usize = 64;

/// A value, with its members in the order in which they were sent, also those that were sent twice.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Text(String),
    /// A number, a boolean or null, as it was written.
    Plain(String),
    Array(Vec<Node>),
    Object {
        members: Vec<(String, Node)>,
        /// Whether its end was read: if not, there may have been more members.
        ended: bool,
    },
}

/// What could be read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) node: Option<Node>,
    /// Whether there was more that could not be read.
    pub(super) cut: bool,
}

/// Reads a text, of which this may only be the beginning.
pub(super) fn read(bytes: &[u8], is_whole: bool) -> Read {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let (text, is_whole) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, is_whole),
        Err(error) => (
            bytes
                .get(..error.valid_up_to())
                .and_then(|good| std::str::from_utf8(good).ok())
                .unwrap_or_default(),
            false,
        ),
    };
    let mut reader = Reader { rest: text, cut: false };
    let node = reader.value(MAX_DEPTH);
    reader.skip_space();
    Read { node, cut: reader.cut || !is_whole || !reader.rest.is_empty() }
}

struct Reader<'t> {
    rest: &'t str,
    /// Whether the text ended, or turned out to be no JSON: nothing more is read then.
    cut: bool,
}

impl Reader<'_> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    /// Reads one character, if it comes next.
    fn take(&mut self, wanted: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn cut<T>(&mut self) -> Option<T> {
        self.cut = true;
        None
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        if depth == 0 {
            return self.cut();
        }
        if self.take('{') {
            return Some(self.object(depth - 1));
        }
        if self.take('[') {
            return Some(self.array(depth - 1));
        }
        if self.rest.starts_with('"') {
            return self.string().map(Node::Text);
        }
        self.plain()
    }

    fn object(&mut self, depth: usize) -> Node {
        let mut members = Vec::new();
        if self.take('}') {
            return Node::Object { members, ended: true };
        }
        loop {
            self.skip_space();
            let Some(name) = self.string() else { break };
            if !self.take(':') {
                self.cut = true;
                break;
            }
            if let Some(value) = self.value(depth) {
                members.push((name, value));
            }
            if self.cut {
                break;
            }
            if self.take('}') {
                return Node::Object { members, ended: true };
            }
            if !self.take(',') {
                self.cut = true;
                break;
            }
        }
        Node::Object { members, ended: false }
    }

    fn array(&mut self, depth: usize) -> Node {
        let mut values = Vec::new();
        if self.take(']') {
            return Node::Array(values);
        }
        loop {
            values.extend(self.value(depth));
            if self.cut || self.take(']') {
                break;
            }
            if !self.take(',') {
                self.cut = true;
                break;
            }
        }
        Node::Array(values)
    }

    /// A string that was read to its end.
    fn string(&mut self) -> Option<String> {
        if !self.rest.starts_with('"') {
            return self.cut();
        }
        let mut is_escaped = false;
        let end = self.rest.bytes().enumerate().skip(1).find_map(|(at, byte)| {
            let ends = byte == b'"' && !is_escaped;
            is_escaped = byte == b'\\' && !is_escaped;
            ends.then_some(at + 1)
        });
        let Some((written, rest)) = end.and_then(|end| self.rest.split_at_checked(end)) else {
            return self.cut();
        };
        let Ok(text) = serde_json::from_str(written) else { return self.cut() };
        self.rest = rest;
        Some(text)
    }

    /// A number, a boolean or null, behind which something else begins: what the text ends with may go on.
    fn plain(&mut self) -> Option<Node> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let end = self.rest.find(|c| !is_part(c)).filter(|end| *end > 0);
        let Some((written, rest)) = end.and_then(|end| self.rest.split_at_checked(end)) else {
            return self.cut();
        };
        if serde_json::from_str::<serde_json::Value>(written).is_err() {
            return self.cut();
        }
        self.rest = rest;
        Some(Node::Plain(written.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(members: Vec<(&str, Node)>, ended: bool) -> Node {
        let members = members.into_iter().map(|(name, node)| (name.to_owned(), node)).collect();
        Node::Object { members, ended }
    }

    #[test]
    fn a_whole_text_is_read_whole() {
        let read = read(b"\xEF\xBB\xBF {\"a\": [1.50, null, \"\\u0041\"], \"a\": {}}\n", true);
        let array = Node::Array(vec![
            Node::Plain("1.50".to_owned()),
            Node::Plain("null".to_owned()),
            Node::Text("A".to_owned()),
        ]);
        assert_eq!(read.node, Some(object(vec![("a", array), ("a", object(vec![], true))], true)));
        assert!(!read.cut);
    }

    #[test]
    fn of_a_text_that_was_cut_off_what_is_certain_is_read() {
        let whole = br#"{"a": "x", "b": [tru, 1], "c": 12}"#;
        let first = || ("a", Node::Text("x".to_owned()));
        let end = |length: usize| read(&whole[..length], false);
        assert_eq!(end(8).node, Some(object(vec![], false)), "half a string is none");
        assert_eq!(end(9).node, Some(object(vec![first()], false)));
        assert!(end(9).cut);
        let wrong = read(whole, true);
        assert_eq!(wrong.node, Some(object(vec![first(), ("b", Node::Array(vec![]))], false)));
        assert!(wrong.cut);
        assert_eq!(read(br#"{"c": 12"#, false).node, Some(object(vec![], false)), "a number may go on");
    }

    #[test]
    fn what_is_no_json_is_nothing() {
        for text in [&b""[..], b"password=hunter2", b"'a'", b"\xff", b"<user/>"] {
            let read = read(text, true);
            assert_eq!((read.node, read.cut), (None, true), "{text:?}");
        }
    }

    #[test]
    fn what_is_behind_the_end_or_too_deep_is_not_read() {
        assert!(read(b"{} {\"password\": \"x\"}", true).cut);
        let deep = "[".repeat(100_000);
        assert!(read(deep.as_bytes(), true).cut);
    }
}
