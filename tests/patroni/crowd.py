"""Those who write while another server becomes the leader, by every way that there is."""

import itertools
import time
import uuid
from typing import TYPE_CHECKING

import grpc

from faults.people import PATIENCE, Asked, User, Writer
from faults.work import Work
from harness.rpc import Rpc, api, reason

if TYPE_CHECKING:
    from patroni.replicas import Replicas

# So many write by each gateway, and so many by the core that no gateway leads to.
BY_GATEWAY, BY_CORE = 12, 8
WRITERS = 2 * BY_GATEWAY + BY_CORE


class Provider(Writer):
    """An identity provider, which writes by one of the gateways."""

    def __init__(self, work: Work, name: str, address: str):
        super().__init__(work, name)
        self.address = address

    @property
    def url(self) -> str:
        return f"http://{self.address}"


class Service(Writer):
    """A service, which writes users by gRPC."""

    def __init__(self, work: Work, name: str, rpc: Rpc):
        super().__init__(work, name)
        self.rpc = rpc

    def send_user(self, name: str) -> str | None:
        answer = self.call("CreateUser", "USER_CREATED", None, user={"user_name": name})
        return None if answer is None else answer.user.id

    def send_title(self, user: User, title: str) -> bool:
        replace = api()["resource"].PatchOperation.KIND_REPLACE
        operations = [{"kind": replace, "path": "title", "value": {"string_value": title}}]
        return self.call("PatchUser", "USER_UPDATED", user.id, id=user.id, operations=operations) is not None

    def send_deletion(self, user: User) -> bool:
        return self.call("DeleteUser", "USER_DELETED", user.id, id=user.id) is not None

    def join(self, user: User) -> None:
        """Groups are left to the identity providers."""

    def call(self, rpc: str, kind: str, subject: str | None, **fields):
        """The answer to a change that was made; None, where nobody knows whether it was."""
        began, request_id = time.monotonic(), f"work-{uuid.uuid4().hex}"
        answer = None
        try:
            answer = self.rpc.begin(f"UserService/{rpc}", fields, request_id=request_id, timeout=PATIENCE).result()
            self.last_served = began
        except grpc.RpcError as error:
            if reason(error) == "UNAVAILABLE":
                self.be_put_off()
            else:
                self.work.found(f"{rpc}: {error.code()} {reason(error)} {error.details()}")
        self.note(Asked(request_id, kind, subject, answer is not None))
        return answer


class Crowd(Work):
    """Work with several gateways and cores, none of which breaks: each write has an answer, if only a 503."""

    house: "Replicas"

    def new_writers(self) -> list[Writer]:
        key = self.house.new_service_key("DIRECTORY_WRITE", directory=self.directory.name)
        rpcs = [self.house.rpc(key) for _ in range(BY_CORE)]
        addresses = [address for address in self.house.gateways for _ in range(BY_GATEWAY)]
        providers = [Provider(self, f"provider-{number}", address) for number, address in enumerate(addresses)]
        return [*providers, *(Service(self, f"service-{number}", rpc) for number, rpc in enumerate(rpcs))]

    @property
    def unavailable(self) -> int:
        """How many writes were answered 503, or UNAVAILABLE."""
        return sum(writer.unavailable for writer in self.writers)

    def check(self) -> None:
        unanswered = sum(writer.refused for writer in self.writers) - self.unavailable
        if unanswered:
            self.found(f"{unanswered} writes had neither success nor a 503")
        super().check()

    def longest_time_without_a_write(self, since: float) -> tuple[float, float]:
        """How long nobody, and how long one of the writers, had no write answered with success, in seconds."""
        of_each = [writer.answered_at for writer in self.writers]
        return longest(sorted(itertools.chain(*of_each)), since), max(longest(moments, since) for moments in of_each)


def longest(moments: list[float], since: float) -> float:
    """The longest time between two moments, the second of which was after another one."""
    return max((after - before for before, after in itertools.pairwise(moments) if after >= since), default=0.0)
