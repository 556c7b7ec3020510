"""Secrets are told once to whom they are for, and are nowhere else: not in a log, not in a database."""

import contextlib
import json
import os
import resource
import secrets
import signal
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from activity import eventually, listed, shown
from confidential import Confidential, begin
from leaks import FORMS, PART, Leaks
from misplacing import ask_for_access_tokens, misplace_tokens, send_passwords

from harness.ports import free_port
from harness.process import Process
from harness.rpc import api
from harness.scim import Scim, a_user, refused

LOUD = ("INFO", "WARN", "ERROR")


@pytest.mark.every_mode
def test_no_secret_is_in_the_logs_or_in_the_database(new_house, name):
    new_house.settings = {"ROLLCALL_LOG": "trace"}
    house = new_house.start()
    directory = house.new_directory("okta")
    key = house.new_service_key("DIRECTORY_READ")
    rotated = house.admin.call("TokenService/RotateToken", directory=directory.name).secret
    by_command = house.command_json("token", "create", "--directory", directory.name)["token"]
    on_the_database = house.command("admin-key", "create", ROLLCALL_DATABASE_URL=house.database.url)
    wrong = secrets.token_urlsafe(32)
    password = "S3cret-4711-of-a-user"
    user = directory.scim.create(name, password=password)
    directory.scim.change(user, {"op": "replace", "value": {"password": password + "-2"}})
    refused(Scim(house.base_url, wrong).get("/Users"), 401)
    refused(directory.scim.get("/Users", filter=f'password eq "{password}"'), 400, "invalidFilter")
    refused(directory.scim.post("/Users", a_user(name, password=password)), 409, "uniqueness")
    house.rpc(key).call("UserService/ListUsers", directory=directory.name)
    house.stop()
    assert on_the_database.returncode == 0
    hidden = [house.admin_key, house.scim_token, directory.token, key, rotated, by_command, wrong]
    hidden += [on_the_database.stdout.strip(), password]
    stored, printed = house.database.text(), house.output
    assert name.encode() in stored
    assert "/Users" in printed
    for secret in hidden:
        assert secret
        assert secret.encode() not in stored
        assert secret not in printed


@pytest.mark.every_mode
def test_logs_are_json_lines_with_the_request_id_on_either_side_of_the_hop(new_house, name):
    new_house.settings = {"ROLLCALL_LOG": "debug"}
    house = new_house.start()
    directory = house.new_directory()
    id = f"trace-{secrets.token_hex(8)}"
    answer = directory.scim.request("POST", "/Users", data=a_user(name), headers={"X-Request-Id": id})
    assert answer.status_code == 201
    for process in house.processes:
        assert [json.loads(line) for line in process.stderr.splitlines() if id in line], process.name
    [event] = directory.events(answer.json()["id"])
    assert event["request_id"] == id
    house.stop()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["serve-sqlite", "apart-postgres"])
@pytest.mark.every_mode
def test_a_known_secret_is_found_nowhere_after_everything_was_done_with_it(builder, name, mode, record_property):
    confidential = begin(builder, mode)
    house, leaks = confidential.house, confidential.leaks
    try:
        make_credentials(confidential)
        with confidential.follow() as follower:
            send_passwords(confidential, name)
            misplace_tokens(confidential, name)
            ask_for_access_tokens(confidential)
            visit_the_console(confidential)
            give_commands(confidential)
            people = send_notices(confidential, name)
            planted = plant(confidential, name)
            listen_to_the_logs(confidential, planted)
            for event in follower.events:
                confidential.hear("the followed events", event)
        found = leaks.found_in("the database while it is used", house.database.text())
        for process in house.processes:
            found += search_process(leaks, process)
    finally:
        house.stop()
        confidential.postbox.stop()
        confidential.provider.stop()
        confidential.collector.stop()
    for body in confidential.collector.bodies:
        confidential.hear("the traces", body)
    places = {place: b"\n".join(said) for place, said in confidential.heard.items()}
    places |= {f"the output of {process.name}": process.output.encode() for process in house.processes}
    places["the database"] = house.database.text()
    for place, text in places.items():
        found += leaks.found_in(place, text)
    assert not found, f"{len(found)} leaks:\n" + "\n".join(found)
    look_for_people(house, [name, *people, "cid@example.com", "zoe@example.com"])
    # The same search finds what was written down on purpose.
    for place in ("the database", "the followed events", "the activity log", "the output of " + gateway(house).name):
        assert planted.found_in(place, places[place]), place
    size = sum(map(len, places.values()))
    record_property("measured", f"{mode}: {len(leaks.secrets)} secrets in {size} bytes of {len(places)} places")


