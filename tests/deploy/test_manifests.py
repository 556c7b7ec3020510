"""Every manifest is what Kubernetes and operators take, and runs commands with settings and files that there are."""

import copy
import functools
import re

import jsonschema
import kubernetes_validate
import pytest
import yaml

from deploy.reading import (
    MAP,
    containers,
    made_secrets,
    named,
    of_kind,
    rendered_variables,
    selects,
    server,
    settings_of,
    wanted_secrets,
    workloads,
)
from deploy.rendering import DEPLOY, INSTALLATIONS, built, kustomized
from deploy.told import ROOT, settings

KUSTOMIZATIONS = sorted(
    file.parent for file in DEPLOY.rglob("kustomization.yaml") if file.parent.parent.name != "components"
)


@functools.cache
def custom_resources() -> dict:
    return yaml.safe_load((ROOT / "tests" / "deploy" / "custom_resources.yaml").read_text())


def custom_schema(manifest: dict) -> dict | None:
    """The schema of a custom resource's spec; `None` for what Kubernetes has itself."""
    schema = custom_resources().get(f"{manifest['apiVersion']}/{manifest['kind']}")
    return schema and schema | {"$defs": custom_resources()["$defs"]}


def validate(manifest: dict) -> None:
    schema = custom_schema(manifest)
    if schema is None:
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
        return
    assert manifest.keys() == {"apiVersion", "kind", "metadata", "spec"}
    metadata = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": manifest["metadata"]}
    kubernetes_validate.validate(metadata, kubernetes_validate.latest_version(), strict=True)
    jsonschema.validate(manifest["spec"], schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
def test_every_manifest_is_valid_by_the_schemas_of_kubernetes_and_of_operators(installation):
    manifests = kustomized(installation)
    assert len(manifests) > 5
    for manifest in manifests:
        validate(manifest)


@pytest.mark.parametrize("folder", KUSTOMIZATIONS, ids=lambda folder: str(folder.relative_to(DEPLOY)))
def test_every_folder_builds_by_itself(folder):
    for manifest in built(folder):
        validate(manifest)


def places(value: object, path: tuple = ()) -> list[tuple]:
    """The path of every object and every value in a manifest's spec."""
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []
    return found + [place for key, one in inner for place in places(one, (*path, key))]


def changed(spec: dict, path: tuple, change) -> dict:
    spec = copy.deepcopy(spec)
    part = spec
    for key in path[:-1]:
        part = part[key]
    change(part, path[-1])
    return spec


def misspell(part, key) -> None:
    part[f"{key}s"] = part.pop(key)


def put_into_a_list(part, key) -> None:
    part[key] = [part[key]]


@pytest.mark.parametrize("kind", ["HTTPRoute", "Issuer", "Certificate", "PodMonitor", "Cluster"])
def test_the_schemas_of_custom_resources_refuse_a_misspelt_field_anywhere_and_another_type(kind):
    manifests = [one for installation in INSTALLATIONS for one in of_kind(kustomized(installation), kind)]
    assert manifests
    free = {"matchLabels", "parameters", "requests", "limits"}
    broken = []
    for spec in [one["spec"] for one in manifests]:
        paths = [path for path in places(spec) if not free & set(path[:-1])]
        broken += [changed(spec, path, misspell) for path in paths if isinstance(path[-1], str)]
        broken += [changed(spec, path, put_into_a_list) for path in paths]
    assert len(broken) > 3
    schema = custom_schema(manifests[0])
    for one in broken:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(one, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
def test_every_pod_runs_a_command_with_settings_that_it_has(installation):
    manifests = kustomized(installation)
    for template in workloads(manifests).values():
        for container in containers(template):
            [command] = container["args"]
            given = settings_of(manifests, container)
            used = {name for value in given.values() if isinstance(value, str) for name in rendered_variables(value)}
            assert used <= given.keys()
            own = given.keys() - used
            assert own
            unknown = own - settings(command)
            assert unknown == set(), f"{command} has no such setting"


def test_metrics_are_told_where_they_are_asked_for_and_nowhere_else():
    for installation in INSTALLATIONS:
        given = {name for one in of_kind(kustomized(installation), MAP) for name in one["data"]}
        assert ("ROLLCALL_METRICS_ADDR" in given) == ("monitoring" in installation.components), installation


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
def test_every_file_that_a_setting_names_is_mounted(installation):
    manifests = kustomized(installation)
    for template in workloads(manifests).values():
        volumes = {one["name"]: one for one in template["spec"].get("volumes", [])}
        for container in containers(template):
            mounts = {mount["mountPath"]: mount["name"] for mount in container.get("volumeMounts", [])}
            for name, value in settings_of(manifests, container).items():
                for file in re.findall(r"/etc/rollcall/[^ &]+", value) if isinstance(value, str) else []:
                    folder, _, key = file.rpartition("/")
                    secret = volumes[mounts[folder]]["secret"]
                    wanted = [item["path"] for item in secret.get("items", [])] or ["tls.crt", "tls.key", "ca.crt"]
                    assert key in wanted, name
                    # Read by its user's group alone; a key is in it.
                    assert secret["defaultMode"] == 0o440


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
def test_every_secret_is_made_by_an_operator_or_is_in_the_document(installation):
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]*) \|", document("kubernetes.md"), flags=re.MULTILINE)
    told = {(name, key) for name, keys in rows for key in re.findall(r"`([^`]+)`", keys)}
    manifests = kustomized(installation)
    wanted = set(wanted_secrets(manifests))
    assert wanted
    assert wanted - made_secrets(manifests) <= told


