"""Pods come and go so that nobody notices: drains, probes, migrations, spread, budgets, autoscaling, the database."""

import pytest

from deploy.reading import containers, named, of_kind, selects, server, settings_of, workloads
from deploy.rendering import INSTALLATIONS, kustomized
from deploy.told import default, seconds

APART = [one for one in INSTALLATIONS if one.apart]
CLUSTERS = [one for one in INSTALLATIONS if one.folder == "overlays/cloudnative-pg"]
# Of PostgreSQL: what it allows unless it is told otherwise, and what it keeps for superusers.
POSTGRES_CONNECTIONS = 100
RESERVED = 3


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
def test_every_pod_has_time_to_drain(installation):
    manifests = kustomized(installation)
    for role, template in workloads(manifests).items():
        given = settings_of(manifests, server(template))
        delay = seconds(given["ROLLCALL_DRAIN_DELAY"])
        deadline = seconds(given.get("ROLLCALL_DRAIN_DEADLINE", default("ROLLCALL_DRAIN_DEADLINE")))
        assert delay >= 1, f"{role}: its endpoints need a moment to leave the service"
        assert template["spec"]["terminationGracePeriodSeconds"] >= delay + deadline + 5, role


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
def test_what_speaks_http_is_started_restarted_and_sent_traffic_by_its_probes(installation):
    manifests = kustomized(installation)
    speaking = {role: server(template) for role, template in workloads(manifests).items() if role != "core"}
    assert speaking
    for role, container in speaking.items():
        assert container["args"] == [role]
        assert container["startupProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
        assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}


@pytest.mark.parametrize("installation", APART, ids=str)
def test_a_core_is_not_restarted_because_its_database_is_away(installation):
    """The health that it tells over gRPC is the database's too, and a restart brings no database back."""
    core = server(workloads(kustomized(installation))["core"])
    assert core["args"] == ["core"]
    assert "grpc" not in core["livenessProbe"]
    assert core["livenessProbe"]["tcpSocket"] == {"port": "grpc"}
    assert {"startupProbe", "readinessProbe"} <= core.keys()


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
def test_the_database_is_migrated_before_a_server_starts_and_not_by_it(installation):
    manifests = kustomized(installation)
    migrating = 0
    for role, template in workloads(manifests).items():
        first = template["spec"].get("initContainers", [])
        if role not in ("core", "serve"):
            assert first == []
            continue
        migrating += 1
        [migrate] = first
        assert migrate["args"] == ["migrate"]
        assert migrate["image"] == server(template)["image"]
        given, served = settings_of(manifests, migrate), settings_of(manifests, server(template))
        assert served["ROLLCALL_NO_MIGRATE"] == "true"
        [database] = {"ROLLCALL_DATABASE_URL", "ROLLCALL_DATA_DIR"} & given.keys()
        assert given[database] == served[database]
        assert migrate["volumeMounts"] == [
            mount for mount in server(template)["volumeMounts"] if mount["name"] != "tls"
        ]
    assert migrating == 1


