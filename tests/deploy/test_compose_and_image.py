"""The compose file and the Dockerfile are well-formed, and speak of commands and settings that the binary has."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from compose_spec import PyOptions
from dockerfile_parse import DockerfileParser

from deploy.told import settings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


def administrator_settings() -> set[str]:
    return settings("directory")


@pytest.fixture(scope="module")
def compose() -> dict:
    """The compose file with its variables filled in."""
    text = re.sub(r"\$\{[A-Z_]+:[-?][^}]*\}", "filled-in", (DEPLOY / "compose.yaml").read_text())
    specification = PyOptions(apply_merge=True).from_yaml(text)
    specification.validate()
    return yaml.safe_load(text)


def test_the_compose_file_runs_commands_with_settings_that_they_have(compose):
    services = {name: one for name, one in compose["services"].items() if one["image"].startswith("rollcall")}
    commands = {one["command"][0] for one in services.values() if "command" in one}
    assert commands >= {"migrate", "core", "gateway", "console"}
    for name, one in services.items():
        known = settings(one["command"][0]) if "command" in one else administrator_settings()
        assert one["environment"].keys() <= known, name
        assert (DEPLOY / one["build"]["context"] / one["build"]["dockerfile"]).is_file()


def test_the_compose_file_waits_for_services_that_it_has(compose):
    for name, one in compose["services"].items():
        assert set(one.get("depends_on", {})) <= set(compose["services"]), name
        assert set(one.get("networks", [])) <= set(compose["networks"]), name


@pytest.fixture(scope="module")
def dockerfile() -> list[dict]:
    """The instructions of the Dockerfile."""
    return DockerfileParser(path=str(DEPLOY / "Dockerfile"), cache_content=True).structure


def last(dockerfile: list[dict], instruction: str) -> str:
    return [one["value"] for one in dockerfile if one["instruction"] == instruction][-1]


def test_the_image_runs_the_binary_as_nobody(dockerfile):
    user = last(dockerfile, "USER").split(":")[0]
    assert user.isdigit()
    assert int(user) > 0
    assert yaml.safe_load(last(dockerfile, "ENTRYPOINT")) == ["/usr/local/bin/rollcall"]
    [command] = yaml.safe_load(last(dockerfile, "CMD"))
    given = set(re.findall(r"\bROLLCALL_[A-Z0-9_]+", last(dockerfile, "ENV")))
    assert given
    assert given <= settings(command)


def test_the_image_is_built_with_the_pinned_toolchain(dockerfile):
    channel = re.search(r'channel = "([\d.]+)"', (ROOT / "rust-toolchain.toml").read_text())[1]
    first = next(one["value"] for one in dockerfile if one["instruction"] == "FROM")
    assert first.startswith(f"rust:{channel}")


def test_the_image_copies_what_there_is(dockerfile):
    for one in dockerfile:
        if one["instruction"] == "COPY" and "--from" not in one["value"]:
            *sources, _ = [word for word in one["value"].split() if not word.startswith("--")]
            for source in sources:
                assert (ROOT / source).exists(), source


def test_the_context_of_the_image_has_every_package_of_the_workspace():
    """Cargo builds none where one is missing."""
    command = ["cargo", "metadata", "--locked", "--no-deps", "--format-version=1"]
    told = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    folders = {Path(package["manifest_path"]).parent.relative_to(ROOT) for package in told["packages"]}
    kept = {Path(line[1:]) for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert len(folders) > 5
    assert [str(folder) for folder in folders if not {folder, *folder.parents} & kept] == []
