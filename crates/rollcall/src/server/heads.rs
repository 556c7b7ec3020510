//! The line ends of HTTP/1.1 on their way in.
//!
//! RFC 9112 §2.2 lets a reader take a bare LF for the end of a line, and hyper does. A proxy in front may take it for a part of the
//! line, and so see one request where there are two. Nothing that is well made has one in a head, so it is made something there
//! that hyper refuses with 400; and what comes behind it does not count any more.

/// What no head may have in it.
const REFUSED: u8 = 0;
/// How a head ends, for one that would not any more.
const END: &[u8] = b"\r\n\r\n";
/// How much of a line is looked at: more than any length of a body needs.
const LONGEST_LINE: usize = 256;
/// The first line of a connection of HTTP/2 (RFC 9113 §3.4).
const HTTP2: &[u8] = b"PRI * HTTP/2.0";

/// Where in a connection the next byte stands.
#[derive(Debug)]
pub(super) struct Heads {
    at: At,
    /// How the line that has begun begins.
    line: Vec<u8>,
    /// Whether it is longer than that.
    is_longer: bool,
    /// The byte before.
    last: u8,
    /// What comes behind the head that has begun.
    behind: Behind,
}

#[derive(Debug, Clone, Copy)]
enum At {
    /// In a head, or in the trailers of a body: before its first line, or behind it.
    Head { has_begun: bool },
    /// In the line before a chunk (RFC 9112 §7.1).
    Size,
    /// In a body or chunk, with so many bytes to come.
    Data { left: u64, is_chunk: bool },
    /// Behind a chunk.
    ChunkEnd,
    /// Where nothing is known of what comes.
    Elsewhere,
    /// Behind a bare LF, whose head has yet to end.
    Spoilt,
    /// Behind that end.
    Over,
}

#[derive(Debug, Clone, Copy)]
enum Behind {
    Head,
    Body(u64),
    Chunks,
    Elsewhere,
}

impl Heads {
    /// At the beginning of a connection.
    pub(super) fn new() -> Self {
        Self {
            at: At::Head { has_begun: false },
            line: Vec::new(),
            is_longer: false,
            last: 0,
            behind: Behind::Head,
        }
    }

    /// Goes over what has come next, and spoils the first bare LF that stands in a head.
    pub(super) fn go_over(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            match self.at {
                At::Elsewhere | At::Spoilt | At::Over => return,
                At::Data { left, is_chunk } => {
                    let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = std::mem::take(&mut bytes).split_at_mut(taken).1;
                    self.at = match left - taken as u64 {
                        0 if is_chunk => At::ChunkEnd,
                        0 => At::Head { has_begun: false },
                        left => At::Data { left, is_chunk },
                    };
                }
                At::Head { .. } | At::Size | At::ChunkEnd => {
                    let Some(end) = bytes.iter().position(|&byte| byte == b'\n') else {
                        self.keep(bytes);
                        return;
                    };
                    let (line, rest) = std::mem::take(&mut bytes).split_at_mut(end + 1);
                    let (line, line_feed) = line.split_at_mut(end);
                    self.keep(line);
                    if matches!(self.at, At::Head { .. }) && self.last != b'\r' {
                        line_feed.fill(REFUSED);
                        self.at = At::Spoilt;
                        return;
                    }
                    self.end_line();
                    bytes = rest;
                }
            }
        }
    }

    /// What is read in place of what comes: where there was a bare LF, the end of its head, and then nothing.
    pub(super) fn instead(&mut self) -> Option<&'static [u8]> {
        match self.at {
            At::Spoilt => {
                self.at = At::Over;
                Some(END)
            }
            At::Over => Some(&[]),
            _ => None,
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST_LINE - self.line.len();
        self.is_longer |= bytes.len() > room;
        self.line.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.last = bytes.last().copied().unwrap_or(self.last);
    }

    fn end_line(&mut self) {
        let mut line = std::mem::take(&mut self.line);
        let text = line.strip_suffix(b"\r").unwrap_or(&line);
        self.at = match self.at {
            // An empty line before a request is nothing (RFC 9112 §2.2).
            At::Head { has_begun: false } if text.is_empty() => self.at,
            At::Head { has_begun: true } if text.is_empty() => {
                match std::mem::replace(&mut self.behind, Behind::Head) {
                    Behind::Head | Behind::Body(0) => At::Head { has_begun: false },
                    Behind::Body(left) => At::Data { left, is_chunk: false },
                    Behind::Chunks => At::Size,
                    Behind::Elsewhere => At::Elsewhere,
                }
            }
            At::Head { has_begun } => {
                if !has_begun && text == HTTP2 {
                    self.behind = Behind::Elsewhere;
                } else if let Some(behind) = behind(text, self.is_longer) {
                    self.behind = behind;
                }
                At::Head { has_begun: true }
            }
            At::Size => match size_of(text) {
                // The trailers end as a head does.
                Some(0) => At::Head { has_begun: true },
                Some(left) => At::Data { left, is_chunk: true },
                None => At::Elsewhere,
            },
            At::ChunkEnd => At::Size,
            At::Data { .. } | At::Elsewhere | At::Spoilt | At::Over => self.at,
        };
        line.clear();
        self.line = line;
        self.is_longer = false;
        self.last = 0;
    }
}

