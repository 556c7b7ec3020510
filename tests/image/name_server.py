"""A name server that knows one name."""

import socket
import struct
import threading

A = 1
IN = 1
NAME_ERROR = 3


class NameServer:
    """Answers on 127.0.0.1:53: `name` is 127.0.0.1, nothing else has a name. `asked` counts questions for it."""

    def __init__(self, name: str):
        self.name = name.encode().split(b".")
        self.asked = 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            question, who = self.socket.recvfrom(512)
            self.socket.sendto(self.answer(question), who)

    def answer(self, query: bytes) -> bytes:
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]])
            at += 1 + query[at]
        question = query[12 : at + 5]
        (kind,) = struct.unpack_from("!H", query, at + 1)
        known = labels == self.name
        self.asked += known
        # A pointer to the name in the question, one hour, four octets.
        record = struct.pack("!HHHIH4B", 0xC00C, A, IN, 3600, 4, 127, 0, 0, 1) if known and kind == A else b""
        flags = 0x8580 | (0 if known else NAME_ERROR)
        return query[:2] + struct.pack("!HHHHH", flags, 1, int(bool(record)), 0, 0) + question + record
