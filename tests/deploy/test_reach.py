"""Who reaches whom: network policies, routes from outside, and mTLS between pods."""

import os
import shutil
from urllib.parse import urlsplit

import pytest

from deploy.reading import (
    named,
    of_kind,
    policies_of,
    selects,
    server,
    settings_of,
    workloads,
)
from deploy.rendering import INSTALLATIONS, KUBERNETES, NAMESPACE, built, kustomized
from deploy.told import default

ROUTES = [one for one in INSTALLATIONS if one.reached]
APART = [one for one in INSTALLATIONS if one.apart]
MTLS = [one for one in INSTALLATIONS if "cert-manager" in one.components]
# A label by which the namespace of a policy's source is known.
OF_NAMESPACE = "kubernetes.io/metadata.name"


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
def test_every_pod_has_one_policy_for_what_comes_in_and_what_goes_out(installation):
    manifests = kustomized(installation)
    for role, template in workloads(manifests).items():
        [policy] = policies_of(manifests, template)
        assert policy["policyTypes"] == ["Ingress", "Egress"], role
        known = {port["name"] for port in server(template)["ports"]}
        opened = {port["port"] for rule in policy["ingress"] for port in rule["ports"]}
        assert opened == known, role


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=str)
def test_every_policy_is_of_a_pod(installation):
    manifests = kustomized(installation)
    labels = [template["metadata"]["labels"] for template in workloads(manifests).values()]
    labels += [{"cnpg.io/cluster": one["metadata"]["name"]} for one in of_kind(manifests, "Cluster")]
    policies = of_kind(manifests, "NetworkPolicy")
    assert policies
    for policy in policies:
        assert any(selects(policy["spec"]["podSelector"], one) for one in labels), policy["metadata"]["name"]


def lets_in(policy: dict, caller: dict, port: object) -> bool:
    """Whether a policy lets pods of the same namespace with these labels in to a port."""
    for rule in policy["ingress"]:
        if port not in {one["port"] for one in rule["ports"]}:
            continue
        for source in rule.get("from", [{"podSelector": {}}]):
            if "namespaceSelector" not in source and selects(source["podSelector"], caller):
                return True
    return False


