"""Name servers that say nothing, know nothing, are broken, or lie."""

import os
import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import pytest
import trustme

from faults.babbler import Babbler
from harness.modes import rotation
from harness.name_server import NameServer
from harness.openid import CLIENT_ID, Provider
from harness.ports import free_port
from harness.process import Process
from harness.proxy import Proxy
from harness.rpc import api
from harness.scim import TRUSTS_NOBODY
from harness.smtp import Postbox, eventually

IS_LONG = rotation() == "all"
NAME = "peer.rollcall.test"
# Where nobody listens, and where somebody talks nonsense.
NOBODY, BABBLER = "127.66.0.1", "127.66.0.2"
# Where cores listen.
ONE, OTHER = "127.66.0.3", "127.66.0.4"
TROUBLES: dict[str, Callable[[NameServer], None]] = {
    "says nothing": lambda names: setattr(names, "is_silent", True),
    "knows nothing": lambda names: setattr(names, "says", None),
    "is broken": lambda names: setattr(names, "is_broken", True),
    "leads to nobody": lambda names: setattr(names, "says", NOBODY),
    "leads to nonsense": lambda names: setattr(names, "says", BABBLER),
}

pytestmark = pytest.mark.skipif(
    "ROLLCALL_TEST_MOUNTS" not in os.environ, reason="a process is given a name server, which only root may do"
)


@dataclass
class Names:
    """A name server, and what makes a process ask it."""

    server: NameServer
    under: list[str]

    def heal(self) -> None:
        self.server.says, self.server.is_silent, self.server.is_broken = "127.0.0.1", False, False


@pytest.fixture
def names(tmp_path) -> Names:
    address = "127.53." + ".".join(str(random.randrange(1, 255)) for _ in range(2))
    resolver = tmp_path / "resolv.conf"
    resolver.write_text(f"nameserver {address}\n")
    # The process sees another file there; nobody else does.
    script = f'mount --bind {resolver} {Path("/etc/resolv.conf").resolve()} && exec "$@"'
    server = NameServer(NAME, address)
    yield Names(server, ["unshare", "--mount", "sh", "-c", script, "sh"])
    server.close()


@pytest.mark.parametrize("whose", ["the database", "the core"])
def test_whoever_cannot_be_found_is_found_again(builder, working, names, whose):
    house = builder.new("serve-postgres" if whose == "the database" else "apart-sqlite", under=names.under)
    if whose == "the database":
        address = urlsplit(house.database.url)
        proxy = Proxy(address.hostname, address.port)
        role = f"{address.username}{f':{address.password}' if address.password else ''}"
        named = urlunsplit(address._replace(netloc=f"{role}@{NAME}:{proxy.port}"))
        house.settings = {"ROLLCALL_DATABASE_URL": named}
    else:
        house.grpc_port = free_port()
        proxy = Proxy("127.0.0.1", house.grpc_port)
        house.settings = {"ROLLCALL_CORE_URL": f"http://{NAME}:{proxy.port}"}
    babbler = Babbler([random.Random(7).randbytes(300)], BABBLER, proxy.port)
    house.start()
    assert names.server.asked, "the name server was not asked"
    with working(house) as work:
        # A name server that says nothing is waited for: for less long by the core than by the gateway.
        for trouble in TROUBLES if IS_LONG else ["says nothing" if whose == "the database" else "leads to nonsense"]:
            work.wait_for_answers(40)
            heard = babbler.heard
            with work.fault():
                TROUBLES[trouble](names.server)
                # What is connected has no need of a name.
                proxy.cut()
                work.wait_for_refusals(4)
                names.heal()
            assert trouble != "leads to nonsense" or babbler.heard > heard
    house.stop()
    proxy.close()
    babbler.close()


def test_cores_come_and_go_behind_a_name(builder, names, tmp_path):
    house = builder.new("apart-postgres", under=names.under)
    house.grpc_port, port = free_port(), free_port()
    house.settings = {"ROLLCALL_CORE_URL": f"http://{NAME}:{port}"}
    bootstrap = {"ROLLCALL_BOOTSTRAP_GATEWAY_KEY": house.gateway_key}
    for address in (ONE, OTHER):
        settings = house.core_settings | bootstrap | {"ROLLCALL_GRPC_ADDR": f"{address}:{port}"}
        core = Process(["core"], tmp_path / address, **settings)
        core.wait_for(lambda core=core: "Rollcall core is ready" in core.stdout)
        house.processes.append(core)
    one, other = house.processes
    names.server.says = ONE
    house.http_port = free_port()
    house.processes.append(house.new_process("gateway"))
    house.processes[-1].wait_for(house.is_ready)
    user = house.default.scim.create("ana")
    # Where it leads now is found out by itself, and the one that it led to may go then.
    names.server.says = f"{ONE},{OTHER}"
    asked = names.server.asked
    eventually(lambda: names.server.asked > asked + 2, "the name is looked up again")
    assert one.stop() == 0
    assert house.default.scim.read(user) == user
    # A name server that is away takes no core away.
    names.server.says = None
    asked = names.server.asked
    eventually(lambda: names.server.asked > asked + 2, "the name is looked up again")
    assert house.default.scim.read(user) == user
    assert other.stop() == 0
    eventually(lambda: not house.is_ready(), "no core is left")


