"""What documents say of running the image in a container is what the image has."""

import re
import shlex
from pathlib import Path

import pytest
import yaml
from dockerfile_parse import DockerfileParser

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
# Where a container is run and the commands in it are.
QUICK_START = ROOT / "docs" / "quick-start.md"
# Where an installation on Kubernetes is gone through, and what its reader makes on the way.
ON_KUBERNETES = [ROOT / "docs" / "kubernetes.md", ROOT / "deploy" / "helm" / "rollcall" / "README.md"]
OF_THE_READER = "deploy/kubernetes/overlays/mine"


def commands(path: Path, words: str) -> list[list[str]]:
    """The commands of a document, or of the comments of a file, that begin so."""
    text = re.sub(r"^# ?", "", path.read_text(), flags=re.MULTILINE)
    text = re.sub(r"\\\n", " ", text)
    return [shlex.split(line) for line in re.findall(rf"(?<!`)\b{words} .*", text)]


def after(command: list[str], flag: str) -> list[str]:
    """The values of a flag."""
    return [command[position + 1] for position, word in enumerate(command) if word == flag]


@pytest.fixture(scope="module")
def image() -> dict[str, str]:
    """The last instruction of each kind in the Dockerfile."""
    return {one["instruction"]: one["value"] for one in DockerfileParser(path=str(DOCKERFILE)).structure}


@pytest.mark.parametrize("path", [DOCKERFILE, QUICK_START], ids=["Dockerfile", "quick start"])
def test_the_image_is_run_with_every_port_and_the_volume_that_it_has(image, path):
    [build] = commands(path, "docker build")
    [run] = commands(path, "docker run")
    assert after(build, "-f") == ["deploy/Dockerfile"]
    assert after(build, "-t") == run[-1:]
    published = [binding.rsplit(":", 2) for binding in after(run, "-p")]
    # Keys travel on gRPC, and SCIM without TLS: nobody but this machine is to reach them.
    assert published == [["127.0.0.1", port, port] for port in image["EXPOSE"].split()]
    assert [volume.split(":")[1] for volume in after(run, "-v")] == yaml.safe_load(image["VOLUME"])


def test_the_commands_of_the_quick_start_run_in_its_container(image):
    [run] = commands(QUICK_START, "docker run")
    [execute] = commands(QUICK_START, "docker exec")
    assert after(execute, "-e") == ["ROLLCALL_ADMIN_KEY"]
    [name] = after(run, "--name")
    place = execute.index(name)
    assert execute[place + 1 : place + 3] == [*yaml.safe_load(image["ENTRYPOINT"]), "$@;"]


@pytest.mark.parametrize("path", ON_KUBERNETES, ids=["kubernetes", "chart"])
def test_commands_on_kubernetes_name_files_that_there_are(path):
    named = set(re.findall(r"\bdeploy/(?:kubernetes|helm)/[\w./-]+\w", re.sub(r"\]\([^)]*\)", "", path.read_text())))
    assert len(named - {OF_THE_READER}) >= 2
    assert [name for name in sorted(named - {OF_THE_READER}) if not (ROOT / name).exists()] == []


def test_the_tables_on_kubernetes_name_every_overlay_component_and_example():
    [text, _] = [path.read_text() for path in ON_KUBERNETES]
    deploy = ROOT / "deploy"
    for folder in (deploy / "kubernetes" / "overlays").iterdir():
        if folder.name != "mine":
            assert f"| `overlays/{folder.name}` | `examples/{folder.name}.yaml` |" in text
    for folder in (deploy / "kubernetes" / "components").iterdir():
        assert f"| `{folder.name}` |" in text, folder.name


def test_the_secrets_that_are_made_on_kubernetes_have_the_keys_of_the_table():
    text = ON_KUBERNETES[0].read_text()
    made = re.findall(r"create secret generic ([\w-]+) \\\n((?:.*\\\n|&.*\\\n)*.*)", text)
    assert {name for name, _ in made} == {"rollcall-bootstrap", "rollcall-database"}
    for name, rest in made:
        [keys] = re.findall(rf"^\| `{name}` \| ([^|]*) \|", text, flags=re.MULTILINE)
        given = re.findall(r"--from-(?:literal|file)=([\w.-]+)=", rest)
        assert given == re.findall(r"`([^`]+)`", keys), name
