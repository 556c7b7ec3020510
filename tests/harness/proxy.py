"""A TCP proxy that is slow, falls silent, cuts connections, talks nonsense and loses answers.

It stands between a service and its database, or between a gateway and its core, when a network fails.
"""

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


class Proxy:
    """Passes bytes on between whoever connects and one address, until it is told to make trouble."""

    def __init__(self, host: str, port: int):
        self.target = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.connections: list[Connection] = []
        self.lost: list[Lost] = []
        self.cuts: Cuts | None = None
        # For how long each piece of an answer is held back, in seconds.
        self.delay = 0.0
        # Whether connections that are made from now on are silent too.
        self.is_silent = False
        # What connections that are made from now on get for each piece that they send, instead of an answer.
        self.nonsense: Callable[[], bytes] | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                if self.nonsense:
                    threading.Thread(target=self._babble, args=(client, self.nonsense), daemon=True).start()
                    continue
                try:
                    server = socket.create_connection(self.target, timeout=10)
                except OSError:
                    # Whoever is behind it is gone.
                    client.close()
                    continue
                server.settimeout(None)
                self.connections.append(Connection(client, server, self))

    @staticmethod
    def _babble(client: socket.socket, nonsense: Callable[[], bytes]) -> None:
        with contextlib.suppress(OSError), client:
            client.settimeout(30)
            while client.recv(65536):
                client.sendall(nonsense())

    def fall_silent(self) -> int:
        """Swallows what passes through the connections that are open; new ones are served. How many there were."""
        open_ones = [connection for connection in self.connections if not connection.silent and not connection.ended]
        for connection in open_ones:
            connection.silent = True
        return len(open_ones)

    def cut(self) -> None:
        """Ends all connections that are open."""
        for connection in self.connections:
            connection.close()
        self.connections.clear()

    def lose_answer(self, text: str, is_next: bool) -> "Lost":
        """Loses the answer to what contains a text, or to what comes next on that connection, and cuts it."""
        self.lost.append(Lost(text.encode(), is_next))
        return self.lost[-1]

    def close(self) -> None:
        # The thread that accepts would keep a listener that is only closed.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()


class Lost:
    """An answer that is to be lost."""

    def __init__(self, text: bytes, is_next: bool):
        self.text, self.is_next = text, is_next
        self.is_lost = False


@dataclass
class Cuts:
    """Connections that are to be cut when one of these texts passes: some before it has passed, some after."""

    texts: tuple[bytes, ...]
    chance: random.Random
    share: float
    made: int = 0

    def chooses(self, data: bytes) -> bool:
        chosen = any(text in data for text in self.texts) and self.chance.random() < self.share
        self.made += chosen
        return chosen


class Connection:
    def __init__(self, client: socket.socket, server: socket.socket, proxy: Proxy):
        self.client, self.server, self.proxy = client, server, proxy
        self.silent = proxy.is_silent
        self.ended = False
        self.next: Lost | None = None
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                asks = source is self.client
                if asks and (lost := self._to_be_lost(data)):
                    self.silent = True
                    target.sendall(data)
                    # The server does what it has been asked before it sees that nobody listens.
                    time.sleep(0.3)
                    lost.is_lost = True
                    self.close()
                elif asks and self.proxy.cuts and self.proxy.cuts.chooses(data):
                    if self.proxy.cuts.chance.random() < 0.5:
                        target.sendall(data)
                    self.close()
                elif not self.silent:
                    if not asks and self.proxy.delay:
                        time.sleep(self.proxy.delay)
                    target.sendall(data)
        # The other end of one that is silent is not told of anything.
        if not self.silent:
            self.close()

    def _to_be_lost(self, data: bytes) -> Lost | None:
        if self.next:
            return self.next
        found = next((each for each in self.proxy.lost if each.text in data and not each.is_lost), None)
        if found and found.is_next:
            self.next, found = found, None
        return found

    def close(self) -> None:
        self.ended = True
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()
