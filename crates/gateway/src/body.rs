//! Bodies of requests: read within a limit of bytes and of time, and parsed as JSON.

use std::fmt;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use rollcall_api::v1::ErrorReason;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use tokio::time::timeout;

use crate::allowance::{Allowance, bytes_as_tree};
use crate::body_room::{Place, Room};
use crate::error::{Problem, Refusal};

/// How deep a body may be nested. Far more than any schema needs, and as much as a message can carry: Protocol Buffers
/// are read to a depth of 100, of which a JSON object takes three.
pub(crate) const MAX_DEPTH: usize = 32;

/// How much of a body that nobody wants is read all the same, and for how long, so that the client sees the answer
/// instead of a connection that was reset while it sent.
const DISCARDED_BYTES: usize = 64 * 1024 * 1024;
const DISCARDED_FOR: Duration = Duration::from_secs(5);

/// A body on its way in.
#[derive(Debug)]
pub(crate) struct Incoming {
    body: Body,
    read: Read,
    /// Whether the client waits for a sign before it sends the body (RFC 9110 §10.1.1), which reading gives.
    waits: bool,
    timeout: Duration,
    /// Whether it has not come in in time.
    is_late: bool,
    /// The room that a large body has been given.
    place: Option<Place>,
    /// The room that what it becomes has been given.
    tree_place: Option<Place>,
}

/// What has been read. Most bodies come in one piece, which is not copied.
enum Read {
    Piece(Bytes),
    Pieces(Vec<u8>),
}

impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Read({} bytes)", self.len())
    }
}

/// A large body with its place, which is given up once nobody has a part of the body any more.
struct Held {
    text: Vec<u8>,
    _place: Option<Place>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Read {
    fn len(&self) -> usize {
        match self {
            Self::Piece(piece) => piece.len(),
            Self::Pieces(pieces) => pieces.len(),
        }
    }

    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Piece(piece) => piece,
            Self::Pieces(pieces) => pieces,
        }
    }

    /// Adds a piece, after which so many bytes are still to come, as far as is known.
    fn push(&mut self, piece: Bytes, to_come: usize) {
        match self {
            Self::Piece(first) if first.is_empty() => *self = Self::Piece(piece),
            Self::Piece(first) => {
                let mut pieces = Vec::with_capacity(first.len() + piece.len() + to_come);
                pieces.extend_from_slice(first);
                pieces.extend_from_slice(&piece);
                *self = Self::Pieces(pieces);
            }
            Self::Pieces(pieces) => pieces.extend_from_slice(&piece),
        }
    }
}

impl Incoming {
    /// The body of a request with these headers, which may take so long to come in.
    pub(crate) fn new(body: Body, headers: &HeaderMap, timeout: Duration) -> Self {
        Self {
            body,
            read: Read::Piece(Bytes::new()),
            waits: headers.contains_key(header::EXPECT),
            timeout,
            is_late: false,
            place: None,
            tree_place: None,
        }
    }

    /// Waits for room for a body that may be as long as `limit` bytes and came with this credential, for no longer than a body may
    /// take to come in.
    ///
    /// Errors: 503, there is none so soon.
    pub(crate) async fn find_room(
        &mut self,
        room: &Room,
        credential: Option<&HeaderValue>,
        limit: usize,
    ) -> Result<(), Problem> {
        self.place = Some(room.place_for(self.longest(limit), credential, self.timeout).await?);
        Ok(())
    }

    /// Takes room for a body that may be as long as `limit` bytes, whoever sent it. Gives whether there is any now.
    pub(crate) fn take_room(&mut self, room: &Room, limit: usize) -> bool {
        self.place = room.place_now(self.longest(limit));
        self.place.is_some()
    }

    /// Takes room for what a body becomes that has been read, whoever sent it. Gives whether there is any now.
    pub(crate) fn take_room_as_tree(&mut self, room: &Room) -> bool {
        self.tree_place = room.place_now(bytes_as_tree(self.bytes()));
        self.tree_place.is_some()
    }

