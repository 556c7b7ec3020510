"""Who may ask for each page of the console, and what everybody else is told: the third part of `authorisation.txt`."""

import base64
import hashlib
import re
from pathlib import Path

import httpx
import pytest
from asking import told_by
from callers import Callers, Tally, rows

from harness.ports import free_port
from harness.process import Process
from harness.scim import TRUSTS_NOBODY, UNKNOWN_ID

pytestmark = pytest.mark.timeout(600)

SOURCES = Path(__file__).parents[2] / "crates/console/src"
# Whoever signs in says who they are in the form; wrong keys are counted.
SIGN_IN = "POST /admin/sign-in"
ENDS_SESSIONS = ("POST /admin/sign-out", "POST /admin/session/end-all")
# What some forms are read for before the core is asked who sends them.
FORM = {"profile": "generic", "overlap": "0", "to": "on", "position": "1", "secret": "x", "session": UNKNOWN_ID}


def test_each_route_of_the_console_has_a_row_and_each_row_a_route():
    sources = [path.read_text() for path in SOURCES.rglob("*.rs")]
    pages = (SOURCES / "pages.rs").read_text()
    declared = re.findall(r'^        \.route\("([^"]+)", (.+)\)$', pages, re.MULTILINE)
    added = r"\.(?:route|route_service|nest|nest_service|merge|fallback|fallback_service)\("
    assert sum(len(re.findall(added, source)) for source in sources) == len(declared), "a route is not read here"
    routes = {
        f"{method.upper()} {path}"
        for path, handlers in declared
        for method in re.findall(r"\b(get|post|put|patch|delete|any)\(", handlers)
    }
    assert set(rows("console")) == routes


@pytest.fixture
def console_url(house):
    """The console of the house: beside the gateway, or a process of its own."""
    if house.mode.startswith("serve"):
        yield house.url
        return
    address = f"127.0.0.1:{free_port()}"
    settings = {"ROLLCALL_CONSOLE_ADDR": address, "ROLLCALL_CORE_URL": f"http://{house.grpc_address}"}
    process = Process(["console"], house.work, **settings)
    process.wait_for(lambda: "Rollcall console is ready" in process.stdout)
    yield f"http://{address}"
    process.stop()


def csrf(secret: str) -> str:
    """What a form of a session carries: whoever has its secret can say it."""
    digest = hashlib.sha256(b"rollcall console form\0" + secret.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Browser:
    """Asks the console, and calls its answers as the table does."""

    def __init__(self, callers: Callers, url: str):
        self.http = httpx.Client(base_url=url, timeout=60, verify=TRUSTS_NOBODY)
        # What is not in the cookie is nothing to the console.
        self.http.headers["authorization"] = f"Bearer {callers.house.admin_key}"
        # The connection ends with an answer for which a form was not read, and is not used again.
        self.http.headers["connection"] = "close"

    def ask(self, row: str, secret: str | None, directory: str, id: str, forged: str = "") -> str:
        method, path = row.split()
        path = re.sub(r"\{[^}]+\}", lambda part: {"{directory}": directory, "{id}": id}.get(part.group(), "x"), path)
        headers = {"origin": "https://elsewhere.example"} if forged == "from elsewhere" else {}
        if secret is not None:
            headers["cookie"] = f"rollcall-session={secret}"
        token = "" if forged == "without the token" else csrf(secret or "")
        form = {"csrf": token, "key": secret or "", **FORM} if row == SIGN_IN else {"csrf": token, **FORM}
        request = self.http.build_request(method, path, headers=headers, data=form if method == "POST" else None)
        answer = self.http.send(request, stream=True)
        if answer.headers.get("content-type") != "text/event-stream":
            answer.read()
        answer.close()
        self.http.cookies.clear()
        return "401" if answer.status_code == 429 and row == SIGN_IN else told_by(answer)


# What is told of the form, or of what is not there, to whoever is let in.
LET_IN = ("400", "404", "409")
REFUSED = ("-", "off", "403")


def test_each_route_of_the_console_answers_whom_its_row_lets_in_and_nobody_else(house, console_url, record_property):
    callers, tally = Callers(house), Tally()
    browser = Browser(callers, console_url)
    mine, theirs, _ = callers.resources.values()
    for row, cells in rows("console").items():
        for caller, secret, expected in callers.of(row, cells, ends_sessions=row in ENDS_SESSIONS):
            told = browser.ask(row, secret, callers.mine.name, mine.id_for(row))
            if expected in REFUSED:
                # A page that asks the core for two things says what was refused first.
                told, expected = "403" if told in REFUSED else told, "403"
            tally.compare(row, caller, "+" if expected == "+" and told in LET_IN else told, expected)
        for caller, secret in callers.let_in(row, "other", ("session",), cells):
            told = browser.ask(row, secret, callers.theirs.name, theirs.id_for(row))
            tally.compare(row, caller, told, cells["other"])
        for caller, secret in callers.let_in(row, "gone", ("session*",), cells):
            tally.compare(row, caller, browser.ask(row, secret, callers.gone.name, mine.id_for(row)), cells["gone"])
        if cells["forged"] != ".":
            for forged in ("from elsewhere", "without the token"):
                secret = callers.kinds["session*"]["a session"]
                if forged == "from elsewhere" or cells["nobody"] == ">":
                    told = browser.ask(row, secret, callers.mine.name, mine.id_for(row), forged)
                    tally.compare(row, f"forged ({forged})", told, cells["forged"])
    tally.close(record_property)
