"""The Helm chart makes what kustomize makes, refuses values that make no sense, and says which there are."""

import copy
import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from deploy.rendering import CHART, DEPLOY, INSTALLATIONS, charted, kustomized, run, templated

ROOT = DEPLOY.parent
# What Helm writes of itself.
OF_HELM = re.compile(r"helm\.sh/.*|app\.kubernetes\.io/managed-by")
# By what each rolls the pods when a setting changes.
CHECKSUM = "checksum/settings"
HASH = re.compile(r"-[a-z0-9]{10}$")


def without(mapping: dict, unwanted) -> dict:
    return {key: value for key, value in mapping.items() if not unwanted(key)}


def plain(manifest: dict) -> dict:
    """A manifest without what belongs to kustomize or Helm alone, and to no installation."""
    manifest = copy.deepcopy(manifest)
    metadata = manifest["metadata"]
    metadata.pop("namespace", None)
    for part in ("labels", "annotations"):
        kept = without(metadata.pop(part, {}), OF_HELM.fullmatch)
        metadata |= {part: kept} if kept else {}
    if manifest["kind"] == "ConfigMap":
        metadata["name"] = HASH.sub("", metadata["name"])
    template = manifest["spec"].get("template") if "spec" in manifest else None
    if template:
        annotations = without(template["metadata"].pop("annotations", {}), CHECKSUM.__eq__)
        template["metadata"] |= {"annotations": annotations} if annotations else {}
        for container in template["spec"]["containers"]:
            for source in container.get("envFrom", []):
                source["configMapRef"]["name"] = HASH.sub("", source["configMapRef"]["name"])
    return manifest