def document(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


@pytest.mark.parametrize("installation", [one for one in INSTALLATIONS if not one.apart], ids=str)
def test_one_process_is_brought_its_secrets_so_that_it_prints_none(installation):
    """`serve` prints the token and the key that it makes at its first start, and on Kubernetes that is the log."""
    manifests = kustomized(installation)
    given = settings_of(manifests, server(workloads(manifests)["serve"]))
    for variable in ("ROLLCALL_BOOTSTRAP_ADMIN_KEY", "ROLLCALL_BOOTSTRAP_SCIM_TOKEN"):
        assert "optional" not in given[variable]["secretKeyRef"]


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
def test_every_service_and_budget_and_autoscaler_has_pods(installation):
    manifests = kustomized(installation)
    labels = [template["metadata"]["labels"] for template in workloads(manifests).values()]
    selectors = {
        f"{one['kind']}/{one['metadata']['name']}": selector
        for one in of_kind(manifests, "Service", "PodDisruptionBudget", "PodMonitor")
        for selector in [one["spec"]["selector"]]
    }
    assert selectors
    for name, selector in selectors.items():
        selector = selector if "matchLabels" in selector else {"matchLabels": selector}
        assert any(selects(selector, one) for one in labels), f"{name} selects nothing"
    for one in of_kind(manifests, "HorizontalPodAutoscaler"):
        target = one["spec"]["scaleTargetRef"]
        assert named(manifests, target["kind"], target["name"])["apiVersion"] == target["apiVersion"]


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
def test_what_the_pods_of_a_role_need_bears_its_label_so_that_it_can_be_applied_alone(installation):
    manifests = kustomized(installation)
    for role, template in workloads(manifests).items():
        maps = [source["configMapRef"]["name"] for source in server(template)["envFrom"]]
        needed = [named(manifests, MAP, name) for name in maps]
        needed.append(named(manifests, "ServiceAccount", template["spec"]["serviceAccountName"]))
        needed.append(named(manifests, "NetworkPolicy", f"rollcall-{role}"))
        for one in needed:
            assert one["metadata"]["labels"]["app.kubernetes.io/component"] == role, one["kind"]


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
def test_every_service_leads_to_a_port_that_its_pods_have(installation):
    manifests = kustomized(installation)
    for service in of_kind(manifests, "Service"):
        behind = [
            template
            for template in workloads(manifests).values()
            if selects({"matchLabels": service["spec"]["selector"]}, template["metadata"]["labels"])
        ]
        assert behind
        for template in behind:
            ports = {port["name"] for port in server(template)["ports"]}
            assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
