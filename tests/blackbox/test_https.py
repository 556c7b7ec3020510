"""HTTPS at every port that speaks HTTP, and certificates that change while people are served."""

import datetime
import re
import socket
import ssl
import threading
import time
from pathlib import Path

import httpx
import pytest
import trustme

from harness.ports import free_port
from harness.process import Process
from harness.scim import Scim

HOST = "localhost"


class Shown:
    """A certificate and its key in files, and clients who trust its authority."""

    def __init__(self, folder: Path):
        self.certificate, self.key = folder / "tls.crt", folder / "tls.key"
        self.renew()

    def renew(self, days: float = 90) -> None:
        """Writes those of another authority, as somebody does who replaces a file; they end after so many days."""
        self.authority = trustme.CA()
        ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
        issued = self.authority.issue_cert(HOST, not_before=ends - datetime.timedelta(days=365), not_after=ends)
        for file, pem in ((self.key, issued.private_key_pem), (self.certificate, issued.cert_chain_pems[0])):
            new = file.with_suffix(".new")
            pem.write_to_path(new)
            new.rename(file)

    def settings(self) -> dict[str, str]:
        return {"ROLLCALL_HTTP_TLS_CERT": str(self.certificate), "ROLLCALL_HTTP_TLS_KEY": str(self.key)}

    def context(self, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context


class Encrypted:
    """An installation whose HTTP port has TLS."""

    def __init__(self, builder):
        self.shown = Shown(builder.work)
        self.house = builder.new("serve-sqlite")
        self.house.http_port, self.house.grpc_port = free_port(), free_port()
        self.house.settings = self.shown.settings()
        self.house.processes.append(self.house.new_process("serve"))
        self.house.processes[-1].wait_for(lambda: self.answers(self.shown.context()))

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.house.http_port}"

    def answers(self, context: ssl.SSLContext) -> bool:
        try:
            with httpx.Client(verify=context) as client:
                return client.get(f"{self.url}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def connected(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        return context.wrap_socket(socket.create_connection((HOST, self.house.http_port)), server_hostname=HOST)

    def scim(self) -> Scim:
        scim = Scim(f"{self.url}/scim/v2", self.house.scim_token)
        scim.http = httpx.Client(timeout=60, verify=self.shown.context())
        return scim


@pytest.fixture
def encrypted(builder):
    encrypted = Encrypted(builder)
    yield encrypted
    encrypted.house.stop()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_user_is_provisioned_over_tls_and_urls_say_so(encrypted, version, name):
    scim = encrypted.scim()
    scim.http = httpx.Client(timeout=60, verify=encrypted.shown.context(version))
    user = scim.create(name)
    assert user["meta"]["location"].startswith(f"{encrypted.url}/scim/v2/Users/")
    assert f"https://127.0.0.1:{encrypted.house.http_port}/scim/v2" in encrypted.house.processes[0].stdout


def test_http2_is_agreed_on(encrypted):
    context = encrypted.shown.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with encrypted.connected(context) as stream:
        assert stream.selected_alpn_protocol() == "h2"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_whoever_speaks_an_old_tls_or_none_gets_nothing(encrypted):
    old = encrypted.shown.context()
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    assert not encrypted.answers(old)
    with pytest.raises(httpx.TransportError):
        httpx.get(encrypted.url.replace("https", "http") + "/readyz", verify=False)
    assert encrypted.answers(encrypted.shown.context())


def test_a_bare_line_feed_in_a_head_is_400_over_tls_too(encrypted):
    with encrypted.connected(encrypted.shown.context()) as stream:
        stream.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n")
        assert stream.recv(4096).startswith(b"HTTP/1.1 400")


def test_a_certificate_is_replaced_and_nobody_is_refused(encrypted, name, record_property):
    users = encrypted.scim()
    user = users.create(name)
    statuses, over = [], threading.Event()

    def ask():
        while not over.is_set():
            statuses.append(users.get(f"/Users/{user['id']}").status_code)

    asking = [threading.Thread(target=ask) for _ in range(4)]
    for thread in asking:
        thread.start()
    before = encrypted.shown.context()
    encrypted.shown.renew()
    end = time.monotonic() + 60
    while not encrypted.answers(encrypted.shown.context()):
        assert time.monotonic() < end, "the new certificate is not shown"
    assert not encrypted.answers(before), "the old one is shown still"
    over.set()
    for thread in asking:
        thread.join()
    assert set(statuses) == {200}
    record_property("measured", f"{len(statuses)} requests while the certificate changed, all answered 200")


def test_a_certificate_that_cannot_be_used_leaves_the_one_before(encrypted):
    encrypted.shown.certificate.write_text("no certificate")
    encrypted.house.processes[0].wait_for(lambda: "holds no certificate in PEM" in encrypted.house.output)
    assert encrypted.answers(encrypted.shown.context())
    encrypted.shown.renew()
    encrypted.house.processes[0].wait_for(lambda: encrypted.answers(encrypted.shown.context()))


def test_a_console_of_its_own_has_tls(builder, encrypted):
    port = free_port()
    settings = {
        "ROLLCALL_CONSOLE_ADDR": f"127.0.0.1:{port}",
        "ROLLCALL_CORE_URL": f"http://{encrypted.house.grpc_address}",
    }
    console = Process(["console"], builder.work, **settings | encrypted.shown.settings())
    url = f"https://{HOST}:{port}/admin"
    try:
        console.wait_for(lambda: "ready" in console.stdout)
        answer = httpx.get(url, verify=encrypted.shown.context(), follow_redirects=True)
        assert answer.status_code == 200
        assert "Sign in" in answer.text
        assert f"https://127.0.0.1:{port}/admin" in console.stdout
    finally:
        console.stop()


@pytest.mark.parametrize("missing", ["certificate", "key", "file"])
def test_half_a_pair_is_refused_at_the_start(builder, missing):
    shown = Shown(builder.work)
    settings = shown.settings()
    if missing == "file":
        shown.key.unlink()
    else:
        del settings["ROLLCALL_HTTP_TLS_CERT" if missing == "certificate" else "ROLLCALL_HTTP_TLS_KEY"]
    done = builder.new("serve-sqlite").command("gateway", **settings)
    assert done.returncode != 0
    wanted = {"certificate": "http-tls-key needs http-tls-cert", "key": "http-tls-cert needs http-tls-key"}
    assert wanted.get(missing, str(shown.key)) in done.stderr


def test_a_certificate_that_ends_soon_is_told_of_and_one_that_is_renewed_no_longer(builder):
    house = builder.new("serve-sqlite")
    shown = Shown(builder.work)
    shown.renew(days=3.5)
    house.settings = shown.settings() | {"ROLLCALL_METRICS_ADDR": "127.0.0.1:0"}
    house.http_port, house.grpc_port = free_port(), free_port()
    process = house.new_process("serve")
    house.processes.append(process)

    def days_left() -> float:
        address = re.search(r'"metrics are at.*?"address":"([^"]+)"', process.stderr)[1]
        told = httpx.get(f"http://{address}/metrics").text
        ends = re.search(r'^rollcall_certificate_end_timestamp_seconds\{port="http"\} (\S+)', told, re.MULTILINE)
        return (float(ends[1]) - time.time()) / 86400

    process.wait_for(lambda: "the certificate ends soon" in process.stderr and "metrics are at" in process.stderr)
    assert '"days":3' in process.stderr
    assert days_left() == pytest.approx(3.5, abs=0.1)
    shown.renew(days=90)
    process.wait_for(lambda: days_left() > 80)
    shown.renew(days=-1)
    process.wait_for(lambda: "the certificate has expired" in process.stderr)
