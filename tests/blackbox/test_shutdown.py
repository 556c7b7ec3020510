"""How servers end: what was begun is answered, and what was answered is kept."""

import json
import signal
import socket

import httpx
import pytest

from harness.scim import a_user

pytestmark = pytest.mark.every_mode


class SlowRequest:
    """A request that creates a user, whose body is held back until it is let go."""

    def __init__(self, directory, name: str):
        self.body = json.dumps(a_user(name)).encode()
        self.connection = socket.create_connection(("127.0.0.1", directory.house.http_port), timeout=60)
        self.connection.sendall(
            f"POST /scim/v2/Users HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {directory.token}\r\n"
            f"Content-Type: application/scim+json\r\nContent-Length: {len(self.body)}\r\n\r\n".encode()
            + self.body[:10]
        )

    def finish(self) -> bytes:
        self.connection.sendall(self.body[10:])
        return self.connection.recv(65536)


def turned_unready(house) -> bool:
    try:
        return httpx.get(house.url + "/readyz").status_code != 200
    except httpx.TransportError:
        return True


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_request_that_is_under_way_is_answered_and_kept(new_house, name, with_signal):
    house = new_house.start()
    directory = house.new_directory()
    request = SlowRequest(directory, name)
    front = house.processes[-1]
    front.process.send_signal(with_signal)
    front.wait_for(lambda: turned_unready(house))
    assert request.finish().startswith(b"HTTP/1.1 201")
    assert front.wait() == 0
    for process in house.processes:
        assert process.stop() == 0
    assert house.database.user_names() == [name]


def test_a_second_signal_ends_the_server_at_once(new_house, name):
    house = new_house.start()
    request = SlowRequest(house.new_directory(), name)
    front = house.processes[-1]
    front.process.send_signal(signal.SIGTERM)
    front.wait_for(lambda: turned_unready(house))
    front.process.send_signal(signal.SIGTERM)
    assert front.wait() != 0
    request.connection.close()
    for process in house.processes[:-1]:
        assert process.stop() == 0
    assert house.database.user_names() == []


def test_the_deadline_ends_a_server_whose_client_never_finishes(builder, name):
    house = builder.start("serve-sqlite", settings={"ROLLCALL_DRAIN_DEADLINE": "1s"})
    request = SlowRequest(house.new_directory(), name)
    front = house.processes[-1]
    front.process.send_signal(signal.SIGTERM)
    assert front.wait() != 0
    request.connection.close()
    assert "deadline" in front.stderr
    assert house.database.user_names() == []


def test_everything_that_was_answered_is_there_after_the_process_was_killed(new_house, name):
    house = new_house.start()
    directory = house.new_directory()
    for number in range(20):
        directory.scim.create(f"{number}.{name}")
    for process in house.processes:
        process.process.kill()
        process.wait()
    assert len(house.database.user_names()) == 20
    assert len(directory_events(house, "user")) == 20


def directory_events(house, about: str) -> list[dict]:
    return [row for row in house.database.events() if about in row["kind"]]


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGKILL])
def test_a_gateway_without_its_core_says_so_and_recovers(builder, name, with_signal):
    house = builder.start("apart-postgres")
    directory = house.new_directory()
    user = directory.scim.create(name)
    house.processes[0].stop(with_signal)
    with httpx.Client(timeout=60) as http:
        answer = http.get(f"{house.base_url}/Users", headers={"Authorization": f"Bearer {directory.token}"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["status"] == "503"
    assert str(house.grpc_port) not in answer.text
    assert httpx.get(house.url + "/healthz").status_code == 200
    assert httpx.get(house.url + "/readyz").status_code == 503
    house.restart_core()
    assert directory.scim.read(user) == user
    house.stop()
