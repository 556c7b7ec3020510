"""A real SMTP server, which can be down, slow, closed to strangers, or unwilling to take an e-mail."""

import asyncio
import email
import email.policy
import socket
import ssl
import threading
import time
from collections.abc import Callable
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from harness.ports import free_port


class Postbox:
    """An SMTP server on this machine, and every e-mail that it took."""

    def __init__(
        self,
        *,
        login: tuple[str, str] | None = None,
        start_tls: ssl.SSLContext | None = None,
        tls: ssl.SSLContext | None = None,
    ):
        self.port = free_port()
        self.login = login
        self.start_tls = start_tls
        self.tls = tls
        self.messages: list[EmailMessage] = []
        # What is answered to whoever writes to an address, such as `550 5.1.1 no such user`.
        self.refusals: dict[str, str] = {}
        # How often an address was named, whatever was answered.
        self.attempts: dict[str, int] = {}
        self.is_awake = threading.Event()
        self.is_awake.set()
        self.controller: Controller | None = None

    def start(self) -> "Postbox":
        controller = (TlsController if self.tls else PlainController)(self)
        controller.start()
        self.controller = controller
        return self

    def stop(self) -> None:
        if self.controller:
            self.controller.stop(no_assert=True)
            self.controller = None

    def to(self, address: str) -> list[EmailMessage]:
        """The e-mails to an address."""
        return [message for message in self.messages if message["X-Recipient"] == address]

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        self.attempts[address] = self.attempts.get(address, 0) + 1
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        while not self.is_awake.is_set():
            await asyncio.sleep(0.01)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        for recipient in envelope.rcpt_tos:
            message["X-Recipient"] = recipient
        self.messages.append(message)
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, data) -> AuthResult:
        given = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode())
        if given == self.login:
            return AuthResult(success=True)
        # What a server of this world might do: it repeats what it was given.
        return AuthResult(success=False, handled=False, message=f"535 5.7.8 {data.password.decode()} is wrong")

    def options(self) -> dict:
        options: dict = {"enable_SMTPUTF8": True, "hostname": "localhost"}
        if self.login:
            options |= {"authenticator": self.authenticate, "auth_required": True}
            options |= {"auth_require_tls": bool(self.start_tls)}
        if self.start_tls:
            options |= {"tls_context": self.start_tls, "require_starttls": True}
        return options


class PlainController(Controller):
    """Listens without TLS; STARTTLS may follow."""

    def __init__(self, postbox: Postbox):
        self.postbox = postbox
        super().__init__(postbox, hostname="127.0.0.1", port=postbox.port)

    def factory(self) -> SMTP:
        return SMTP(self.postbox, **self.postbox.options())


class TlsController(PlainController):
    """Listens with TLS from the beginning."""

    def __init__(self, postbox: Postbox):
        self.postbox = postbox
        Controller.__init__(self, postbox, hostname="127.0.0.1", port=postbox.port, ssl_context=postbox.tls)

    def _trigger_server(self) -> None:
        # The controller would knock to see whether somebody listens, and complain of the certificate.
        with socket.create_connection(("127.0.0.1", self.postbox.port), timeout=10):
            pass


def eventually(holds: Callable[[], object], what: str):
    """Waits until something holds, and returns it."""
    for _ in range(1200):
        if found := holds():
            return found
        time.sleep(0.05)
    raise AssertionError(f"it did not come to pass: {what}")
