"""Sign-ins, as the login code of an application asks about them."""

import uuid
from dataclasses import dataclass, field

from harness.house import Directory
from harness.rpc import Rpc, api

ISSUER = "https://idp.example/saml"


@dataclass
class Door:
    """Where people arrive who want to sign in to one directory; its key may do nothing else."""

    directory: Directory
    rpc: Rpc = field(init=False)

    def __post_init__(self):
        house = self.directory.house
        self.rpc = house.rpc(house.new_service_key("SSO_SIGN_IN", directory=self.directory.name))

    def sign_in(self, **person):
        return self.rpc.call("SsoService/SignIn", **self.message(**person))

    def explain(self, **person):
        return self.rpc.call("SsoService/ExplainSignIn", **self.message(**person))

    def message(self, *, protocol="saml", issuer=ISSUER, subject=None, attributes=(), **person) -> dict:
        number = api()["sso"].Protocol.Value(f"PROTOCOL_{protocol.upper()}")
        attributes = {name: {"values": values} for name, values in dict(attributes).items()}
        return {
            "protocol": number,
            "issuer": issuer,
            "subject": subject or new_subject(),
            "attributes": attributes,
            **person,
        }


def new_subject() -> str:
    """A subject whom nobody has seen yet."""
    return f"subject-{uuid.uuid4().hex}"


def decision(answer) -> str:
    """The decision of an answer, such as `existing`."""
    name = api()["sso"].SignInDecision.Name(answer.decision)
    return name.removeprefix("SIGN_IN_DECISION_").lower()


def rule(answer) -> str:
    """What the decision rests on, such as `linked`."""
    return api()["sso"].SignInRule.Name(answer.rule).removeprefix("SIGN_IN_RULE_").lower()


def judged(answer) -> tuple[str, str]:
    return decision(answer), rule(answer)


def work_email(address: str) -> list[dict]:
    return [{"value": address, "type": "work", "primary": True}]
