"""Nonsense: to every port, and from everybody whom Rollcall itself calls."""

import contextlib
import itertools
import json
import random
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from faults import nonsense
from faults.babbler import Babbler
from harness.modes import rotation
from harness.openid import CLIENT_ID
from harness.ports import free_port
from harness.process import Process
from harness.proxy import Proxy
from harness.rpc import api
from harness.scim import TRUSTS_NOBODY
from harness.smtp import Postbox, eventually

# Each of those who are called is called again only after a while.
pytestmark = pytest.mark.timeout(400)

IS_LONG = rotation() == "all"
# For each port.
INPUTS = 6000 if IS_LONG else 1000
# Names of users whom only those may see who may come in.
SECRETS = re.compile(rb"w\d+-\d+@example\.com")


def say(port: int, said: bytes) -> bytes:
    """All that is answered to something, which is the last thing that is said."""
    heard = b""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(1)
        while piece := connection.recv(65536):
            heard += piece
    return heard


def babble(work, port: int, seed: int, inputs: int) -> None:
    chance = random.Random(seed)
    for _ in range(inputs):
        said = chance.choice(nonsense.KINDS)(chance)
        heard = say(port, said)
        work.counts["inputs tried"] += 1
        if heard.startswith(b"HTTP/1.1 50") or SECRETS.search(heard):
            work.found(f"{said[:200]!r} (seed {seed}) was answered {heard[:300]!r}")


