"""What a healthy client notices of a crowd: connections that say nothing more, and connections that are slow.

    PYTHONPATH=tests python3 -B tests/load/crowd.py --binary target/release/rollcall

The idle ones have asked once and stay open. Of the slow ones half send a head a byte at a time, and half take nothing
of a long answer. Prints how long the requests of one client took (median, p99, worst) before, during and after, and how
many were refused.
"""

import argparse
import asyncio
import json
import resource
import secrets
import statistics
import subprocess
import tempfile
import time
import urllib.request

from harness.ports import free_port

# Users in the directory, so that a page of them is more than what waits in the system's buffers.
USERS = 1000
# Descriptors that a server keeps for other things than connections, and some to spare.
OTHER_DESCRIPTORS = 700
# Connections that are opened at once.
AT_ONCE = 200
# Long answers that a slow reader asks for: more than the buffers of both ends hold.
ANSWERS = 8
# How long the crowd has until it only waits: to make its long answers takes the processor.
SETTLING = 25
# How often a slow client sends a byte.
PAUSE = 1.0


class Server:
    """A core on SQLite and a gateway, which takes the crowd from one address."""

    def __init__(self, binary: str, folder: str, crowd: int):
        self.port, core, self.token = free_port(), free_port(), secrets.token_urlsafe(32)
        most = str(crowd + 100)
        self.processes = [
            subprocess.Popen([binary, *arguments], env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for arguments, settings in (
                (
                    ["core"],
                    {
                        "ROLLCALL_DATA_DIR": folder,
                        "ROLLCALL_GRPC_ADDR": f"127.0.0.1:{core}",
                        "ROLLCALL_BOOTSTRAP_SCIM_TOKEN": self.token,
                        "ROLLCALL_MAX_PAGE_SIZE": str(USERS),
                    },
                ),
                (
                    ["gateway", "--max-connections", most, "--max-connections-per-address", most],
                    {
                        "ROLLCALL_HTTP_ADDR": f"127.0.0.1:{self.port}",
                        "ROLLCALL_CORE_URL": f"http://127.0.0.1:{core}",
                    },
                ),
            )
        ]

    def end(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
            process.wait(timeout=60)

    def wait(self) -> None:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2):
                    return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the server did not become ready")

    def request(self, line: str, body: bytes = b"") -> bytes:
        """A request as it goes over the wire."""
        head = [f"{line} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {self.token}"]
        if body:
            head += ["Content-Type: application/scim+json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*head, "", ""]).encode() + body

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


async def answered(reader: asyncio.StreamReader) -> int:
    """Reads one answer, and gives its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.split(b":")[1]))
    return int(head.split()[1])


async def asking(server: Server, seconds: float) -> list[float]:
    """How long the requests of one client took, in ms: each over the connection of the one before."""
    took = []
    reader, writer = await server.connect()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        begin = time.monotonic()
        writer.write(server.request("GET /scim/v2/Users?count=1"))
        status = await answered(reader)
        took.append(1000 * (time.monotonic() - begin))
        if status != 200:
            raise SystemExit(f"the healthy client was answered {status}")
        await asyncio.sleep(0.002)
    writer.close()
    return took


def told(when: str, took: list[float]) -> None:
    ordered = sorted(took)
    p99 = ordered[int(len(ordered) * 0.99)]
    print(
        f"{when:<8} {len(took):6} requests   median {statistics.median(took):6.2f} ms   p99 {p99:7.2f} ms   "
        f"worst {ordered[-1]:7.2f} ms",
        flush=True,
    )


async def be_idle(server: Server) -> asyncio.StreamWriter:
    reader, writer = await server.connect()
    writer.write(server.request("GET /livez"))
    await answered(reader)
    return writer


async def be_slow_to_ask(server: Server) -> None:
    _, writer = await server.connect()
    for byte in server.request("GET /livez")[:-1]:
        writer.write(bytes([byte]))
        await asyncio.sleep(PAUSE)


async def be_slow_to_read(server: Server) -> None:
    _, writer = await server.connect()
    # Its reader takes as much as its buffer holds, and then nothing more.
    for _ in range(ANSWERS):
        writer.write(server.request(f"GET /scim/v2/Users?count={USERS}"))
    await asyncio.sleep(3600)


async def fill(server: Server) -> None:
    reader, writer = await server.connect()
    for number in range(USERS):
        user = {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": f"user.{number}",
            "title": "x" * 500,
        }
        writer.write(server.request("POST /scim/v2/Users", json.dumps(user).encode()))
        if await answered(reader) != 201:
            raise SystemExit("a user could not be made")
    writer.close()


async def measure(server: Server, idle: int, slow: int, seconds: float) -> None:
    await fill(server)
    told("before", await asking(server, seconds))
    crowd, refused = [], 0
    for begin in range(0, idle, AT_ONCE):
        some = [be_idle(server) for _ in range(min(AT_ONCE, idle - begin))]
        opened = await asyncio.gather(*some, return_exceptions=True)
        crowd += [one for one in opened if not isinstance(one, BaseException)]
        refused += sum(isinstance(one, BaseException) for one in opened)
    ways = [be_slow_to_ask, be_slow_to_read]
    tasks = [asyncio.create_task(ways[number % 2](server)) for number in range(slow)]
    print(f"{len(crowd)} idle and {slow} slow connections, {refused} refused", flush=True)
    await asyncio.sleep(SETTLING)
    told("during", await asking(server, seconds))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for writer in crowd:
        writer.close()
    told("after", await asking(server, seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--idle", type=int, default=10_000)
    parser.add_argument("--slow", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=15)
    asked = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    needed = asked.idle + asked.slow + OTHER_DESCRIPTORS
    if most < needed:
        raise SystemExit(f"a server needs {needed} descriptors for that many, and may have {most}: ask for fewer")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="rollcall-crowd.") as folder:
        server = Server(asked.binary, folder, asked.idle + asked.slow)
        try:
            server.wait()
            asyncio.run(measure(server, asked.idle, asked.slow, asked.seconds))
        finally:
            server.end()


if __name__ == "__main__":
    main()
