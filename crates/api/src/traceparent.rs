//! Which trace a request belongs to, as [W3C Trace Context](https://www.w3.org/TR/trace-context/) has it: the header
//! `traceparent` of HTTP, and the metadata of the same name of gRPC.

use std::fmt::{self, Write as _};

use tonic::codegen::http::{HeaderMap, HeaderValue};

/// The header, and the metadata key, under which it travels.
pub const TRACEPARENT: &str = "traceparent";

/// The length of a `traceparent` of version 00, and of that part of later versions which is known, in bytes.
const LENGTH: usize = 55;
/// A version that there will never be.
const NO_VERSION: u8 = 0xff;
/// The flag by which a caller says that it records the trace.
const SAMPLED: u8 = 1;

/// The id of a trace, which is never zero. It is written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId(u128);

impl TraceId {
    /// The id as a number.
    pub const fn as_u128(self) -> u128 {
        self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A place in a trace: whoever receives it makes its own spans children of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traceparent {
    trace_id: TraceId,
    span_id: u64,
    is_sampled: bool,
}

impl Traceparent {
    /// The span with this id, in a trace that is recorded or not. `None`: an id is zero, which stands for none.
    pub const fn new(trace_id: u128, span_id: u64, is_sampled: bool) -> Option<Self> {
        if trace_id == 0 || span_id == 0 {
            return None;
        }
        Some(Self { trace_id: TraceId(trace_id), span_id, is_sampled })
    }

    /// The one that a request came with. `None`: it has none, several, or one that is not well-formed.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut sent = headers.get_all(TRACEPARENT).iter();
        let first = sent.next()?;
        sent.next().is_none().then(|| Self::parse(first.as_bytes()))?
    }

    /// Reads one. Of a later version what version 00 has is read, as the standard asks for. `None`: it is not well-formed.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let (known, rest) = text.split_at_checked(LENGTH)?;
        let mut fields = known.split(|byte| *byte == b'-');
        let version = u8::try_from(number(fields.next()?, 2)?).ok()?;
        let trace_id = number(fields.next()?, 32)?;
        let span_id = u64::try_from(number(fields.next()?, 16)?).ok()?;
        let flags = u8::try_from(number(fields.next()?, 2)?).ok()?;
        let is_whole = match version {
            NO_VERSION => false,
            0 => rest.is_empty(),
            _ => rest.first().is_none_or(|byte| *byte == b'-'),
        };
        if is_whole { Self::new(trace_id, span_id, flags & SAMPLED == SAMPLED) } else { None }
    }

    /// The trace.
    pub const fn trace_id(self) -> TraceId {
        self.trace_id
    }

    /// The span, which is never zero.
    pub const fn span_id(self) -> u64 {
        self.span_id
    }

    /// Whether the trace is recorded.
    pub const fn is_sampled(self) -> bool {
        self.is_sampled
    }

    /// The same as a header.
    pub fn header(self) -> HeaderValue {
        let mut text = String::with_capacity(LENGTH);
        // Writing to a String does not fail, and what is written is ASCII.
        _ = write!(text, "{self}");
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.is_sampled))
    }
}

/// The number that so many hexadecimal digits are, none of them a capital.
fn number(text: &[u8], digits: usize) -> Option<u128> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let whole = Some(text).filter(|text| text.len() == digits)?;
    whole.iter().try_fold(0, |number, byte| Some((number << 4) | u128::from(digit(*byte)?)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn parsed(text: &str) -> Option<Traceparent> {
        Traceparent::parse(text.as_bytes())
    }

    fn headers(sent: &[&str]) -> HeaderMap {
        let values = sent.iter().map(|value| HeaderValue::from_str(value).unwrap());
        values.fold(HeaderMap::new(), |mut headers, value| {
            headers.append(TRACEPARENT, value);
            headers
        })
    }

    #[test]
    fn one_that_is_well_formed_is_read() {
        let read = parsed(SENT).unwrap();
        assert_eq!(read.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(read.span_id(), 0xb7ad_6b71_6920_3331);
        assert!(read.is_sampled());
        assert!(!parsed(&SENT.replace("-01", "-00")).unwrap().is_sampled());
        assert!(parsed(&SENT.replace("-01", "-ff")).unwrap().is_sampled());
        assert!(!parsed(&SENT.replace("-01", "-02")).unwrap().is_sampled());
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        for later in ["cc", "01", "fe"] {
            let later = SENT.replacen("00", later, 1);
            assert_eq!(parsed(&later), parsed(SENT));
            assert_eq!(parsed(&format!("{later}-what-will-be")), parsed(SENT));
            assert_eq!(parsed(&format!("{later}.what")), None);
        }
    }

    #[test]
    fn one_that_is_not_is_none() {
        for odd in [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-B7AD6B7169203331-01",
            "0 -0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319cb7ad6b7169203331--01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ",
            " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ] {
            assert_eq!(parsed(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn of_several_none_is_believed() {
        assert_eq!(Traceparent::of(&headers(&[SENT])), parsed(SENT));
        assert_eq!(Traceparent::of(&headers(&[])), None);
        assert_eq!(Traceparent::of(&headers(&[SENT, SENT])), None);
        assert_eq!(Traceparent::of(&headers(&["odd"])), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(trace_id in 1_u128.., span_id in 1_u64.., is_sampled: bool) {
            let written = Traceparent::new(trace_id, span_id, is_sampled).unwrap();
            prop_assert_eq!(Traceparent::parse(written.header().as_bytes()), Some(written));
        }

        #[test]
        fn what_is_read_is_written_as_it_was(text in "0[0-9a-f]-[0-9a-fA-F]{32}-[0-9a-f]{16}-0[01](-x)?") {
            match parsed(&text) {
                Some(read) => prop_assert_eq!(&read.to_string()[2..], &text[2..LENGTH]),
                None => prop_assert!(
                    text.contains(|c: char| c.is_ascii_uppercase()) || text.starts_with("00-") && text.len() > LENGTH
                ),
            }
        }

        #[test]
        fn nothing_else_is_trouble(bytes: Vec<u8>) {
            Traceparent::parse(&bytes);
        }
    }
}
