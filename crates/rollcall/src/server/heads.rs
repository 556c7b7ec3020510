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
    /// In a head: before its first line, or behind it.
    Head { has_begun: bool },
    /// In the trailers of a body, which say nothing of what comes (RFC 9110 §6.5.1).
    Trailers,
    /// In the line before a chunk (RFC 9112 §7.1).
    Size,
    /// In a body or chunk, with so many bytes to come.
    Data { left: u64, is_chunk: bool },
    /// Behind a chunk.
    ChunkEnd,
    /// In HTTP/2.
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
    Http2,
}

impl Behind {
    /// What comes behind a head that says both. Errors: that two readers may take for two things, such as a length and chunks
    /// (RFC 9112 §6.3).
    fn and(self, other: Self) -> Result<Self, Unclear> {
        match (self, other) {
            (Self::Head, other) => Ok(other),
            (Self::Body(one), Self::Body(two)) if one == two => Ok(other),
            (Self::Chunks, Self::Chunks) => Ok(other),
            _ => Err(Unclear),
        }
    }
}

/// Why a line is spoilt: it ends in a bare LF, or does not say for certain what comes behind it.
struct Unclear;

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

    /// Goes over what has come next, and spoils it from the first bare LF on that stands in a head, and from the first line on that
    /// does not say for certain what comes behind it.
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
                At::Head { .. } | At::Trailers | At::Size | At::ChunkEnd => {
                    let Some(end) = bytes.iter().position(|&byte| byte == b'\n') else {
                        self.keep(bytes);
                        return;
                    };
                    let (line, rest) = std::mem::take(&mut bytes).split_at_mut(end + 1);
                    let (line, line_feed) = line.split_at_mut(end);
                    self.keep(line);
                    // What comes before a chunk may have what nobody looks at, and end: without an end it is refused.
                    let spoilt = if matches!(self.at, At::Size) { At::Over } else { At::Spoilt };
                    if self.end_line().is_err() {
                        line_feed.fill(REFUSED);
                        rest.fill(REFUSED);
                        self.at = spoilt;
                        return;
                    }
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

    fn end_line(&mut self) -> Result<(), Unclear> {
        let mut line = std::mem::take(&mut self.line);
        let is_whole = !std::mem::take(&mut self.is_longer);
        let before = std::mem::take(&mut self.last);
        if before != b'\r' && !matches!(self.at, At::ChunkEnd) {
            return Err(Unclear);
        }
        let text = line.strip_suffix(b"\r").unwrap_or(&line);
        self.at = match self.at {
            // An empty line before a request is nothing (RFC 9112 §2.2).
            At::Head { has_begun: false } if text.is_empty() => self.at,
            At::Head { has_begun: true } if text.is_empty() => {
                match std::mem::replace(&mut self.behind, Behind::Head) {
                    Behind::Head | Behind::Body(0) => At::Head { has_begun: false },
                    Behind::Body(left) => At::Data { left, is_chunk: false },
                    Behind::Chunks => At::Size,
                    Behind::Http2 => At::Elsewhere,
                }
            }
            At::Head { has_begun } => {
                if !has_begun && text == HTTP2 {
                    self.behind = Behind::Http2;
                } else if let Some(behind) = behind(text, is_whole)? {
                    self.behind = self.behind.and(behind)?;
                }
                At::Head { has_begun: true }
            }
            At::Trailers if text.is_empty() => At::Head { has_begun: false },
            At::Size => match size_of(text).filter(|_| is_whole) {
                Some(0) => At::Trailers,
                Some(left) => At::Data { left, is_chunk: true },
                None => return Err(Unclear),
            },
            At::ChunkEnd => At::Size,
            At::Trailers | At::Data { .. } | At::Elsewhere | At::Spoilt | At::Over => self.at,
        };
        line.clear();
        self.line = line;
        Ok(())
    }
}