def differences(one: object, other: object, path: str = "") -> list[str]:
    """Where two manifests differ, and how."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        return [line for key in keys for line in differences(one.get(key), other.get(key), f"{path}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [line for place, pair in pairs for line in differences(*pair, f"{path}/{place}")]
    return [] if one == other else [f"{path}: {one} != {other}"]


def by_name(manifests: list[dict]) -> dict[str, dict]:
    named = {f"{one['kind']}/{one['metadata']['name']}": one for one in map(plain, manifests)}
    assert len(named) == len(manifests)
    return named


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
def test_the_chart_and_the_kustomization_make_the_same(installation):
    by_kustomize = by_name([one for one in kustomized(installation) if one["kind"] != "Namespace"])
    by_helm = by_name(charted(installation))
    assert by_helm.keys() == by_kustomize.keys()
    for name, manifest in by_kustomize.items():
        assert differences(by_helm[name], manifest) == [], name


def test_every_overlay_and_component_has_its_likeness_in_the_chart():
    folders = {str(file.parent.relative_to(DEPLOY / "kubernetes")) for file in DEPLOY.rglob("kustomization.yaml")}
    compared = {one.folder for one in INSTALLATIONS}
    compared |= {f"components/{component}" for one in INSTALLATIONS for component in one.components}
    assert folders - {"namespace"} == compared
    assert {file.name for file in (CHART / "examples").iterdir()} == {one.example for one in INSTALLATIONS} - {None}


def test_a_changed_setting_rolls_the_pods_and_an_unchanged_one_does_not():
    def checksums(*arguments: str) -> dict[str, str]:
        done = templated(*arguments)
        return {
            one["metadata"]["name"]: one["spec"]["template"]["metadata"]["annotations"][CHECKSUM]
            for one in yaml.safe_load_all(done.stdout)
            if one["kind"] == "Deployment"
        }

    before = checksums()
    after = checksums("--set", "gateway.settings.ROLLCALL_LOG=debug")
    assert len(before) == 3
    assert {name for name in before if before[name] != after[name]} == {"rollcall-gateway"}


DIRECTORIES = "/etc/rollcall/directories/directories.yaml"


@pytest.mark.parametrize(
    ("mode", "kind", "role"), [("apart", "Deployment", "core"), ("single", "StatefulSet", "serve")]
)
def test_what_directories_are_to_be_reaches_who_makes_them_and_rolls_its_pods(tmp_path, mode, kind, role):
    def made(text: str) -> dict:
        file = tmp_path / "directories.yaml"
        file.write_text(text)
        done = templated("--set", f"mode={mode}", "--set-file", f"directories={file}")
        assert done.returncode == 0, done.stderr
        named = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(done.stdout) if one}
        assert named["ConfigMap", "rollcall-directories"]["data"]["directories.yaml"].rstrip() == text.rstrip()
        settings = [one for one in named if "ROLLCALL_DIRECTORIES_FILE" in named[one].get("data", {})]
        assert settings == [("ConfigMap", f"rollcall-{role}")]
        assert named[settings[0]]["data"]["ROLLCALL_DIRECTORIES_FILE"] == DIRECTORIES
        return named[kind, f"rollcall-{role}"]["spec"]["template"]

    template = made('directories:\n  - id: acme\n    displayName: "Acme: everybody"\n')
    volume = {"name": "directories", "configMap": {"name": "rollcall-directories"}}
    mount = {"name": "directories", "mountPath": str(Path(DIRECTORIES).parent), "readOnly": True}
    assert volume in template["spec"]["volumes"]
    assert mount in template["spec"]["containers"][0]["volumeMounts"]
    other = made("directories: []\n")
    assert template["metadata"]["annotations"] != other["metadata"]["annotations"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("mode=two", "mode"),
        ("core.replicas=0", "replicas"),
        ("core.replica=3", "replica"),
        ("publicUrl=ftp://scim.example.com", "publicUrl"),
        ("image.pullPolicy=Sometimes", "pullPolicy"),
        ("route.trustedProxies={everybody}", "trustedProxies"),
        ("database.port=70000", "port"),
        ("serve.storage=much", "storage"),
        ("gateway.settings.LOG=debug", "LOG"),
        # Secrets would lie open in a ConfigMap.
        ("core.settings.ROLLCALL_DATABASE_URL=postgres://db/rollcall", "ROLLCALL_DATABASE_URL"),
        ("core.settings.ROLLCALL_SMTP_PASSWORD=guess", "ROLLCALL_SMTP_PASSWORD"),
        ("route.kind=ingress", "publicUrl is empty"),
        ("mode=single,autoscaling.enabled=true", "autoscaling.enabled is true and mode is single"),
        ("mode=single,mtls.enabled=true", "mtls.enabled is true and mode is single"),
        ("mode=single,database.kind=cloudnative-pg", "database.kind is cloudnative-pg and mode is single"),
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(value, said):
    done = templated("--set", value)
    assert done.returncode != 0
    assert said in done.stderr


def test_helm_finds_nothing_to_complain_about():
    done = run("helm", "lint", "--strict", CHART)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("example", ["single.yaml", "external-postgres.yaml", "cloudnative-pg.yaml"])
def test_what_helm_says_after_an_installation_names_what_it_has_made(example):
    done = templated("--values", CHART / "examples" / example, command=("install", "--dry-run=client"))
    assert done.returncode == 0, done.stderr
    manifests, _, notes = done.stdout.partition("\nNOTES:\n")
    [(kind, name)] = re.findall(r"-n rollcall rollout status (\w+)/([\w-]+)", notes)
    made = re.findall(r"^kind: (\w+)\nmetadata:\n  name: ([\w-]+)$", manifests, re.MULTILINE)
    assert (kind, name) in [(one.lower(), named) for one, named in made]
    assert "Secret rollcall-bootstrap" in notes


def leaves(values: dict, path: str = "") -> dict[str, object]:
    """Each value with its path; what is empty is one, and so are annotations, whose names have dots."""
    found = {}
    for name, value in values.items():
        if isinstance(value, dict) and value and name != "annotations":
            found |= leaves(value, f"{path}{name}.")
        else:
            found[path + name] = value
    return found


def test_the_readme_has_every_value_with_its_default():
    rows = re.findall(r"^\| `([\w.]+)` \| `([^`]*)` \|", (CHART / "README.md").read_text(), flags=re.MULTILINE)
    values = leaves(yaml.safe_load((CHART / "values.yaml").read_text()))
    resources = {path for path in values if ".resources." in path}
    assert [name for name, _ in rows] == [path for path in values if path not in resources]
    for name, shown in rows:
        assert yaml.safe_load(shown) == values[name], name


def test_every_value_may_be_set_and_the_schema_knows_no_other():
    schema = json.loads((CHART / "values.schema.json").read_text())

    def known(part: dict, path: str = "") -> set[str]:
        part = schema["definitions"][part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else part
        if "properties" not in part or path.endswith(".resources."):
            return {path[:-1]}
        return {name for key, value in part["properties"].items() for name in known(value, f"{path}{key}.")}

    values = {
        re.sub(r"(\.resources)\..*", r"\1", path)
        for path in leaves(yaml.safe_load((CHART / "values.yaml").read_text()))
    }
    assert known(schema) - {"global"} == values


def test_chart_base_and_binary_are_of_one_version():
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert [chart["version"], chart["appVersion"]] == [version, version]
    tags = [
        image["newTag"]
        for file in DEPLOY.rglob("kustomization.yaml")
        for image in yaml.safe_load(file.read_text()).get("images", [])
    ]
    assert len(tags) >= 2
    assert set(tags) == {version}


# What Kubernetes lets nobody change, by kind.
UNCHANGEABLE = {
    "Deployment": lambda one: one["spec"]["selector"],
    "StatefulSet": lambda one: {
        key: value for key, value in one["spec"].items() if key in ("selector", "serviceName", "volumeClaimTemplates")
    },
    "Service": lambda one: one["spec"].get("clusterIP"),
}


def unchangeable(manifests: list[dict]) -> dict[str, object]:
    return {
        f"{one['kind']}/{one['metadata']['name']}": UNCHANGEABLE[one["kind"]](one)
        for one in manifests
        if one["kind"] in UNCHANGEABLE
    }


def images(manifests: list[dict]) -> set[str]:
    """The images of all containers, which must be one version's: the migration is that of the server behind it."""
    pods = [one["spec"]["template"]["spec"] for one in manifests if "template" in one.get("spec", {})]
    assert pods
    return {container["image"] for pod in pods for container in pod["containers"] + pod.get("initContainers", [])}


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
@pytest.mark.parametrize("by", ["kustomize", "helm"])
def test_an_upgrade_and_a_second_apply_change_nothing_that_cannot_be_changed(installation, by, tmp_path):
    if by == "kustomize":
        before, after = kustomized(installation), kustomized(installation, tag="0.99.0")
    else:
        newer = shutil.copytree(CHART, tmp_path / "rollcall")
        chart = yaml.safe_load((newer / "Chart.yaml").read_text()) | {"version": "0.99.0", "appVersion": "0.99.0"}
        (newer / "Chart.yaml").write_text(yaml.safe_dump(chart))
        before, after = charted(installation), charted(installation, chart=newer)
    [old], [new] = images(before), images(after)
    assert new == old.replace(":0.1.0", ":0.99.0") != old
    assert unchangeable(before) == unchangeable(after)
    # The template of a Job, and a bare Pod, cannot be changed either.
    assert {one["kind"] for one in after} & {"Job", "Pod"} == set()