@pytest.mark.parametrize("mode", ["serve-sqlite", "serve-postgres", "apart-sqlite", "apart-postgres"])
def test_nonsense_is_said_to_every_port_and_felt_by_nobody(builder, working, mode):
    house = builder.start(mode)
    ports = [house.http_port, house.grpc_port]
    if mode.startswith("apart"):
        ports.append(free_port())
        console = {
            "ROLLCALL_CONSOLE_ADDR": f"127.0.0.1:{ports[-1]}",
            "ROLLCALL_CORE_URL": f"http://{house.grpc_address}",
        }
        house.processes.insert(0, Process(["console"], house.work, **console))
        eventually(lambda: say(ports[-1], b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), "the console listens")
    with working(house) as work:
        for port in ports:
            with work.fault(), ThreadPoolExecutor(4) as pool:
                for done in [pool.submit(babble, work, port, port_seed, INPUTS // 4) for port_seed in range(4)]:
                    done.result()
        assert all(process.process.poll() is None for process in house.processes), house.output[-3000:]
    house.stop()


def test_a_core_that_talks_nonsense_is_waited_for(builder, working):
    house = builder.new("apart-sqlite")
    house.grpc_port = free_port()
    proxy = Proxy("127.0.0.1", house.grpc_port)
    house.settings = {"ROLLCALL_CORE_URL": f"http://127.0.0.1:{proxy.port}"}
    house.start()
    chance = random.Random("core")
    sayings = {
        "noise": lambda: nonsense.noise(chance),
        "frames": lambda: nonsense.frames(chance)[len(nonsense.PREFACE) :],
        "http": lambda: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    }
    with working(house) as work:
        for saying in sayings.values():
            work.wait_for_answers(40)
            with work.fault():
                proxy.nonsense = saying
                proxy.cut()
                work.wait_for_refusals(40)
                proxy.nonsense = None
    house.stop()
    proxy.close()


def endless(beginning: bytes, piece: bytes):
    """Says more and more, for as long as somebody listens."""

    def say(connection: socket.socket) -> None:
        connection.sendall(beginning)
        # As much as would be felt.
        for _ in range(256 * 1024 * 1024 // len(piece)):
            connection.sendall(piece)

    return say


def test_a_mail_server_that_talks_nonsense_is_tried_again(builder, working):
    chance = random.Random("smtp")
    sayings = [
        b"",
        *(chance.randbytes(size) for size in (1, 40, 4000)),
        b"220\r\n",
        b"220 hello\n",
        b"220-a\r\n" * 2000,
        b"999 what\r\n",
        b"-1 what\r\n",
        b"220 " + "é".encode("latin-1") + b"\r\n",
        b"354 go on\r\n250 fine\r\n221 bye\r\n",
        endless(b"220 ", b"x" * 65536),
        endless(b"", b"220-hello\r\n" * 6000),
    ]
    sayings = sayings if IS_LONG else sayings[3::3]
    babbler = Babbler(sayings)
    settings = {
        "ROLLCALL_SMTP_URL": f"smtp://127.0.0.1:{babbler.port}",
        "ROLLCALL_SMTP_FROM": "Rollcall <rollcall@example.com>",
        "ROLLCALL_SMTP_RETRY_DELAY": "10ms",
        "ROLLCALL_SMTP_TIMEOUT": "2s",
    }
    house = builder.start("serve-sqlite", settings=settings)
    states = api()["notice"].NoticeState
    with working(house) as work:
        name = work.directory.name
        people = [f"it{number}@example.com" for number in range(len(sayings))]
        house.admin.call("DirectoryService/UpdateDirectory", name=name, admin_emails={"addresses": people})
        postbox = Postbox()
        with work.fault():
            notices = house.admin.call("NoticeService/SendTestNotice", directory=name).notices
            work.wait(lambda: babbler.heard >= len(sayings), "it has said everything", 200)
            work.counts["inputs tried"] += babbler.heard
            memory = resident(house.processes[0])
            assert memory < 400, f"{memory} MiB"
            babbler.close()
            postbox.port = babbler.port
            postbox.start()

        def all_sent() -> bool:
            seen = [house.admin.call("NoticeService/GetNotice", id=notice.id).notice for notice in notices]
            for parked in (notice for notice in seen if notice.state == states.Value("NOTICE_STATE_PARKED")):
                # What the server seemed to refuse for good is for an administrator to try again.
                house.admin.call("NoticeService/RetryNotice", id=parked.id)
            return all(notice.state == states.Value("NOTICE_STATE_SENT") for notice in seen)

        eventually(all_sent, "every notice is sent")
        postbox.stop()
    house.stop()


def resident(process: Process) -> int:
    """The memory that a process has, in MiB."""
    with open(f"/proc/{process.process.pid}/status") as status:
        [line] = [line for line in status if line.startswith("VmRSS:")]
    return int(line.split()[1]) // 1024


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", "Connection: close", *headers]
    if not any(header.startswith(("Content-Length", "Transfer")) for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def test_an_openid_provider_that_talks_nonsense_is_no_way_in(builder, working):
    chance = random.Random("openid")
    port = free_port()
    itself = f"http://localhost:{port}"
    true = {
        "issuer": itself,
        "authorization_endpoint": itself + "/authorize",
        "token_endpoint": itself + "/token",
        "jwks_uri": itself + "/keys",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
    documents = [{}, [], None, 1, "x", dict.fromkeys(true, 7), true | {"issuer": "https://else.example"}]
    documents += [{**true, name: None} for name in ("issuer", "token_endpoint", "jwks_uri")]
    documents += [{**true, "jwks_uri": "\0"}, {**true, "authorization_endpoint": "javascript:alert(1)"}]
    sayings = [
        b"",
        *(chance.randbytes(size) for size in (1, 40, 4000)),
        *(http(json.dumps(document).encode()) for document in documents),
        http(b"[" * 500_000),
        http(chance.randbytes(300)),
        http(b"{", "Content-Length: 9"),
        http(b"ffffffffffffffff\r\n", "Transfer-Encoding: chunked"),
        http(b"", f"Location: {itself}/.well-known/openid-configuration", status="302 Found"),
        http(b"", status="500 What"),
        http(b"", status="99999999"),
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n",
        endless(http(b"", "Content-Length: 999999999999"), b" " * 65536),
        endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536),
    ]
    # After a failure the provider is left alone for three seconds, whoever comes.
    sayings = sayings if IS_LONG else sayings[3::8]
    babbler = Babbler(sayings, port=port)
    house = builder.new("serve-sqlite")
    house.settings = {
        "ROLLCALL_OIDC_ISSUER": itself,
        "ROLLCALL_OIDC_CLIENT_ID": CLIENT_ID,
        "ROLLCALL_OIDC_ADMIN_EMAIL": "ana@example.com",
        "ROLLCALL_OIDC_SERVICE_KEY": house.admin_key,
        # Each attempt comes from somebody else: of failures only so many are allowed.
        "ROLLCALL_TRUSTED_PROXIES": "127.0.0.1",
    }
    house.start()
    with working(house) as work, work.fault(), httpx.Client(verify=TRUSTS_NOBODY, timeout=60) as http_client:
        attempts = itertools.count()

        def is_everything_said() -> bool:
            number = next(attempts)
            came = {"X-Forwarded-For": f"198.51.{number // 250}.{number % 250}"}
            answer = http_client.get(house.url + "/admin/oidc/start", headers=came)
            if answer.status_code != 503:
                work.found(f"attempt {number} was answered {answer.status_code} {answer.headers.get('location')}")
            time.sleep(0.2)
            return babbler.heard >= len(sayings)

        work.wait(is_everything_said, "the provider is asked", 300)
        work.counts["inputs tried"] += babbler.heard
        memory = resident(house.processes[0])
        assert memory < 400, f"{memory} MiB"
    house.stop()
    babbler.close()
