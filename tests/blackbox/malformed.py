"""What a malformed request is, and what it must get."""

import json
from dataclasses import dataclass, field

from harness.scim import PATCH_OP


@dataclass(frozen=True)
class Malformed:
    """A request that cannot be. `{user}`, `{group}` and `{inner}` in it stand for the ids of what is there."""

    method: str
    path: str
    status: int
    scim_type: str | None
    # What the detail must say: the place of the mistake.
    naming: str
    content: bytes | None = None
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    # Whether it is the one operation of a bulk request, whose refusal is the operation's result.
    in_bulk: bool = False

    @property
    def name(self) -> str:
        """What tells it from the others, short enough to be read."""
        body = "" if self.content is None else self.content[:90].decode(errors="replace")
        query = "&".join(f"{name}={value[:80]}" for name, value in self.query.items())
        headers = " ".join(f"{name}: {value}" for name, value in self.headers.items())
        return " ".join(filter(None, [self.method, self.path[:80], query, headers, body]))


def of_query(path: str, query: dict[str, str], scim_type: str, naming: str) -> Malformed:
    return Malformed("GET", path, 400, scim_type, naming, query=query)


def of_body(method: str, path: str, body, scim_type: str | None, naming: str, status: int = 400) -> Malformed:
    """A request whose body is JSON, or bytes as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return Malformed(method, path, status, scim_type, naming, content)


def of_operation(path: str, operation, scim_type: str, naming: str) -> Malformed:
    """A PATCH whose second operation is the mistake, behind one that alone would be made."""
    good = {"op": "replace", "path": "displayName", "value": "changed"}
    return of_body("PATCH", path, {"schemas": [PATCH_OP], "Operations": [good, operation]}, scim_type, naming)
