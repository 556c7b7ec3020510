"""TLS to try out: an authority of one's own, and mTLS between all parts by one setting."""

import ssl
import stat
import subprocess
from pathlib import Path

import httpx
import pytest

from harness.ports import free_port
from harness.process import Process, binary, clean_environment
from harness.scim import Scim


def make(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [binary(), "tls", "dev", "--out", folder, *arguments],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "tls"
    make(folder)
    return folder


def test_keys_are_for_their_owner_alone_and_an_authority_stays(folder):
    authority, first = (folder / "ca.crt").read_text(), (folder / "tls.crt").read_text()
    said = make(folder, "--name", "core.example.com")
    assert "A new certificate" in said
    assert "core.example.com" in said
    assert (folder / "ca.crt").read_text() == authority
    assert (folder / "tls.crt").read_text() != first
    for name in ("ca.key", "tls.key"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_a_server_is_trusted_by_whoever_has_the_authority(builder, folder):
    house = builder.new("serve-sqlite")
    house.http_port, house.grpc_port = free_port(), free_port()
    house.settings = {
        "ROLLCALL_HTTP_TLS_CERT": str(folder / "tls.crt"),
        "ROLLCALL_HTTP_TLS_KEY": str(folder / "tls.key"),
    }
    house.processes.append(house.new_process("serve"))
    house.processes[0].wait_for(lambda: "is ready" in house.processes[0].stdout)
    trusting = ssl.create_default_context(cafile=folder / "ca.crt")
    for host in ("localhost", "127.0.0.1"):
        url = f"https://{host}:{house.http_port}/healthz"
        assert httpx.get(url, verify=trusting).status_code == 200
    with pytest.raises(httpx.TransportError):
        httpx.get(url)
    house.stop()


def test_one_setting_lets_all_parts_know_one_another_and_nobody_else_in(builder, folder, tmp_path, name):
    house = builder.new("apart-sqlite")
    house.http_port, house.grpc_port = free_port(), free_port()
    house.settings = {"ROLLCALL_MTLS_DIR": str(folder)}
    url = f"https://localhost:{house.grpc_port}"
    house.processes.append(house.new_process("core"))
    house.settings["ROLLCALL_CORE_URL"] = url
    house.processes.append(house.new_process("gateway"))
    house.processes[1].wait_for(house.is_ready)
    assert Scim(house.base_url, house.scim_token).create(name)["userName"] == name

    own = {"ROLLCALL_MTLS_DIR": str(folder), "ROLLCALL_SERVER": url}
    assert house.command("directory", "list", **own).returncode == 0
    stranger = tmp_path / "stranger"
    make(stranger)
    for settings in ({"ROLLCALL_CA_CERT": str(folder / "ca.crt")}, {"ROLLCALL_MTLS_DIR": str(stranger)}):
        assert house.command("directory", "list", ROLLCALL_SERVER=url, **settings).returncode == 1

    console = Process(
        ["console"],
        tmp_path,
        ROLLCALL_CONSOLE_ADDR=f"127.0.0.1:{free_port()}",
        ROLLCALL_CORE_URL=url,
        ROLLCALL_MTLS_DIR=str(folder),
    )
    console.wait_for(lambda: "is ready" in console.stdout)
    assert httpx.get(console.stdout.split()[-1].replace("/admin", "/readyz")).status_code == 200
    console.stop()
    house.stop()


def test_a_setting_of_its_own_counts_before_the_directory(builder, folder):
    done = builder.new("serve-sqlite").command(
        "gateway", "--mtls-dir", str(folder), "--core-ca-cert", "no/such.pem", "--core-url", "https://localhost:1"
    )
    assert done.returncode != 0
    assert "no/such.pem" in done.stderr