@pytest.mark.parametrize("installation", APART, ids=str)
@pytest.mark.parametrize("role", ["gateway", "console"])
def test_what_is_in_front_of_the_core_reaches_the_core_alone(installation, role):
    manifests = kustomized(installation)
    pods = workloads(manifests)
    [own] = policies_of(manifests, pods[role])
    allowed = [target for rule in own["egress"] for target in rule.get("to", [])]
    assert [target["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for target in allowed] == ["core"]
    assert selects(allowed[0]["podSelector"], pods["core"]["metadata"]["labels"])
    # Beside the core: the names of the cluster, and in the example an OpenID provider.
    elsewhere = {port["port"] for rule in own["egress"] if "to" not in rule for port in rule["ports"]}
    assert elsewhere == {53} | ({443} if str(installation) == "example" and role == "console" else set())
    [core] = policies_of(manifests, pods["core"])
    assert lets_in(core, pods[role]["metadata"]["labels"], "grpc")
    assert not lets_in(core, {"app.kubernetes.io/name": "another"}, "grpc")


@pytest.mark.parametrize(
    ("role", "setting", "port"), [("core", "ROLLCALL_SMTP_URL", 587), ("console", "ROLLCALL_OIDC_ISSUER", 443)]
)
def test_the_example_lets_out_what_it_sets_up(role, setting, port):
    [example] = [one for one in INSTALLATIONS if str(one) == "example"]
    manifests = kustomized(example)
    template = workloads(manifests)[role]
    assert setting in settings_of(manifests, server(template))
    [policy] = policies_of(manifests, template)
    assert port in {allowed["port"] for rule in policy["egress"] for allowed in rule["ports"]}


@pytest.mark.parametrize("installation", ROUTES, ids=str)
def test_who_is_believed_about_addresses_is_let_in_alone(installation):
    """Another pod in the networks that are trusted could say that it is anybody, if it reached the port."""
    manifests = kustomized(installation)
    believing = 0
    for template in workloads(manifests).values():
        if "ROLLCALL_TRUSTED_PROXIES" not in settings_of(manifests, server(template)):
            continue
        believing += 1
        [policy] = policies_of(manifests, template)
        [rule] = [rule for rule in policy["ingress"] if "http" in {port["port"] for port in rule["ports"]}]
        [source] = rule["from"]
        assert source.keys() == {"namespaceSelector"}
        assert source["namespaceSelector"]["matchLabels"].keys() == {OF_NAMESPACE}
    assert believing == (1 if "serve" in workloads(manifests) else 2)


def routes(manifests: list[dict]) -> set[tuple[str, str, str, str, object]]:
    """Host, kind, path, service and port of what leads in from outside."""
    found = set()
    for ingress in of_kind(manifests, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                found.add((rule["host"], path["pathType"], path["path"], service["name"], service["port"]["name"]))
    for route in of_kind(manifests, "HTTPRoute"):
        for rule in route["spec"]["rules"]:
            [backend] = rule["backendRefs"]
            [port] = [
                port["name"]
                for port in named(manifests, "Service", backend["name"])["spec"]["ports"]
                if port["port"] == backend["port"]
            ]
            for host in route["spec"]["hostnames"]:
                for match in rule["matches"]:
                    kind = match["path"]["type"].removeprefix("Path")
                    found.add((host, kind, match["path"]["value"], backend["name"], port))
    return found


@pytest.mark.parametrize("installation", ROUTES, ids=str)
def test_ingress_and_route_lead_to_the_same_and_to_the_host_of_the_public_url(installation):
    manifests = kustomized(installation)
    given = [
        settings_of(manifests, server(template)) for role, template in workloads(manifests).items() if role != "core"
    ]
    [public_url] = {one["ROLLCALL_PUBLIC_URL"] for one in given}
    host = urlsplit(public_url).hostname
    assert routes(manifests) == {
        (host, "Prefix", "/scim/v2", "rollcall-gateway", "http"),
        (host, "Prefix", "/api/ee/scim/v2", "rollcall-gateway", "http"),
        (host, "Exact", "/oauth2/token", "rollcall-gateway", "http"),
        (host, "Prefix", "/admin", "rollcall-console", "http"),
    }
    services = {one["metadata"]["name"] for one in of_kind(manifests, "Service")}
    assert {service for _, _, _, service, _ in routes(manifests)} <= services
    for ingress in of_kind(manifests, "Ingress"):
        # As much as the gateway takes, which the controller would refuse by itself.
        limit = ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"]
        assert default("ROLLCALL_MAX_LARGE_BODY") == limit.replace("m", "MiB")
        [tls] = ingress["spec"]["tls"]
        assert tls["hosts"] == [host]


def test_an_overlay_gives_the_host_of_its_public_url_to_its_ingress_and_takes_a_route_instead(tmp_path):
    """The overlays are copied and changed: another URL and another component are all that it takes."""
    for overlay in ("single", "external-postgres", "cloudnative-pg"):
        for component, kind in (("ingress", "Ingress"), ("gateway-api", "HTTPRoute")):
            copy = shutil.copytree(KUBERNETES / "overlays" / overlay, tmp_path / f"{overlay}-{component}")
            file = copy / "kustomization.yaml"
            text = file.read_text().replace("https://scim.example.com", "https://id.test.example")
            text = text.replace("components/ingress", f"components/{component}")
            file.write_text(text.replace("../../", os.path.relpath(KUBERNETES, copy) + "/"))
            manifests = built(copy)
            assert of_kind(manifests, kind)
            assert {host for host, *_ in routes(manifests)} == {"id.test.example"}


@pytest.mark.parametrize("installation", MTLS, ids=str)
def test_with_mtls_every_call_to_the_core_is_checked_on_both_sides(installation):
    manifests = kustomized(installation)
    certificates = {one["spec"]["secretName"]: one["spec"] for one in of_kind(manifests, "Certificate")}
    pods = workloads(manifests)
    for role, template in pods.items():
        given = settings_of(manifests, server(template))
        [secret] = [one["secret"]["secretName"] for one in template["spec"]["volumes"] if one["name"] == "tls"]
        own = certificates[secret]
        assert own["issuerRef"]["name"] == "rollcall-ca"
        if role == "core":
            assert given["ROLLCALL_GRPC_TLS_CLIENT_CA"] == "/etc/rollcall/tls/ca.crt"
            assert "server auth" in own["usages"]
            names = own["dnsNames"]
        else:
            assert "client auth" in own["usages"]
            assert given["ROLLCALL_CORE_CLIENT_KEY"] == "/etc/rollcall/tls/tls.key"
            assert given["ROLLCALL_CORE_CA_CERT"] == "/etc/rollcall/tls/ca.crt"
    for role in ("gateway", "console"):
        url = urlsplit(settings_of(manifests, server(pods[role]))["ROLLCALL_CORE_URL"])
        assert url.scheme == "https"
        assert url.hostname in names
    # The kubelet would ask without TLS, and never be answered.
    assert not [probe for key, probe in server(pods["core"]).items() if key.endswith("Probe") and "grpc" in probe]


@pytest.mark.parametrize("installation", MTLS, ids=str)
def test_certificates_are_signed_by_an_authority_whose_key_stays(installation):
    manifests = kustomized(installation)
    [authority] = [one["spec"] for one in of_kind(manifests, "Certificate") if one["spec"].get("isCA")]
    assert authority["privateKey"]["rotationPolicy"] == "Never"
    assert named(manifests, "Issuer", "rollcall-ca")["spec"]["ca"]["secretName"] == authority["secretName"]
    assert "selfSigned" in named(manifests, "Issuer", authority["issuerRef"]["name"])["spec"]
    issuers = {one["metadata"]["name"] for one in of_kind(manifests, "Issuer")}
    for certificate in of_kind(manifests, "Certificate"):
        assert certificate["spec"]["issuerRef"]["name"] in issuers
    # By this name services of other namespaces know the core.
    assert f"rollcall-core.{NAMESPACE}.svc" in named(manifests, "Certificate", "rollcall-core")["spec"]["dnsNames"]


@pytest.mark.parametrize("installation", [one for one in INSTALLATIONS if "monitoring" in one.components], ids=str)
def test_metrics_are_scraped_from_a_port_that_every_pod_has_and_prometheus_alone_reaches(installation):
    manifests = kustomized(installation)
    [monitor] = of_kind(manifests, "PodMonitor")
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    for role, template in workloads(manifests).items():
        assert selects(monitor["spec"]["selector"], template["metadata"]["labels"]), role
        [port] = [one for one in server(template)["ports"] if one["name"] == endpoint["port"]]
        address = settings_of(manifests, server(template))["ROLLCALL_METRICS_ADDR"]
        assert address == f"0.0.0.0:{port['containerPort']}"
        [policy] = policies_of(manifests, template)
        [rule] = [one for one in policy["ingress"] if endpoint["port"] in {port["port"] for port in one["ports"]}]
        [source] = rule["from"]
        assert source == {"namespaceSelector": {"matchLabels": {OF_NAMESPACE: "monitoring"}}}


def test_the_database_of_the_operator_is_reached_by_the_core_and_by_no_other_pod_of_rollcall():
    [installation] = [one for one in INSTALLATIONS if str(one) == "cloudnative-pg"]
    manifests = kustomized(installation)
    pods = workloads(manifests)
    policy = named(manifests, "NetworkPolicy", "rollcall-postgres")["spec"]
    reached = {role for role, template in pods.items() if lets_in(policy, template["metadata"]["labels"], 5432)}
    assert reached == {"core"}
    [core] = policies_of(manifests, pods["core"])
    [out] = [rule["to"] for rule in core["egress"] if 5432 in {port["port"] for port in rule["ports"]}]
    [cluster] = of_kind(manifests, "Cluster")
    assert out == [{"podSelector": {"matchLabels": {"cnpg.io/cluster": cluster["metadata"]["name"]}}}]