/// What a header says of what comes behind the head; `None`, nothing.
fn behind(line: &[u8], is_longer: bool) -> Option<Behind> {
    let (name, value) = line.split_at(line.iter().position(|&byte| byte == b':')?);
    let value = value.get(1..)?.trim_ascii();
    let is_length = name.eq_ignore_ascii_case(b"content-length");
    if !is_length && !name.eq_ignore_ascii_case(b"transfer-encoding") {
        return None;
    }
    if is_longer {
        return Some(Behind::Elsewhere);
    }
    if is_length {
        let length = str::from_utf8(value).ok().and_then(|value| value.parse().ok());
        return Some(length.map_or(Behind::Elsewhere, Behind::Body));
    }
    let last = value.rsplit(|&byte| byte == b',').next().unwrap_or_default().trim_ascii();
    Some(if last.eq_ignore_ascii_case(b"chunked") { Behind::Chunks } else { Behind::Elsewhere })
}

/// The size of a chunk, whose extensions do not count.
fn size_of(line: &[u8]) -> Option<u64> {
    let digits = line.split(|&byte| byte == b';').next()?.trim_ascii();
    u64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a connection that comes in pieces of so many bytes.
    fn passed(text: &str, piece: usize) -> Vec<u8> {
        let mut heads = Heads::new();
        let mut bytes = text.as_bytes().to_vec();
        bytes.chunks_mut(piece).for_each(|piece| heads.go_over(piece));
        bytes
    }

    const WELL_MADE: [&str; 6] = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nCONTENT-LENGTH: 7\r\n\r\n{\n\"a\"\n}GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3;a=b\r\n\n\n\n\r\n0A\r\n\n123456789\r\n0\r\nT: 1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n\n\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\n\0\0\n",
        "POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n\n",
    ];

    #[test]
    fn what_is_well_made_passes_as_it_is_however_it_comes() {
        for text in WELL_MADE {
            for piece in 1..=text.len() {
                assert_eq!(passed(text, piece), text.as_bytes(), "{text:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_bare_line_feed_in_a_head_is_spoilt_however_it_comes() {
        for text in [
            "GET / HTTP/1.1\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\n",
            "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n\r\n\nGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n0\r\n0\r\nT: 1\n\r\n",
        ] {
            let whole = passed(text, text.len());
            let spoilt: Vec<_> = (0..text.len()).filter(|&at| whole[at] != text.as_bytes()[at]).collect();
            let [at] = spoilt[..] else { panic!("{text:?} has {spoilt:?}") };
            assert_eq!((text.as_bytes()[at], whole[at]), (b'\n', REFUSED), "{text:?}");
            for piece in 1..text.len() {
                assert_eq!(passed(text, piece), whole, "{text:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn behind_a_bare_line_feed_its_head_ends_and_with_it_the_connection() {
        let mut heads = Heads::new();
        heads.go_over(&mut b"GET / HTTP/1.1\r\n".to_vec());
        assert_eq!(heads.instead(), None);
        heads.go_over(&mut b"\nGET / HTTP/1.1\r\n\r\n".to_vec());
        assert_eq!(heads.instead(), Some(END));
        assert_eq!(heads.instead(), Some(&b""[..]));
    }

    #[test]
    fn a_long_line_is_passed_and_one_that_hides_a_length_ends_the_watch() {
        let long = "a".repeat(10_000);
        let text = format!("GET /{long} HTTP/1.1\r\nX: {long}\r\n\r\nGET / HTTP/1.1\n\r\n");
        assert_eq!(passed(&text, 7).split(|&byte| byte == REFUSED).count(), 2);
        let hidden = format!("POST / HTTP/1.1\r\nContent-Length:{}2\r\n\r\n\n\n", " ".repeat(300));
        assert_eq!(passed(&hidden, 7), hidden.as_bytes());
    }
}
