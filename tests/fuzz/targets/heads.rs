//! Connections of HTTP/1: of what passes the judge of heads, hyper reads the same requests as whoever takes no bare line feed for
//! the end of a line, and the judge is never lost in a connection.

#![no_main]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use arbitrary::Arbitrary;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use libfuzzer_sys::fuzz_target;
use rollcall_fuzz::house::runtime;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[path = "../../../crates/rollcall/src"]
mod rollcall {
    #[path = "server"]
    mod server {
        #[allow(dead_code, reason = "the server calls more of it")]
        mod heads;

        /// What is read of a connection that comes in pieces of so many bytes.
        pub fn passed(mut bytes: Vec<u8>, piece: usize) -> Vec<u8> {
            let mut heads = heads::Heads::new();
            let mut passed = Vec::new();
            for piece in bytes.chunks_mut(piece.max(1)) {
                match heads.instead() {
                    Some(instead) if instead.is_empty() => break,
                    Some(instead) => passed.extend_from_slice(instead),
                    None => {
                        heads.go_over(piece);
                        passed.extend_from_slice(piece);
                    }
                }
            }
            if let Some(instead) = heads.instead() {
                passed.extend_from_slice(instead);
            }
            passed
        }
    }
    pub use self::server::passed;
}

/// What a client sends.
#[derive(Debug, Arbitrary)]
struct Connection<'a> {
    parts: Vec<Part<'a>>,
    piece: u8,
}

#[derive(Debug, Arbitrary)]
enum Part<'a> {
    Get,
    Post,
    Version10,
    Length(u16),
    Chunked,
    ChunkedOf(&'a str),
    Header(&'a str, &'a str),
    End,
    Chunk(u8),
    LastChunk,
    Data(&'a [u8]),
    Byte(u8),
    LineFeed,
    Line,
    Preface,
}

impl Part<'_> {
    fn write(&self, bytes: &mut Vec<u8>) {
        let text = match self {
            Self::Get => "GET / HTTP/1.1\r\nHost: a\r\n".to_owned(),
            Self::Post => "POST / HTTP/1.1\r\nHost: a\r\n".to_owned(),
            Self::Version10 => "POST / HTTP/1.0\r\n".to_owned(),
            Self::Length(length) => format!("Content-Length: {}\r\n", length % 300),
            Self::Chunked => "Transfer-Encoding: chunked\r\n".to_owned(),
            Self::ChunkedOf(before) => format!("Transfer-Encoding: {before}chunked\r\n"),
            Self::Header(name, value) => format!("{name}: {value}\r\n"),
            Self::End | Self::Line => "\r\n".to_owned(),
            Self::Chunk(length) => {
                let length = usize::from(length % 40);
                format!("{length:x}\r\n{}\r\n", "\n".repeat(length))
            }
            Self::LastChunk => "0\r\n".to_owned(),
            Self::Data(data) => return bytes.extend_from_slice(data),
            Self::Byte(byte) => return bytes.push(*byte),
            Self::LineFeed => "\n".to_owned(),
            Self::Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        };
        bytes.extend_from_slice(text.as_bytes());
    }
}

fuzz_target!(|connection: Connection<'_>| {
    let mut bytes = Vec::new();
    connection.parts.iter().for_each(|part| part.write(&mut bytes));
    if bytes.starts_with(b"PRI * HTTP/2.0") || bytes.len() > 16 * 1024 {
        return;
    }
    let whole = bytes.len().max(1);
    let passed = rollcall::passed(bytes.clone(), whole);
    let read = by_hyper(&passed);
    // Line feeds that stand where a line has to end, for whoever reads on behind them.
    let strict = strictly(&bytes);
    assert!(
        read.len() <= strict.len() && read.iter().zip(&strict).all(|(read, strict)| read == strict),
        "hyper reads {read:?}, and who is strict {strict:?}\nof {:?}\npassed as {:?}",
        String::from_utf8_lossy(&bytes),
        String::from_utf8_lossy(&passed)
    );
    let in_pieces = rollcall::passed(bytes, usize::from(connection.piece));
    assert_eq!(by_hyper(&in_pieces), read, "in pieces of {}", connection.piece);
});

