"""A client of HTTP/2 that takes of its answers only what it is told to, which no library lets a client do."""

import contextlib
import socket
import struct
import threading
from collections import defaultdict

DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 3, 4, 6, 8
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE = 1, 4
# The codes of digits (RFC 7541, appendix B), which are all that a status has.
DIGITS = {"00000": "0", "00001": "1", "00010": "2"} | {f"{0b011001 + i:06b}": str(3 + i) for i in range(7)}
# Those that need no more than a byte (appendix A).
STATUSES = {0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500}


class Http2:
    """One connection, on which each stream may send so many bytes before it is given more."""

    def __init__(self, address: str, window: int = 65535):
        host, port = address.removeprefix("http://").split("/")[0].split(":")
        self.connection = socket.create_connection((host, int(port)), timeout=60)
        self.next = 1
        self.statuses: dict[int, int] = {}
        self.reset: set[int] = set()
        self.ended: set[int] = set()
        self.bodies: dict[int, bytes] = defaultdict(bytes)
        self.is_over = False
        # One thread sends, and another one says that it is still there.
        self.sending = threading.Lock()
        settings = struct.pack(">HIHI", HEADER_TABLE_SIZE, 0, INITIAL_WINDOW_SIZE, window)
        self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, settings))
        threading.Thread(target=self.listen, daemon=True).start()

    def __enter__(self) -> "Http2":
        return self

    def __exit__(self, *_) -> None:
        # Whoever listens still holds the connection.
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()

    def send(self, frames: bytes) -> None:
        with self.sending:
            self.connection.sendall(frames)

    def ask(self, method: str, path: str, body: bytes | None = None, ends: bool = True, **headers: str) -> int:
        """Sends a request, and returns its stream."""
        stream, self.next = self.next, self.next + 2
        lines = {":method": method, ":scheme": "http", ":path": path, ":authority": "localhost"}
        lines |= {name.replace("_", "-"): value for name, value in headers.items()}
        block = b"".join(b"\x00" + text(name) + text(value) for name, value in lines.items())
        flags = END_HEADERS | (END_STREAM if body is None and ends else 0)
        frames = frame(HEADERS, flags, stream, block)
        if body is not None:
            frames += frame(DATA, END_STREAM, stream, body)
        self.send(frames)
        return stream

    def call(self, rpc: str, ends: bool = True, **headers: str) -> int:
        """Calls an rpc with a message in which nothing is set, or does not come, and returns its stream."""
        message = b"\0\0\0\0\0" if ends else None
        return self.ask("POST", rpc, message, ends, content_type="application/grpc", te="trailers", **headers)

    def take(self, stream: int, count: int) -> None:
        """Lets so many bytes more of an answer come."""
        self.send(frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", count)))

    def listen(self) -> None:
        """Notes what comes, and answers what has to be answered."""
        with self.connection.makefile("rb") as come:
            try:
                while head := come.read(9):
                    length, kind, flags, stream = (
                        *struct.unpack(">I", b"\0" + head[:3]),
                        *struct.unpack(">BBI", head[3:]),
                    )
                    self.note(kind, flags, stream, come.read(length))
            except (OSError, ValueError, struct.error):
                pass
        self.is_over = True

    def note(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == HEADERS and stream not in self.statuses:
            self.statuses[stream] = status_of(payload)
        if kind == DATA:
            self.bodies[stream] += payload
        if kind in (HEADERS, DATA) and flags & END_STREAM:
            self.ended.add(stream)
        if kind == RST_STREAM:
            self.reset.add(stream)
        if kind == DATA and payload:
            self.take(0, len(payload))
        if kind in (SETTINGS, PING) and not flags & ACK:
            self.send(frame(kind, ACK, 0, payload if kind == PING else b""))


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def text(value: str) -> bytes:
    """A text in a block of headers, as it is."""
    assert len(value) < 127
    return bytes([len(value)]) + value.encode()


def status_of(block: bytes) -> int:
    """The status in a block of headers, whose first line it is."""
    # The size of the table, which is said first.
    block = block.lstrip(b"\x20")
    if block[0] in STATUSES:
        return STATUSES[block[0]]
    is_coded, length = block[1] >> 7, block[1] & 0x7F
    said = block[2 : 2 + length]
    if not is_coded:
        return int(said)
    bits, status = "".join(f"{byte:08b}" for byte in said), ""
    while len(status) < 3:
        size = next(size for size in (5, 6) if bits[:size] in DIGITS)
        status, bits = status + DIGITS[bits[:size]], bits[size:]
    return int(status)
