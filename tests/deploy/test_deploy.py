"""What deploy/ says is well-formed, and speaks of commands and settings that the binary has."""

import json
import re
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from compose_spec import PyOptions
from dockerfile_parse import DockerfileParser

from harness.process import binary

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KUSTOMIZATIONS = sorted(file.parent for file in DEPLOY.rglob("kustomization.yaml"))


def settings(command: str) -> set[str]:
    """The environment variables that a command reads."""
    help = subprocess.run([binary(), command, "--help"], text=True, capture_output=True, timeout=60, check=True).stdout
    return set(re.findall(r"\bROLLCALL_[A-Z0-9_]+", help))


def administrator_settings() -> set[str]:
    return settings("directory")


@pytest.fixture(scope="module")
def manifests() -> dict[Path, list[dict]]:
    """What each kustomization builds."""
    built = {}
    for folder in KUSTOMIZATIONS:
        done = subprocess.run(["kubectl", "kustomize", folder], text=True, capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        built[folder] = list(yaml.safe_load_all(done.stdout))
    return built


def named(folder: Path) -> str:
    return str(folder.relative_to(DEPLOY))


@pytest.mark.parametrize("folder", KUSTOMIZATIONS, ids=named)
def test_every_manifest_is_valid_by_the_schemas_of_kubernetes(manifests, folder):
    assert manifests[folder]
    for manifest in manifests[folder]:
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def pods(manifests: list[dict]) -> list[dict]:
    return [manifest["spec"]["template"]["spec"] for manifest in manifests if manifest["kind"] in ("Deployment", "Job")]


@pytest.mark.parametrize("folder", KUSTOMIZATIONS, ids=named)
def test_every_pod_runs_a_command_with_settings_that_it_has_and_as_nobody(manifests, folder):
    config = {
        manifest["metadata"]["name"]: manifest["data"]
        for manifest in manifests[folder]
        if manifest["kind"] == "ConfigMap"
    }
    found = pods(manifests[folder])
    assert len(found) >= 3
    for pod in found:
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            command = container["args"][0]
            given = {variable["name"] for variable in container.get("env", [])}
            for source in container.get("envFrom", []):
                given |= config[source["configMapRef"]["name"]].keys()
            assert given
            assert given <= settings(command), f"{command} has no such setting"


@pytest.mark.parametrize("folder", KUSTOMIZATIONS, ids=named)
def test_every_service_and_policy_selects_a_pod(manifests, folder):
    labels = [
        manifest["spec"]["template"]["metadata"]["labels"]
        for manifest in manifests[folder]
        if manifest["kind"] in ("Deployment", "Job")
    ]
    selectors = {
        f"{manifest['kind']}/{manifest['metadata']['name']}": selector
        for manifest in manifests[folder]
        if manifest["kind"] in ("Service", "NetworkPolicy", "PodDisruptionBudget")
        for selector in [manifest["spec"].get("podSelector") or manifest["spec"]["selector"]]
    }
    assert selectors
    for name, selector in selectors.items():
        wanted = selector.get("matchLabels", selector).items()
        assert any(wanted <= pod.items() for pod in labels), f"{name} selects nothing"


def component(manifest: dict) -> str:
    return manifest["metadata"].get("labels", {}).get("app.kubernetes.io/component", "")


@pytest.mark.parametrize("folder", KUSTOMIZATIONS, ids=named)
@pytest.mark.parametrize("role", ["gateway", "console"])
def test_what_is_in_front_of_the_core_is_probed_and_reaches_the_core_alone(manifests, folder, role):
    (deployment,) = [one for one in manifests[folder] if one["kind"] == "Deployment" and component(one) == role]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["args"] == [role]
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    policies = {one["metadata"]["name"]: one["spec"] for one in manifests[folder] if one["kind"] == "NetworkPolicy"}
    allowed = [rule["to"] for rule in policies[f"rollcall-{role}"]["egress"] if "to" in rule]
    assert [to["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for (to,) in allowed] == ["core"]
    callers = [
        source["podSelector"]["matchLabels"].get("app.kubernetes.io/component")
        for source in policies["rollcall-core"]["ingress"][0]["from"]
    ]
    assert role in callers


@pytest.mark.parametrize(
    ("role", "setting", "port"), [("core", "ROLLCALL_SMTP_URL", 587), ("console", "ROLLCALL_OIDC_ISSUER", 443)]
)
def test_the_example_lets_out_what_it_sets_up(manifests, role, setting, port):
    (example,) = [folder for folder in manifests if folder.name == "example"]
    maps = [one["data"] for one in manifests[example] if one["kind"] == "ConfigMap"]
    assert any(setting in data for data in maps)
    (policy,) = [
        one["spec"]
        for one in manifests[example]
        if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == f"rollcall-{role}"
    ]
    assert port in {allowed["port"] for rule in policy["egress"] for allowed in rule["ports"]}


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