    /// How many bytes a body may have that may have `limit` bytes.
    fn longest(&self, limit: usize) -> usize {
        let announced = self.body.size_hint().upper().and_then(|to_come| usize::try_from(to_come).ok());
        announced.map_or(limit, |to_come| limit.min(self.read.len() + to_come))
    }

    /// Waits for room for what a large body becomes that has been read, for no longer than it might have taken to come in. Nobody who
    /// has that room waits for more.
    ///
    /// Errors: 503, there is none so soon.
    pub(crate) async fn find_room_as_tree(
        &mut self,
        room: &Room,
        credential: Option<&HeaderValue>,
    ) -> Result<(), Problem> {
        let bytes = bytes_as_tree(self.bytes());
        self.tree_place = Some(room.place_for(bytes, credential, self.timeout).await?);
        Ok(())
    }

    /// Whether the body is known to be longer than `limit` bytes before it is read.
    pub(crate) fn announces_more_than(&self, limit: usize) -> bool {
        self.body.size_hint().lower() > limit as u64
    }

    /// Reads on until the body has ended, or is longer than `limit` bytes: then the answer is `false`.
    pub(crate) async fn read_within(&mut self, limit: usize) -> Result<bool, Problem> {
        let reading = async {
            while self.read.len() <= limit {
                let Some(frame) = self.body.frame().await else { return Ok(true) };
                let frame = frame.map_err(|_| Refusal::syntax("the body broke off before it had ended"))?;
                if let Ok(piece) = frame.into_data() {
                    let to_come = usize::try_from(self.body.size_hint().lower()).unwrap_or(limit);
                    self.read.push(piece, to_come.min(limit));
                }
            }
            Ok(false)
        };
        if let Ok(read) = timeout(self.timeout, reading).await {
            return read;
        }
        (self.is_late, self.place) = (true, None);
        Err(Problem::http(StatusCode::REQUEST_TIMEOUT, "the body did not come in in time"))
    }

    /// What has been read.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.read.as_slice()
    }

    /// Parses what has been read as a JSON object.
    ///
    /// Errors: `invalidSyntax`, with line and column where the text is no JSON; 413, it holds more values than may be.
    pub(crate) fn parse(&self) -> Result<Map<String, Value>, Problem> {
        let text = self.read.as_slice();
        if let Err(refusal) = Allowance::of_one(text.len()).take(text) {
            // What is no JSON at all is told that.
            let json = serde_json::from_slice::<IgnoredAny>(json_text(text)?);
            return Err(json.map_or_else(|error| no_json(&error), |_| refusal).into());
        }
        Ok(parse(text)?)
    }

    /// Takes what has been read, to be read by whoever has no need of the whole at once.
    ///
    /// Errors: `invalidSyntax`, where there is nothing.
    pub(crate) fn take(&mut self) -> Result<Bytes, Problem> {
        let text = match std::mem::replace(&mut self.read, Read::Piece(Bytes::new())) {
            Read::Piece(piece) => piece,
            // Whoever reads it may do so for longer than this is kept.
            Read::Pieces(text) => Bytes::from_owner(Held { text, _place: self.place.take() }),
        };
        self.read = Read::Piece(text.clone());
        let begin = text.len() - json_text(&text)?.len();
        Ok(text.slice(begin..))
    }

    /// What has been read, also when it has been taken.
    pub(crate) fn seen(&self) -> &[u8] {
        self.read.as_slice()
    }

    /// Reads what is left of a body that has not been read to its end, within bounds, and drops it.
    pub(crate) async fn discard(&mut self) {
        if self.body.is_end_stream() || self.waits || self.is_late {
            return;
        }
        let reading = async {
            let mut bytes = 0;
            while bytes < DISCARDED_BYTES
                && let Some(Ok(frame)) = self.body.frame().await
            {
                bytes += frame.data_ref().map_or(0, Bytes::len);
            }
        };
        // Whatever is left after this is cut off with the connection.
        drop(timeout(DISCARDED_FOR, reading).await);
    }
}

