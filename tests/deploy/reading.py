"""Reads manifests: what runs, with which settings, from which Secrets, and who may talk to whom."""

import re
from collections.abc import Iterator

RUNS = ("Deployment", "StatefulSet")
MAP = "ConfigMap"


def of_kind(manifests: list[dict], *kinds: str) -> list[dict]:
    return [one for one in manifests if one["kind"] in kinds]


def named(manifests: list[dict], kind: str, name: str) -> dict:
    [found] = [one for one in of_kind(manifests, kind) if one["metadata"]["name"] == name]
    return found


def role(manifest: dict) -> str:
    """What a workload is: core, gateway, console or serve."""
    return manifest["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]


def workloads(manifests: list[dict]) -> dict[str, dict]:
    """The pods' templates, by role."""
    found = {role(one): one["spec"]["template"] for one in of_kind(manifests, *RUNS)}
    assert found
    return found


def containers(template: dict) -> list[dict]:
    return template["spec"]["containers"] + template["spec"].get("initContainers", [])


def server(template: dict) -> dict:
    """The one container that goes on."""
    [container] = template["spec"]["containers"]
    return container


def settings_of(manifests: list[dict], container: dict) -> dict[str, object]:
    """What a container is given, by variable: from a ConfigMap the value, else the entry that says where it is from."""
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(manifests, MAP)}
    given: dict[str, object] = {}
    for source in container.get("envFrom", []):
        given |= maps[source["configMapRef"]["name"]]
    return given | {one["name"]: one.get("value", one.get("valueFrom")) for one in container.get("env", [])}


def selects(selector: dict, labels: dict) -> bool:
    return selector.get("matchLabels", {}).items() <= labels.items()


def policies_of(manifests: list[dict], template: dict) -> list[dict]:
    """The network policies of a pod."""
    labels = template["metadata"]["labels"]
    specs = [one["spec"] for one in of_kind(manifests, "NetworkPolicy")]
    return [spec for spec in specs if selects(spec["podSelector"], labels)]


def wanted_secrets(manifests: list[dict]) -> Iterator[tuple[str, str]]:
    """The name and key of each Secret that a pod takes something from. A whole Secret as a volume has the key `*`."""
    for template in workloads(manifests).values():
        for container in containers(template):
            for variable in container.get("env", []):
                reference = variable.get("valueFrom", {}).get("secretKeyRef")
                if reference:
                    yield reference["name"], reference["key"]
        for volume in template["spec"].get("volumes", []):
            if "secret" in volume:
                for item in volume["secret"].get("items", [{"key": "*"}]):
                    yield volume["secret"]["secretName"], item["key"]


def made_secrets(manifests: list[dict]) -> set[tuple[str, str]]:
    """The Secrets that operators make of what is in the manifests."""
    certificates = {(one["spec"]["secretName"], "*") for one in of_kind(manifests, "Certificate")}
    clusters = {one["metadata"]["name"] for one in of_kind(manifests, "Cluster")}
    return (
        certificates
        | {(f"{name}-app", "password") for name in clusters}
        | {(f"{name}-ca", "ca.crt") for name in clusters}
    )


def rendered_variables(text: str) -> set[str]:
    """The variables that Kubernetes puts into a value: `$(NAME)`."""
    return set(re.findall(r"\$\(([A-Z0-9_]+)\)", text))
