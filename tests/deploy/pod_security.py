"""The rules of the restricted Pod Security Standard, each over the spec of a pod.

The names are those of the standard's controls. A rule gives the places that break it.
"""

from collections.abc import Iterator

# Of the standard's baseline; restricted lets only the last of them be added.
BINDS = "NET_BIND_SERVICE"
VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
}
SECCOMP = {"RuntimeDefault", "Localhost"}
SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}


def containers(pod: dict) -> list[dict]:
    return [one for part in ("initContainers", "containers", "ephemeralContainers") for one in pod.get(part, [])]


def contexts(pod: dict) -> Iterator[tuple[str, dict]]:
    """The security context of the pod and of each container."""
    yield "pod", pod.get("securityContext", {})
    for one in containers(pod):
        yield one["name"], one.get("securityContext", {})


def everywhere(pod: dict, *path: str) -> Iterator[tuple[str, object]]:
    """What the contexts say at a path, where they say something."""
    for place, context in contexts(pod):
        value = context
        for key in path:
            value = value.get(key, {})
        if value != {}:
            yield place, value


def inherited(pod: dict, *path: str) -> Iterator[tuple[str, object]]:
    """What holds for each container: what it says itself, or else what the pod says; `None` where neither does."""
    said = dict(everywhere(pod, *path))
    for one in containers(pod):
        yield one["name"], said.get(one["name"], said.get("pod"))


def host_process(pod: dict) -> list[str]:
    return [place for place, value in everywhere(pod, "windowsOptions", "hostProcess") if value]


def host_namespaces(pod: dict) -> list[str]:
    return [key for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key)]


def privileged_containers(pod: dict) -> list[str]:
    return [place for place, value in everywhere(pod, "privileged") if value]


def capabilities(pod: dict) -> list[str]:
    said = {one["name"]: one.get("securityContext", {}).get("capabilities", {}) for one in containers(pod)}
    return [name for name, own in said.items() if "ALL" not in own.get("drop", []) or set(own.get("add", [])) - {BINDS}]


def volume_types(pod: dict) -> list[str]:
    return [volume["name"] for volume in pod.get("volumes", []) if not volume.keys() & VOLUMES]


def host_ports(pod: dict) -> list[str]:
    return [one["name"] for one in containers(pod) for port in one.get("ports", []) if port.get("hostPort")]


def host_probes(pod: dict) -> list[str]:
    """Probes and hooks that name a host: the kubelet would go there."""
    broken = []
    for one in containers(pod):
        probes = [one.get(kind, {}) for kind in ("startupProbe", "readinessProbe", "livenessProbe")]
        hooks = [one.get("lifecycle", {}).get(kind, {}) for kind in ("postStart", "preStop")]
        named = [ask for ask in probes + hooks for way in ("httpGet", "tcpSocket") if ask.get(way, {}).get("host")]
        broken += [one["name"]] * bool(named)
    return broken


def app_armor(pod: dict) -> list[str]:
    return [place for place, value in everywhere(pod, "appArmorProfile", "type") if value == "Unconfined"]


def se_linux(pod: dict) -> list[str]:
    options = dict(everywhere(pod, "seLinuxOptions"))
    return [
        place
        for place, own in options.items()
        if own.get("type", "") not in SELINUX_TYPES or own.get("user") or own.get("role")
    ]


def proc_mount(pod: dict) -> list[str]:
    return [place for place, value in everywhere(pod, "procMount") if value != "Default"]


def sysctls(pod: dict) -> list[str]:
    named = [one["name"] for one in pod.get("securityContext", {}).get("sysctls", [])]
    return [name for name in named if name not in SYSCTLS]


def privilege_escalation(pod: dict) -> list[str]:
    said = {one["name"]: one.get("securityContext", {}) for one in containers(pod)}
    return [name for name, own in said.items() if own.get("allowPrivilegeEscalation") is not False]


def running_as_non_root(pod: dict) -> list[str]:
    return [place for place, value in inherited(pod, "runAsNonRoot") if value is not True]


def running_as_non_root_user(pod: dict) -> list[str]:
    return [place for place, value in everywhere(pod, "runAsUser") if value == 0]


def seccomp(pod: dict) -> list[str]:
    wrong = [place for place, value in everywhere(pod, "seccompProfile", "type") if value not in SECCOMP]
    return wrong + [place for place, value in inherited(pod, "seccompProfile", "type") if value is None]


RULES = [
    host_process,
    host_namespaces,
    privileged_containers,
    capabilities,
    volume_types,
    host_ports,
    host_probes,
    app_armor,
    se_linux,
    proc_mount,
    sysctls,
    privilege_escalation,
    running_as_non_root,
    running_as_non_root_user,
    seccomp,
]
