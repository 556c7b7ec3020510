"""Whoever may call, with each kind of credential that there is, and what `authorisation.txt` says of them."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from groups import new_group

from harness.house import Directory, House
from harness.modes import chosen
from harness.rpc import api

# The columns of service keys that carry one scope.
SCOPES = {
    "read": "DIRECTORY_READ",
    "write": "DIRECTORY_WRITE",
    "sign-in": "SSO_SIGN_IN",
    "events": "EVENTS_READ",
    "verify": "PASSWORD_VERIFY",
    "report": "ACTIVITY_WRITE",
}
# Who is bound to one directory, and who to none.
BOUND = ("scim", "scim:r", "scim:w", *SCOPES, "admin", "session")
OF_ALL = ("admin*", "session*")


@cache
def rows(part: str) -> dict[str, dict[str, str]]:
    """The rows of one part of `authorisation.txt`, by name: what each column says."""
    found, columns, begun = {}, [], ""
    for line in Path(__file__).with_name("authorisation.txt").read_text().splitlines():
        words = line.split("#")[0].split()
        if words and words[0].startswith("["):
            begun, columns = words[0].strip("[]"), words[1:]
        elif words and begun == part:
            name = " ".join(words[: -len(columns)])
            assert name not in found, f"{name} has two rows"
            found[name] = dict(zip(columns, words[-len(columns) :], strict=True))
    return found


@dataclass
class Tally:
    """What was tried, and what was not as the table has it."""

    tried: int = 0
    deviations: list[str] = field(default_factory=list)

    def compare(self, row: str, caller: str, told: str, expected: str) -> None:
        self.tried += 1
        if told != expected:
            self.deviations.append(f"{row}, {caller}: {told}, and not {expected}")

    def close(self, record_property) -> None:
        record_property("measured", f"{self.tried} cells tried, {len(self.deviations)} deviations")
        record_property("counted", {"inputs tried": self.tried, "findings": len(self.deviations)})
        assert self.tried
        assert not self.deviations, "\n".join(self.deviations)


class Resources:
    """A user and a group of a directory, to ask about."""

    def __init__(self, directory: Directory):
        self.scim = directory.scim
        self.user, self.group = self.new_user(), self.new_group()
        self.has_groups = True

    def new_user(self) -> str:
        return self.scim.create(f"{uuid.uuid4().hex}@example.com")["id"]

    def new_group(self) -> str:
        return new_group(self.scim, uuid.uuid4().hex)["id"]

    def id_for(self, route: str) -> str:
        """What a route is asked about; a deletion, something that is there for it alone."""
        is_deletion = route.startswith("DELETE")
        if "groups/" in route.lower():
            return self.new_group() if is_deletion and self.has_groups else self.group
        return self.new_user() if is_deletion else self.user


class Callers:
    """Directories of one house, and everybody who calls about the first of them: `kinds` has, by column, the secret of
    each kind; nobody's is None."""

    def __init__(self, house: House):
        self.house, self.admin = house, house.admin
        self.mine, self.theirs, self.gone, self.off, self.groupless = (house.new_directory() for _ in range(5))
        self.resources = {one.name: Resources(one) for one in (self.mine, self.theirs, self.groupless)}
        keeps_passwords = {"password_handling": api()["directory"].PASSWORD_HANDLING_STORE}
        self.set_up(self.mine, **keeps_passwords)
        self.client, self.client_secret = self.new_client(self.mine)
        # Those who belong to a directory are made before it is switched off or deleted.
        identity_provider_off = self.identity_provider(self.off)
        of_gone = {
            "a token of a deleted directory": self.gone.token,
            "a key of a deleted directory": house.new_service_key("DIRECTORY_READ", directory=self.gone.name),
            "an access token of a deleted directory": self.access_token(*self.new_client(self.gone)),
            "a session of a key of a deleted directory": self.new_session(
                house.new_service_key("ADMIN", directory=self.gone.name)
            ),
        }
        self.set_up(self.off, scim_enabled=False)
        self.set_up(self.groupless, groups_enabled=False, **keeps_passwords)
        self.resources[self.groupless.name].has_groups = False
        self.admin.call("DirectoryService/DeleteDirectory", name=self.gone.name)
        self.kinds: dict[str, dict[str, str | None]] = {
            "nobody": {"nobody": None},
            "ended": self.ended() | of_gone,
            "client": {"the secret of a client": self.client_secret},
            **self.identity_provider(self.mine),
            "off": {kind: secret for kinds in identity_provider_off.values() for kind, secret in kinds.items()},
            **{
                column: {
                    f"{scope} of one directory": house.new_service_key(scope, directory=self.mine.name),
                    f"{scope} of all directories": house.new_service_key(scope),
                }
                for column, scope in SCOPES.items()
            },
            "admin": {"an admin key of one directory": self.new_admin_key(bound=True)},
            "session": self.new_sessions(bound=True),
            "admin*": {
                "an admin key": self.new_admin_key_of_the_database(),
                "a service key for all directories": self.new_admin_key(bound=False),
            },
            "session*": self.new_sessions(bound=False),
        }

    def of(self, row: str, cells: dict[str, str], *, ends_sessions=False) -> Iterator[tuple[str, str | None, str]]:
        """Whoever calls, column by column: what to call them, their secret and what they are to be told."""
        for column, kinds in self.kinds.items():
            for kind in chosen(f"{row} {column}", kinds):
                if ends_sessions and column.startswith("session"):
                    kinds = self.new_sessions(bound=column not in OF_ALL)
                has_scope_for_all = kind.endswith("of all directories") and cells[column] in ("+", "403")
                yield f"{column} ({kind})", kinds[kind], cells["admin*" if has_scope_for_all else column]

    def let_in(self, row: str, column: str, columns: Iterable[str], cells: dict[str, str]) -> list[tuple[str, str]]:
        """Those of some columns whom a row lets in, to be asked about what another column is about."""
        if cells[column] == ".":
            return []
        kinds = [one for name in columns if cells[name] == "+" for one in self.kinds[name].items()]
        kinds = [(kind, secret) for kind, secret in kinds if not kind.endswith("of all directories")]
        assert kinds, f"{row} lets in nobody to whom {column} applies"
        return [(f"{column} ({kind})", secret) for kind, secret in chosen(f"{row} {column}", kinds)]

    def new_sessions(self, *, bound: bool) -> dict[str, str]:
        # A person's sessions end together, whatever key they were begun with.
        person = {"issuer": "https://idp.example", "subject": uuid.uuid4().hex}
        return {
            "a session": self.new_session(self.new_admin_key(bound=bound)),
            "a session of a person": self.new_session(self.new_admin_key(bound=bound), person),
        }

    def set_up(self, directory: Directory, **settings) -> None:
        self.admin.call("DirectoryService/UpdateDirectory", name=directory.name, **settings)

    def new_admin_key(self, *, bound: bool) -> str:
        return self.house.new_service_key("ADMIN", directory=self.mine.name if bound else "")

    def new_admin_key_of_the_database(self) -> str:
        url = self.house.database.url
        return self.house.command_json("admin-key", "create", ROLLCALL_DATABASE_URL=url)["key"]

    def new_session(self, key: str, person: dict | None = None) -> str:
        return self.house.rpc(key).call("SessionService/CreateSession", person=person).secret

    def new_client(self, directory: Directory) -> tuple[str, str]:
        made = self.admin.call("OAuthService/CreateClient", directory=directory.name)
        return made.client.id, made.client_secret

    def access_token(self, client: str, secret: str, scope: str = "") -> str:
        fields = {"client_id": client, "client_secret": secret, "scope": scope}
        return self.house.rpc(None).call("OAuthService/IssueAccessToken", **fields).access_token

    def identity_provider(self, directory: Directory) -> dict[str, dict[str, str]]:
        """What the identity provider of a directory may present."""
        client = self.new_client(directory)
        return {
            "scim": {"a token": directory.token, "an access token": self.access_token(*client)},
            "scim:r": {"an access token to read": self.access_token(*client, "directory.read")},
            "scim:w": {"an access token to write": self.access_token(*client, "directory.write")},
        }

    def ended(self) -> dict[str, str]:
        """What is no credential, or has been one."""
        admin, name = self.admin, self.mine.name
        token = admin.call("TokenService/CreateToken", directory=name)
        admin.call("TokenService/RevokeToken", directory=name, token=token.token.id)
        scopes = [api()["access"].SCOPE_ADMIN]
        key = admin.call("ServiceKeyService/CreateServiceKey", name="ended", scopes=scopes)
        session_of_key = self.new_session(key.secret)
        admin.call("ServiceKeyService/RevokeServiceKey", service_key=key.service_key.id)
        session = self.new_session(self.new_admin_key(bound=False))
        self.house.rpc(session).call("SessionService/EndSession")
        of_secret, of_client = self.new_client(self.mine), self.new_client(self.mine)
        of_revoked, of_deleted = self.access_token(*of_secret), self.access_token(*of_client)
        clients = admin.call("OAuthService/ListClients", directory=name).clients
        secret = next(client.secrets[0].id for client in clients if client.id == of_secret[0])
        admin.call("OAuthService/RevokeSecret", directory=name, secret=secret)
        admin.call("OAuthService/DeleteClient", directory=name, client_id=of_client[0])
        good = self.mine.token
        return {
            "nonsense": secrets.token_urlsafe(32),
            "a key that never was": "rc_svc_" + "a" * 59,
            "a mistyped token": good[:-1] + ("a" if good[-1] != "a" else "b"),
            "a revoked token": token.secret,
            "an expired token": self.expired("credentials", self.house.new_token(name)),
            "a revoked key": key.secret,
            "an expired key": self.expired("credentials", self.new_admin_key(bound=True)),
            "an expired admin key": self.expired("credentials", self.new_admin_key_of_the_database()),
            "a revoked client secret": of_secret[1],
            "an access token of a revoked secret": of_revoked,
            "an access token of a deleted client": of_deleted,
            "an expired access token": self.expired("credentials", self.access_token(*self.new_client(self.mine))),
            "a session that was ended": session,
            "an expired session": self.expired("sessions", self.new_session(self.new_admin_key(bound=False))),
            "a session of a revoked key": session_of_key,
        }

    def expired(self, table: str, secret: str) -> str:
        """A secret whose time is over."""
        found = hashlib.sha256(secret.encode()).digest()
        self.house.database.execute(f"UPDATE {table} SET expires = 1 WHERE hash = ?", found)
        return secret
