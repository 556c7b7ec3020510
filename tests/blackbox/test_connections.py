"""Who may be connected, how many, and for how long without a word."""

import contextlib
import select
import socket
import time

import httpx
import pytest

from harness.modes import rotation
from harness.scim import Scim

pytestmark = pytest.mark.every_mode

# What a connection of HTTP/2 begins with, as far as nobody can tell it from one of HTTP/1.1.
BEGINNING = b"PRI * HT"


def connected(url: str) -> socket.socket:
    host, port = url.removeprefix("http://").split("/")[0].split(":")
    return socket.create_connection((host, int(port)), timeout=90)


def is_closed(connection: socket.socket, within: float) -> bool:
    """Whether the server ends a connection in this time."""
    connection.settimeout(within)
    try:
        # The first words of HTTP/2 may come before the end.
        while connection.recv(1024):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def is_gone(connection: socket.socket) -> bool:
    """Whether a connection has been ended by the other side, without reading from it."""
    with select.epoll() as poll:
        poll.register(connection, select.EPOLLRDHUP)
        return any(event & (select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR) for _, event in poll.poll(0))


def answers(house) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return Scim(house.base_url, house.scim_token).get("/Users").status_code == 200
    return False


@pytest.mark.parametrize("trusted", [False, True])
def test_one_address_has_so_many_connections_and_a_proxy_all(builder, trusted):
    settings = {"ROLLCALL_MAX_CONNECTIONS": "30", "ROLLCALL_MAX_CONNECTIONS_PER_ADDRESS": "10"}
    house = builder.start(
        "serve-sqlite", settings=settings | ({"ROLLCALL_TRUSTED_PROXIES": "127.0.0.1"} if trusted else {})
    )
    with contextlib.ExitStack() as stack:
        most = 30 if trusted else 10
        silent = [stack.enter_context(connected(house.base_url)) for _ in range(most + 5)]
        closed = [is_closed(connection, 0.5) for connection in silent]
        # One or two more may be those of the tests, which have asked whether it is ready.
        assert most - 3 <= closed.count(False) <= most
    house.processes[0].wait_for(lambda: answers(house))


def test_the_grpc_port_has_a_limit_too(builder):
    house = builder.start("serve-sqlite", settings={"ROLLCALL_MAX_CONNECTIONS_PER_ADDRESS": "10"})
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connected(house.grpc_address)) for _ in range(20)]
        assert 6 <= [is_closed(connection, 0.5) for connection in silent].count(False) <= 10


def test_who_leaves_in_the_middle_of_a_word_gives_the_place_back(builder):
    house = builder.start("serve-sqlite", settings={"ROLLCALL_MAX_CONNECTIONS_PER_ADDRESS": "10"})
    for address in (house.base_url, house.grpc_address):
        for _ in range(4):
            for _ in range(8):
                with connected(address) as connection:
                    connection.sendall(BEGINNING)
            time.sleep(0.2)
            with connected(address) as connection:
                assert not is_closed(connection, 0.2)


# It takes as long as the bound is: so it is in `tests/run --all`.
if rotation() == "all":

    def test_who_says_nothing_is_disconnected(builder):
        house = builder.start("apart-sqlite")
        with contextlib.ExitStack() as stack:
            silent = {}
            for what, address in (("HTTP", house.base_url), ("gRPC", house.grpc_address)):
                for said in (b"", BEGINNING[:1], BEGINNING):
                    connection = stack.enter_context(connected(address))
                    connection.sendall(said)
                    silent[what, said] = connection
            end = time.monotonic() + 90
            stay = [name for name, each in silent.items() if not is_closed(each, max(0.1, end - time.monotonic()))]
            assert stay == []

    def test_who_takes_nothing_is_disconnected(builder):
        house = builder.start("serve-sqlite")
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            host, port = house.base_url.removeprefix("http://").split("/")[0].split(":")
            connection.connect((host, int(port)))
            connection.setblocking(False)
            asked = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 3000
            with contextlib.suppress(BlockingIOError):
                while asked:
                    asked = asked[connection.send(asked) :]
            end = time.monotonic() + 120
            # What is read would be room for more: so the end is seen by what can still be sent.
            while time.monotonic() < end and not is_gone(connection):
                time.sleep(1)
            assert is_gone(connection)
