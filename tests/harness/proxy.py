"""A TCP proxy that falls silent: what stands between a service and its database when a network fails."""

import contextlib
import socket
import threading


class Proxy:
    """Passes bytes on between whoever connects and one address, until it is told to swallow them."""

    def __init__(self, host: str, port: int):
        self.target = (host, port)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.connections: list[Connection] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.connections.append(Connection(client, socket.create_connection(self.target)))

    def fall_silent(self) -> int:
        """Swallows what passes through the connections that are open; new ones are served. How many there were."""
        open_ones = [connection for connection in self.connections if not connection.silent and not connection.ended]
        for connection in open_ones:
            connection.silent = True
        return len(open_ones)

    def close(self) -> None:
        self.listener.close()
        for connection in self.connections:
            connection.close()


class Connection:
    def __init__(self, client: socket.socket, server: socket.socket):
        self.client, self.server = client, server
        self.silent = False
        self.ended = False
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not self.silent:
                    target.sendall(data)
        # The other end of one that is silent is not told of anything.
        if not self.silent:
            self.close()

    def close(self) -> None:
        self.ended = True
        for side in (self.client, self.server):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()
