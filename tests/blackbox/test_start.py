"""The first start, the next ones, and the settings that they are given."""

import contextlib
import re
import secrets
import signal
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from harness.ports import free_port
from harness.process import Process, binary, clean_environment
from harness.scim import Scim, listing, ok

pytestmark = pytest.mark.every_mode

SECRET = re.compile(r"rc_(?:scim|admin|svc)_[a-z2-7]+")


# A server that is to say what is wrong must not find its port taken first.
ANY_PORTS = {"ROLLCALL_HTTP_ADDR": "127.0.0.1:0", "ROLLCALL_GRPC_ADDR": "127.0.0.1:0"}


def run(*arguments: str, cwd, **settings: str) -> subprocess.CompletedProcess:
    """Runs a command to its end, in a directory of its own."""
    return subprocess.run(
        [binary(), *arguments],
        cwd=cwd,
        env=clean_environment(**(ANY_PORTS | settings)),
        text=True,
        capture_output=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


class Served:
    """A `rollcall serve` with nothing but its ports and what a test gives it."""

    def __init__(self, directory, *arguments: str, **settings: str):
        self.port, self.grpc_port = free_port(), free_port()
        self.settings = {
            "ROLLCALL_HTTP_ADDR": f"127.0.0.1:{self.port}",
            "ROLLCALL_GRPC_ADDR": f"127.0.0.1:{self.grpc_port}",
            **settings,
        }
        self.process = Process(["serve", *arguments], directory, **self.settings)

    def __enter__(self):
        self.process.wait_for(self.answers)
        return self

    def __exit__(self, *_):
        self.process.stop()

    def answers(self) -> bool:
        if "Rollcall is ready" not in self.process.stdout:
            return False
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz").status_code == 200
        except httpx.TransportError:
            return False

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/scim/v2"


def test_the_first_start_prints_all_that_it_takes_and_the_second_prints_no_secret(tmp_path):
    with Served(tmp_path) as first:
        printed = first.process.stdout
        token, key = SECRET.findall(printed)[:2]
        assert first.base_url in printed
        assert token.startswith("rc_scim_")
        assert key.startswith("rc_admin_")
        assert not SECRET.search(first.process.stderr)
        scim = Scim(first.base_url, token)
        user = scim.create("ada")
        listed = run(
            "directory",
            "list",
            cwd=tmp_path,
            ROLLCALL_ADMIN_KEY=key,
            ROLLCALL_SERVER=f"http://127.0.0.1:{first.grpc_port}",
        )
        assert listed.returncode == 0
        assert re.search(r"^default +generic +(healthy|never_seen) ", listed.stdout, re.MULTILINE)
    assert (tmp_path / "rollcall-data" / "rollcall.db").exists()
    with Served(tmp_path) as second:
        assert not SECRET.search(second.process.output)
        assert second.base_url in second.process.stdout
        assert ok(Scim(second.base_url, token).get(f"/Users/{user['id']}"))["userName"] == "ada"


def test_the_curl_of_the_first_start_creates_a_user(tmp_path):
    with Served(tmp_path) as served:
        lines = served.process.stdout.split("\n\n")
        [command] = [part.strip() for part in lines if part.strip().startswith("curl ")]
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
        assert '"userName":"ada@example.com"' in done.stdout, done


def test_a_core_never_prints_a_secret_and_one_is_made_on_the_database(builder, tmp_path):
    database = builder.database("postgres", tmp_path)
    process = Process(
        ["core"], tmp_path, ROLLCALL_DATABASE_URL=database.url, ROLLCALL_GRPC_ADDR=f"127.0.0.1:{(port := free_port())}"
    )
    server = {"ROLLCALL_SERVER": f"http://127.0.0.1:{port}"}

    def serves() -> bool:
        return (
            "cannot reach" not in run("directory", "list", cwd=tmp_path, ROLLCALL_ADMIN_KEY="x" * 32, **server).stderr
        )

    process.wait_for(serves)
    assert not SECRET.search(process.output)
    made = run("admin-key", "create", cwd=tmp_path, ROLLCALL_DATABASE_URL=database.url)
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    assert SECRET.fullmatch(key)
    listed = run("directory", "list", cwd=tmp_path, ROLLCALL_ADMIN_KEY=key, **server)
    assert listed.returncode == 0
    assert "default" in listed.stdout
    assert process.stop() == 0
    assert not SECRET.search(process.output)


@pytest.mark.parametrize("variable", ["ROLLCALL_BOOTSTRAP_SCIM_TOKEN", "ROLLCALL_BOOTSTRAP_ADMIN_KEY"])
@pytest.mark.parametrize(
    "weak", ["secret", "0123456789abcdef0123456789abcde", "a" * 64, "not base64url, but long enough for all that"]
)
def test_a_weak_bootstrap_secret_is_refused_by_name_and_not_shown(tmp_path, variable, weak):
    done = run("serve", cwd=tmp_path, **{variable: weak})
    assert done.returncode == 2
    assert variable in done.stderr
    assert weak not in done.stderr + done.stdout
    assert not (tmp_path / "rollcall-data" / "rollcall.db").exists()


def test_bootstrap_secrets_are_used_where_there_is_none_yet_and_only_there(tmp_path):
    first, second = secrets.token_urlsafe(32), secrets.token_hex(16)
    with Served(tmp_path, ROLLCALL_BOOTSTRAP_SCIM_TOKEN=first) as served:
        assert first not in served.process.output
        assert len(SECRET.findall(served.process.stdout)) >= 1
        assert listing(Scim(served.base_url, first).get("/Users"))["totalResults"] == 0
    with Served(tmp_path, ROLLCALL_BOOTSTRAP_SCIM_TOKEN=second) as served:
        assert listing(Scim(served.base_url, first).get("/Users"))["totalResults"] == 0
        assert Scim(served.base_url, second).get("/Users").status_code == 401


def test_bootstrap_secrets_may_come_in_files(tmp_path):
    token = secrets.token_urlsafe(32)
    (tmp_path / "token").write_text(token + "\n")
    with Served(tmp_path, "--bootstrap-scim-token-file", "token") as served:
        assert Scim(served.base_url, token).get("/Users").status_code == 200


def test_flags_win_over_the_environment_that_over_the_file_and_that_over_defaults(tmp_path):
    (tmp_path / "rollcall.toml").write_text("max-page-size = 7\ndefault-page-size = 6\nmax-patch-operations = 5\n")
    settings = {
        "ROLLCALL_CONFIG": "rollcall.toml",
        "ROLLCALL_DEFAULT_PAGE_SIZE": "4",
        "ROLLCALL_PAGE_TOKEN_LIFETIME": "9s",
    }
    with Served(tmp_path, "--default-page-size", "3", **settings) as served:
        pagination = ok(Scim(served.base_url, None).get("/ServiceProviderConfig"))["pagination"]
        assert (pagination["maxPageSize"], pagination["defaultPageSize"], pagination["cursorTimeout"]) == (7, 3, 9)
    with Served(tmp_path, **settings) as served:
        assert ok(Scim(served.base_url, None).get("/ServiceProviderConfig"))["pagination"]["defaultPageSize"] == 4


def test_the_data_directory_is_a_setting(tmp_path):
    with Served(tmp_path, "--data-dir", "elsewhere"):
        pass
    assert (tmp_path / "elsewhere" / "rollcall.db").exists()
    assert not (tmp_path / "rollcall-data").exists()


@pytest.mark.parametrize(
    ("arguments", "settings", "naming"),
    [
        (["serve", "--http-addr", "nowhere"], {}, "--http-addr"),
        (["serve"], {"ROLLCALL_HTTP_ADDR": "127.0.0.1:99999"}, "ROLLCALL_HTTP_ADDR"),
        (["serve"], {"ROLLCALL_MAX_PAGE_SIZE": "-1"}, "ROLLCALL_MAX_PAGE_SIZE"),
        (["serve"], {"ROLLCALL_DATABASE_URL": "mysql://x/y"}, "postgres://"),
        (["serve"], {"ROLLCALL_PUBLIC_URL": "not a url"}, "ROLLCALL_PUBLIC_URL"),
        (["serve"], {"ROLLCALL_CONFIG": "missing.toml"}, "missing.toml"),
        (["serve", "--config", "bad.toml"], {}, "http_addr"),
        (["serve", "--max-page-size", "5", "--default-page-size", "6"], {}, "default-page-size"),
        (["serve"], {"ROLLCALL_DRAIN_DEADLINE": "soon"}, "ROLLCALL_DRAIN_DEADLINE"),
        (["serve", "--no-such-flag"], {}, "--no-such-flag"),
        (["conjure"], {}, "conjure"),
        ([], {}, "Usage"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(tmp_path, arguments, settings, naming):
    (tmp_path / "bad.toml").write_text('http_addr = "127.0.0.1:1"\n')
    done = run(*arguments, cwd=tmp_path, **settings)
    assert done.returncode == 2
    assert naming in done.stderr
    assert "panicked" not in done.stderr


def test_a_database_that_cannot_be_reached_is_said_without_its_password(tmp_path):
    done = run("migrate", cwd=tmp_path, ROLLCALL_DATABASE_URL=f"postgres://rollcall:hunter2@127.0.0.1:{free_port()}/x")
    assert done.returncode == 1
    assert "127.0.0.1" in done.stderr or "cannot be reached" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    assert done.stderr.count("\n") <= 2


def test_an_address_in_use_is_said(tmp_path):
    (tmp_path / "other").mkdir()
    with Served(tmp_path) as served:
        done = run("serve", cwd=tmp_path / "other", **served.settings)
        assert done.returncode == 1
        assert str(served.port) in done.stderr or str(served.grpc_port) in done.stderr


def refused_second(done: subprocess.CompletedProcess, holder: Process) -> None:
    """That a server was refused for another one, in one line which names it and says what to do."""
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert "rollcall.db" in line
    assert f"process {holder.process.pid} (rollcall {holder.name}" in line
    assert "--data-dir" in line


@pytest.mark.parametrize("command", ["serve", "core"])
def test_a_second_server_on_a_sqlite_file_is_refused_and_told_which_one_serves_it(tmp_path, command):
    free = {"ROLLCALL_HTTP_ADDR": "127.0.0.1:0", "ROLLCALL_GRPC_ADDR": "127.0.0.1:0"}
    with Served(tmp_path) as first:
        printed = first.process.stdout
        refused_second(run(command, cwd=tmp_path, **free), first.process)
        (tmp_path / "link.db").symlink_to(tmp_path / "rollcall-data" / "rollcall.db")
        linked = run(command, cwd=tmp_path, ROLLCALL_DATABASE_URL="sqlite:link.db", **free)
        refused_second(linked, first.process)
        assert first.answers()
        assert first.process.stdout == printed


def test_commands_on_the_database_itself_work_beside_a_server(tmp_path):
    with Served(tmp_path) as served:
        for command in (["migrate"], ["migrate", "--check"], ["page-token-key", "rotate"]):
            done = run(*command, cwd=tmp_path)
            assert done.returncode == 0, done.stderr
        key = run("admin-key", "create", cwd=tmp_path).stdout.strip()
        server = f"http://127.0.0.1:{served.grpc_port}"
        listed = run("directory", "list", cwd=tmp_path, ROLLCALL_ADMIN_KEY=key, ROLLCALL_SERVER=server)
        assert listed.returncode == 0, listed.stderr


def test_a_server_that_was_killed_leaves_the_way_free(tmp_path):
    with Served(tmp_path) as first:
        assert first.process.stop(signal.SIGKILL) == -signal.SIGKILL
    with Served(tmp_path) as second:
        refused_second(run("core", "--grpc-addr", "127.0.0.1:0", cwd=tmp_path), second.process)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_two_migrations_at_once_make_one_schema(builder, tmp_path, kind):
    database = builder.database(kind, tmp_path)
    environment = clean_environment(ROLLCALL_DATABASE_URL=database.url)
    started = [
        subprocess.Popen(
            [binary(), "migrate"], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    ends = [process.communicate(timeout=60) + (process.returncode,) for process in started]
    assert [code for *_, code in ends] == [0] * 4, ends
    assert sum(b"applied" in out for out, *_ in ends) == 1
    again = run("migrate", "--check", cwd=tmp_path, ROLLCALL_DATABASE_URL=database.url)
    assert again.returncode == 0
    assert database.user_names() == []


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_server_that_may_not_migrate_refuses_an_empty_database(builder, tmp_path, kind):
    database = builder.database(kind, tmp_path)
    done = run("core", cwd=tmp_path, ROLLCALL_DATABASE_URL=database.url, ROLLCALL_NO_MIGRATE="true")
    assert done.returncode == 1
    assert "rollcall migrate" in done.stderr


def test_replicas_that_start_at_once_make_one_directory(builder):
    first = builder.new("apart-postgres")
    secrets = {name: getattr(first, name) for name in ("admin_key", "gateway_key", "scim_token")}
    others = [builder.new("apart-postgres", database=first.database, **secrets) for _ in range(2)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda house: house.start(), [first, *others]))
    assert len(first.database.rows("SELECT * FROM directories")) == 1
    assert len(first.database.rows("SELECT * FROM credentials")) == len(secrets)
    for house in (first, *others):
        assert listing(house.default.scim.get("/Users"))["totalResults"] == 0
    for house in (*others, first):
        house.stop()


def test_the_public_url_begins_every_absolute_url(builder, name):
    house = builder.start("serve-sqlite", settings={"ROLLCALL_PUBLIC_URL": "https://id.example.com/rollcall/"})
    scim = house.default.scim
    user = scim.create(name)
    assert user["meta"]["location"] == f"https://id.example.com/rollcall/scim/v2/Users/{user['id']}"
    config = ok(scim.get("/ServiceProviderConfig"))
    assert config["meta"]["location"] == "https://id.example.com/rollcall/scim/v2/ServiceProviderConfig"
    house.stop()


def test_without_a_public_url_the_host_that_was_asked_for_is_answered(generic, name):
    user = generic.scim.create(name)
    answer = generic.scim.request(
        "GET", f"/Users/{user['id']}", headers={"Host": "id.example.com:8443", "X-Forwarded-Host": "evil"}
    )
    assert answer.json()["meta"]["location"].endswith(f"//id.example.com:8443/scim/v2/Users/{user['id']}")


def test_help_explains_every_setting(tmp_path):
    text = run("serve", "--help", cwd=tmp_path).stdout
    for setting in (
        "HTTP_ADDR",
        "GRPC_ADDR",
        "DATABASE_URL",
        "DATA_DIR",
        "PUBLIC_URL",
        "CONFIG",
        "BOOTSTRAP_SCIM_TOKEN",
    ):
        assert f"ROLLCALL_{setting}" in text


def test_a_signal_before_anything_was_asked_ends_the_server_well(new_house):
    new_house.start()
    for process in reversed(new_house.processes):
        assert process.stop(signal.SIGINT) == 0


def test_a_file_that_is_no_database_of_ours_is_refused(tmp_path):
    empty, foreign = tmp_path / "empty.db", tmp_path / "foreign.db"
    empty.touch()
    with contextlib.closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER)")
        connection.commit()
    text = tmp_path / "text.db"
    text.write_text("no database\n" * 1000)
    for file, told in (
        (empty, "is empty, or all but: put a backup"),
        (foreign, 'it has the table "invoices"'),
        (text, "is no SQLite database"),
    ):
        before = file.read_bytes()
        for command in (["serve"], ["migrate"], ["admin-key", "create"]):
            refused = run(*command, cwd=tmp_path, ROLLCALL_DATABASE_URL=f"sqlite:{file}")
            assert refused.returncode != 0
            assert told in refused.stderr
            assert len(refused.stderr.splitlines()) == 1
        assert file.read_bytes() == before


@pytest.mark.parametrize("after", [0.01, 0.03, 0.06, 0.1, 0.2])
def test_a_first_start_that_is_killed_is_begun_anew(tmp_path, after):
    killed = Process(["serve"], tmp_path, **ANY_PORTS)
    time.sleep(after)
    killed.process.kill()
    killed.wait()
    with Served(tmp_path) as served:
        assert served.answers()
    assert [file.name for file in (tmp_path / "rollcall-data").glob("*.db")] == ["rollcall.db"]
