"""An installation of several cores on one database, and several gateways in front of them."""

from dataclasses import dataclass, field

import grpc
import httpx

from harness.house import House
from harness.ports import free_port
from harness.process import Process
from harness.scim import TRUSTS_NOBODY

CORES = 3
# Of which cores each gateway is told.
GATEWAYS = ((0, 1, 2), (0, 1, 2))


@dataclass
class Replicas(House):
    """Whoever asks the house asks the first gateway and the last core."""

    cores: list[str] = field(default_factory=lambda: [f"127.0.0.1:{free_port()}" for _ in range(CORES)])
    gateways: list[str] = field(default_factory=lambda: [f"127.0.0.1:{free_port()}" for _ in GATEWAYS])

    @property
    def url(self) -> str:
        return f"http://{self.gateways[0]}"

    @property
    def grpc_address(self) -> str:
        return self.cores[-1]

    def start(self) -> "Replicas":
        for number, address in enumerate(self.cores):
            settings = {"ROLLCALL_GRPC_ADDR": address, "ROLLCALL_BOOTSTRAP_GATEWAY_KEY": self.gateway_key}
            self.processes.append(Process(["core"], self.work / f"core-{number}", **self.core_settings | settings))
        for number, address in enumerate(self.gateways):
            settings = {
                "ROLLCALL_HTTP_ADDR": address,
                "ROLLCALL_CORE_URL": ",".join(f"http://{self.cores[core]}" for core in GATEWAYS[number]),
                "ROLLCALL_GATEWAY_KEY": self.gateway_key,
            }
            self.processes.append(Process(["gateway"], self.work / f"gateway-{number}", **settings))
        self.processes[-1].wait_for(self.is_ready)
        return self

    def is_ready(self) -> bool:
        try:
            answers = [httpx.get(f"http://{each}/readyz", verify=TRUSTS_NOBODY) for each in self.gateways]
            self.admin.call("DirectoryService/GetDirectory", name="default")
        except (httpx.TransportError, grpc.RpcError):
            return False
        return all(answer.status_code == 200 for answer in answers)
