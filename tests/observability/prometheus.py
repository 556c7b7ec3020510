"""A Prometheus of the tests' own, which scrapes processes and evaluates the rules."""

import subprocess
import time
from pathlib import Path

import httpx
import yaml

from harness.ports import free_port
from observability.sources import RULE_FILES


class Prometheus:
    """A server in a folder of its own, which asks often."""

    def __init__(self, folder: Path, targets: list[str]):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log = folder / "prometheus.log"
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(path) for path in RULE_FILES],
            "scrape_configs": [{"job_name": "rollcall", "static_configs": [{"targets": targets}]}],
        }
        file = folder / "prometheus.yml"
        file.write_text(yaml.safe_dump(configuration))
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={file}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    f"--web.listen-address={self.url.removeprefix('http://')}",
                ],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> "Prometheus":
        try:
            self.wait_for(self.is_ready)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready").status_code == 200
        except httpx.TransportError:
            return False

    def wait_for(self, ready) -> None:
        """Waits until something holds."""
        for _ in range(300):
            if ready():
                return
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.2)
        raise AssertionError(f"it did not come to pass:\n{self.log.read_text()[-2000:]}")

    def ask(self, path: str, **parameters: str):
        answer = httpx.post(f"{self.url}/api/v1/{path}", data=parameters, timeout=30).json()
        assert answer["status"] == "success", f"{parameters}: {answer}"
        return answer["data"]

    def query(self, expression: str) -> list[dict]:
        """The series that an expression comes to now, without those that are no number."""
        found = self.ask("query", query=expression)
        series = found["result"] if found["resultType"] == "vector" else []
        return [one for one in series if one["value"][1] != "NaN"]

    def rules(self) -> list[dict]:
        groups = httpx.get(f"{self.url}/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)
