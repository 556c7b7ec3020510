"""A TCP proxy that falls silent and loses answers: what a failing network does between a service and its database."""

import contextlib
import socket
import threading
import time


class Proxy:
    """Passes bytes on between whoever connects and one address, until it is told to swallow them."""

    def __init__(self, host: str, port: int):
        self.target = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.connections: list[Connection] = []
        self.lost: list[Lost] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.connections.append(Connection(client, socket.create_connection(self.target), self.lost))

    def fall_silent(self) -> int:
        """Swallows what passes through the connections that are open; new ones are served. How many there were."""
        open_ones = [connection for connection in self.connections if not connection.silent and not connection.ended]
        for connection in open_ones:
            connection.silent = True
        return len(open_ones)

    def lose_answer(self, text: str, is_next: bool) -> "Lost":
        """Loses the answer to what contains a text, or to what comes next on that connection, and cuts it."""
        self.lost.append(Lost(text.encode(), is_next))
        return self.lost[-1]

    def close(self) -> None:
        self.listener.close()
        for connection in self.connections:
            connection.close()


class Lost:
    """An answer that is to be lost."""

    def __init__(self, text: bytes, is_next: bool):
        self.text, self.is_next = text, is_next
        self.is_lost = False


class Connection:
    def __init__(self, client: socket.socket, server: socket.socket, lost: list[Lost]):
        self.client, self.server, self.lost = client, server, lost
        self.silent = False
        self.ended = False
        self.next: Lost | None = None
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                ends = source is self.client and self._to_be_lost(data)
                if ends:
                    self.silent = True
                    target.sendall(data)
                    # The server does what it has been asked before it sees that nobody listens.
                    time.sleep(0.3)
                    ends.is_lost = True
                    self.close()
                elif not self.silent:
                    target.sendall(data)
        # The other end of one that is silent is not told of anything.
        if not self.silent:
            self.close()

    def _to_be_lost(self, data: bytes) -> Lost | None:
        if self.next:
            return self.next
        found = next((each for each in self.lost if each.text in data and not each.is_lost), None)
        if found and found.is_next:
            self.next, found = found, None
        return found

    def close(self) -> None:
        self.ended = True
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()
