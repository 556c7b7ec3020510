"""What deploy/observability/README.md shows of the settings of others are settings that they take."""

import re
import subprocess

import yaml

from observability.sources import OBSERVABILITY, ROOT, RULE_FILES, alerts, recorded

README = (OBSERVABILITY / "README.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
# What Prometheus and its operator find a process by.
NAME = "rollcall"


def shown(name: str) -> str:
    """The block that begins with the name of a file, or has this kind."""
    [block] = [one for one in BLOCKS if one.startswith(f"# {name}\n") or f"\nkind: {name}\n" in one]
    return block


def test_prometheus_takes_the_configuration(tmp_path):
    file = tmp_path / "prometheus.yml"
    text = shown("prometheus.yml").replace("/etc/prometheus/rollcall/", f"{OBSERVABILITY}/prometheus/")
    file.write_text(text)
    done = subprocess.run(["promtool", "check", "config", file], text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(RULE_FILES)} rule files found" in done.stdout
    assert [one["job_name"] for one in yaml.safe_load(text)["scrape_configs"]] == [NAME]


def test_the_job_is_called_as_the_rules_ask_for_it():
    monitor = yaml.safe_load(shown("PodMonitor"))["spec"]
    label = monitor["jobLabel"]
    assert monitor["selector"]["matchLabels"][label] == NAME
    base = (ROOT / "deploy" / "kubernetes" / "base" / "kustomization.yaml").read_text()
    assert {label: NAME}.items() <= yaml.safe_load(base)["labels"][0]["pairs"].items()
    asked = {job for text in [*recorded().values(), *(one["expr"] for one in alerts())] for job in jobs(text)}
    assert asked == {NAME}


def jobs(expression: str) -> list[str]:
    return re.findall(r'\bjob="([^"]*)"', expression)


def test_alertmanager_keeps_back_alerts_that_there_are():
    names = {alert["alert"] for alert in alerts()}
    for rule in yaml.safe_load(shown("alertmanager.yml"))["inhibit_rules"]:
        matchers = [*rule["source_matchers"], *rule["target_matchers"]]
        for wanted in re.findall(r'alertname=~"([^"]+)"', str(matchers)):
            assert any(re.fullmatch(wanted, name) for name in names)
            choices = re.findall(r"\((.*)\)", wanted) or [wanted.replace("Rollcall", "")]
            for choice in re.sub("Rollcall", "", choices[0]).split("|"):
                assert any(re.fullmatch(f"Rollcall{choice}", name) for name in names), choice


def test_grafana_is_given_a_data_source_and_a_folder():
    [sources] = [yaml.safe_load(one) for one in BLOCKS if "\ndatasources:\n" in one]
    [providers] = [yaml.safe_load(one) for one in BLOCKS if "\nproviders:\n" in one]
    assert [one["type"] for one in sources["datasources"]] == ["prometheus"]
    assert [one["type"] for one in providers["providers"]] == ["file"]
