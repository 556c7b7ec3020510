"""The binary runs with what manifests say: their commands and settings, with addresses and files of this machine."""

import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.authority import Authority
from deploy.reading import containers, named, server, settings_of, workloads
from deploy.rendering import INSTALLATIONS, kustomized
from harness.ports import free_port
from harness.process import Process, binary, clean_environment

# Where files are in a pod, and which settings are addresses.
DATA, TLS = "/var/lib/rollcall", "/etc/rollcall/tls"


def installation(name: str) -> list[dict]:
    [found] = [one for one in INSTALLATIONS if str(one) == name]
    return kustomized(found)


class Pods:
    """The servers of an installation as processes. Each has what its container is given, and what a cluster adds."""

    def __init__(self, manifests: list[dict], work: Path):
        self.manifests, self.work = manifests, work
        self.ports = {"HTTP": free_port(), "GRPC": free_port(), "CONSOLE": free_port()}
        self.brought = {
            "ROLLCALL_BOOTSTRAP_ADMIN_KEY": secrets.token_hex(32),
            "ROLLCALL_BOOTSTRAP_SCIM_TOKEN": secrets.token_hex(32),
            "ROLLCALL_DATABASE_URL": f"sqlite:{work / 'core.db'}",
        }
        self.started: list[Process] = []

    def settings(self, role: str, container: dict) -> dict[str, str]:
        given = {}
        for name, value in settings_of(self.manifests, container).items():
            if not isinstance(value, str):
                # From a Secret, of which a pod may do without those that are optional.
                given |= {name: self.brought[name]} if name in self.brought else {}
            elif name.endswith("_ADDR"):
                given[name] = f"127.0.0.1:{self.ports[name.split('_')[1]]}"
            else:
                value = value.replace(DATA, str(self.work / "data")).replace(TLS, str(self.work / role))
                given[name] = value.replace("rollcall-core:50051", f"localhost:{self.ports['GRPC']}")
        return given

    def migrate(self, role: str) -> subprocess.CompletedProcess:
        """What the init container does."""
        [container] = workloads(self.manifests)[role]["spec"]["initContainers"]
        environment = clean_environment(**self.settings(role, container))
        command = [binary(), *container["args"]]
        return subprocess.run(command, env=environment, text=True, capture_output=True, timeout=60, cwd=self.work)

    def start(self, role: str, **more: str) -> Process:
        container = server(workloads(self.manifests)[role])
        process = Process(container["args"], self.work, **self.settings(role, container) | more)
        self.started.append(process)
        return process

    def answers(self, port: str, path: str) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.ports[port]}{path}").status_code == 200
        except httpx.TransportError:
            return False

    def command(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess:
        """An administrator's command, through a port that is forwarded."""
        key = self.brought["ROLLCALL_BOOTSTRAP_ADMIN_KEY"]
        environment = clean_environment(ROLLCALL_ADMIN_KEY=key, **settings)
        return subprocess.run([binary(), *arguments], env=environment, text=True, capture_output=True, timeout=60)


@pytest.fixture
def pods(tmp_path) -> Iterator:
    made: list[Pods] = []

    def make(name: str) -> Pods:
        made.append(Pods(installation(name), tmp_path))
        return made[-1]

    yield make
    for process in [process for one in made for process in one.started]:
        process.stop()


def test_one_process_starts_behind_its_migration_and_prints_no_secret(pods):
    single = pods("single")
    assert [container["args"] for container in containers(workloads(single.manifests)["serve"])] == [
        ["serve"],
        ["migrate"],
    ]
    first, second = single.migrate("serve"), single.migrate("serve")
    assert first.returncode == 0, first.stderr
    assert second.returncode == 0, second.stderr
    assert first.stdout != second.stdout
    serve = single.start("serve")
    serve.wait_for(lambda: single.answers("HTTP", "/readyz"))
    token = single.brought["ROLLCALL_BOOTSTRAP_SCIM_TOKEN"]
    assert not [secret for secret in (token, single.brought["ROLLCALL_BOOTSTRAP_ADMIN_KEY"]) if secret in serve.output]
    users = f"http://127.0.0.1:{single.ports['HTTP']}/scim/v2/Users"
    assert httpx.get(users, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert (single.work / "data" / "rollcall.db").is_file()


def test_a_server_without_its_migration_does_not_start(pods):
    single = pods("single")
    assert single.start("serve").wait() != 0


def test_with_mtls_by_cert_manager_the_installation_serves_and_strangers_get_nothing(pods):
    apart = pods("base-cert-manager")

    def certificate(name: str) -> dict:
        return named(apart.manifests, "Certificate", f"rollcall-{name}")["spec"]

    authority = Authority(certificate("ca"))
    for role in ("core", "gateway", "console", "administrator"):
        authority.issue(certificate(role), apart.work / role)
    assert apart.migrate("core").returncode == 0
    apart.start("core")
    gateway, console = apart.start("gateway"), apart.start("console")
    gateway.wait_for(lambda: apart.answers("HTTP", "/readyz"))
    console.wait_for(lambda: apart.answers("CONSOLE", "/readyz"))

    trusting = {
        "ROLLCALL_SERVER": f"https://localhost:{apart.ports['GRPC']}",
        "ROLLCALL_CA_CERT": str(apart.work / "administrator" / "ca.crt"),
    }
    shown = {
        "ROLLCALL_CLIENT_CERT": str(apart.work / "administrator" / "tls.crt"),
        "ROLLCALL_CLIENT_KEY": str(apart.work / "administrator" / "tls.key"),
    }
    listed = apart.command("directory", "list", **trusting, **shown)
    assert listed.returncode == 0, listed.stderr
    assert apart.command("directory", "list", **trusting).returncode == 1


def test_a_renewed_authority_goes_on_trusting_what_it_signed_before(pods):
    """The key of the authority stays (`rotationPolicy: Never`), so that pods need not be restarted all at once."""
    apart = pods("base-cert-manager")
    spec = {
        name: named(apart.manifests, "Certificate", f"rollcall-{name}")["spec"] for name in ("ca", "core", "gateway")
    }
    authority = Authority(spec["ca"])
    authority.issue(spec["gateway"], apart.work / "gateway")
    authority.certificate = authority.signed(spec["ca"], authority.key)
    authority.issue(spec["core"], apart.work / "core")
    assert (apart.work / "core" / "ca.crt").read_bytes() != (apart.work / "gateway" / "ca.crt").read_bytes()
    assert apart.migrate("core").returncode == 0
    apart.start("core")
    apart.start("gateway").wait_for(lambda: apart.answers("HTTP", "/readyz"))
