"""Gateway, core and commands over TLS, each knowing whom it talks to."""

import socket
import ssl

import grpc
import pytest
import trustme

from harness.ports import free_port
from harness.process import Process
from harness.scim import Scim

pytestmark = pytest.mark.every_mode

HOST = "localhost"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> dict[str, str]:
    """The files of an authority, a core and a client that it has signed, and a client that another has signed."""
    folder = tmp_path_factory.mktemp("certificates")
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    for name, signer in (("core", authority), ("client", authority), ("stranger", stranger)):
        issued = signer.issue_cert(HOST)
        issued.private_key_pem.write_to_path(folder / f"{name}.key")
        issued.cert_chain_pems[0].write_to_path(folder / f"{name}.pem")
    return {file.name: str(file) for file in folder.iterdir()}


@pytest.fixture
def house(builder, certificates):
    """A core that wants clients whom its authority has signed, and a gateway that is one."""
    house = builder.new("apart-sqlite")
    house.http_port, house.grpc_port = free_port(), free_port()
    house.settings = {
        "ROLLCALL_GRPC_TLS_CERT": certificates["core.pem"],
        "ROLLCALL_GRPC_TLS_KEY": certificates["core.key"],
        "ROLLCALL_GRPC_TLS_CLIENT_CA": certificates["ca.pem"],
    }
    house.processes.append(house.new_process("core"))
    house.processes.append(new_gateway(house, certificates, "client"))
    house.processes[-1].wait_for(house.is_ready)
    return house


def new_gateway(house, certificates, client: str | None) -> Process:
    settings = {"ROLLCALL_CORE_URL": core_url(house), "ROLLCALL_HTTP_ADDR": f"127.0.0.1:{house.http_port}"}
    settings["ROLLCALL_CORE_CA_CERT"] = certificates["ca.pem"]
    if client:
        settings["ROLLCALL_CORE_CLIENT_CERT"] = certificates[f"{client}.pem"]
        settings["ROLLCALL_CORE_CLIENT_KEY"] = certificates[f"{client}.key"]
    return Process(["gateway"], house.work / (client or "anonymous"), **settings)


def core_url(house) -> str:
    return f"https://{HOST}:{house.grpc_port}"


def command(house, certificates, client: str | None, *arguments: str):
    settings = {"ROLLCALL_SERVER": core_url(house), "ROLLCALL_CA_CERT": certificates["ca.pem"]}
    if client:
        settings["ROLLCALL_CLIENT_CERT"] = certificates[f"{client}.pem"]
        settings["ROLLCALL_CLIENT_KEY"] = certificates[f"{client}.key"]
    return house.command(*arguments, **settings)


def test_a_user_is_provisioned_through_a_gateway_that_the_core_knows(house, name):
    scim = Scim(house.base_url, house.scim_token)
    user = scim.create(name)
    assert scim.read(user)["userName"] == name


@pytest.mark.parametrize("client", ["stranger", None])
def test_a_gateway_that_the_core_does_not_know_gets_nothing(house, certificates, client):
    house.http_port = free_port()
    gateway = new_gateway(house, certificates, client)
    house.processes.append(gateway)
    gateway.wait_for(lambda: "listen" in gateway.stderr)
    assert not house.is_ready()
    answer = Scim(house.base_url, house.scim_token).http.get(f"{house.base_url}/Users")
    assert answer.status_code == 503


def test_a_command_shows_its_certificate(house, certificates):
    assert command(house, certificates, "client", "directory", "list").returncode == 0
    for client in ("stranger", None):
        done = command(house, certificates, client, "directory", "list")
        assert done.returncode == 1
        assert done.stderr.startswith("rollcall: ")


def test_who_speaks_no_tls_gets_nothing(house):
    plain = house.rpc(house.admin_key)
    with pytest.raises(grpc.RpcError) as refusal:
        plain.call("IdentityService/WhoAmI")
    assert refusal.value.code() == grpc.StatusCode.UNAVAILABLE


def test_a_core_shows_its_new_certificate_without_a_restart(builder, tmp_path, name):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    def issue() -> bytes:
        issued = authority.issue_cert(HOST)
        issued.private_key_pem.write_to_path(tmp_path / "core.key")
        issued.cert_chain_pems[0].write_to_path(tmp_path / "core.pem")
        return ssl.PEM_cert_to_DER_cert((tmp_path / "core.pem").read_text())

    def shown() -> bytes:
        context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
        context.set_alpn_protocols(["h2"])
        raw = socket.create_connection((HOST, house.grpc_port))
        with context.wrap_socket(raw, server_hostname=HOST) as stream:
            return stream.getpeercert(binary_form=True)

    first = issue()
    house = builder.new("apart-sqlite")
    house.http_port, house.grpc_port = free_port(), free_port()
    house.settings = {
        "ROLLCALL_GRPC_TLS_CERT": str(tmp_path / "core.pem"),
        "ROLLCALL_GRPC_TLS_KEY": str(tmp_path / "core.key"),
    }
    house.processes.append(house.new_process("core"))
    house.processes.append(new_gateway(house, {"ca.pem": str(tmp_path / "ca.pem")}, None))
    house.processes[-1].wait_for(house.is_ready)
    assert shown() == first
    scim = Scim(house.base_url, house.scim_token)
    user = scim.create(name)
    second = issue()
    house.processes[0].wait_for(lambda: shown() == second)
    assert scim.read(user)["userName"] == name
    house.stop()
