"""What is no request of any kind, and what looks like one for a while. The same each time, for the same chance."""

import random
import ssl
import struct
from functools import cache

from harness.rpc import methods

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS = 0, 1, 4
END_STREAM, END_HEADERS = 1, 4
ASKED = ["GET /scim/v2/Users", "POST /scim/v2/Users", "PUT /scim/v2/Groups/1", "POST /oauth2/token", "GET /admin"]


def frame(kind: int, flags: int, stream: int, payload: bytes, length: int | None = None) -> bytes:
    """A frame of HTTP/2, which may lie about its length."""
    size = len(payload) if length is None else length
    return struct.pack("!I", size)[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def header(name: str, value: str) -> bytes:
    """A header as HPACK has it that is not indexed and not compressed; what is longer than 126 bytes is wrong."""
    return b"\x00" + bytes([len(name) & 127]) + name.encode() + bytes([len(value) & 127]) + value.encode()


@cache
def client_hello() -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(incoming, outgoing, server_hostname="rollcall.test")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake with nobody came to its end")


def noise(chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice([1, 9, 80, 700, 5000]))


def half_a_hello(chance: random.Random) -> bytes:
    hello = bytearray(client_hello())
    if chance.random() < 0.5:
        hello[chance.randrange(len(hello))] ^= chance.randrange(1, 256)
    return bytes(hello[: chance.randrange(1, len(hello) + 1)])


def half_a_request(chance: random.Random) -> bytes:
    """A request of HTTP/1.1 by nobody, with some bytes of it changed, gone or doubled."""
    body = chance.randbytes(chance.randrange(200))
    head = f"{chance.choice(ASKED)} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer nobody\r\n"
    head += chance.choice([f"Content-Length: {len(body)}", "Transfer-Encoding: chunked", "Content-Length: 99999999"])
    text = bytearray(head.encode() + b"\r\n\r\n" + body)
    for _ in range(chance.randrange(6)):
        at = chance.randrange(len(text))
        match chance.randrange(3):
            case 0:
                text[at] = chance.randrange(256)
            case 1:
                del text[at : at + chance.randrange(1, 9)]
            case 2:
                text[at:at] = text[at : at + chance.randrange(1, 40)]
        text = text or bytearray(b"\r")
    return bytes(text)


def frames(chance: random.Random) -> bytes:
    """HTTP/2 that begins well."""
    sent = PREFACE + (frame(SETTINGS, 0, 0, b"") if chance.random() < 0.8 else b"")
    for _ in range(chance.randrange(1, 8)):
        payload = chance.randbytes(chance.choice([0, 1, 4, 5, 8, 30, 300]))
        length = len(payload) if chance.random() < 0.7 else chance.randrange(1 << 24)
        stream = chance.choice([0, 1, 2, 3, 1 << 31, chance.randrange(1 << 32)])
        sent += frame(chance.randrange(14), chance.randrange(256), stream, payload, length)
    return sent


def call(chance: random.Random) -> bytes:
    """A call of gRPC by nobody, whose message is not as long as it says."""
    path = f"/rollcall.v1.{chance.choice(sorted(methods()))}"
    headers = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost")]
    headers += [("content-type", "application/grpc"), ("te", "trailers"), ("authorization", "Bearer nobody")]
    if chance.random() < 0.2:
        del headers[chance.randrange(len(headers))]
    payload = chance.randbytes(chance.randrange(200))
    length = chance.choice([len(payload), len(payload) + 1, 0, 1, 0x7FFFFFFF, 0xFFFFFFFF, chance.randrange(1 << 32)])
    message = struct.pack("!BI", chance.choice([0, 0, 1, 255]), length) + payload
    sent = PREFACE + frame(SETTINGS, 0, 0, b"")
    sent += frame(HEADERS, END_HEADERS, 1, b"".join(header(*each) for each in headers))
    return sent + frame(DATA, chance.choice([0, END_STREAM]), 1, message)


KINDS = [noise, half_a_hello, half_a_request, frames, call]