def make_credentials(confidential: Confidential) -> None:
    """Makes one of each kind that a person can make."""
    house, leaks, name = confidential.house, confidential.leaks, confidential.directory.name
    confidential.command("directory", "update", name, "--password", "store")
    leaks.add("token by command", house.command_json("token", "create", "--directory", name)["token"])
    rotated = house.admin.call("TokenService/RotateToken", directory=name, token="").secret
    leaks.add("rotated token", rotated)
    leaks.add("service key", house.new_service_key("DIRECTORY_READ", "PASSWORD_VERIFY"))
    leaks.add("mistyped token", rotated[:-1] + ("a" if rotated[-1] != "a" else "b"))
    url = leaks.secrets.get("database password") and house.settings["ROLLCALL_DATABASE_URL_FILE"]
    where = {"ROLLCALL_DATABASE_URL_FILE": url} if url else {"ROLLCALL_DATABASE_URL": house.database.url}
    made = house.command("admin-key", "create", **where)
    leaks.add("admin key by command", made.stdout.strip())
    confidential.hear("what is said of a new admin key", made.stderr)


def visit_the_console(confidential: Confidential) -> None:
    """Signs in with good keys and bad ones and with OpenID Connect, and looks at the pages."""
    known, url, name = confidential.leaks.secrets, confidential.console, confidential.directory.name
    signed_in = httpx.post(url + "/admin/sign-in", data={"key": known["bootstrap admin key"]})
    assert signed_in.status_code == 303
    cookie = signed_in.headers["set-cookie"].split(";")[0]
    confidential.leaks.add("session of a key", cookie.split("=")[1])
    for wrong in ("service key", "mistyped token", "stranger's token"):
        confidential.hear_answer(httpx.post(url + "/admin/sign-in", data={"key": known[wrong]}))
    confidential.hear_answer(httpx.post(url + "/admin/sign-in", data={known["service key"]: "x", "csrf": "y"}))
    for page in (
        *("directories", "keys", "audit", "session", f"d/{name}", f"d/{name}/provisioning", f"d/{name}/clients"),
        *(f"d/{name}/users", f"d/{name}/activity", f"d/{name}/settings", f"d/{name}/sign-in-rules", "nothing"),
    ):
        confidential.hear_answer(httpx.get(f"{url}/admin/{page}", headers={"cookie": cookie}))
    confidential.hear_answer(httpx.post(url + "/admin/keys", data={"name": "x"}, headers={"cookie": cookie}))
    provider = confidential.provider
    assert confidential.sign_in_with_openid().status_code == 200
    provider.person |= {"sub": "00u-cid", "email": "cid@example.com"}
    assert confidential.sign_in_with_openid().status_code == 403
    provider.token_error = "invalid_grant"
    confidential.sign_in_with_openid()
    provider.token_error, provider.error = None, "zoe@example.com"
    confidential.sign_in_with_openid()
    provider.reset()


