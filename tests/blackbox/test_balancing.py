"""Several cores behind gateways: calls are spread, whoever goes is not missed, and what is too much is turned away."""

import contextlib
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as prometheus

from harness.house import Directory, House
from harness.ports import free_port
from harness.process import Process
from harness.scim import GROUP, PATCH_OP, SCIM_JSON, TRUSTS_NOBODY, a_user


@dataclass
class Part:
    """A core or a gateway, which may be ended and started again."""

    name: str
    work: Path
    settings: dict[str, str]
    process: Process | None = None

    def start(self) -> None:
        self.process = Process([self.name], self.work, **self.settings)

    def samples(self) -> dict[tuple, float]:
        told = httpx.get(f"http://{self.settings['ROLLCALL_METRICS_ADDR']}/metrics", verify=TRUSTS_NOBODY).text
        return {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in prometheus(told)
            for sample in family.samples
        }


@dataclass
class Cluster:
    """Cores on one database, and gateways in front of all of them."""

    house: House
    cores: list[Part]
    gateways: list[Part]

    @classmethod
    def of(cls, house: House, cores: int, gateways: int) -> "Cluster":
        urls = []
        made = cls(house, [], [])
        for number in range(cores):
            address = f"127.0.0.1:{free_port()}"
            urls.append(f"http://{address}")
            house.grpc_port = house.grpc_port or int(address.split(":")[1])
            settings = house.core_settings | {
                "ROLLCALL_GRPC_ADDR": address,
                "ROLLCALL_BOOTSTRAP_GATEWAY_KEY": house.gateway_key,
            }
            made.cores.append(made.part("core", number, settings))
        for number in range(gateways):
            settings = {
                "ROLLCALL_HTTP_ADDR": f"127.0.0.1:{free_port()}",
                "ROLLCALL_CORE_URL": ",".join(urls),
                "ROLLCALL_GATEWAY_KEY": house.gateway_key,
                # The time that whoever chooses a gateway has to notice.
                "ROLLCALL_DRAIN_DELAY": "2s",
            }
            made.gateways.append(made.part("gateway", number, settings))
        house.http_port = int(made.gateways[0].settings["ROLLCALL_HTTP_ADDR"].split(":")[1])
        return made

    def part(self, name: str, number: int, settings: dict[str, str]) -> Part:
        settings = settings | {"ROLLCALL_METRICS_ADDR": f"127.0.0.1:{free_port()}"}
        return Part(name, self.house.work / f"{name}-{number}", settings)

    def start(self) -> "Cluster":
        # The first makes the tables and the keys.
        for part in [*self.cores, *self.gateways]:
            part.start()
            if part.name == "core":
                part.process.wait_for(lambda part=part: "Rollcall core is ready" in part.process.stdout)
        for gateway in self.gateways:
            gateway.process.wait_for(lambda gateway=gateway: self.sees(gateway, len(self.cores)))
        return self

    def sees(self, gateway: Part, cores: int) -> bool:
        """Whether a gateway is ready, and gives calls to so many cores."""
        with contextlib.suppress(httpx.TransportError):
            return is_ready(gateway) and gateway.samples()[("rollcall_cores", "serving")] == cores
        return False

    def restart(self, part: Part) -> None:
        assert part.process.stop() == 0, part.process.output
        self.house.past_output += part.process.output
        part.start()
        for gateway in self.gateways:
            gateway.process.wait_for(lambda gateway=gateway: self.sees(gateway, len(self.cores)))

    def stop(self) -> None:
        for part in [*self.gateways, *self.cores]:
            part.process.stop()


def is_ready(gateway: Part) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{url_of(gateway)}/readyz", verify=TRUSTS_NOBODY).status_code == 200
    return False


def url_of(gateway: Part) -> str:
    return f"http://{gateway.settings['ROLLCALL_HTTP_ADDR']}"


@pytest.fixture
def cluster_of(builder) -> Iterator[Callable[[int, int], Cluster]]:
    made = []

    def start(cores: int, gateways: int = 1, database: str = "postgres") -> Cluster:
        made.append(Cluster.of(builder.new(f"apart-{database}"), cores, gateways))
        return made[-1].start()

    yield start
    for cluster in made:
        cluster.stop()


def reads_of(core: Part) -> float:
    return core.samples().get(("rpc_server_call_duration_seconds_count", "OK", "rollcall.v1.UserService/GetUser"), 0)


def eventually(holds: Callable[[], bool], what: str) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within 30 s: {what}")


