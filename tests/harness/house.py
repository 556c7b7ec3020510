"""A running installation: as one process or as gateway and core apart, on SQLite or PostgreSQL."""

import json
import os
import secrets
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import httpx

from harness.database import Database, drop_postgres, new_postgres
from harness.ports import free_port
from harness.process import Process, binary, clean_environment
from harness.rpc import Rpc, api
from harness.scim import TRUSTS_NOBODY, Scim

MODES = ["serve-sqlite", "serve-postgres", "apart-sqlite", "apart-postgres"]


@dataclass
class Directory:
    """A directory of a house, with the token of its identity provider."""

    house: "House"
    name: str
    token: str

    @cached_property
    def scim(self) -> Scim:
        return Scim(self.house.base_url, self.token)

    @property
    def id(self) -> str:
        return self.house.admin.call("DirectoryService/GetDirectory", name=self.name).directory.id

    def events(self, subject: str | None = None) -> list[dict]:
        """The events in the database, oldest first."""
        about = "" if subject is None else " AND subject = ?"
        arguments = [self.house.database_id(each) for each in (self.id, subject) if each is not None]
        return self.house.database.events(f"directory_id = ?{about}", *arguments)


@dataclass
class House:
    """The processes of one installation, and what its operator knows."""

    mode: str
    work: Path
    database: Database
    admin_key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    gateway_key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    scim_token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    settings: dict[str, str] = field(default_factory=dict)
    # What each of the processes is started under.
    under: Sequence[str] = ()
    processes: list[Process] = field(default_factory=list)
    # What processes that are gone have printed and logged.
    past_output: str = ""
    http_port: int = 0
    grpc_port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def base_url(self) -> str:
        return self.url + "/scim/v2"

    @property
    def grpc_address(self) -> str:
        return f"127.0.0.1:{self.grpc_port}"

    @property
    def output(self) -> str:
        """All that the processes have printed and logged."""
        return self.past_output + "".join(process.output for process in self.processes)

    @cached_property
    def admin(self) -> Rpc:
        return self.rpc(self.admin_key)

    @cached_property
    def default(self) -> Directory:
        """The directory that every installation begins with."""
        return Directory(self, "default", self.scim_token)

    def rpc(self, secret: str | None) -> Rpc:
        return Rpc(self.grpc_address, secret)

    def database_id(self, text: str):
        """An id in the form in which the database has it."""
        return uuid.UUID(text).bytes if self.database.kind == "sqlite" else uuid.UUID(text)

    def start(self) -> "House":
        """Starts the processes, on ports that are free unless they are given, and waits until they answer."""
        self.http_port, self.grpc_port = self.http_port or free_port(), self.grpc_port or free_port()
        for name in ["serve"] if self.mode.startswith("serve") else ["core", "gateway"]:
            self.processes.append(self.new_process(name))
        self.processes[-1].wait_for(self.is_ready)
        return self

    def new_process(self, name: str) -> Process:
        """Starts one of the processes of a house, which is not one of them yet."""
        http = {"ROLLCALL_HTTP_ADDR": f"127.0.0.1:{self.http_port}"}
        way = {"ROLLCALL_CORE_URL": f"http://{self.grpc_address}", "ROLLCALL_GATEWAY_KEY": self.gateway_key}
        settings = {
            "serve": http | self.core_settings,
            "core": self.core_settings | {"ROLLCALL_BOOTSTRAP_GATEWAY_KEY": self.gateway_key},
            "gateway": http | way,
        }[name]
        return Process([name], self.work, under=self.under, **settings | self.settings)

    @property
    def core_settings(self) -> dict[str, str]:
        return {
            "ROLLCALL_GRPC_ADDR": self.grpc_address,
            "ROLLCALL_DATABASE_URL": self.database.url,
            "ROLLCALL_BOOTSTRAP_ADMIN_KEY": self.admin_key,
            "ROLLCALL_BOOTSTRAP_SCIM_TOKEN": self.scim_token,
        }

    def restart_core(self) -> None:
        """Starts the core of a house whose core has ended, and waits until the gateway has found it."""
        self.restart_processes(0)

    def restart_processes(self, *places: int) -> None:
        """Starts processes that have ended, on the ports that they had, and waits until the house is ready."""
        for place in places:
            ended = self.processes[place]
            self.past_output += ended.output
            self.processes[place] = self.new_process(ended.name)
        for core in (self.processes[place] for place in places if self.processes[place].name == "core"):
            # For a moment a gateway may still think well of the one before.
            core.wait_for(lambda core=core: "Rollcall core is ready" in core.stdout)
        self.processes[places[-1]].wait_for(self.is_ready)

    def restart(self) -> None:
        """Ends the processes and starts them anew, on other ports."""
        self.stop()
        self.processes.clear()
        self.http_port = self.grpc_port = 0
        self.__dict__.pop("admin", None)
        self.start()

    def is_ready(self) -> bool:
        try:
            return httpx.get(self.url + "/readyz", verify=TRUSTS_NOBODY).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> list[int]:
        """Ends the processes, the gateway first; returns their exit statuses."""
        return [process.stop() for process in reversed(self.processes)]

    def command(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess:
        """Runs a command of the binary as this house's administrator."""
        environment = clean_environment(
            **{
                "ROLLCALL_SERVER": f"http://{self.grpc_address}",
                "ROLLCALL_ADMIN_KEY": self.admin_key,
                **settings,
            }
        )
        return subprocess.run(
            [binary(), *arguments],
            env=environment,
            cwd=self.work,
            text=True,
            capture_output=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )

    def command_json(self, *arguments: str, **settings: str):
        """What a command prints for machines."""
        done = self.command(*arguments, "--json", **settings)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def new_directory(self, profile: str = "generic", name: str | None = None) -> Directory:
        """Makes a directory and a token for it."""
        name = name or f"{profile}-{uuid.uuid4().hex[:12]}"
        number = api()["directory"].Profile.Value(f"PROFILE_{profile.upper()}")
        self.admin.call("DirectoryService/CreateDirectory", name=name, profile=number)
        return Directory(self, name, self.new_token(name))

    def new_token(self, directory: str) -> str:
        return self.admin.call("TokenService/CreateToken", directory=directory).secret

    def new_service_key(self, *scopes: str, directory: str = "") -> str:
        """Makes a service key with scopes such as `DIRECTORY_READ`."""
        numbers = [api()["access"].Scope.Value(f"SCOPE_{scope}") for scope in scopes]
        made = self.admin.call(
            "ServiceKeyService/CreateServiceKey", name="a service", scopes=numbers, directory=directory
        )
        return made.secret


class Builder:
    """Makes houses and takes them down again."""

    def __init__(self, work: Path, postgres_url: str):
        self.work = work
        self.postgres_url = postgres_url
        self.houses: list[House] = []

    def database(self, kind: str, work: Path) -> Database:
        if kind == "postgres":
            return new_postgres(self.postgres_url)
        return Database(f"sqlite://{work / 'rollcall.db'}")

    def new(self, mode: str, **fields) -> House:
        """A house that is not started yet, on a new database."""
        work = self.work / f"{mode}-{len(self.houses)}"
        work.mkdir(parents=True)
        fields.setdefault("database", self.database(mode.split("-")[1], work))
        house = House(mode, work, **fields)
        self.houses.append(house)
        return house

    def start(self, mode: str, **fields) -> House:
        return self.new(mode, **fields).start()

    def close(self) -> None:
        for house in self.houses:
            house.stop()
        if "DATABASE_URL" not in os.environ:
            # The server is thrown away with all that is in it, which takes less long.
            return
        for url in {house.database.url for house in self.houses if house.database.kind != "sqlite"}:
            drop_postgres(self.postgres_url, Database(url))