def give_commands(confidential: Confidential) -> None:
    """Gives the commands that list something, and some with what they must not repeat."""
    known, name = confidential.leaks.secrets, confidential.directory.name
    of_directory = ("--directory", name)
    for command in (
        ("token", "list", *of_directory),
        ("oauth-client", "list", *of_directory),
        ("activity", "list", *of_directory, "--json"),
        ("event", "list", *of_directory, "--json"),
        ("user", "list", *of_directory),
        ("service-key", "list"),
        ("session", "list"),
        ("audit", "list", "--json"),
        ("directory", "show", name),
    ):
        assert confidential.command(*command).returncode == 0, command
    confidential.command("directory", "list", ROLLCALL_ADMIN_KEY=known["service key"])
    confidential.command("directory", "list", ROLLCALL_ADMIN_KEY=known["mistyped token"])
    confidential.command("service-key", "revoke", known["service key"])
    secret = confidential.leaks.add("password on a command line", secrets.token_urlsafe(24))
    for argument in ("--database-url", "--smtp-url"):
        done = confidential.house.command("serve", argument, f"postgres://rollcall:{secret}@127.0.0.1:1/x")
        confidential.hear(f"what is said of {argument}", done.stderr)
        assert done.returncode == 2
        assert f"{argument} has a password" in done.stderr


def send_notices(confidential: Confidential, name: str) -> list[str]:
    """Has notices sent, refused, and sent to a server that takes another password and repeats ours; returns to whom."""
    house, postbox, directory = confidential.house, confidential.postbox, confidential.directory
    good, gone, late = (f"{who}.{name}" for who in ("ines", "gone", "late"))
    postbox.refusals[gone] = f"550 5.1.1 <{gone}>: there is no {gone.split('@')[0]} here"

    def send(address: str) -> str:
        emails = {"addresses": [address]}
        house.admin.call("DirectoryService/UpdateDirectory", name=directory.name, admin_emails=emails)
        [notice] = house.admin.call("NoticeService/SendTestNotice", directory=directory.name).notices
        return notice.id

    def notice(id: str):
        return house.admin.call("NoticeService/GetNotice", id=id).notice

    state = api()["notice"].NoticeState.Value
    sent = send(good)
    eventually(lambda: notice(sent).state == state("NOTICE_STATE_SENT"))
    parked = send(gone)
    eventually(lambda: notice(parked).state == state("NOTICE_STATE_PARKED"))
    postbox.login = ("rollcall", "another one")
    waiting = send(late)
    eventually(lambda: notice(waiting).error)
    for id in (sent, parked, waiting):
        confidential.hear("the notices", notice(id))
    for message in postbox.messages:
        confidential.hear("the e-mails", message.as_bytes())
    return [good, gone, late]


def plant(confidential: Confidential, name: str) -> Leaks:
    """Writes a secret down where everybody finds it, by names that say nothing of it."""
    planted = Leaks()
    secret = planted.add("planted", secrets.token_urlsafe(32))
    user = confidential.scim.create(f"plant.{name}", title=secret)
    confidential.scim.get(f"/Users/{user['id']}x", headers={"X-Request-Id": secret})
    return planted


def listen_to_the_logs(confidential: Confidential, planted: Leaks) -> None:
    """Reads all that administrators can read, once what was planted is there."""
    house, directory = confidential.house, confidential.directory
    [secret] = planted.secrets.values()
    eventually(lambda: listed(directory, filter={"request_id": secret}))
    for where in ({"directory": directory.name}, {"directory": "default"}, {"without_directory": True}):
        answer = house.admin.call("ActivityService/ListActivity", page_size=1000, **where)
        for activity in answer.activities:
            confidential.hear("the activity log", shown(house, activity.id, **where))
    confidential.hear("the audit log", house.admin.call("AuditService/ListAuditRecords", page_size=1000))
    confidential.hear(
        "the events", house.admin.call("EventService/ListEvents", directory=directory.name, page_size=1000)
    )


def search_process(leaks: Leaks, process: Process) -> list[str]:
    """Looks at what the system tells of a process, and that it would write no core dump of it."""
    of = Path(f"/proc/{process.process.pid}")
    found = leaks.found_in(f"the command line of {process.name}", (of / "cmdline").read_bytes())
    if os.geteuid() == 0:
        found += leaks.found_in(f"the environment of {process.name}", (of / "environ").read_bytes())
    else:
        with pytest.raises(PermissionError):
            (of / "environ").read_bytes()
    assert core_limits(process) == ["1", "1"]
    return found


