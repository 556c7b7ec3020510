"""An installation all of whose secrets are known, and everything that was heard of it."""

import secrets
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit, urlunsplit

import httpx
from leaks import Leaks

from console.open_id import Comer, session_of
from harness.collector import Collector
from harness.follower import Follower
from harness.house import Builder, Directory, House
from harness.openid import CLIENT_ID, Provider
from harness.ports import free_port
from harness.process import Process
from harness.scim import Scim
from harness.smtp import Postbox

# How a secret comes into an installation, but for that of the database: by a file, which each of these settings names.
FILES = {
    "ROLLCALL_BOOTSTRAP_ADMIN_KEY": "bootstrap admin key",
    "ROLLCALL_BOOTSTRAP_SCIM_TOKEN": "bootstrap SCIM token",
    "ROLLCALL_BOOTSTRAP_GATEWAY_KEY": "gateway key",
    "ROLLCALL_GATEWAY_KEY": "gateway key",
    "ROLLCALL_SMTP_PASSWORD": "SMTP password",
    "ROLLCALL_OIDC_CLIENT_SECRET": "OpenID client secret",
    "ROLLCALL_OIDC_SERVICE_KEY": "bootstrap admin key",
}


@dataclass
class Confidential:
    """The installation, with a mail server, an OpenID provider and a collector of traces."""

    house: House
    postbox: Postbox
    provider: Provider
    collector: Collector
    leaks: Leaks
    directory: Directory
    # What came out of it, by where: answers, what commands printed, what followers were told.
    heard: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    # Where the console is, if it is a process of its own.
    console_url: str = ""

    def hear(self, place: str, said) -> None:
        self.heard[place].append(said if isinstance(said, bytes) else str(said).encode())

    def hear_answer(self, answer: httpx.Response) -> httpx.Response:
        place = f"the answer to {answer.request.method} {answer.request.url.path}"
        self.hear(place, f"{answer.status_code} {answer.headers}\n".encode() + answer.content)
        return answer

    @property
    def scim(self) -> "Listening":
        return Listening(self, self.directory.token)

    def password(self, name: str) -> str:
        """A new password of a user, with what has to be written otherwise in every format."""
        return self.leaks.add(f"password, {name}", f'Pw "4711"\\ü {secrets.token_urlsafe(16)}')

    def command(self, *arguments: str, **settings: str):
        done = self.house.command(*arguments, **settings)
        self.hear(f"the output of {' '.join(arguments)}", done.stdout + done.stderr)
        return done

    @property
    def console(self) -> str:
        return self.console_url or self.house.url

    def sign_in_with_openid(self) -> httpx.Response:
        """Signs somebody in, and takes note of what is secret about it."""
        answer = Comer(SimpleNamespace(url=self.console), self.provider).sign_in()
        for number, secret in enumerate(sorted(self.provider.secrets)):
            self.leaks.add(f"OpenID sign-in, {number}", secret)
        if answer.status_code == 200:
            self.leaks.add("session of OpenID", session_of(answer).split("=")[1])
        return answer

    def follow(self) -> Follower:
        return Follower(self.house.admin, directory=self.directory.name, after=0)


class Listening(Scim):
    """A SCIM client, to whose answers somebody listens."""

    def __init__(self, confidential: Confidential, token: str | None):
        super().__init__(confidential.house.base_url, token)
        self.confidential = confidential

    def request(self, *arguments, **fields) -> httpx.Response:
        return self.confidential.hear_answer(super().request(*arguments, **fields))


def begin(builder: Builder, mode: str) -> Confidential:
    """Starts the processes, with each secret in a file."""
    house, leaks, provider = builder.new(mode), Leaks(), Provider().start()
    known = {
        "bootstrap admin key": house.admin_key,
        "bootstrap SCIM token": house.scim_token,
        "gateway key": house.gateway_key,
        "SMTP password": secrets.token_urlsafe(24),
        "OpenID client secret": provider.client_secret,
    }
    for name, secret in known.items():
        leaks.add(name, secret)
    postbox = Postbox(login=("rollcall", known["SMTP password"])).start()
    collector = Collector().start()
    settings = dict.fromkeys(FILES, "")
    for variable, name in FILES.items():
        settings[f"{variable}_FILE"] = written(house.work / variable, known[name])
    settings |= {
        **collector.settings("grpc"),
        "ROLLCALL_LOG": "trace",
        "ROLLCALL_ACCESS_LOG": "true",
        "ROLLCALL_SMTP_URL": f"smtp://rollcall@127.0.0.1:{postbox.port}",
        "ROLLCALL_SMTP_FROM": "rollcall@example.com",
        "ROLLCALL_SMTP_RETRY_DELAY": "100ms",
        "ROLLCALL_OIDC_ISSUER": provider.issuer,
        "ROLLCALL_OIDC_CLIENT_ID": CLIENT_ID,
        "ROLLCALL_OIDC_ADMIN_EMAIL": "ana@example.com",
    }
    if house.database.kind != "sqlite":
        url, secret = with_password(house.database.url)
        leaks.add("database password", secret)
        settings |= {"ROLLCALL_DATABASE_URL": "", "ROLLCALL_DATABASE_URL_FILE": written(house.work / "url", url)}
    house.settings = settings
    house.start()
    directory = house.new_directory("okta")
    leaks.add("token by RPC", directory.token)
    confidential = Confidential(house, postbox, provider, collector, leaks, directory)
    if not mode.startswith("serve"):
        confidential.console_url = start_console(house)
    return confidential


def start_console(house: House) -> str:
    address = f"127.0.0.1:{free_port()}"
    way = {"ROLLCALL_CONSOLE_ADDR": address, "ROLLCALL_CORE_URL": f"http://{house.grpc_address}"}
    process = Process(["console"], house.work, **house.settings | way)
    house.processes.append(process)
    process.wait_for(lambda: "Rollcall console is ready" in process.stdout)
    return f"http://{address}"


def written(path: Path, text: str) -> str:
    """A file with a text, which ends as editors end it."""
    path.write_text(text + "\n")
    path.chmod(0o600)
    return str(path)


def with_password(url: str) -> tuple[str, str]:
    """The URL of a database with a password, which a server that trusts everybody takes whatever it is."""
    parts = urlsplit(url)
    secret = parts.password or secrets.token_urlsafe(24)
    address = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username}:{secret}@{address}")), secret
