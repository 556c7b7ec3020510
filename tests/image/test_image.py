"""The image that deploy/release makes has what it needs and no more, and runs as nobody; a release is what it says."""

import json
import os
import re
import shutil
import stat
import subprocess
import tarfile
import tomllib
from pathlib import Path

import httpx
import pytest
import trustme

from harness.name_server import NameServer
from harness.scim import USER, Scim
from image.container import Container, Image, digest, volume

ROOT = Path(__file__).resolve().parents[2]
VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
LIMIT = 40 * 1024 * 1024
BINARY = "/usr/local/bin/rollcall"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
STATUS = "/var/lib/dpkg/status.d/"
DATA = "/var/lib/rollcall"
TOKEN = "bootstrap-token-of-the-image-test"


def released(kind: str, folder: str = "RELEASE") -> Path:
    """The file of a release that ends so."""
    [found] = Path(os.environ[folder]).glob(f"rollcall-{VERSION}-*.{kind}")
    return found


@pytest.fixture(scope="module")
def image() -> Image:
    return Image(released("oci.tar"))


@pytest.fixture(scope="module")
def dockerfile_image() -> Image:
    return Image(Path(os.environ["DOCKERFILE_ARCHIVE"]))


def packages(image: Image) -> dict[str, str]:
    """The packages that an image has something of, with their versions."""
    found = {}
    for path in image.files:
        if path.startswith(STATUS):
            fields = dict(re.findall(r"^(\w[\w-]*): (.*)$", image.read(path).decode(), re.MULTILINE))
            found[fields["Package"]] = fields["Version"]
    return found


def test_the_image_is_small(image):
    for path, member in sorted(image.files.items()):
        if not member.isdir():
            print(f"{stat.S_IMODE(member.mode):04o} {member.uid}:{member.gid} {member.size:>10} {path}")
    print(*(f"{name} {version}" for name, version in packages(image).items()), sep="\n")
    print(f"{image.compressed_size / 1024 / 1024:.1f} MiB compressed")
    assert image.compressed_size < LIMIT


def test_every_part_is_what_its_digest_says(image):
    parts = [image.manifest["config"], *image.manifest["layers"]]
    assert len(parts) >= 2
    for part in parts:
        assert digest(image.blobs[part["digest"]]) == part["digest"]
        assert len(image.blobs[part["digest"]]) == part["size"]
    assert [digest(layer) for layer in image.layers] == image.description["rootfs"]["diff_ids"]


def test_it_says_how_it_is_run(image):
    config = image.config
    assert config["User"] == "65532:65532"
    assert config["Entrypoint"] == [BINARY]
    assert config["Cmd"] == ["serve"]
    assert set(config["ExposedPorts"]) == {"8080/tcp", "50051/tcp"}
    assert set(config["Volumes"]) == {DATA}
    assert config["StopSignal"] == "SIGTERM"
    assert image.environment["ROLLCALL_DATA_DIR"] == image.environment["SQLITE_TMPDIR"] == DATA
    labels = {name.removeprefix("org.opencontainers.image."): value for name, value in config["Labels"].items()}
    assert labels["title"] == "rollcall"
    assert labels["licenses"] == "Apache-2.0"
    assert labels["version"] == VERSION
    assert re.fullmatch("[0-9a-f]{40}", labels["revision"])


def test_nothing_in_it_can_be_run_but_the_binary(image):
    programs = {path for path, member in image.files.items() if member.isfile() and member.mode & 0o111}
    libraries = {path for path in programs if re.search(r"\.so(\.\d+)*$", path)}
    assert programs - libraries == {BINARY}
    assert all(path.startswith(("/lib/", "/lib64/", "/usr/lib/")) for path in libraries)
    assert not any(member.issym() or member.islnk() for member in image.files.values())


def test_nobody_can_change_it_and_nothing_in_it_lends_rights(image):
    for path, member in image.files.items():
        assert member.isdir() or member.isfile(), path
        assert not member.mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH | stat.S_IWGRP), path
        owner = 65532 if path == DATA else 0
        assert (member.uid, member.gid) == (owner, owner), path


def test_its_user_has_a_name(image):
    assert re.search(r"^nonroot:x:65532:65532:", image.read("/etc/passwd").decode(), re.MULTILINE)
    assert re.search(r"^nonroot:x:65532:", image.read("/etc/group").decode(), re.MULTILINE)


def certificates(pem: bytes) -> set[bytes]:
    return set(re.findall(b"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", pem, re.DOTALL))


def test_it_trusts_who_debian_trusts_and_not_who_this_machine_does(image):
    trusted = certificates(image.read(CERTIFICATES))
    debian = Path("/usr/share/ca-certificates/mozilla").glob("*.crt")
    assert trusted == {one for file in debian for one in certificates(file.read_bytes())}
    assert len(trusted) > 100


def test_what_is_from_debian_is_named_and_comes_with_its_licence(image):
    named = packages(image)
    assert named.keys() >= {"libc6", "libgcc-s1", "ca-certificates"}
    for name in named:
        assert image.files[f"/usr/share/doc/{name}/copyright"].size > 0
    assert image.read("/usr/share/doc/rollcall/LICENSE") == (ROOT / "LICENSE").read_bytes()


def test_the_dockerfile_makes_the_same(image, dockerfile_image):
    def layout(image: Image) -> dict[str, tuple]:
        return {path: (one.type, one.mode, one.uid, one.gid) for path, one in image.files.items()}

    def how(image: Image) -> dict:
        return {key: value for key, value in image.config.items() if key != "Labels"}

    assert layout(dockerfile_image) == layout(image)
    assert how(dockerfile_image) == how(image)
    assert dockerfile_image.config["Labels"].items() <= image.config["Labels"].items()


