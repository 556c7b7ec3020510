"""A name server that knows one name, and can be silent, ignorant, broken or a liar."""

import contextlib
import ipaddress
import socket
import struct
import threading

A = 1
IN = 1
SERVER_FAILURE = 2
NAME_ERROR = 3


class NameServer:
    """Answers on port 53: `name` has addresses, nothing else has one. `asked` counts questions for it."""

    def __init__(self, name: str, listens_on: str = "127.0.0.1"):
        self.name = name.encode().split(b".")
        self.asked = 0
        # What the name is said to be, several by comma; None: there is no such name.
        self.says: str | None = "127.0.0.1"
        self.is_silent = False
        self.is_broken = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((listens_on, 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                question, who = self.socket.recvfrom(512)
                if not question:
                    return
                answer = self.answer(question)
                if not self.is_silent:
                    self.socket.sendto(answer, who)

    def close(self) -> None:
        # One that is only closed would go on listening for the thread that reads from it.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def answer(self, query: bytes) -> bytes:
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]])
            at += 1 + query[at]
        question = query[12 : at + 5]
        (kind,) = struct.unpack_from("!H", query, at + 1)
        is_meant = labels == self.name
        self.asked += is_meant
        failure = SERVER_FAILURE if self.is_broken else 0 if is_meant and self.says else NAME_ERROR
        records = []
        if not failure and kind == A:
            # A pointer to the name in the question, one hour, four octets.
            head = struct.pack("!HHHIH", 0xC00C, A, IN, 3600, 4)
            records = [head + ipaddress.IPv4Address(address).packed for address in self.says.split(",")]
        counts = struct.pack("!HHHHH", 0x8580 | failure, 1, len(records), 0, 0)
        return query[:2] + counts + question + b"".join(records)