/// What a header says of what comes behind the head; `None`, nothing.
fn behind(line: &[u8], is_whole: bool) -> Result<Option<Behind>, Unclear> {
    let Some(colon) = line.iter().position(|&byte| byte == b':') else { return Ok(None) };
    let (name, value) = line.split_at(colon);
    let value = value.get(1..).unwrap_or_default().trim_ascii();
    let is_length = name.eq_ignore_ascii_case(b"content-length");
    if !is_length && !name.eq_ignore_ascii_case(b"transfer-encoding") {
        return Ok(None);
    }
    if !is_whole {
        return Err(Unclear);
    }
    if is_length {
        let length = str::from_utf8(value).ok().and_then(|value| value.parse().ok());
        return length.map(|length| Some(Behind::Body(length))).ok_or(Unclear);
    }
    let last = value.rsplit(|&byte| byte == b',').next().unwrap_or_default().trim_ascii();
    if last.eq_ignore_ascii_case(b"chunked") { Ok(Some(Behind::Chunks)) } else { Err(Unclear) }
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

    const WELL_MADE: [&str; 7] = [
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n\nPOST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nCONTENT-LENGTH: 7\r\n\r\n{\n\"a\"\n}GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3;a=b\r\n\n\n\n\r\n0A\r\n\n123456789\r\n0\r\nT: 1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n\n\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\n\0\0\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 500\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n\n\n",
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
    fn everything_is_spoilt_from_a_bare_line_feed_in_a_head_on_however_it_comes() {
        for text in [
            "GET / HTTP/1.1|\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a|\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n|\n",
            "|\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n\r\n|\nGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n0\r\n0\r\nT: 1|\n\r\n",
        ] {
            spoils(text);
        }
    }

    #[test]
    fn so_is_what_does_not_say_for_certain_what_comes_behind_it() {
        let blanks = " ".repeat(300);
        let zeros = "0".repeat(300);
        for text in [
            format!("POST / HTTP/1.1\r\nContent-Length:{blanks}2\r|\n\r\n\n\n"),
            "POST / HTTP/1.1\r\nContent-Length: many\r|\n\r\n\n".to_owned(),
            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r|\n\r\n\n".to_owned(),
            format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{zeros}5\r|\n\n\n\n\n\n"),
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r|\n".to_owned(),
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r|\n\r\n0\r\n\r\n\n\n"
                .to_owned(),
            "POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r|\n\r\n0\r\n\r\n\n\n"
                .to_owned(),
            "POST / HTTP/1.1\r\nContent-Length: 9\r\nContent-Length: 8\r|\n\r\n\n\n".to_owned(),
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0;a|\n\r\n".to_owned(),
        ] {
            spoils(&text);
        }
    }

    /// Checks that a connection passes up to the bar, and that all of the piece behind it is spoilt, however it comes.
    fn spoils(marked: &str) {
        let (good, spoilt) = marked.split_once('|').unwrap();
        let text = format!("{good}{spoilt}");
        for piece in 1..=text.len() {
            let passed = passed(&text, piece);
            assert_eq!(&passed[..good.len()], good.as_bytes(), "{text:?} in pieces of {piece}");
            let end = text.len().min((good.len() / piece + 1) * piece);
            assert!(
                passed[good.len()..end].iter().all(|&byte| byte == REFUSED),
                "{text:?} in pieces of {piece}"
            );
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
    fn a_chunk_that_is_refused_ends_with_the_connection_and_is_no_last_one() {
        let mut heads = Heads::new();
        heads.go_over(&mut b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0;a\n".to_vec());
        assert_eq!(heads.instead(), Some(&b""[..]));
    }

    #[test]
    fn a_long_line_passes() {
        let long = "a".repeat(10_000);
        let text = format!("GET /{long} HTTP/1.1\r\nX: {long}\r\n\r\nGET / HTTP/1.1|\n\r\n");
        spoils(&text);
    }
}