def core_limits(process: Process) -> list[str]:
    limits = Path(f"/proc/{process.process.pid}/limits").read_text()
    [line] = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    return line.removeprefix("Max core file size").split()[:2]


def look_for_people(house, people: list[str]) -> None:
    """No line of the log names anybody, unless it is one for whoever looks for a mistake."""
    printed = [line for process in house.processes for line in process.stderr.splitlines() if line.startswith("{")]
    lines = [json.loads(line) for line in printed]
    loud = [json.dumps(line, ensure_ascii=False) for line in lines if line["level"] in LOUD]
    assert len(loud) > 50
    for person in people:
        named = [line for line in loud if person in line or quote(person, safe="") in line]
        assert not named, named[:3]


def gateway(house) -> Process:
    return next(process for process in house.processes if process.name in ("serve", "gateway"))


@pytest.fixture(scope="module")
def some_secrets() -> Leaks:
    leaks = Leaks()
    leaks.add("own", "rc_access_" + secrets.token_hex(30))
    leaks.add("brought along", secrets.token_urlsafe(32))
    leaks.add("password", 'Pw "4711" \\ü ' + secrets.token_hex(9))
    return leaks


@pytest.mark.parametrize("form", FORMS)
def test_the_search_finds_a_secret_in_every_form_and_a_part_of_it_too(some_secrets, form):
    for secret in some_secrets.secrets.values():
        for part in (secret, secret[4 : 4 + PART + 2], f"{secrets.token_hex(3)}{secret}"):
            for before in range(9):
                text = b"." * before + FORMS[form](part) + b"..."
                assert some_secrets.found_in("a text", text), f"{form}: {text!r}"


def test_the_search_does_not_find_what_people_know_a_secret_by_nor_what_is_not_there(some_secrets):
    shown = some_secrets.secrets["own"][:PART]
    for text in (shown, f"{shown}… and more", secrets.token_urlsafe(4000), ""):
        assert not some_secrets.found_in("a text", text)


@pytest.fixture
def gateway_alone(tmp_path):
    """Starts gateways without a core, which hold a key all the same."""
    started = []

    def start(**settings: str) -> Process:
        # The system may write as large a core as it likes of what does not say otherwise.
        under = ["sh", "-c", 'ulimit -c "$(ulimit -H -c)"; exec "$@"', "sh"]
        address = {"ROLLCALL_HTTP_ADDR": f"127.0.0.1:{free_port()}", "ROLLCALL_GATEWAY_KEY": secrets.token_urlsafe(32)}
        process = Process(["gateway"], tmp_path / str(len(started)), under=under, **address, **settings)
        started.append(process)
        process.wait_for(lambda: "is ready" in process.stdout)
        return process

    yield start
    for process in started:
        process.process.kill()
        process.process.wait()


def is_dumped(process: Process) -> bool:
    """Whether the system writes a core dump when the process breaks."""
    process.process.send_signal(signal.SIGABRT)
    status = os.waitpid(process.process.pid, 0)[1]
    assert os.WTERMSIG(status) == signal.SIGABRT
    return os.WCOREDUMP(status)


def test_no_core_dump_is_written_of_a_process_unless_it_is_told_to(gateway_alone):
    closed = gateway_alone()
    assert core_limits(closed) == ["1", "1"]
    assert Path(f"/proc/{closed.process.pid}").stat().st_uid == 0
    # The memory is closed by more than the limit, which root may raise.
    with contextlib.suppress(PermissionError):
        resource.prlimit(closed.process.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert not is_dumped(closed)
    open_to_all = gateway_alone(ROLLCALL_CORE_DUMPS="true")
    allowed = resource.getrlimit(resource.RLIMIT_CORE)[1]
    assert core_limits(open_to_all)[0] == ("unlimited" if allowed == resource.RLIM_INFINITY else str(allowed))
    assert Path(f"/proc/{open_to_all.process.pid}").stat().st_uid == os.geteuid()
    is_file = not Path("/proc/sys/kernel/core_pattern").read_text().startswith(("|", "@"))
    if allowed == resource.RLIM_INFINITY and is_file:
        assert is_dumped(open_to_all)
