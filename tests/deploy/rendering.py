"""What kustomize and Helm make of deploy/, and the installations of which both make the same."""

import functools
import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
CHART = DEPLOY / "helm" / "rollcall"
NAMESPACE = "rollcall"
PUBLIC_URL = "https://scim.example.com"


@dataclass(frozen=True)
class Installation:
    """An installation: a folder and components for kustomize; a file of values and further values for Helm."""

    name: str
    folder: str
    components: tuple[str, ...] = ()
    example: str | None = None
    values: dict = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return self.name

    @property
    def apart(self) -> bool:
        """Whether gateway, console and core run apart, on PostgreSQL."""
        return self.folder not in ("serve", "overlays/single")

    @property
    def reached(self) -> bool:
        """Whether something leads to it from outside."""
        return self.routed or self.folder.startswith("overlays/")

    @property
    def routed(self) -> bool:
        """Whether a component leads to it from outside. An overlay sees to that itself."""
        return bool({"ingress", "gateway-api"} & set(self.components))


MTLS = {"mtls": {"enabled": True}}
AUTOSCALING = {"autoscaling": {"enabled": True}}
METRICS = {"metrics": {"enabled": True}}
INGRESS = {"route": {"kind": "ingress"}}
GATEWAY_API = {"route": {"kind": "gateway-api"}}
SINGLE = {"mode": "single"}

# Every overlay, every base, and every component: alone, and as many as go together.
INSTALLATIONS = [
    Installation("base", "base"),
    Installation("base-ingress", "base", ("ingress",), values=INGRESS),
    Installation("base-gateway-api", "base", ("gateway-api",), values=GATEWAY_API),
    Installation("base-cert-manager", "base", ("cert-manager",), values=MTLS),
    Installation("base-autoscaling", "base", ("autoscaling",), values=AUTOSCALING),
    Installation("base-monitoring", "base", ("monitoring",), values=METRICS),
    Installation(
        "base-all",
        "base",
        ("gateway-api", "cert-manager", "autoscaling", "monitoring"),
        values=GATEWAY_API | MTLS | AUTOSCALING | METRICS,
    ),
    Installation("serve", "serve", values=SINGLE),
    Installation("serve-gateway-api", "serve", ("gateway-api",), values=SINGLE | GATEWAY_API),
    Installation("serve-monitoring", "serve", ("monitoring",), values=SINGLE | METRICS),
    Installation("single", "overlays/single", example="single.yaml"),
    Installation("external-postgres", "overlays/external-postgres", example="external-postgres.yaml"),
    Installation("cloudnative-pg", "overlays/cloudnative-pg", example="cloudnative-pg.yaml"),
    Installation(
        "cloudnative-pg-all",
        "overlays/cloudnative-pg",
        ("cert-manager", "autoscaling", "monitoring"),
        example="cloudnative-pg.yaml",
        values=MTLS | AUTOSCALING | METRICS,
    ),
    Installation("example", "overlays/example", example="example.yaml"),
]


def run(*command: str | Path, **more) -> subprocess.CompletedProcess:
    return subprocess.run(list(command), text=True, capture_output=True, timeout=60, **more)


def objects(text: str) -> list[dict]:
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


def built(folder: Path) -> list[dict]:
    """What kustomize makes of a folder."""
    done = run("kubectl", "kustomize", folder)
    assert done.returncode == 0, done.stderr
    return objects(done.stdout)


@functools.cache
def kustomized(installation: Installation, tag: str | None = None) -> list[dict]:
    """What kustomize makes of an installation, with an image of a tag."""
    with tempfile.TemporaryDirectory() as temporary:
        at = Path(temporary).resolve()
        own = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": NAMESPACE,
            "resources": [os.path.relpath(KUBERNETES / installation.folder, at)],
            "components": [os.path.relpath(KUBERNETES / "components" / one, at) for one in installation.components],
        }
        if installation.routed:
            maps = ["serve"] if installation.folder == "serve" else ["gateway", "console"]
            own["configMapGenerator"] = [
                {"name": f"rollcall-{one}", "behavior": "merge", "literals": [f"ROLLCALL_PUBLIC_URL={PUBLIC_URL}"]}
                for one in maps
            ]
        if tag is not None:
            names = ["rollcall", "registry.example.com/rollcall"]
            own["images"] = [{"name": name, "newTag": tag} for name in names]
        (at / "kustomization.yaml").write_text(yaml.safe_dump(own))
        return built(at)


def templated(
    *arguments: str | Path, chart: Path = CHART, command: tuple[str, ...] = ("template",)
) -> subprocess.CompletedProcess:
    """What `helm template`, or another command of Helm's on the chart, answers."""
    with tempfile.TemporaryDirectory() as home:
        own = {"HELM_CACHE_HOME": home, "HELM_CONFIG_HOME": home, "HELM_DATA_HOME": home}
        words = ["helm", *command, "rollcall", chart, "--namespace", NAMESPACE, *arguments]
        return run(*words, env=os.environ | own)


@functools.cache
def charted(installation: Installation, chart: Path = CHART) -> list[dict]:
    """What Helm makes of an installation."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as values:
        yaml.safe_dump(installation.values | ({"publicUrl": PUBLIC_URL} if installation.routed else {}), values)
        values.flush()
        example = ["--values", CHART / "examples" / installation.example] if installation.example else []
        done = templated(*example, "--values", values.name, chart=chart)
    assert done.returncode == 0, done.stderr
    return objects(done.stdout)
