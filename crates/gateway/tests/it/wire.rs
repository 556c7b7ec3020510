//! The gateway over a real connection.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::http::Gateway;

/// A connection to a gateway of its own.
async fn connect() -> TcpStream {
    let router = Gateway::new().await.router;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    TcpStream::connect(address).await.unwrap()
}

/// The start line and headers of the next answer, and its body as `Content-Length` has it.
async fn answer(connection: &mut TcpStream, to_head: bool) -> (String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.split("content-length: ").nth(1).map_or("0", |rest| rest.lines().next().unwrap());
    let mut body = vec![0; if to_head { 0 } else { length.parse().unwrap() }];
    connection.read_exact(&mut body).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

async fn send(connection: &mut TcpStream, line: &str, headers: &str, body: &[u8]) {
    let head =
        format!("{line} HTTP/1.1\r\nHost: id.example.com\r\nAuthorization: Bearer good\r\n{headers}\r\n");
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(body).await.unwrap();
}

#[tokio::test]
async fn a_panic_leaves_the_connection_up() {
    let mut connection = connect().await;
    send(&mut connection, "GET /scim/v2/Users/panics", "", b"").await;
    assert!(answer(&mut connection, false).await.0.starts_with("http/1.1 500"));
    send(&mut connection, "GET /scim/v2/Users/u1", "", b"").await;
    assert!(answer(&mut connection, false).await.1.contains("ana@example.com"));
}

#[tokio::test]
async fn a_head_sends_no_body_and_the_connection_goes_on() {
    let mut connection = connect().await;
    for _ in 0..2 {
        send(&mut connection, "HEAD /scim/v2/Users/u1", "", b"").await;
        let (head, _) = answer(&mut connection, true).await;
        assert!(head.starts_with("http/1.1 200") && !head.contains("content-length: 0"), "{head}");
    }
    send(&mut connection, "DELETE /scim/v2/Users/u1", "", b"").await;
    assert!(answer(&mut connection, false).await.0.starts_with("http/1.1 204"));
}

#[tokio::test]
async fn who_sends_too_much_before_it_reads_still_gets_the_413() {
    let mut connection = connect().await;
    let body = vec![b' '; 8 * 1024 * 1024];
    send(&mut connection, "POST /scim/v2/Users", &format!("Content-Length: {}\r\n", body.len()), &body).await;
    let (head, body) = answer(&mut connection, false).await;
    assert!(head.starts_with("http/1.1 413"), "{head}");
    assert!(body.contains("2097152 bytes"), "{body}");
    send(&mut connection, "GET /scim/v2/Users/u1", "", b"").await;
    assert!(answer(&mut connection, false).await.0.starts_with("http/1.1 200"));
}

#[tokio::test]
async fn who_asks_before_it_sends_too_much_is_told_not_to() {
    let mut connection = connect().await;
    let headers = "Content-Length: 8388608\r\nExpect: 100-continue\r\n";
    send(&mut connection, "POST /scim/v2/Users", headers, b"").await;
    assert!(answer(&mut connection, false).await.0.starts_with("http/1.1 413"));
}

#[tokio::test]
async fn a_chunked_body_is_read_like_any_other() {
    let mut connection = connect().await;
    let chunks = b"10\r\n{\"schemas\":[\"urn\r\n2b\r\n:ietf:params:scim:api:messages:2.0:PatchOp\"\r\n14\r\n],\"Operations\":[]  }\r\n0\r\n\r\n";
    send(&mut connection, "PATCH /scim/v2/Users/u1", "Transfer-Encoding: chunked\r\n", chunks).await;
    let (head, body) = answer(&mut connection, false).await;
    assert!(head.starts_with("http/1.1 200"), "{head}{body}");
}

#[tokio::test]
async fn a_head_of_a_group_does_not_say_how_long_its_members_are() {
    let mut connection = connect().await;
    for _ in 0..2 {
        send(&mut connection, "HEAD /scim/v2/Groups/2", "", b"").await;
        let (head, _) = answer(&mut connection, true).await;
        assert!(head.starts_with("http/1.1 200") && !head.contains("content-length"), "{head}");
    }
    send(&mut connection, "GET /scim/v2/Groups/2", "", b"").await;
    assert!(answer(&mut connection, false).await.1.contains("\"m1\""));
}

#[tokio::test]
async fn an_answer_that_breaks_off_does_not_end() {
    let mut connection = connect().await;
    send(&mut connection, "GET /scim/v2/Groups/breaks", "", b"").await;
    let mut bytes = Vec::new();
    // Whether the connection is closed or reset is all the same.
    let _ = connection.read_to_end(&mut bytes).await;
    let text = String::from_utf8_lossy(&bytes).to_lowercase();
    assert!(text.starts_with("http/1.1 200") && text.contains("transfer-encoding: chunked"), "{text}");
    assert!(!text.ends_with("0\r\n\r\n"), "the answer ended as if it were whole");
}

#[tokio::test]
async fn an_answer_without_a_body_has_no_length() {
    let mut connection = connect().await;
    send(&mut connection, "GET /scim/v2/Users/u1", "If-None-Match: *\r\n", b"").await;
    let (head, _) = answer(&mut connection, true).await;
    assert!(head.starts_with("http/1.1 304") && !head.contains("content-length"), "{head}");
    send(&mut connection, "DELETE /scim/v2/Users/u1", "", b"").await;
    let (head, _) = answer(&mut connection, true).await;
    assert!(head.starts_with("http/1.1 204") && !head.contains("content-length"), "{head}");
}