@dataclass
class Load:
    """People who go on asking, each over one connection to a gateway that is ready, as a load balancer leads them."""

    cluster: Cluster
    directory: Directory
    # What is asked next: a method, a path below the endpoint, and a body.
    next_request: Callable[[random.Random], tuple[str, str, dict | None]]
    people: int = 6
    sent: int = 0
    failed: list[str] = field(default_factory=list)
    ready: list[Part] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "Load":
        self.ready = list(self.cluster.gateways)
        tasks = [self.probe, *(lambda seed=seed: self.ask(random.Random(seed)) for seed in range(self.people))]
        self.threads = [threading.Thread(target=task, daemon=True) for task in tasks]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(timeout=60)

    def probe(self) -> None:
        while not self.stop.wait(0.1):
            self.ready = [gateway for gateway in self.cluster.gateways if is_ready(gateway)]

    def ask(self, chance: random.Random) -> None:
        while not self.stop.is_set():
            if not (ready := self.ready):
                continue
            gateway = chance.choice(ready)
            headers = {"Authorization": f"Bearer {self.directory.token}", "Content-Type": SCIM_JSON}
            limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
            url = f"{url_of(gateway)}/scim/v2"
            with httpx.Client(base_url=url, headers=headers, limits=limits, timeout=60, verify=TRUSTS_NOBODY) as http:
                while not self.stop.is_set() and self.is_kept(http, *self.next_request(chance)):
                    pass

    def is_kept(self, http: httpx.Client, method: str, path: str, body: dict | None) -> bool:
        """Sends a request; whether its connection may be used for another one."""
        try:
            answer = http.request(method, path, content=json.dumps(body).encode() if body else None)
            failure = f"{answer.status_code} {answer.text}" if answer.status_code >= 400 else None
            is_kept = answer.headers.get("connection") != "close"
        except httpx.TransportError as error:
            failure, is_kept = repr(error), False
        with self.lock:
            self.sent += 1
            if failure:
                self.failed.append(f"{method} {path}: {failure}")
        return is_kept

    def wait_for_answers(self, count: int) -> None:
        wanted = self.sent + count
        eventually(lambda: self.sent >= wanted, "requests are answered")


def test_calls_are_spread_over_the_cores(cluster_of, name):
    cluster = cluster_of(2)
    directory = cluster.house.default
    user = directory.scim.create(name)
    for _ in range(40):
        directory.scim.read(user)
    reads = [reads_of(core) for core in cluster.cores]
    assert sum(reads) >= 40
    assert min(reads) >= 15, reads


def test_nobody_who_reads_notices_that_a_core_is_killed_and_it_gets_calls_again(cluster_of, name):
    cluster = cluster_of(2)
    directory = cluster.house.default
    user = directory.scim.create(name)
    killed = cluster.cores[1]
    with Load(cluster, directory, lambda _: ("GET", f"/Users/{user['id']}", None)) as load:
        load.wait_for_answers(50)
        killed.process.process.kill()
        killed.process.wait()
        load.wait_for_answers(200)
        eventually(lambda: cluster.sees(cluster.gateways[0], 1), "the core is out")
        killed.start()
        eventually(lambda: cluster.sees(cluster.gateways[0], 2), "the core is in again")
        eventually(lambda: reads_of(killed) > 0, "it gets calls again")
    assert load.failed == []
    assert cluster.gateways[0].samples()[("rollcall_core_calls_tried_again_total",)] >= 1


def anything(name: str, directory: Directory) -> Callable[[random.Random], tuple[str, str, dict | None]]:
    """Requests of each kind: what reads, what changes, and what crosses the hop as a stream."""
    numbers = iter(range(1_000_000))
    user = directory.scim.create(f"{name}-read")["id"]
    patch = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "title", "value": "Boss"}]}

    def request(chance: random.Random) -> tuple[str, str, dict | None]:
        number = next(numbers)
        return chance.choice(
            [
                ("GET", f"/Users/{user}", None),
                ("GET", "/Groups?count=10", None),
                ("POST", "/Users", a_user(f"{name}-{number}")),
                (
                    "POST",
                    "/Groups",
                    {"schemas": [GROUP], "displayName": f"{name}-{number}", "members": [{"value": user}]},
                ),
                ("PATCH", f"/Users/{directory_users[chance.randrange(len(directory_users))]}", patch),
            ]
        )

    # Each of several, so that changes seldom meet.
    directory_users = [directory.scim.create(f"{name}-patched-{number}")["id"] for number in range(20)]
    return request


def test_a_rolling_restart_fails_no_request(cluster_of, name, record_property):
    cluster = cluster_of(3, gateways=2)
    directory = cluster.house.default
    with Load(cluster, directory, anything(name, directory)) as load:
        load.wait_for_answers(100)
        for part in [*cluster.cores, *cluster.gateways]:
            cluster.restart(part)
            load.wait_for_answers(50)
    restarted = len(cluster.cores) + len(cluster.gateways)
    record_property(
        "measured", f"{load.sent} requests sent while {restarted} processes restarted, {len(load.failed)} failed"
    )
    record_property("counted", {"answers checked": load.sent, "faults injected": restarted})
    assert load.failed == []
