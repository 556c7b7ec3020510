"""Every pod keeps every rule of the restricted Pod Security Standard, and each rule finds the pod that does not."""

import copy

import pytest

from deploy.pod_security import RULES, containers
from deploy.rendering import INSTALLATIONS, charted, kustomized


def pods(manifests: list[dict]) -> dict[str, dict]:
    return {
        f"{one['kind']}/{one['metadata']['name']}": one["spec"]["template"]["spec"]
        for one in manifests
        if "template" in one.get("spec", {})
    }


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
@pytest.mark.parametrize("make", [kustomized, charted], ids=["kustomize", "helm"])
def test_every_pod_keeps_every_rule_of_the_restricted_standard(installation, make):
    found = pods(make(installation))
    assert found
    for name, pod in found.items():
        assert len(containers(pod)) > 0
        assert {rule.__name__: broken for rule in RULES if (broken := rule(pod))} == {}, name


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
def test_every_pod_has_what_the_standard_does_not_ask_for(installation):
    """No token of the Kubernetes API, no file that can be written in the image, an end to its memory."""
    for name, pod in pods(kustomized(installation)).items():
        assert pod["automountServiceAccountToken"] is False, name
        assert "serviceAccountName" in pod, name
        for container in containers(pod):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True, name
            assert container["resources"]["limits"]["memory"], name
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}, name


def sound() -> dict:
    """A pod that keeps every rule, with one container in each place that a container can be in."""
    container = {"securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}
    return {
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "initContainers": [copy.deepcopy(container) | {"name": "first"}],
        "containers": [copy.deepcopy(container) | {"name": "second"}],
    }


def test_a_sound_pod_breaks_no_rule():
    assert [rule.__name__ for rule in RULES if rule(sound())] == []


def of_pod(**context):
    return lambda pod: pod["securityContext"].update(context)


def of_first(**context):
    """In an init container, which is looked at as any other."""
    return lambda pod: pod["initContainers"][0]["securityContext"].update(context)


def of_second(**fields):
    return lambda pod: pod["containers"][0].update(fields)


BREACHES = {
    "host_process": [of_pod(windowsOptions={"hostProcess": True}), of_first(windowsOptions={"hostProcess": True})],
    "host_namespaces": [lambda pod, key=key: pod.update({key: True}) for key in ("hostNetwork", "hostPID", "hostIPC")],
    "privileged_containers": [of_first(privileged=True)],
    "capabilities": [
        of_first(capabilities={}),
        of_first(capabilities={"drop": ["NET_RAW"]}),
        of_first(capabilities={"drop": ["ALL"], "add": ["CHOWN"]}),
    ],
    "volume_types": [lambda pod: pod.update(volumes=[{"name": "host", "hostPath": {"path": "/"}}])],
    "host_ports": [of_second(ports=[{"containerPort": 80, "hostPort": 80}])],
    "host_probes": [
        of_second(livenessProbe={"httpGet": {"host": "127.0.0.1", "port": 80}}),
        of_second(lifecycle={"preStop": {"tcpSocket": {"host": "127.0.0.1", "port": 80}}}),
    ],
    "app_armor": [of_pod(appArmorProfile={"type": "Unconfined"})],
    "se_linux": [of_pod(seLinuxOptions={"type": "spc_t"}), of_first(seLinuxOptions={"user": "root"})],
    "proc_mount": [of_first(procMount="Unmasked")],
    "sysctls": [of_pod(sysctls=[{"name": "kernel.msgmax", "value": "1"}])],
    "privilege_escalation": [
        of_first(allowPrivilegeEscalation=True),
        lambda pod: pod["containers"][0]["securityContext"].pop("allowPrivilegeEscalation"),
    ],
    "running_as_non_root": [
        of_first(runAsNonRoot=False),
        lambda pod: pod["securityContext"].pop("runAsNonRoot"),
    ],
    "running_as_non_root_user": [of_pod(runAsUser=0), of_first(runAsUser=0)],
    "seccomp": [
        of_first(seccompProfile={"type": "Unconfined"}),
        lambda pod: pod["securityContext"].pop("seccompProfile"),
    ],
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_rule_finds_the_pod_that_breaks_it_and_no_other_rule_does(rule):
    assert BREACHES[rule.__name__]
    for breach in BREACHES[rule.__name__]:
        pod = sound()
        breach(pod)
        assert [one.__name__ for one in RULES if one(pod)] == [rule.__name__]