/// The bodies of the requests that are read whole, one after the other.
type Bodies = Vec<Vec<u8>>;

/// As the server reads.
fn by_hyper(bytes: &[u8]) -> Bodies {
    let read = Arc::new(Mutex::new(Vec::new()));
    let reading = Arc::clone(&read);
    let service = service_fn(move |request: Request<Incoming>| {
        let read = Arc::clone(&reading);
        async move {
            if let Ok(body) = request.into_body().collect().await {
                read.lock().expect("the bodies").push(body.to_bytes().to_vec());
            }
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    runtime().block_on(async {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        client.write_all(bytes).await.expect("a pipe");
        client.shutdown().await.expect("a pipe");
        let serving = hyper::server::conn::http1::Builder::new()
            .half_close(true)
            .serve_connection(TokioIo::new(server), service);
        _ = serving.await;
        _ = client.read_to_end(&mut Vec::new()).await;
    });
    std::mem::take(&mut *read.lock().expect("the bodies"))
}

/// As RFC 9112 has it for whoever takes no bare line feed for the end of a line: up to the first head that is not clear.
fn strictly(mut bytes: &[u8]) -> Bodies {
    let mut bodies = Vec::new();
    loop {
        while let Some(rest) = bytes.strip_prefix(b"\r\n") {
            bytes = rest;
        }
        let Some((head, rest)) = head(bytes) else { return bodies };
        let Some((body, rest)) = body(&head, rest) else { return bodies };
        bodies.push(body);
        bytes = rest;
    }
}

struct Head {
    length: Option<usize>,
    is_chunked: bool,
}

fn head(bytes: &[u8]) -> Option<(Head, &[u8])> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let (text, rest) = bytes.split_at(end);
    let bare = text.iter().enumerate().any(|(at, byte)| *byte == b'\n' && (at == 0 || text[at - 1] != b'\r'));
    if bare {
        return None;
    }
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut request = httparse::Request::new(&mut headers);
    let status = request.parse(text).ok()?;
    if status != httparse::Status::Complete(end) {
        return None;
    }
    let mut head = Head { length: None, is_chunked: false };
    for header in request.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let length = std::str::from_utf8(header.value).ok()?.trim().parse().ok()?;
            if head.length.is_some_and(|known| known != length) {
                return None;
            }
            head.length = Some(length);
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            let last = header.value.rsplit(|byte| *byte == b',').next()?.trim_ascii();
            head.is_chunked = last.eq_ignore_ascii_case(b"chunked");
        }
    }
    // RFC 9112 §6.1: who sends both may want two readers to read different things.
    if head.is_chunked && head.length.is_some() {
        return None;
    }
    Some((head, rest))
}

fn body<'b>(head: &Head, mut rest: &'b [u8]) -> Option<(Vec<u8>, &'b [u8])> {
    if !head.is_chunked {
        let (body, rest) = rest.split_at_checked(head.length.unwrap_or_default())?;
        return Some((body.to_vec(), rest));
    }
    let mut body = Vec::new();
    loop {
        let (line, behind) = line(rest)?;
        let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if size == 0 {
            rest = behind;
            break;
        }
        let (data, behind) = behind.split_at_checked(size)?;
        body.extend_from_slice(data);
        rest = behind.strip_prefix(b"\r\n")?;
    }
    loop {
        let (trailer, behind) = line(rest)?;
        rest = behind;
        if trailer.is_empty() {
            return Some((body, rest));
        }
    }
}

/// A line that ends in CR LF and has no other line feed, and what is behind it.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at(end + 1);
    Some((line.strip_suffix(b"\r\n")?, rest))
}