/// The problem of a body past its limit.
pub(crate) fn too_large(limit: usize) -> Problem {
    Problem::new(
        ErrorReason::PayloadTooLarge,
        format!("the body is larger than the {limit} bytes allowed here"),
    )
}

fn parse(text: &[u8]) -> Result<Map<String, Value>, Refusal> {
    let value: Value = serde_json::from_slice(json_text(text)?).map_err(|error| no_json(&error))?;
    if !is_within(&value, MAX_DEPTH) {
        return Err(too_deep());
    }
    match value {
        Value::Object(members) => Ok(members),
        other => Err(no_object(kind(&other))),
    }
}

/// A body without its byte order mark, which RFC 8259 §8.1 lets a reader skip.
fn json_text(text: &[u8]) -> Result<&[u8], Refusal> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(Refusal::syntax("the body is empty; send a JSON object"));
    }
    Ok(text)
}

/// The refusal of a body that is no JSON.
pub(crate) fn no_json(error: &serde_json::Error) -> Refusal {
    Refusal::syntax(format!("the body is no JSON: {error}"))
}

/// The refusal of a body that is this and no object.
pub(crate) fn no_object(kind: &str) -> Refusal {
    Refusal::syntax(format!("the body is {kind}; send a JSON object"))
}

/// The refusal of a body that is nested too deep.
pub(crate) fn too_deep() -> Refusal {
    Refusal::syntax(format!("the body is nested more than {MAX_DEPTH} levels deep"))
}

/// Whether a value is nested no more than `depth` levels deep.
pub(crate) fn is_within(value: &Value, depth: usize) -> bool {
    match value {
        Value::Array(values) => depth > 0 && values.iter().all(|value| is_within(value, depth - 1)),
        Value::Object(members) => depth > 0 && members.values().all(|value| is_within(value, depth - 1)),
        _ => true,
    }
}

/// What a JSON value is, as an error says it.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(text: &[u8]) -> String {
        let answer = Problem::from(parse(text).unwrap_err()).into_answer();
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.status.as_u16(), &body["scimType"]), (400, &Value::from("invalidSyntax")));
        body["detail"].as_str().unwrap().to_owned()
    }

    #[test]
    fn an_object_is_read_and_the_last_of_equal_keys_wins() {
        let members = parse(b"\xEF\xBB\xBF {\"a\": 1, \"b\": 2, \"a\": 3}\n").unwrap();
        assert_eq!(Value::Object(members), serde_json::json!({"a": 3, "b": 2}));
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        for (text, part) in [
            (&b"{\"a\": "[..], "line 1 column 6"),
            (b"{\n\"a\" 1}", "line 2 column"),
            (b"{} x", "trailing characters"),
            (b"{\"a\": \"\xFF\"}", "line 1 column"),
            (b"{\"a\": \"\\ud800\"}", "line 1 column"),
            (b"userName=a", "line 1 column 1"),
        ] {
            let detail = detail(text);
            assert!(detail.contains(part), "{detail}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused_with_what_it_is() {
        for (text, part) in [
            (&b""[..], "empty"),
            (b" \n", "empty"),
            (b"[]", "an array"),
            (b"\"x\"", "a string"),
            (b"null", "null"),
            (b"17", "a number"),
        ] {
            let detail = detail(text);
            assert!(detail.contains(part), "{detail}");
        }
    }

    #[test]
    fn a_body_nested_too_deep_is_refused_however_deep() {
        let nested =
            |levels: usize| format!("{}{{}}{}", "{\"a\":".repeat(levels - 1), "}".repeat(levels - 1));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(detail(nested(MAX_DEPTH + 1).as_bytes()).contains("nested"));
        assert!(detail("[".repeat(1_000_000).as_bytes()).contains("recursion limit"));
    }
}
