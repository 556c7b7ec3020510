"""A server that answers whatever it is sent with something that is no answer."""

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable


class Babbler:
    """Listens on a port, and says to each connection what the next of its sayings is.

    A saying that is a function is given the connection, and may say as much as is taken.
    """

    def __init__(self, sayings: list[bytes | Callable[[socket.socket], None]], host: str = "127.0.0.1", port: int = 0):
        self.listener = socket.create_server((host, port), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.sayings = itertools.cycle(sayings)
        self.heard = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.heard += 1
                threading.Thread(target=self._say, args=(connection, next(self.sayings)), daemon=True).start()

    @staticmethod
    def _say(connection: socket.socket, saying) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(10)
            if callable(saying):
                saying(connection)
                return
            connection.sendall(saying)
            while connection.recv(65536):
                connection.sendall(saying)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