def is_ready() -> bool:
    try:
        return httpx.get("http://127.0.0.1:8080/readyz").status_code == 200
    except httpx.TransportError:
        return False


def scim() -> Scim:
    return Scim("http://127.0.0.1:8080/scim/v2", TOKEN)


def create_user(name: str) -> str:
    """Creates a user over SCIM, reads it again, and returns its id."""
    created = scim().post("/Users", {"schemas": [USER], "userName": name})
    assert created.status_code == 201, created.text
    id = created.json()["id"]
    assert scim().get(f"/Users/{id}").json()["userName"] == name
    return id


def test_serve_runs_as_the_image_says_and_finds_its_data_again(image, tmp_path):
    data = volume(tmp_path / "data", image.config["User"])
    first = Container(image, tmp_path / "first", data=data, ROLLCALL_BOOTSTRAP_SCIM_TOKEN=TOKEN)
    first.wait_for(is_ready)
    id = create_user("ada@example.com")
    assert first.stop() == 0, first.output
    assert {file.stat().st_uid for file in data.rglob("*")} == {65532}

    second = Container(image, tmp_path / "second", data=data)
    second.wait_for(is_ready)
    assert scim().get(f"/Users/{id}").json()["userName"] == "ada@example.com"
    assert second.stop() == 0, second.output


def test_gateway_and_core_find_and_trust_each_other_by_what_the_system_says(image, tmp_path):
    """The gateway asks DNS for the core's name, and believes its certificate by the certificates of the system."""
    user = image.config["User"]
    data = volume(tmp_path / "data", user)
    names = NameServer("core.rollcall.test")
    ca = trustme.CA()
    core_certificate = ca.issue_cert("core.rollcall.test")
    core_certificate.private_key_and_cert_chain_pem.write_to_path(data / "core.pem")
    shutil.chown(data / "core.pem", *map(int, user.split(":")))
    trusted, resolver, hosts = tmp_path / "trusted.crt", tmp_path / "resolv.conf", tmp_path / "hosts"
    ca.cert_pem.write_to_path(trusted)
    resolver.write_text("nameserver 127.0.0.1\n")
    hosts.write_text("127.0.0.1 localhost\n")

    core = Container(
        image,
        tmp_path / "core",
        "core",
        data=data,
        ROLLCALL_GRPC_TLS_CERT=f"{DATA}/core.pem",
        ROLLCALL_GRPC_TLS_KEY=f"{DATA}/core.pem",
        ROLLCALL_BOOTSTRAP_SCIM_TOKEN=TOKEN,
    )
    gateway = Container(
        image,
        tmp_path / "gateway",
        "gateway",
        mounts={"/etc/resolv.conf": resolver, "/etc/hosts": hosts, CERTIFICATES: trusted},
        ROLLCALL_CORE_URL="https://core.rollcall.test:50051",
    )
    gateway.wait_for(is_ready)
    create_user("grace@example.com")
    assert names.asked > 0
    assert gateway.stop() == 0, gateway.output
    assert core.stop() == 0, core.output


def test_a_name_of_etc_hosts_is_known(image, tmp_path):
    data = volume(tmp_path / "data", image.config["User"])
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 core-by-hosts\n")
    core = Container(image, tmp_path / "core", "core", data=data, ROLLCALL_BOOTSTRAP_SCIM_TOKEN=TOKEN)
    url = "http://core-by-hosts:50051"
    gateway = Container(image, tmp_path / "gateway", "gateway", mounts={"/etc/hosts": hosts}, ROLLCALL_CORE_URL=url)
    gateway.wait_for(is_ready)
    create_user("hedy@example.com")
    assert gateway.stop() == 0, gateway.output
    assert core.stop() == 0, core.output


def test_nothing_but_the_data_can_be_written(image, tmp_path):
    """Without its volume the root is read-only to the last folder: it says so, and does not run."""
    container = Container(image, tmp_path / "container", "serve")
    assert container.wait() != 0
    assert DATA in container.stderr, container.output


def test_the_checksums_are_those_of_the_files():
    folder = Path(os.environ["RELEASE"])
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    summed = {line.split()[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    assert summed == {file.name for file in folder.iterdir()} - {"SHA256SUMS"}
    assert len(summed) == 3


def test_two_releases_of_one_build_are_the_same_bytes():
    first, again = (Path(os.environ[folder]) / "SHA256SUMS" for folder in ("RELEASE", "RELEASE_AGAIN"))
    assert first.read_text() == again.read_text()


def test_the_binary_beside_the_image_is_the_one_in_it(image):
    with tarfile.open(released("tar.gz")) as archive:
        [path] = [member.name for member in archive if member.isfile() and member.name.endswith("/rollcall")]
        assert archive.extractfile(path).read() == image.read(BINARY)


def test_the_bill_of_materials_names_every_crate_and_every_package(image):
    text = released("cdx.json").read_text()
    bill = json.loads(text)
    components = {(one["name"], one["version"]) for one in bill["components"]}
    assert (bill["metadata"]["component"]["name"], bill["metadata"]["component"]["version"]) == ("rollcall", VERSION)
    tree = subprocess.run(
        ["cargo", "tree", "--locked", "-p", "rollcall", "-e", "normal", "--prefix", "none", "--format", "{p}"],
        text=True,
        capture_output=True,
        check=True,
        cwd=ROOT,
    ).stdout
    crates = {(line.split()[0], line.split()[1].removeprefix("v")) for line in tree.splitlines() if line.strip()}
    assert len(crates) > 100
    assert crates - components == {("rollcall", VERSION)}
    assert set(packages(image).items()) <= components
    assert str(ROOT) not in text
    assert "/tmp/" not in text
    references = [one["bom-ref"] for one in bill["components"]]
    assert len(references) == len(set(references))