@pytest.mark.parametrize("installation", APART, ids=str)
def test_pods_of_a_role_are_spread_over_nodes_and_zones_and_one_at_a_time_is_taken_away(installation):
    manifests = kustomized(installation)
    for deployment in of_kind(manifests, "Deployment"):
        template = deployment["spec"]["template"]
        labels = template["metadata"]["labels"]
        spread = template["spec"]["topologySpreadConstraints"]
        assert {one["topologyKey"] for one in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
        for one in spread:
            assert selects(one["labelSelector"], labels)
            assert (
                one["labelSelector"]["matchLabels"]["app.kubernetes.io/component"]
                == labels["app.kubernetes.io/component"]
            )
        budget = named(manifests, "PodDisruptionBudget", deployment["metadata"]["name"])["spec"]
        assert selects(budget["selector"], labels)
        assert budget["maxUnavailable"] == 1
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
        assert deployment["spec"].get("replicas", 2) >= 2


@pytest.mark.parametrize("installation", [one for one in INSTALLATIONS if not one.apart], ids=str)
def test_a_sqlite_file_has_one_server_on_a_disk_of_its_own(installation):
    manifests = kustomized(installation)
    [serve] = of_kind(manifests, "StatefulSet")
    assert serve["spec"]["replicas"] == 1
    [claim] = serve["spec"]["volumeClaimTemplates"]
    template = serve["spec"]["template"]
    for container in containers(template):
        [mount] = container["volumeMounts"]
        assert mount["name"] == claim["metadata"]["name"]
        assert mount["mountPath"] == settings_of(manifests, container)["ROLLCALL_DATA_DIR"]
    # Who may write there.
    assert template["spec"]["securityContext"]["fsGroup"] == template["spec"]["securityContext"]["runAsGroup"]
    assert serve["spec"]["serviceName"] in {one["metadata"]["name"] for one in of_kind(manifests, "Service")}
    # One pod that may not be taken away could never be moved from its node.
    assert of_kind(manifests, "PodDisruptionBudget", "HorizontalPodAutoscaler") == []


@pytest.mark.parametrize("installation", APART, ids=str)
def test_the_number_of_pods_is_said_once_by_the_manifest_or_by_an_autoscaler(installation):
    manifests = kustomized(installation)
    scaled = {
        one["spec"]["scaleTargetRef"]["name"]: one["spec"] for one in of_kind(manifests, "HorizontalPodAutoscaler")
    }
    for deployment in of_kind(manifests, "Deployment"):
        name = deployment["metadata"]["name"]
        assert ("replicas" in deployment["spec"]) != (name in scaled), name
    for name, spec in scaled.items():
        assert 2 <= spec["minReplicas"] < spec["maxReplicas"], name
        # A share of what is requested is of nothing where nothing is.
        [metric] = spec["metrics"]
        requested = server(named(manifests, "Deployment", name)["spec"]["template"])["resources"]["requests"]
        assert metric["resource"]["name"] in requested


def connections(manifests: list[dict]) -> int:
    """The connections to PostgreSQL of as many cores as there may be, and of one that is starting."""
    core = named(manifests, "Deployment", "rollcall-core")
    scaled = [
        one for one in of_kind(manifests, "HorizontalPodAutoscaler") if one["metadata"]["name"] == "rollcall-core"
    ]
    cores = scaled[0]["spec"]["maxReplicas"] if scaled else core["spec"]["replicas"]
    given = settings_of(manifests, server(core["spec"]["template"]))
    each = int(given.get("ROLLCALL_DATABASE_CONNECTIONS", default("ROLLCALL_DATABASE_CONNECTIONS")))
    return (cores + core["spec"]["strategy"]["rollingUpdate"]["maxSurge"]) * each


@pytest.mark.parametrize("installation", APART, ids=str)
def test_postgresql_has_a_connection_for_each_that_cores_may_want(installation):
    manifests = kustomized(installation)
    clusters = of_kind(manifests, "Cluster")
    allowed = [int(one["spec"]["postgresql"]["parameters"]["max_connections"]) for one in clusters]
    assert connections(manifests) <= (allowed or [POSTGRES_CONNECTIONS])[0] - RESERVED


@pytest.mark.parametrize("installation", CLUSTERS, ids=str)
def test_the_cluster_has_three_instances_and_answers_when_two_have_it(installation):
    [cluster] = of_kind(kustomized(installation), "Cluster")
    assert cluster["spec"]["instances"] == 3
    assert cluster["spec"]["postgresql"]["synchronous"] == {"method": "any", "number": 1, "dataDurability": "required"}
    assert "synchronous_commit" not in cluster["spec"]["postgresql"]["parameters"]


@pytest.mark.parametrize("installation", CLUSTERS, ids=str)
def test_the_core_finds_the_instance_that_takes_changes_and_checks_who_it_is(installation):
    manifests = kustomized(installation)
    [cluster] = of_kind(manifests, "Cluster")
    name = cluster["metadata"]["name"]
    url = settings_of(manifests, server(workloads(manifests)["core"]))["ROLLCALL_DATABASE_URL"]
    initdb = cluster["spec"]["bootstrap"]["initdb"]
    assert url.startswith(f"postgres://{initdb['owner']}:$(DATABASE_PASSWORD)@{name}-rw:5432/{initdb['database']}?")
    assert "sslmode=verify-full" in url
    assert "target_session_attrs=read-write" in url
    assert (
        "optional"
        not in settings_of(manifests, server(workloads(manifests)["core"]))["DATABASE_PASSWORD"]["secretKeyRef"]
    )