@pytest.fixture
def certificate(tmp_path) -> tuple[ssl.SSLContext, str]:
    """What a peer of that name shows, and the file that it is believed by."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(NAME).configure_cert(context)
    believed = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(believed)
    return context, str(believed)


def test_a_notice_waits_until_its_server_is_found(builder, working, names, certificate):
    context, believed = certificate
    postbox = Postbox(tls=context).start()
    babbler = Babbler([random.Random(7).randbytes(300)], BABBLER, postbox.port)
    settings = {
        "ROLLCALL_SMTP_URL": f"smtps://{NAME}:{postbox.port}",
        "ROLLCALL_SMTP_FROM": "Rollcall <rollcall@example.com>",
        "ROLLCALL_SMTP_CA_CERT": believed,
        "ROLLCALL_SMTP_RETRY_DELAY": "100ms",
    }
    house = builder.start("serve-sqlite", under=names.under, settings=settings)
    state = api()["notice"].NoticeState.Value
    with working(house) as work:
        for number, trouble in enumerate(TROUBLES if IS_LONG else ["leads to nonsense"]):
            to = f"it{number}@example.com"
            name = work.directory.name
            house.admin.call("DirectoryService/UpdateDirectory", name=name, admin_emails={"addresses": [to]})

            def notice(id: str):
                return house.admin.call("NoticeService/GetNotice", id=id).notice

            with work.fault():
                TROUBLES[trouble](names.server)
                [sent] = house.admin.call("NoticeService/SendTestNotice", directory=name).notices
                eventually(lambda id=sent.id: notice(id).error, f"the server {trouble}, and it is known")
                assert notice(sent.id).state == state("NOTICE_STATE_PENDING")
                names.heal()
            eventually(lambda to=to: postbox.to(to), "the notice is sent")
            eventually(
                lambda id=sent.id: notice(id).state == state("NOTICE_STATE_SENT"), "it is known to have been sent"
            )
            assert len(postbox.to(to)) == 1
    house.stop()
    postbox.stop()
    babbler.close()


class NamedProvider(Provider):
    """A provider that is found by its name, and trusted by its certificate."""

    @property
    def issuer(self) -> str:
        return f"https://{NAME}:{self.port}"


def test_signing_in_waits_until_the_provider_is_found(builder, working, names, certificate):
    context, believed = certificate
    provider = NamedProvider().start()
    provider.server.socket = context.wrap_socket(provider.server.socket, server_side=True)
    babbler = Babbler([random.Random(7).randbytes(300)], BABBLER, provider.port)
    house = builder.new("serve-sqlite", under=names.under)
    house.settings = {
        "ROLLCALL_OIDC_ISSUER": provider.issuer,
        "ROLLCALL_OIDC_CLIENT_ID": CLIENT_ID,
        "ROLLCALL_OIDC_CLIENT_SECRET": provider.client_secret,
        "ROLLCALL_OIDC_ADMIN_EMAIL": "ana@example.com",
        "ROLLCALL_OIDC_SERVICE_KEY": house.admin_key,
        "ROLLCALL_OIDC_CA_CERT": believed,
    }
    with httpx.Client(verify=TRUSTS_NOBODY, timeout=60) as administrator:

        def begins() -> int:
            return administrator.get(house.url + "/admin/oidc/start").status_code

        for trouble in TROUBLES if IS_LONG else ["is broken"]:
            # What a process has learned of its provider it need not ask again; and only so many may fail.
            house.start()
            with working(house) as work:
                with work.fault():
                    TROUBLES[trouble](names.server)
                    assert begins() == 503
                    names.heal()
                assert eventually(lambda: begins() == 303 or time.sleep(1), "a sign-in begins")
            house.stop()
            house.past_output = house.output
            house.processes.clear()
    provider.stop()
    babbler.close()
